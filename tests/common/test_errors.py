"""Errors as a person and another process get them."""

import pickle

from common.errors import ManifestError, MotionMismatch

URI = "s3://KEY:SECRET@bucket/x.csv"


def test_no_error_shows_the_credentials_in_its_sentence() -> None:
    error = ManifestError(f'{URI}: row 3, column "image": expected a path.')
    shown = 's3://***@bucket/x.csv: row 3, column "image": expected a path.'
    assert (str(error), f"{error}") == (shown, shown)
    assert str(pickle.loads(pickle.dumps(error))) == shown
    assert "SECRET" not in str(MotionMismatch(expected=12, actual=18, source=URI))
