"""Hair that greys: what loses its colour altogether, how far it reaches, and its strands once they are light."""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.tones.palette import grey_of
from stages.picture.tones.skin_and_hair import scale_of

PALE, COLOURED = 0.3, 0.7  # shares of its saturation that skin may lose, and that hair which greys loses
LEAST_COLOUR = 8.0  # levels of CIE a*b*: greyer than that, nothing is lost
STRONG = 12.0  # grey levels: a change that would show on a coat
CHIN = 8  # of the landmarks
STRAND = 3.0  # cells, over which hair is level
DARK = 10.0  # grey levels
# Contrast that is a picture's noise; how many times as light, beyond once, its further contrast lets hair become.
FLAT, CARRIED = 0.045, 22.0
MOST_CONTRAST = 2.0  # of strands, for what they were
REPLACED = 60.0  # grey levels: what changes by so many is another colour then
SWAY = 10.0  # grey levels that colours beyond the face may change by as its expression does
SURELY, GREYS = 0.5, 25.0  # of hairiness; levels by which most hair changes where it takes another colour
BEYOND = 10.0  # grey levels that a change may lead past what its counterpart becomes
SOFT = 2  # cells
HAIR, SKIN = 0.5, 0.2  # how surely hair is replaced at least, and skin at most
HAIRLINE, NEAR = 4.0, 0.15  # cells around a hairline; share of them that hair and skin have each
APART = 20.0  # grey levels between hair and skin, from which their mixtures can be separated


def colour_lost(still: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """(K, H, W, 1) float32: how surely each cell of the generator's frames has lost its colour, as greying hair has."""
    before = _saturation(still)
    lost = np.stack([1 - _saturation(still + change) / np.maximum(before, LEAST_COLOUR) for change in changes])
    coloured = np.clip(before / LEAST_COLOUR - 1, 0, 1)
    lost_colour: np.ndarray = (coloured * np.clip((lost - PALE) / (COLOURED - PALE), 0, 1))[..., None]
    return lost_colour


def hair_recoloured(still: np.ndarray, changes: np.ndarray, skin: np.ndarray, hair: np.ndarray) -> float:
    """How surely the hair of a generator's frames takes another colour, 0 to 1: all of it, and not the hairline alone.

    A hairline that creeps by a pixel as a code moves changes more than hair that greys, in a narrow band.

    Args:
        still: (H, W, 3) float32, the rest frame in [0, 255].
        changes: (K, H, W, 3) from it.
        skin, hair: (H, W) bool, cells of the face, and of the crown.
    """
    scale = scale_of(still, skin, hair)
    if scale is None:
        return 1.0
    hairy = hair & (scale.hairiness(still) > SURELY)
    if not hairy.any():
        return 1.0
    most = np.abs(changes[:, hairy]).max(axis=2)  # (K, N)
    return float(np.clip((np.median(most, axis=1).max() - SWAY) / (GREYS - SWAY), 0, 1))


def shade_replaced(keyed: np.ndarray) -> np.ndarray:
    """(K, H, W, 1): how surely a change (K, H, W, 3), in grey levels, makes another colour of what was there."""
    shade: np.ndarray = np.clip(np.abs(grey_of(keyed)) / REPLACED, 0, 1)
    return shade


def no_further(picture: np.ndarray, keyed: np.ndarray, becomes: np.ndarray) -> np.ndarray:
    """Changes (K, H, W, 3) of a picture (H, W, 3), none beyond what their counterparts become (K, H, W, 3).

    What lies between hair and skin takes half of either's change, and must not outshine both.
    """
    grey, there = grey_of(picture), grey_of(becomes)
    level = grey + grey_of(keyed)
    kept = np.clip(level, np.minimum(grey, there - BEYOND), np.maximum(grey, there + BEYOND))
    within: np.ndarray = keyed + kept - level
    return within


def within_sway(keyed: np.ndarray, meant: np.ndarray) -> np.ndarray:
    """Changes (K, H, W, 3), no larger than codes sway by but where they are `meant` (H, W), 1 all of it and 0 none.

    Hair that does not grey has no reason to change as a face smiles.
    """
    most = np.maximum(np.abs(keyed).max(axis=0).max(axis=-1), SWAY)  # (H, W); numpy is slow over both at once
    share = meant + (1 - meant) * SWAY / most
    return np.asarray(keyed * share[..., None])


def mixed_with_skin(picture: np.ndarray, keyed: np.ndarray, replaced: np.ndarray, trusted: np.ndarray) -> np.ndarray:
    """Changes (K, H, W, 3), those of the hairline mixed of hair's and skin's as its cells are, by their lightness.

    Args:
        picture: (H, W, 3).
        keyed: the changes. replaced: (K, H, W, 1), how surely each becomes another colour.
        trusted: (H, W), the part of the head where there may be skin.
    """
    most = replaced.max(axis=0)[..., 0]
    grey = picture.mean(axis=-1)
    hair, skin = (most > HAIR).astype(np.float32), ((most < SKIN) & (trusted > HAIR)).astype(np.float32)
    near = [cv2.GaussianBlur(part, (0, 0), HAIRLINE) for part in (hair, skin)]
    light = [
        cv2.GaussianBlur(part * grey.astype(np.float32), (0, 0), HAIRLINE) / np.maximum(weight, 1e-3)
        for part, weight in zip((hair, skin), near, strict=True)
    ]
    apart = np.clip((light[1] - light[0]) / APART - 1, 0, 1) * np.clip(np.minimum(*near) / NEAR, 0, 1)
    of_skin = apart * np.clip((grey - light[0]) / np.maximum(light[1] - light[0], 1.0), 0, 1) * hair
    around = np.maximum(_blurred(skin), 1e-3)[..., None]
    skins = [_blurred(change * skin[..., None]) / around for change in keyed]
    mixed: np.ndarray = keyed + of_skin[..., None] * (np.stack(skins) - keyed)
    return mixed


def share_of_head(keyed: np.ndarray, canvas: Canvas) -> np.ndarray:
    """(H, W) float32: 0 where a strong change (K, H, W, 3) reaches nothing above the chin, as on a coat like hair."""
    chin = canvas.on_grid(canvas.figure.rest[None, canvas.figure.head.landmarks[CHIN], :2])[0, 1]
    above = np.mgrid[: canvas.cells[0], : canvas.cells[1]][0] < chin
    strongest = np.abs(keyed).max(axis=0).max(axis=-1)  # (H, W)
    strong = (strongest > STRONG) & (above | ~canvas.drawn.covered)  # no way leads over the neck
    count, numbers = cv2.connectedComponents(strong.astype(np.uint8), connectivity=4)
    apart = np.setdiff1d(np.arange(1, count), numbers[above])
    coat = cv2.dilate(np.isin(numbers, apart).astype(np.float32), np.ones((5, 5), np.uint8))
    return np.asarray(1 - cv2.GaussianBlur(coat, (0, 0), SOFT), np.float32)


def strands_of(picture: np.ndarray, keyed: np.ndarray, replaced: np.ndarray) -> np.ndarray:
    """(K, H, W, 3): how much further strands of hair stand out once it is lighter; in light, contrasts grow with it."""
    hair = replaced.max(axis=0)  # (H, W, 1)
    level = _level_of(picture, hair)
    grey = grey_of(level)
    lighter = np.sqrt(np.maximum(grey + grey_of(keyed) + DARK, DARK) / (grey + DARK))
    stands_out: np.ndarray = replaced * np.clip(lighter - 1, 0, MOST_CONTRAST - 1) * (picture - level)
    return stands_out


def as_strands_carry(picture: np.ndarray, keyed: np.ndarray, replaced: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Changes (K, H, W, 3), none of which makes hair so much lighter that it has no strands any more.

    Black hair in which no strand is seen would become one grey mass: what light falls on its strands no picture says.

    Args:
        picture: (H, W, 3). keyed: the changes. replaced: (K, H, W, 1), how surely each becomes another colour.
        hair: (H, W) bool, cells that surely show it.
    """
    if not hair.any():
        return keyed
    level = grey_of(_level_of(picture, replaced.max(axis=0)))  # (H, W, 1)
    contrast = float(np.abs(grey_of(picture) - level)[hair].mean() / (level[hair].mean() + DARK))
    most = CARRIED * max(contrast - FLAT, 0.0) * (level + DARK)
    carried: np.ndarray = keyed - replaced * np.maximum(grey_of(keyed) - most, 0)
    return carried


def _level_of(picture: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """(H, W, 3) a picture without the strands of its hair, which each cell (H, W, 1) shows so surely."""
    level: np.ndarray = _blurred(picture * hair) / np.maximum(_blurred(hair)[..., None], 1e-3)
    return level


def _blurred(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values.astype(np.float32), (0, 0), STRAND)


def _saturation(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) in 0 to 255 -> (H, W), the distance from grey in CIE a*b*."""
    lab = cv2.cvtColor(np.clip(image, 0, 255).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    saturation: np.ndarray = np.hypot(lab[..., 1], lab[..., 2])
    return saturation
