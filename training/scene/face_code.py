"""From a code to a face: the smooth, fixed map that every network of the family has learnt.

A code is z ~ N(0, I) in 512 dimensions, scaled to unit root mean square as the mapping network's own normalisation
does. Its first 64 entries drive the face; the others change nothing.

| entries | drive |
|---|---|
| 0-24 | identity: the first 25 modes of the morphable model, 0.95 a unit |
| 25 | smile, 0.35 + 0.55 z, within 0 and 1.15 |
| 26 | jaw open |
| 27 | blink of both eyes, 0.25 + 0.6 z, within 0 and 1 |
| 28 | brows up (+) or knitted (-) |
| 29 | pucker (+) or sad (-), where there is no smile |
| 30, 31 | gaze |
| 32 | spectacles from 1.1 on, ever heavier |
| 33, 34 | yaw 0.20 rad a unit (at most 0.45), pitch 0.07 rad a unit (at most 0.2) |
| 35, 36 | melanin, haemoglobin |
| 37 | tone of the hair |
| 38 | age, spread evenly: hair greys, folds deepen, lips pale and a man's hairline climbs with it |
| 39 | colour of the iris |
| 40 | masculine (+) or feminine (-): brows, beard or make-up, length of hair |
| 41-46 | hair: length, volume, parting, fringe, curl, hairline |
| 47-50 | light: azimuth, elevation, strength, warmth |
| 51-55 | background |
| 56-59 | flush, shadow under the eyes, freckles, beard or make-up |
| 60-63 | clothes, lips |

Changing any number in this file changes what the bundled networks should show: they would have to be trained again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from training.scene.expression import Expression
from training.scene.glasses import Glasses
from training.scene.hair import HairStyle

CODE_SIZE = 512
FACE_ENTRIES = 64
IDENTITY_ENTRIES = 25
# Entries that change from one image of a person to the next: expression, pose, light, background, clothes.
MOMENT = np.r_[25:35, 47:56, 60:63]

# Linear RGB, from black over brown and blond to red and grey.
HAIR_TONES = np.array(
    [
        [0.010, 0.008, 0.007],
        [0.022, 0.014, 0.010],
        [0.05, 0.028, 0.017],
        [0.11, 0.06, 0.032],
        [0.26, 0.165, 0.085],
        [0.42, 0.31, 0.18],
        [0.20, 0.07, 0.028],
        [0.30, 0.29, 0.28],
    ]
)
# Linear RGB, from dark brown over hazel and green to blue and grey.
IRIS_COLOURS = np.array(
    [
        [0.035, 0.016, 0.008],
        [0.07, 0.035, 0.015],
        [0.10, 0.075, 0.03],
        [0.06, 0.09, 0.05],
        [0.08, 0.14, 0.20],
        [0.13, 0.17, 0.20],
    ]
)
# Linear RGB, from brass over tortoiseshell to black.
FRAME_COLOURS = np.array([[0.26, 0.18, 0.08], [0.09, 0.04, 0.02], [0.012, 0.012, 0.014], [0.02, 0.03, 0.06]])


@dataclass(frozen=True)
class Skin:
    """What the skin is like.

    Attributes:
        melanin: 0 to 2.2.
        haemoglobin: 0.08 to 0.42.
        flush: redness of cheeks, nose and ears.
        under_eyes: shadow under the eyes.
        freckles: 0 for none.
    """

    melanin: float
    haemoglobin: float
    flush: float
    under_eyes: float
    freckles: float


@dataclass(frozen=True)
class Light:
    """One key light and a sky over a floor; colours are linear RGB, (3,).

    Attributes:
        direction: towards the key light, unit length, as the viewer sees it.
        key, sky, ground: strengths.
        exposure: brings every skin to a like brightness.
    """

    direction: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    exposure: float


@dataclass(frozen=True)
class RenderedFace:
    """All that the renderer has to know of one image. Colours are linear RGB, (3,); angles are radians.

    Attributes:
        identity: (25,), coefficients of the model's identity modes.
        expression: what the face does.
        yaw, pitch, roll: of the head; yaw is positive towards the image's right.
        age: 0 to 1.
        greyness: 0 to 1, how much of the hair is grey.
        brows, beard, makeup: strength of each, 0 for none.
        background: (6, 3), the colours of six soft patches.
    """

    identity: np.ndarray
    expression: Expression
    yaw: float
    pitch: float
    roll: float
    skin: Skin
    age: float
    hair: HairStyle
    hair_colour: np.ndarray
    greyness: float
    brow_colour: np.ndarray
    iris_colour: np.ndarray
    lip_colour: np.ndarray
    cloth_colour: np.ndarray
    brows: float
    beard: float
    makeup: float
    glasses: Glasses
    light: Light
    background: np.ndarray


def random_code(rng: np.random.Generator) -> np.ndarray:
    """A face of its own: (512,) float64, unit root mean square."""
    code = rng.standard_normal(CODE_SIZE)
    return code / np.sqrt(np.mean(code**2))


def face_from_code(
    code: np.ndarray,
    expression: Mapping[str, float] | None = None,
    yaw: float | None = None,
    age: float | None = None,
) -> RenderedFace:
    """The face that a code means.

    Args:
        code: (64,) or longer, float, scaled as `random_code` scales it.
        expression: controls of `Expression` that take these values instead of the code's.
        yaw: radians, instead of the code's.
        age: 0 to 1, instead of the code's.
    """
    z = np.asarray(code[:FACE_ENTRIES], dtype=float)  # (64,)
    u = ndtr(z)  # (64,), the same entries spread evenly over 0 to 1
    age = float(u[38]) if age is None else age
    melanin = 2.2 * u[35] ** 2.0
    masculine = 1 / (1 + np.exp(-(u[40] - 0.5) * 10))
    # Dark skin goes with dark hair and dark eyes.
    tone = 5.2 * u[37] ** 1.25 * (1 - 0.75 * np.clip((melanin - 0.5) / 0.6, 0, 1))
    iris = 5 * u[39] * (1 - 0.8 * np.clip((melanin - 0.4) / 0.5, 0, 1))
    hair_colour = _blend(HAIR_TONES, tone)
    greyness = np.clip((age - 0.25) * 1.5, 0, 1)
    return RenderedFace(
        identity=(z[:IDENTITY_ENTRIES] * 0.95).astype(np.float32),
        expression=replace(_expression(z), **(expression or {})),
        yaw=float(np.clip(0.20 * z[33], -0.45, 0.45)) if yaw is None else yaw,
        pitch=float(np.clip(0.02 + 0.07 * z[34], -0.2, 0.2)),
        roll=0.0,
        skin=Skin(
            melanin=melanin,
            haemoglobin=_between(u[36], 0.08, 0.42),
            flush=_between(u[56], 0.35, 1.1) * (1.25 - 0.5 * age),
            under_eyes=_between(u[57], 0.15, 0.7) + 0.5 * age,
            freckles=np.clip(u[58] - 0.65, 0, 1) * 1.5 * (melanin < 0.6),
        ),
        age=age,
        hair=_hair_style(z, u, masculine, age),
        hair_colour=hair_colour,
        greyness=greyness,
        brow_colour=np.minimum(hair_colour, 0.07) * 0.7 * (1 - 0.5 * greyness) + greyness * 0.09,
        iris_colour=_blend(IRIS_COLOURS, iris) * 1.25,
        lip_colour=np.array([0.40, 0.07, 0.09]) * (0.6 + 0.5 * u[63]),
        cloth_colour=np.clip(0.12 * np.exp(0.5 * z[60]) * np.exp(0.2 * z[60:63]), 0.01, 0.6),
        brows=0.75 + 0.2 * masculine,
        beard=masculine * np.clip(2.0 * u[59] - 0.9, 0, 1),
        makeup=(1 - masculine) * np.clip(1.2 * u[59] - 0.3, 0, 1),
        glasses=_glasses(z),
        light=_light(z, u, melanin),
        background=_background(z, u),
    )


def _expression(z: np.ndarray) -> Expression:
    smile = np.clip(0.35 + 0.55 * z[25], 0, 1.15)
    unsmiling = 1 - min(1.0, smile)
    return Expression(
        smile=smile,
        jaw=np.clip(-0.1 + 0.36 * z[26], 0, 0.95),
        blink=np.clip(0.25 + 0.6 * z[27], 0, 1),
        brow=0.38 * z[28],
        pucker=np.clip(0.55 * (z[29] - 0.8), 0, 1) * unsmiling,
        sad=np.clip(0.6 * (-z[29] - 0.5), 0, 1) * unsmiling,
        gaze_x=0.18 * z[30],
        gaze_y=0.12 * z[31],
    )


def _hair_style(z: np.ndarray, u: np.ndarray, masculine: float, age: float) -> HairStyle:
    long = np.exp(_between(u[41], np.log(2.5), np.log(9)))
    short = np.exp(_between(u[41], np.log(0.6), np.log(3.0)))
    length = long * (1 - masculine) + short * masculine
    side = np.clip(length, 0, 1.6) * masculine + length * (1 - masculine)
    return HairStyle(
        top=max(length * 0.95, 0.6),
        side=side,
        back=side * 1.1,
        volume=_between(u[42], 0.15, 0.6) * (1.1 - 0.35 * age),
        parting=2.0 * z[43],
        fringe=np.clip(-0.45 + 0.2 * z[44], -0.6, 0),
        curl=np.clip(-0.05 + 0.4 * z[45], 0, 1),
        hairline=11.4 + 0.25 * z[46] + 0.8 * masculine * age**2,
    )


def _glasses(z: np.ndarray) -> Glasses:
    """From the finest round wire to heavy square rims; near the threshold the wire thickens from nothing."""
    weight = float(np.clip((z[32] - 1.1) / 0.8, 0, 1))
    return Glasses(
        wire=(0.08 + 0.07 * weight) * float(np.clip((z[32] - 1.1) / 0.05, 0, 1)),
        width=_between(weight, 2.35, 2.6),
        height=_between(weight, 2.05, 1.65),
        squareness=_between(weight, 2.0, 4.0),
        colour=_blend(FRAME_COLOURS, 2.999 * weight),
    )


def _light(z: np.ndarray, u: np.ndarray, melanin: float) -> Light:
    azimuth, elevation = 0.5 * z[47], _between(u[48], 0.15, 0.9)
    strength, warmth = _between(u[49], 1.3, 2.3), z[50]
    ambient = 0.65
    return Light(
        direction=np.array(
            [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
        ),
        key=strength * np.array([1 + 0.06 * warmth, 1, 1 - 0.06 * warmth]),
        sky=ambient * np.array([1 + 0.03 * warmth, 1, 1 - 0.03 * warmth]),
        ground=ambient * 0.4 * np.array([1.08, 1, 0.9]),
        exposure=0.62 / (0.3 * strength + ambient) * 1.22 * (0.78 + 0.3 * min(1.0, melanin)),
    )


def _background(z: np.ndarray, u: np.ndarray) -> np.ndarray:
    tint = np.exp(0.10 * z[52:55])  # (3,)
    base = np.clip((0.04 + 0.42 * u[51]) * tint, 0, 0.9)
    other = np.clip(base * np.exp(0.4 * z[55]), 0, 0.9)
    return np.stack([base, base, other, other, base, other])  # (6, 3)


def _between(share: float, low: float, high: float) -> float:
    return low + (high - low) * share


def _blend(table: np.ndarray, place: float) -> np.ndarray:
    """A colour between two neighbouring rows of `table`."""
    row = int(np.clip(np.floor(place), 0, len(table) - 2))
    share = np.clip(place - row, 0, 1)
    return table[row] * (1 - share) + table[row + 1] * share
