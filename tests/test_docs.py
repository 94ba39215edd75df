"""What the documentation lists is what the code has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from common.errors import Reason
from pipeline.cli.main import app
from pipeline.job.load import load_job
from tests.field_tables import render

TEXTS = ("smile", "aging", "eyes_closed", "angry", "head_turn")
WORKED = ("demo", "demo_all", "own_clip", *(f"text_{name}" for name in TEXTS))


def first_cells(text: str, heading: str) -> Iterator[str]:
    """The names in code marks in the first column of the tables under a heading."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield from line.split("|")[1].replace("`", "").replace(",", " ").split()


ROOT = Path(__file__).parents[1]
PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "weights/bundled/README.md"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Module and options of every `python -m …` in a page."""
    for module, rest in re.findall(r"python -m ((?:benchmarks|training|tests)[\w.]+)([^`\n]*)", text):
        yield module, re.findall(r"--[a-z-]+", rest)


def commands_of(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """The commands of the command line, by their names as they are written."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def anchors(text: str) -> set[str]:
    """What links can name after the # : a page's headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def files_page(repository: Path) -> str:
    return (repository / "docs/files.md").read_text()


def test_tables_of_fields_are_those_of_the_code(files_page: str) -> None:
    assert render(files_page) == files_page, "python -m tests.field_tables writes them anew"


def test_every_reason_is_documented_and_no_other(files_page):
    assert set(first_cells(files_page, "Reasons")) == {reason.value for reason in Reason}


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_example_is_a_valid_job(name, repository):
    job = load_job(repository / f"jobs/{name}.yaml")
    assert job.name == name
    assert job.output == repository / "outputs" / name


@pytest.mark.parametrize("page", PAGES)
def test_every_option_of_a_printed_command_is_there(page: str, repository: Path) -> None:
    shared = (repository / "training/train/checkpoint.py").read_text()
    for module, options in commands((repository / page).read_text()):
        source = (repository / f"{module.replace('.', '/')}.py").read_text()
        for option in options:
            known = source + (shared if "training_options(" in source else "")
            assert f'"{option}"' in known, f"{page}: {module} has no {option}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str, repository: Path) -> None:
    text, folder = (repository / page).read_text(), (repository / page).parent
    for place, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text):
        target = folder / place if place else repository / page
        assert target.exists(), f"{page}: {place}"
        assert not anchor or anchor in anchors(target.read_text()), f"{page}: {place}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_of_a_page_is_there(page: str, repository: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), flags=re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z-]+)", (repository / page).read_text(), flags=re.MULTILINE)
    assert set(named) <= set(targets)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_has_its_options(page: str, repository: Path) -> None:
    """Of those that begin a line, or stand whole between code marks, and name a verb of ours."""
    verbs = dict(commands_of(get_command(app)))
    text = (repository / page).read_text()
    spans = "|".join(verbs)
    lines = re.findall(r"run_batch\.py ([^`#\n]*)", text) + re.findall(rf"`((?:{spans}) [^`\n]*)`", text)
    for line in lines:
        name = max((verb for verb in verbs if f"{line} ".startswith(f"{verb} ")), key=len, default="")
        assert name or not line[:1].isalpha(), f"{page}: {line}"
        known = {option for parameter in verbs[name].params for option in parameter.opts} if name else set()
        assert set(re.findall(r"--[a-z-]+", line)) <= known | {"--help"}, f"{page}: {line}"


def test_the_cluster_example_has_as_many_workers_as_addresses(repository):
    cluster = yaml.safe_load((repository / "jobs/cluster.yaml").read_text())
    assert cluster["min_workers"] == cluster["max_workers"] == len(cluster["provider"]["worker_ips"])


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])
def test_every_file_that_a_page_for_contributors_names_is_there(page: str, repository: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", (repository / page).read_text())
    made_by_runs = ("videos/", "ledger/")
    missing = [
        name
        for name in named
        if name not in made_by_runs and not any((repository / place).exists() for place in (name, f"{name}.py"))
    ]
    assert named and not missing


def test_the_walks_through_the_code_name_functions_that_are_there(repository: Path) -> None:
    page = (repository / "docs/architecture.md").read_text()
    steps = re.findall(r"^\| `([\w/]+\.py)` \| (`[^|]+`) \|", page, flags=re.MULTILINE)
    assert len(steps) > 15
    for file, function in ((file, name) for file, cell in steps for name in re.findall(r"`([\w.]+)`", cell)):
        names = {node.name for node in ast.walk(ast.parse((repository / file).read_text())) if hasattr(node, "name")}
        assert set(function.split(".")) <= names, f"{file} has no {function}"
