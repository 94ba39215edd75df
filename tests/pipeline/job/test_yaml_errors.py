"""What is not valid YAML is refused with its place and with what to do, and never in the parser's words."""

from pathlib import Path

import pytest

from common.errors import JobError
from pipeline.job.load import load_job

PARSER = ("scan", "token", "scalar", "mapping", "constructor", "block end", "alias", "<", "context")


@pytest.mark.parametrize(
    ("text", "line", "column", "mend"),
    [
        ("video:\n\tframes: 3\n", 2, 1, "a tab. Indent with spaces"),
        ("name: a\nmotion: {clip: a.mp4}\ntext: smile: wide\n", 3, 12, "a colon where no field can begin"),
        ("name: a\n frames: 3\n", 2, 8, "a colon where no field can begin"),
        ("motion: {clip: a.mp4\nmanifest: b\n", 2, 9, "a bracket is opened in line 1 and not closed"),
        ("video: {layers: [1, 2}\n", 1, 22, "a bracket is opened in line 1 and not closed"),
        ('manifest: b\nname: "smile\n', 3, 1, "a quote is opened in line 2 and not closed"),
        ("name: a\nmanifest\noutput: c\n", 3, 1, "the line above has no colon"),
        ("name: @a\n", 1, 7, "reserves. Put the value into quotes"),
        ("manifest: *.csv\n", 1, 12, "begins with *, & or !. Put it into quotes"),
        ("manifest: *all\n", 1, 11, "begins with *. Put it into quotes"),
        ('manifest: "C:\\gone"\n', 1, None, "a backslash in double quotes. Use single quotes"),
        ("video:\n  frames: 3\n fps: 2\n", 3, 2, "the line does not fit those above"),
        ("name: 'it's'\n", 1, None, "the line does not fit those above"),
        ("name: }\n", 1, 7, "a bracket closes that was not opened"),
        ("name: !!python/object/apply:os.getcwd []\n", 1, 7, "a tag that begins with !"),
        ("name: a\n---\nname: b\n", 2, 1, "Remove the line ---"),
        ("name: a\nmanifest: b\a\n", 2, 12, "a character that no text has (U+0007)"),
    ],
)
def test_broken_yaml_is_placed_and_its_mend_named(
    tmp_path: Path, text: str, line: int, column: int | None, mend: str
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(JobError) as caught:
        load_job(path)
    said = str(caught.value)
    place = f"{path}, line {line}, column {column or ''}"
    assert said.startswith(place)
    reason = said.partition("not valid YAML: ")[2]
    assert mend in reason
    assert not [word for word in PARSER if word in reason]
