"""What nearly is an optional column's name is told, and what only resembles it is not."""

from pathlib import Path

import pytest

from manifests.misspelt_columns import misspelt_notes
from manifests.schema import read_manifest


def notes(tmp_path: Path, header: str) -> list[str]:
    file = tmp_path / "faces.csv"
    file.write_text(f"id,image,{header}\na,a.png,1\n")
    return misspelt_notes(read_manifest(file))


@pytest.mark.parametrize(("header", "meant"), [("strenght", "strength"), ("Strengh", "strength"), ("motoin", "motion")])
def test_a_misspelt_column_is_named_with_what_was_meant(tmp_path: Path, header: str, meant: str) -> None:
    [note] = notes(tmp_path, header)
    assert f'"{header}"' in note and f'"{meant}"?' in note


@pytest.mark.parametrize("header", ["strength", "length", "emotion_label", "person", "seed"])
def test_other_columns_are_carried_without_a_word(tmp_path: Path, header: str) -> None:
    assert notes(tmp_path, header) == []
