import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manifests.ids import LONGEST, fold, safe_ids, unsafe, why_unsafe

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    "name", ["anna", "a", "-", "7", "_x", "Jürgen", "李小龙", "a.b-c_d", "e" * 120, "console", "comma"]
)
def test_what_may_name_a_file_on_any_system_is_safe(name):
    assert not unsafe(pa.array([name]))[0].as_py()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("an/na", "letters, digits"),
        ("an\\na", "letters, digits"),
        ("anna\n", "letters, digits"),
        ("an na", "letters, digits"),
        ("..", "starts with a dot"),
        (".anna", "starts with a dot"),
        ("con", "device on Windows"),
        ("Nul.x.y", "device on Windows"),
        ("LPT1", "device on Windows"),
        ("com²", "device on Windows"),
        ("a" * 121, "121 bytes long, more than 120"),
        ("ü" * 61, "122 bytes long, more than 120"),
    ],
)
def test_what_may_not_is_unsafe_and_it_says_why(name, why):
    assert unsafe(pa.array([name]))[0].as_py()
    assert why in why_unsafe(name)


@given(st.lists(TEXT, max_size=20))
@example(["a", "A", "a-2", "a", "", "", "CON", "_CON", "é", "e\u0301", "İ", "i", "x" * 300, "x" * 301, "ß", "ẞ"])
@pytest.mark.slow
def test_made_ids_are_safe_unlike_each_other_and_always_the_same(names):
    ids = safe_ids(names)
    column = pa.array(ids, pa.string())
    assert len(ids) == len(names)
    assert not any(unsafe(column).to_pylist())
    assert len(set(fold(column).to_pylist())) == len(ids)
    assert safe_ids(names) == ids


@given(st.lists(st.from_regex(r"[a-z0-9_][a-z0-9._-]{3,60}", fullmatch=True), unique=True, max_size=20))
@pytest.mark.slow
def test_names_that_are_safe_already_stay(names):
    assert safe_ids(names) == names


def test_many_names_that_come_to_one_are_numbered():
    ids = safe_ids(["???"] * 20_000)
    assert len(set(ids)) == 20_000
    assert max(len(name.encode()) for name in ids) <= LONGEST
