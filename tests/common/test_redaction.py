"""Foreign words in our sentences."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.redaction import LONGEST_NAME, describe_error, one_line, quote, redact


@given(st.text())
def test_whatever_a_file_is_called_its_name_steers_no_terminal_and_breaks_no_line(name: str) -> None:
    for text in (quote(name), one_line(name), describe_error(ValueError(name))):
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
        ("s3://key:se%2Fcret@bucket/a@b.jpg", '"s3://key:se%2Fcret@bucket/a@b.jpg"'),
        ("s3://key:" + "secret" * 60 + "@bucket/x.jpg", '"s3://***@bucket/x.jpg"'),
        ("s3://bucket/a@b.jpg", '"s3://bucket/a@b.jpg"'),
        ("a" * 400 + ".jpg", '"…' + "a" * 295 + '.jpg"'),
    ],
)
def test_names_are_shown_whole_unless_they_steer_or_never_end_and_never_with_half_a_secret(
    name: str, shown: str
) -> None:
    assert quote(name) == shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(""), "ValueError"),
        (OSError(2, "No such file or directory"), "No such file or directory"),
        (ValueError("first line.\nsecond line.\n"), "first line. second line"),
        (ValueError("no such place: s3://key:secret@bucket/x"), "no such place: s3://key:secret@bucket/x"),
        (ValueError("no such place: s3://key:" + "secret" * 60 + "@bucket/x"), "no such place: s3://***@bucket/x"),
        (ValueError("x" * 999), "x" * 199 + "…"),
    ],
)
def test_what_a_library_says_becomes_part_of_a_sentence(error: Exception, said: str) -> None:
    assert describe_error(error) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://b/a b.png?session_token=SECRET", "s3://b/a b.png?session_token=***"),
        ("s3://b/x?region=eu?sig=SECRET", "s3://b/x?region=eu?sig=***"),
        ("s3://b/x?region=eu;sig=SECRET", "s3://b/x?region=eu;sig=***"),
        ("s3://b/x?region=a%26sig%3DSECRET", "s3://b/x?region=***"),
        ("s3://b/x?SECRET and more", "s3://b/x?*** and more"),
        ("s3://b/x?region=eu&SECRET, s3://b/x?region=eu;SECRET.", "s3://b/x?region=eu&***, s3://b/x?region=eu;***."),
        ("s3://b/x?token=SECRET: no such file", "s3://b/x?token=***: no such file"),
        ("(s3://b/x?sig=SE.CRET), s3://b/y?SECRET.", "(s3://b/x?sig=***), s3://b/y?***."),
        ("s3:/K:SECRET@b/x", "s3:/***@b/x"),
        ("s3://K:SEC'RET@b/x", "s3://***@b/x"),
        ("(S3://K:SEC/RET@b/x), gs://SECRET@c", "(S3://***@b/x), gs://***@c"),
        (
            "is s3://b/x?region=eu&endpoint_override=[::1]:9 there?",
            "is s3://b/x?region=eu&endpoint_override=[::1]:9 there?",
        ),
        (r"C:/a:b@c and D:\a?b=c", r"C:/a:b@c and D:\a?b=c"),
    ],
)
def test_credentials_are_hidden_wherever_a_uri_may_have_them(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(st.sampled_from("sa3:/@?&;=#'\" %.,)"), max_size=40))
def test_hiding_twice_hides_no_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("part", [":", "s3://", "a", "?", "?a", "&a=b", "ab:/", "@:", " "])
def test_no_text_takes_long_to_hide(part: str) -> None:
    started = time.process_time()
    redact(f"s3://{part * 50_000}")
    assert time.process_time() - started < 2
