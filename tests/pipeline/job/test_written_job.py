"""Whatever stands where a run leaves its job, reading it never fails."""

from pathlib import Path

import pytest

from pipeline.job.written_job import written_job

EMPTY: dict[str, object] = {"versions": {}, "weights": {}, "motions": {}}


@pytest.mark.parametrize(
    "content", ["", "5", "text", "[]", "{a", "null", "\xff", "[" * 5000, "a: &a [*a]", "? [1]\n: 2"]
)
def test_what_is_no_job_counts_as_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_bytes(content.encode("latin-1"))
    found = written_job(tmp_path)
    assert found == {} or found["made_with"] == EMPTY


@pytest.mark.parametrize("made_with", ["5", "[]", "{weights: 3, motions: {smile: 4}}", "{motions: [1]}"])
def test_what_a_job_is_made_with_has_its_shape(made_with: str, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(f"name: smile\nmade_with: {made_with}\n")
    found = written_job(tmp_path)
    assert found["name"] == "smile"
    assert {**found["made_with"], "motions": {}} == EMPTY


def test_what_a_run_wrote_is_read(tmp_path: Path) -> None:
    made = {"versions": {"torch": "2"}, "weights": {"identity": "sha256:1"}, "motions": {"smile": {"made_from": "2"}}}
    (tmp_path / "job.yaml").write_text(f"made_with: {made}\n".replace("'", '"'))
    assert written_job(tmp_path)["made_with"] == made
