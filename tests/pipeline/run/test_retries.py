"""Earlier failures: which are tried again, and what is known of the others."""

from pathlib import Path

import pytest

from pipeline.output.ledger import Ledger
from pipeline.run.retries import failures_to_keep
from stages.base import Target

FAILURES = {"anna": ("no_face", "no face was found"), "ben": ("timed_out", "it took longer than 60 s")}


@pytest.mark.parametrize(
    ("retry", "kept"), [(None, ["anna", "ben"]), ([], []), (["no_face"], ["ben"]), (["no_face", "timed_out"], [])]
)
def test_failures_of_other_reasons_are_kept_with_their_causes(
    retry: list[str] | None, kept: list[str], tmp_path: Path
) -> None:
    with Ledger.open(tmp_path) as ledger:
        failed = {"key": "k", "status": "failed", "bytes": 0}
        ledger.append(
            failed | {"id": id_, "reason": reason, "message": cause} for id_, (reason, cause) in FAILURES.items()
        )
    assert failures_to_keep(ledger, retry) == {Target(id_, "k"): FAILURES[id_] for id_ in kept}
