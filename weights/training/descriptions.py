"""Faces in words: what a render's true parameters say of it, in many sentences.

An *amount* is something that a face shows more or less of, from 0 to 1: a smile, closed eyes, age. Sentences name it
by degree ("a person with 70% smile", "a person with no smile") or in words ("a person with a broad smile"). A *kind* is
something that a face has or has not: brown hair, spectacles. Left and right are as the viewer sees the picture.
Some sentences of every amount are held out of training, to measure with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.text_template import DEGREES, captions
from weights.training.face_code import HAIR_TONES, Face, face_from_code

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

    read: Callable[[Face], float]
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
        ("a face with {degree} closed eyes", "a picture of a person, eyes {degree} closed", "{degree} closed eyes"),
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
        ("a face with {degree} open mouth", "a picture of a person, mouth {degree} open"),
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


def hair_word(face: Face) -> str:
    """Black, brown, blond …, or gray where age has won."""
    if face.greyness > 0.6:
        return "gray"
    return TONES[int(np.abs(np.log(HAIR_TONES) - np.log(face.hair_colour)).sum(axis=1).argmin())]


def kinds(face: Face) -> list[str]:
    """Phrases for what a face has, and for its sex."""
    skin = next(word for limit, word in SKINS if face.skin.melanin < limit)
    length = "long hair" if face.hair.side > 4 else "short hair" if face.hair.side < 1.2 else "hair of medium length"
    phrases = [f"{hair_word(face)} hair", f"{skin} skin", length]
    phrases.append("spectacles" if face.glasses.wire > 0.05 else "no spectacles")
    if face.skin.freckles > 0.2:
        phrases.append("freckles")
    return phrases


def amounts(codes: np.ndarray) -> np.ndarray:
    """(N, 64) codes -> (N, A) float32, every amount in the order of `AMOUNTS`."""
    faces = [face_from_code(code.astype(float)) for code in codes]
    return np.array([[amount.read(face) for amount in AMOUNTS.values()] for face in faces], np.float32)


def degree_name(amount: float) -> str:
    """The nearest of the degrees: "no", "10%" … "100%"."""
    return DEGREES[round(amount * (len(DEGREES) - 1))]


def sweep(template: str) -> list[str]:
    """The sentences of all degrees."""
    return captions(template)


def describe(face: Face, rng: np.random.Generator, held_out: bool = False) -> str:
    """One sentence about a face: who it is, two to four amounts, one or two kinds.

    Args:
        held_out: name amounts by degree, in sentences that training does not use.
    """
    chosen = rng.permutation(len(AMOUNTS))[: rng.integers(2, 5)]
    parts = []
    for amount in (list(AMOUNTS.values())[index] for index in chosen):
        value = amount.read(face)
        if held_out or rng.random() < 0.6:
            templates = amount.held_out if held_out else amount.templates
            parts.append(templates[rng.integers(len(templates))].replace("{degree}", degree_name(value)))
        else:
            parts.append(_worded(amount.words, value))
    phrases = kinds(face)
    parts += [phrases[index] for index in rng.permutation(len(phrases))[: rng.integers(1, 3)]]
    who = "man" if face.brows > MASCULINE_BROWS else "woman"
    opening = f"a {who}" if rng.random() < 0.5 else "a person"
    return ", ".join([opening, *parts])


def short_description(face: Face, rng: np.random.Generator) -> str:
    """One sentence about one thing."""
    if rng.random() < 0.3:
        phrases = kinds(face)
        return f"a person with {phrases[rng.integers(len(phrases))]}"
    amount = list(AMOUNTS.values())[rng.integers(len(AMOUNTS))]
    if rng.random() < 0.5:
        template = amount.templates[rng.integers(len(amount.templates))]
        return template.replace("{degree}", degree_name(amount.read(face)))
    return f"a person with {_worded(amount.words, amount.read(face))}"


def _worded(words: Sequence[str], value: float) -> str:
    return words[min(int(value * len(words)), len(words) - 1)]
