"""What is a credential in a carried column is hidden, and nothing else is changed."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.credentials import redact_column, redact_credentials


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://example.org/a.jpg?width=640&height=480&id=7",
        "https://example.org/search?key=smile&code=de",
        "https://example.org:8443/@anna/a@b.jpg",
        "s3://bucket/folder/a.jpg?region=eu-west-1",
        "see https://example.org/?page=2 and mail a@b.org",
        "password=hunter2 is not in a URI",
        "doi:10.1000/182?x=1",
    ],
)
def test_an_address_without_a_credential_stays_as_it_is(text: str) -> None:
    assert redact_credentials(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://anna:SECRET@example.org/a.jpg",
        "s3://KEYID:SEC/RET+SECRET@bucket/a.jpg",
        "https://SECRETSECRETSECRET1234@github.com/a/b",
        "https://b.s3.amazonaws.com/a.jpg?X-Amz-Signature=SECRET&X-Amz-Date=1",
        "https://x.blob.core.windows.net/a.jpg?sp=r&sig=SECRET%2B",
        "https://example.org/a.jpg?access_token=SECRET",
        "https://maps.example.org/?key=AIzaSECRET0123456789abcdef",
        "s3://bucket/a.jpg?session_token=SECRET",
        "https://example.org/cb#id_token=SECRET",
    ],
)
def test_a_credential_is_hidden(text: str) -> None:
    shown = redact_credentials(f"see {text} there")
    assert "SECRET" not in shown
    assert shown.startswith("see ") and shown.endswith(" there")


@given(st.text())
def test_a_text_without_an_address_is_never_changed(text: str) -> None:
    assert redact_credentials(text.replace("://", "")) == text.replace("://", "")


URI = "https://anna:SECRET@example.org/a.jpg"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([URI, None]),
        pa.array([URI, None], pa.large_string()),
        pa.array([[URI], None]),
        pa.array([{"at": 1, "uri": URI}, None]),
        pa.array([[("k", URI)], None], pa.map_(pa.string(), pa.string())),
        pa.ExtensionArray.from_storage(pa.json_(), pa.array([f'"{URI}"', None])),
        pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "text", "vendor"), pa.array([URI, None])),
    ],
    ids=lambda column: str(column.type),
)
def test_a_credential_is_hidden_in_a_column_of_any_type_that_holds_text(column: pa.Array) -> None:
    shown = str(redact_column(pa.chunked_array([column])).to_pylist())
    assert "SECRET" not in shown and "example.org/a.jpg" in shown


def test_a_column_without_a_credential_keeps_its_type() -> None:
    column = pa.chunked_array([pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', None]))])
    assert redact_column(column) is column
