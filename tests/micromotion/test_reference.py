"""The reference of the library is made from its docstrings."""

import html
import re
import subprocess
import sys
from pathlib import Path

import micromotion


def test_every_public_name_is_on_the_page_with_its_docstring(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pdoc", "--docformat", "google", "--output-directory", str(tmp_path)]
    subprocess.run([*command, "micromotion"], check=True, cwd=repository, capture_output=True)
    page = (tmp_path / "micromotion.html").read_text()
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
    for name in micromotion.__all__:
        assert f'id="{name}"' in page
        first = getattr(micromotion, name).__doc__.strip().splitlines()[0]
        assert " ".join(first.replace("`", "").split()) in text, name
