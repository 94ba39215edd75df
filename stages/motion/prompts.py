"""Sentences with a degree in them: "a person with {degree} smile" becomes one caption for each degree.

`{degree}` is replaced as text and nothing else happens to a sentence: it is never formatted or evaluated.
"""

from collections.abc import Sequence

from common.errors import TextError

PLACE = "{degree}"
# The paper's degrees; "no" is the face at rest, from which the movement counts.
DEGREES = ("no", *(f"{percent}%" for percent in range(10, 101, 10)))


def captions(template: str, degrees: Sequence[str] = DEGREES) -> list[str]:
    """One sentence for each degree.

    Args:
        template: with `{degree}` in it once or more, and no other braces.
        degrees: at least two, from the movement's rest to its extreme, all different, e.g. "no", "a little", "very".

    Raises:
        TextError: `template` or `degrees` cannot be used.
    """
    if not template.strip():
        raise TextError(f'the sentence is empty. Write one with {PLACE} in it, e.g. "a person with {PLACE} smile".')
    if PLACE not in template:
        raise TextError(f'expected {PLACE} in the sentence, where "no", "10%" … "100%" will stand; found "{template}".')
    rest = template.replace(PLACE, "")
    if "{" in rest or "}" in rest:
        raise TextError(f'expected no braces but those of {PLACE}, found "{template}".')
    wanted = [degree.strip() for degree in degrees]
    if len(wanted) < 2 or not all(wanted) or len(set(wanted)) < len(wanted):
        shown = ", ".join(f'"{degree}"' for degree in wanted) or "none"
        raise TextError(f"expected at least 2 degrees, all different and none of them empty; found {shown}.")
    return [template.replace(PLACE, degree) for degree in wanted]
