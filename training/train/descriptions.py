"""Faces in words: what a render's true parameters say of it, in many sentences.

An *amount* is something that a face shows more or less of, from 0 to 1: a smile, closed eyes, age. Sentences name it
by degree ("a person with 70% smile", "a person with no smile") or in words ("a person with a broad smile"). A *kind* is
something that a face has or has not: brown hair, spectacles. Left and right are as the viewer sees the image.
Some sentences of every amount are held out of training, to measure with.

Every sentence comes with its meaning, a vector, and so does every face: how alike they are says how well one describes
the other, whatever else the face shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from stages.motion.prompts import DEGREES, captions
from training.scene.face_code import HAIR_TONES, RenderedFace, face_from_code

MOST_YAW = 0.45  # radians, where `face_from_code` ends
MASCULINE_BROWS = 0.85  # `face_from_code` gives women 0.75 and men 0.95


@dataclass(frozen=True)
class Amount:
    """Something that a face shows more or less of.

    Attributes:
        read: Face -> 0 to 1.
        templates: with `{degree}`, learnt from.
        held_out: with `{degree}`, to measure with.
        words: what is said instead of a degree, from none to all, evenly spread; a whole phrase each.
    """

    read: Callable[[RenderedFace], float]
    templates: tuple[str, ...]
    held_out: tuple[str, ...]
    words: tuple[str, ...]


def _share(value: float, most: float) -> float:
    return float(np.clip(value / most, 0, 1))


AMOUNTS: Mapping[str, Amount] = {
    "smile": Amount(
        lambda face: _share(face.expression.smile, 1.0),
        (
            "a person with {degree} smile",
            "a face with {degree} smile",
            "a person with {degree} smiling mouth",
            "someone with a {degree} smile on the face",
            "a {degree} smiling person",
            "a photo of a person with {degree} smile",
            "a portrait of someone, {degree} smile",
            "{degree} smile",
        ),
        ("a picture of a face showing {degree} smile", "a {degree} smile on a person", "somebody with {degree} smile"),
        ("a serious mouth", "a hint of a smile", "a slight smile", "a smile", "a broad smile", "a huge grin"),
    ),
    "eyes closed": Amount(
        lambda face: face.expression.blink,
        (
            "a person with eyes {degree} closed",
            "a face with eyes {degree} closed",
            "a person with {degree} closed eyes",
            "someone whose eyes are {degree} closed",
            "a photo of a person with eyes {degree} closed",
            "a portrait of someone, eyes {degree} closed",
            "eyes {degree} closed",
        ),
        ("a face with {degree} closed eyes", "a picture of eyes that are {degree} closed", "{degree} closed eyes"),
        ("open eyes", "nearly open eyes", "half closed eyes", "nearly closed eyes", "closed eyes"),
    ),
    "mouth open": Amount(
        lambda face: _share(face.expression.jaw, 0.8),
        (
            "a person with mouth {degree} open",
            "a face with mouth {degree} open",
            "a person with {degree} open mouth",
            "someone whose mouth is {degree} open",
            "a photo of a person with mouth {degree} open",
            "mouth {degree} open",
        ),
        ("a face with {degree} open mouth", "a picture of a mouth that is {degree} open"),
        ("a closed mouth", "parted lips", "a half open mouth", "an open mouth", "a wide open mouth"),
    ),
    "old": Amount(
        lambda face: face.age,
        (
            "a {degree} old person",
            "a {degree} old person with gray hair",
            "a {degree} old face",
            "a {degree} aged person",
            "someone who is {degree} old",
            "a photo of a {degree} old person",
            "{degree} old",
        ),
        ("a picture of a {degree} old face", "a portrait of a {degree} old person", "a {degree} aged face"),
        ("a young face", "a grown-up face", "a middle-aged face", "an ageing face", "an old face", "a very old face"),
    ),
    "turned left": Amount(
        lambda face: _share(-face.yaw, MOST_YAW),
        (
            "a person with head turned {degree} to the left",
            "a face turned {degree} to the left",
            "a person turning the head {degree} to the left",
            "someone looking {degree} to the left side",
            "a photo of a person with head turned {degree} to the left",
            "head turned {degree} to the left",
        ),
        ("a head turned {degree} to the left", "a picture of a face turned {degree} to the left"),
        ("a head seen from the front", "a head turned a little to the left", "a head turned far to the left"),
    ),
    "turned right": Amount(
        lambda face: _share(face.yaw, MOST_YAW),
        (
            "a person with head turned {degree} to the right",
            "a face turned {degree} to the right",
            "a person turning the head {degree} to the right",
            "someone looking {degree} to the right side",
            "a photo of a person with head turned {degree} to the right",
            "head turned {degree} to the right",
        ),
        ("a head turned {degree} to the right", "a picture of a face turned {degree} to the right"),
        ("a head seen from the front", "a head turned a little to the right", "a head turned far to the right"),
    ),
    "angry": Amount(
        lambda face: _share(-face.expression.brow, 0.6) * (1 - _share(face.expression.smile, 0.6)),
        (
            "{degree} angry",
            "a {degree} angry person",
            "a {degree} angry face",
            "someone who is {degree} angry",
            "a photo of a {degree} angry person",
            "a person with {degree} anger",
        ),
        ("a picture of a {degree} angry face", "somebody {degree} angry", "a face with {degree} anger"),
        ("a calm look", "an annoyed look", "an angry look", "a furious look"),
    ),
    "brows raised": Amount(
        lambda face: _share(face.expression.brow, 0.6),
        (
            "a person with brows {degree} raised",
            "a face with {degree} raised brows",
            "a {degree} surprised person",
            "{degree} surprised",
            "someone with eyebrows {degree} raised",
        ),
        ("a {degree} surprised face", "a person with {degree} raised eyebrows"),
        ("brows at rest", "slightly raised brows", "raised brows", "highly raised brows"),
    ),
    "sad": Amount(
        lambda face: _share(face.expression.sad, 0.8),
        ("a {degree} sad person", "a {degree} sad face", "{degree} sad", "someone with a {degree} sad mouth"),
        ("a person with a {degree} sad face", "a picture of a {degree} sad person"),
        ("a mouth at ease", "a slightly sad mouth", "a sad mouth", "a very sad mouth"),
    ),
    "beard": Amount(
        lambda face: _share(face.beard, 1.0),
        ("a person with {degree} beard", "a face with {degree} beard", "{degree} beard", "a {degree} bearded man"),
        ("someone with {degree} beard", "a {degree} bearded face"),
        ("bare cheeks", "stubble", "a short beard", "a full beard"),
    ),
}

TONES = ("black", "dark brown", "brown", "light brown", "blond", "fair", "red", "gray")
SKINS = ((0.25, "light"), (0.7, "tan"), (1.3, "brown"), (9.0, "dark"))
# What a face has one of, each with its phrases.
KINDS: Mapping[str, tuple[str, ...]] = {
    "hair": tuple(f"{tone} hair" for tone in TONES),
    "skin": tuple(f"{word} skin" for _, word in SKINS),
    "length": ("short hair", "hair of medium length", "long hair"),
    "spectacles": ("no spectacles", "spectacles"),
    "sex": ("a woman", "a man"),
}
# What a sentence says or a face shows is a vector: a plane for each amount, in which it is an angle between 0 and a
# third of a turn, and a direction for each phrase of a kind. At half a turn "no" and "100%" would be opposites, where
# the cosine is flat: a face at one end would feel no pull to the other.
TURN = 2 * np.pi / 3
DIMENSIONS = 2 * len(AMOUNTS) + sum(len(phrases) for phrases in KINDS.values())
KIND_LENGTH = 0.5  # of a kind's vector, where an amount's is 1: text anchors are about amounts


@dataclass(frozen=True)
class Said:
    """A sentence, and what it says: (DIMENSIONS,) float32."""

    text: str
    meaning: np.ndarray


def amount_meaning(name: str, value: float) -> np.ndarray:
    """What it means that a face shows an amount of 0 to 1."""
    meaning = np.zeros(DIMENSIONS, np.float32)
    place = 2 * list(AMOUNTS).index(name)
    meaning[place : place + 2] = np.cos(TURN * value), np.sin(TURN * value)
    return meaning


def kind_meaning(phrase: str) -> np.ndarray:
    """What a phrase of `KINDS` means."""
    meaning = np.zeros(DIMENSIONS, np.float32)
    phrases = [one for group in KINDS.values() for one in group]
    meaning[2 * len(AMOUNTS) + phrases.index(phrase)] = KIND_LENGTH
    return meaning


def kinds(face: RenderedFace) -> list[str]:
    """The phrase of each kind that fits a face."""
    gray = face.greyness > 0.6
    tone = 7 if gray else int(np.abs(np.log(HAIR_TONES) - np.log(face.hair_colour)).sum(axis=1).argmin())
    skin = next(word for limit, word in SKINS if face.skin.melanin < limit)
    length = 2 if face.hair.side > 4 else 0 if face.hair.side < 1.2 else 1
    return [
        KINDS["hair"][tone],
        f"{skin} skin",
        KINDS["length"][length],
        KINDS["spectacles"][int(face.glasses.wire > 0.05)],
        KINDS["sex"][int(face.brows > MASCULINE_BROWS)],
    ]


def face_meaning(face: RenderedFace) -> np.ndarray:
    """Everything that could be said of a face at once."""
    shown = [amount_meaning(name, amount.read(face)) for name, amount in AMOUNTS.items()]
    return np.sum(shown + [kind_meaning(phrase) for phrase in kinds(face)], axis=0)


def amounts(codes: np.ndarray) -> np.ndarray:
    """(N, 64) codes -> (N, A) float32, every amount in the order of `AMOUNTS`."""
    faces = [face_from_code(code.astype(float)) for code in codes]
    return np.array([[amount.read(face) for amount in AMOUNTS.values()] for face in faces], np.float32)


def degree_name(amount: float) -> str:
    """The nearest of the degrees: "no", "10%" … "100%"."""
    return DEGREES[round(amount * (len(DEGREES) - 1))]


def sweep(name: str, template: str) -> list[Said]:
    """The sentences of all degrees of an amount."""
    return [say_degree(name, template, index) for index in range(len(DEGREES))]


def say_degree(name: str, template: str, index: int) -> Said:
    """The sentence of one degree of an amount."""
    also = kind_meaning("gray hair") if "gray hair" in template else 0
    return Said(captions(template)[index], amount_meaning(name, index / (len(DEGREES) - 1)) + also)


def say_amount(name: str, value: float, rng: np.random.Generator, held_out: bool = False) -> Said:
    """One sentence about an amount, by degree or in words; of the held-out ones always by degree."""
    amount = AMOUNTS[name]
    if held_out or rng.random() < 0.65:
        templates = amount.held_out if held_out else amount.templates
        return say_degree(name, templates[rng.integers(len(templates))], round(value * (len(DEGREES) - 1)))
    step = min(int(value * len(amount.words)), len(amount.words) - 1)
    return Said(amount.words[step], amount_meaning(name, (step + 0.5) / len(amount.words)))


def describe(face: RenderedFace, rng: np.random.Generator, held_out: bool = False) -> Said:
    """A sentence about a face: one to four amounts, up to two kinds.

    Args:
        held_out: name three amounts by degree, in sentences that training does not use, and two kinds.
    """
    wanted = 3 if held_out else int(rng.integers(1, 5))
    names = [list(AMOUNTS)[index] for index in rng.permutation(len(AMOUNTS))[:wanted]]
    parts = [say_amount(name, AMOUNTS[name].read(face), rng, held_out) for name in names]
    phrases = kinds(face)
    chosen = rng.permutation(len(phrases))[: 2 if held_out else rng.integers(0, 3)]
    parts += [Said(phrases[index], kind_meaning(phrases[index])) for index in chosen]
    order = rng.permutation(len(parts))
    return Said(", ".join(parts[index].text for index in order), np.sum([part.meaning for part in parts], axis=0))
