"""Text leaves the program through two gates, which hide credentials: one prints, one writes files."""

import ast
from functools import cache
from pathlib import Path

import pytest

GATES = ("common/terminal.py", "pipeline/output/redacted_files.py")
# Who may know of redaction besides the gates: what it is made of, and the errors that a library's caller sees.
KNOW = ("common/redaction.py", "common/errors.py", "pipeline/output/credentials.py")
# Whose files hold no text of others, and who shows the gate what a file of its own kind says.
WRITE = {
    "pipeline/cluster/quiet_ray.py": "what Ray's processes read",
    "pipeline/output/event_log.py": "lines of the gate, into a file that stays open",
    "pipeline/cli/error_files.py": "a text of the gate, into a file that only its owner may read",
    "pipeline/report/html.py": "a page, of which the gate sees every value",
    "pipeline/report/anchor_sheets.py": "images, and the numbers of a plot",
    "pipeline/output/lock.py": "a process's number",
}
# Who else writes files, below the pipeline: nothing that anybody reads as text.
WRITE_BELOW = {
    "common/atomic_files.py": "a probe of random bytes",
    "manifests/build.py": "the names of a folder's images, as the user's manifest",
    "manifests/carried.py": "a sample in memory",
    "manifests/schema.py": "a manifest's own bytes, in a private folder for as long as they are read",
    "stages/execution/graph_store.py": "a network's graph",
    "stages/media/encode.py": "pixels, to the encoder",
    "stages/media/web_images.py": "an image's own bytes, for a decoder",
    "stages/motion/micromotion.py": "a motion; the pipeline saves it through the gate",
    "weights/hashes.py": "checkpoints' names and hashes",
    "weights/http_download.py": "a registered model, and its address",
    "weights/write_checkpoint.py": "a network",
}
SHOWS_THE_GATE = ("pipeline/output/event_log.py", "pipeline/cli/error_files.py", "pipeline/report/html.py")
PRINTS = {"print", "echo", "secho"}
WRITES = {"write_text", "write_bytes", "write", "save", "dump", "safe_dump", "write_table", "NamedTemporaryFile"}
WRITES_BELOW = {*WRITES, "save_file"}


@cache
def calls(path: Path) -> set[str]:
    """Names of all that a module calls, without what they belong to."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            found.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return found


def product(repository: Path, *rooms: str) -> list[str]:
    return sorted(str(path.relative_to(repository)) for room in rooms for path in (repository / room).rglob("*.py"))


def test_only_the_gates_print(repository: Path) -> None:
    modules = product(repository, "common", "manifests", "pipeline", "stages", "weights")
    printing = {name for name in modules if calls(repository / name) & PRINTS}
    # The display draws with rich, of texts that it gets from the gate.
    assert printing <= {GATES[0], "pipeline/monitor/display.py"}


def test_every_text_of_the_display_comes_from_the_gate(repository: Path) -> None:
    display = ast.parse((repository / "pipeline/monitor/display.py").read_text(encoding="utf-8"))
    made = [
        ast.unparse(node)
        for node in ast.walk(display)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text"
    ]
    assert sorted(made) == ["Text(f'{stamp}  ')", "Text(printable(line), style=style)"]


def test_only_the_gate_writes_text_of_a_run(repository: Path) -> None:
    for name in product(repository, "pipeline"):
        found = calls(repository / name) & (WRITES - {"write_table"})
        if found and name not in (*GATES, *WRITE, "pipeline/monitor/display.py"):
            pytest.fail(f"{name} calls {', '.join(sorted(found))}: write through {GATES[1]}")


def test_below_the_pipeline_nobody_writes_text(repository: Path) -> None:
    modules = product(repository, "common", "manifests", "micromotion", "stages", "weights")
    writing = {name for name in modules if calls(repository / name) & WRITES_BELOW}
    # The terminal's streams hand on what the gate has seen.
    assert writing <= {*WRITE_BELOW, GATES[0]}


@pytest.mark.parametrize("name", SHOWS_THE_GATE)
def test_who_writes_in_a_way_of_its_own_shows_the_gate_what(name: str, repository: Path) -> None:
    assert "redact_nested" in calls(repository / name)


def test_nobody_upstream_hides_anything(repository: Path) -> None:
    modules = product(repository, "common", "manifests", "micromotion", "pipeline", "stages", "weights")
    hiding = {name for name in modules if calls(repository / name) & {"redact", "redact_column", "redact_credentials"}}
    assert hiding <= {*GATES, *KNOW}
