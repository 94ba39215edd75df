"""Prompts with a degree in them: "a person with {degree} smile" becomes one caption for each degree.

`{degree}` is replaced as text and nothing else happens to a prompt: it is never formatted or evaluated.
"""

from collections.abc import Sequence

from common.errors import TextError

PLACE = "{degree}"
# The paper's degrees; "no" is the face at rest, from which the motion counts.
DEGREES = ("no", *(f"{percent}%" for percent in range(10, 101, 10)))


def captions(prompt: str, degrees: Sequence[str] = DEGREES) -> list[str]:
    """One prompt for each degree.

    Args:
        prompt: with `{degree}` in it once or more, and no other braces.
        degrees: at least two, from the motion's rest to its extreme, all different, e.g. "no", "a little", "very".

    Raises:
        TextError: `prompt` or `degrees` cannot be used.
    """
    if not prompt.strip():
        raise TextError(f'the prompt is empty. Write one with {PLACE} in it, e.g. "a person with {PLACE} smile".')
    if PLACE not in prompt:
        raise TextError(f'expected {PLACE} in the prompt, where "no", "10%" … "100%" will stand; found "{prompt}".')
    rest = prompt.replace(PLACE, "")
    if "{" in rest or "}" in rest:
        raise TextError(f'expected no braces but those of {PLACE}, found "{prompt}".')
    wanted = [degree.strip() for degree in degrees]
    if len(wanted) < 2 or not all(wanted) or len(set(wanted)) < len(wanted):
        shown = ", ".join(f'"{degree}"' for degree in wanted) or "none"
        raise TextError(f"expected at least 2 degrees, all different and none of them empty; found {shown}.")
    if odd := [degree for degree in wanted if "{" in degree or "}" in degree]:
        raise TextError(f'expected degrees without braces, found "{odd[0]}".')
    return [prompt.replace(PLACE, degree) for degree in wanted]
