"""Every kind of file is read rightly, converted, or refused in one sentence; the page that says so is up to date."""

import re

import pytest

from tests.corpus.kinds import Found, Kind
from tests.corpus.table import PAGE, SECTIONS, Section, found, render

# Clips are encoded, decoded, and looked at for faces; of checkpoints, networks are built.
SLOW = ("Clips", "What clips show", "Checkpoints")
CASES = [
    pytest.param(one, kind, id=f"{one.title}: {kind.name}", marks=pytest.mark.slow if one.title in SLOW else ())
    for one in SECTIONS
    for kind in one.kinds
]
MADE: dict[tuple[str, str], Found] = {}


def outcome(section: Section, kind: Kind) -> Found:
    """What became of a kind, made once for all tests."""
    key = (section.title, kind.name)
    if key not in MADE:
        MADE[key] = found(section, kind)
    return MADE[key]


@pytest.mark.parametrize(("section", "kind"), CASES)
def test_a_kind_becomes_what_it_has_to(section: Section, kind: Kind) -> None:
    made = outcome(section, kind)
    assert (made.outcome, kind.says in made.said) == (kind.outcome, True), made.said
    if made.outcome == "refused":
        assert made.said.endswith((".", "?"))
        assert not re.search(r"Traceback|0x[0-9a-f]{6}|\n|/tmp/", made.said)
    assert made.right


def test_kinds_have_names_of_their_own() -> None:
    for section in SECTIONS:
        names = [kind.name for kind in section.kinds]
        assert len(set(names)) == len(names), section.title


@pytest.mark.slow
def test_the_page_is_up_to_date() -> None:
    rows = [(one.title, [(kind.name, outcome(one, kind)) for kind in one.kinds]) for one in SECTIONS]
    assert PAGE.read_text(encoding="utf-8") == render(rows), "write it anew: python -m tests.corpus.table"
