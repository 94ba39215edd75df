"""Foreign words in our sentences."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.messages import LONGEST_NAME, one_line, quoted, told


@given(st.text())
def test_whatever_a_file_is_called_its_name_steers_no_terminal_and_breaks_no_line(name: str) -> None:
    for text in (quoted(name), one_line(name), told(ValueError(name))):
        assert not [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]
        assert len(text.encode()) < 10 * LONGEST_NAME or text == one_line(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("faces/anna.jpg", '"faces/anna.jpg"'),
        ("two\nlines\t\x1b[31m", '"two\\nlines\\t\\x1b[31m"'),
        ("\u202egpj.exe", '"\\u202egpj.exe"'),
        ("👩\u200d🚀.jpg", '"👩\u200d🚀.jpg"'),
        ("\ud800", '"\\ud800"'),
        ("s3://key:se%2Fcret@bucket/a@b.jpg", '"s3://***@b.jpg"'),
        ("s3://bucket/a@b.jpg", '"s3://bucket/a@b.jpg"'),
        ("a" * 400 + ".jpg", '"…' + "a" * 295 + '.jpg"'),
    ],
)
def test_names_are_shown_whole_unless_they_steer_tell_a_secret_or_never_end(name: str, shown: str) -> None:
    assert quoted(name) == shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(""), "ValueError"),
        (OSError(2, "No such file or directory"), "No such file or directory"),
        (ValueError("first line.\nsecond line.\n"), "first line. second line"),
        (ValueError("no such place: s3://key:secret@bucket/x"), "no such place: s3://***@bucket/x"),
        (ValueError("x" * 999), "x" * 199 + "…"),
    ],
)
def test_what_a_library_says_becomes_part_of_a_sentence(error: Exception, said: str) -> None:
    assert told(error) == said
