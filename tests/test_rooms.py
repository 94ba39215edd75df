"""The arrows between rooms: imports go one way, down this list, and nowhere else."""

import ast
import configparser
from pathlib import Path

import pytest

# Each room, and the rooms of ours that it may import besides itself; no room imports one that stands below it. `common`
# and the loaders of checkpoints are open to every room of the product that stands below them.
ARROWS: dict[str, tuple[str, ...]] = {
    "common": (),
    "manifests": ("common",),
    "weights.networks": ("common",),
    "weights": ("common", "weights.networks"),
    "stages.base": ("common",),
    "stages.execution": ("common", "weights"),
    "stages.faces": ("common", "weights", "stages.execution"),
    "stages.model_files": ("common",),
    "stages.models": ("common", "weights", "stages.execution", "stages.faces", "stages.model_files"),
    "stages.media": ("common", "weights", "stages.models"),
    "stages.motion": ("common", "weights", "stages.faces"),
    "stages.quality": ("common", "weights", "stages.faces", "stages.models", "stages.motion"),
    "stages.picture.warping": (),
    "stages.picture.head": ("weights", "stages.faces", "stages.motion", "stages.picture.warping"),
    "stages.picture.tones": ("stages.picture.warping", "stages.picture.head"),
    "stages.picture.body": tuple(f"stages.picture.{room}" for room in ("warping", "head", "tones")),
    "stages.picture.hair": tuple(f"stages.picture.{room}" for room in ("warping", "head", "tones")),
    "stages.picture.openings": ("weights", *(f"stages.picture.{room}" for room in ("warping", "head", "tones"))),
    "stages.picture": ("common", "weights", "stages.faces", "stages.models", "stages.motion"),
    "stages": ("common", "weights"),
    "micromotion": ("common", "weights", "stages"),
    "pipeline.job": ("common", "manifests", "weights", "stages"),
    "pipeline.cluster": ("common", "weights", "stages", "pipeline.job"),
    "pipeline.output": ("common", "manifests", "stages", "pipeline.job"),
    "pipeline.report": ("common", "stages", "pipeline.job", "pipeline.output"),
    "pipeline.monitor": ("common", "stages.base", "pipeline.output"),
    "pipeline.engine": ("common", "stages", "pipeline.cluster", "pipeline.output"),
    "pipeline.run": (
        *("common", "manifests", "weights", "stages"),
        *(f"pipeline.{room}" for room in ("job", "cluster", "output", "report", "engine")),
    ),
    "pipeline.cli": ("common", "manifests", "weights", "stages", "pipeline"),
    "pipeline": (),
    "run_batch": ("pipeline.cli",),
    "training": ("common", "weights", "stages"),
}
PRODUCT = ("common", "manifests", "micromotion", "pipeline", "stages", "weights")
OURS = (*PRODUCT, "training", "benchmarks", "tests", "examples", "run_batch")
# Packages of others that only some rooms may know.
KEEPERS = {"ray": ("pipeline",), "moderngl": ("training",)}


def within(module: str, room: str) -> bool:
    """Whether a dotted name is a room or lies in it."""
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> str:
    """The narrowest room that a module lies in."""
    return max((room for room in ARROWS if within(module, room)), key=len)


def may_import(room: str, name: str) -> bool:
    """Whether a room may import a module, or a name in one; a room that is open is open with all rooms in it."""
    return any(within(name, open_room) for open_room in (room, *ARROWS[room]))


def imports(source: str, package: str) -> set[str]:
    """Dotted names that a module imports anywhere in it, functions and type-checking blocks included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *([node.module] if node.module else [])])
            # `from common import errors` imports a module, `from common.errors import Reason` a name in one.
            found |= {f"{origin}.{name.name}" for name in node.names}
    return found


def wrong_imports(module: str, source: str, package: str) -> list[str]:
    """What a module imports against the arrows, one sentence each."""
    room = room_of(module)
    wrong = []
    for name in sorted(imports(source, package)):
        if name.split(".")[0] in OURS and not may_import(room, name):
            wrong.append(f"{module} imports {name}: {room} may import {', '.join(ARROWS[room]) or 'nothing of ours'}")
        for guarded, keepers in KEEPERS.items():
            if within(name, guarded) and not any(within(module, keeper) for keeper in keepers):
                wrong.append(f"{module} imports {name}: only {', '.join(keepers)} may")
    return wrong


def sources() -> list[Path]:
    """Every Python file of the product and of its trainings, relative to the repository."""
    root = Path(__file__).parents[1]
    files = [root / "run_batch.py", *(path for room in (*PRODUCT, "training") for path in (root / room).rglob("*.py"))]
    return sorted(path.relative_to(root) for path in files)


@pytest.mark.parametrize("path", sources(), ids=str)
def test_imports_follow_the_arrows_between_rooms(path: Path, repository: Path) -> None:
    parts = path.with_suffix("").parts
    package = ".".join(parts[:-1])
    module = package if parts[-1] == "__init__" else ".".join(parts)
    assert wrong_imports(module, (repository / path).read_text(), package) == []


def test_no_two_rooms_import_each_other() -> None:
    """Whatever the list allows, it allows one way: there is an order in which all arrows point back."""
    placed: set[str] = set()
    left = {room: [to for to in rooms if to in ARROWS] for room, rooms in ARROWS.items()}
    while left:
        free = [room for room, rooms in left.items() if all(to in placed or within(to, room) for to in rooms)]
        assert free, f"rooms in a circle: {', '.join(left)}"
        placed |= set(free)
        left = {room: rooms for room, rooms in left.items() if room not in placed}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("stages.media.encode", "from pipeline.job.load import load_job"),
        ("stages.media.encode", "def later():\n    import ray.data"),
        ("stages.faces.align", "from stages.animate_faces import AnimateFaces"),
        ("stages.motion.fit", "from stages.quality.video import measure_video"),
        ("weights.networks.fan", "from stages.faces.align import face_quad"),
        ("weights.networks.fan", "from weights.load_networks import load_landmarks"),
        ("weights.networks.fan", "from ..store import find"),
        ("common.errors", "from weights.networks.fan import FAN"),
        ("weights.store", "from stages import invert"),
        ("weights.store", "import manifests.schema"),
        ("weights.store", "import moderngl"),
        ("weights.store", "from training.train.renders import Renders"),
        ("manifests.schema", "from weights.store import find"),
        ("pipeline.job.load", "from pipeline.output.ledger import Ledger"),
        ("pipeline.report.html", "from pipeline.run.run import run_job"),
        ("pipeline.cli.main", "import run_batch"),
        ("run_batch", "from stages.faces.align import face_quad"),
    ],
)
def test_an_arrow_the_wrong_way_is_noticed(module: str, source: str) -> None:
    found = wrong_imports(module, source, module.rpartition(".")[0])
    assert len(found) == 1
    assert found[0].startswith(f"{module} imports ")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("run_batch", "from pipeline.cli.main import main"),
        ("pipeline.engine.pool", "import ray\nfrom stages.base import Stage"),
        ("stages.animate_faces", "from stages.media.encode import write_video\nfrom common.errors import Reason"),
        ("weights.load_networks", "from weights.networks.fan import LandmarkNetwork\nfrom weights.store import find"),
        ("training.scene.renderer", "import moderngl\nfrom stages.quality.metrics import identity_crop"),
    ],
)
def test_an_arrow_the_right_way_is_left_alone(module: str, source: str) -> None:
    assert wrong_imports(module, source, module.rpartition(".")[0]) == []


@pytest.mark.parametrize("path", [path for path in sources() if path.name == "__init__.py"], ids=str)
def test_a_room_imports_nothing_by_itself(path: Path, repository: Path) -> None:
    """Importing `weights.networks.fan` runs `weights/__init__.py`: an import there would join rooms."""
    if path.parts[0] != "micromotion":
        assert imports((repository / path).read_text(), "") == set()


def test_every_package_of_the_product_is_installed(repository: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(repository / "setup.cfg")
    there = {
        ".".join(path.parent.relative_to(repository).parts)
        for room in PRODUCT
        for path in (repository / room).rglob("__init__.py")
    }
    assert set(settings["options"]["packages"].split()) == there


def test_the_types_of_every_package_of_the_product_reach_users(repository: Path) -> None:
    """PEP 561: without the mark, whoever calls `micromotion` sees `Any` where it gives what another package defines."""
    settings = configparser.ConfigParser()
    settings.read(repository / "setup.cfg")
    assert settings["options.package_data"]["*"] == "py.typed"
    assert [room for room in PRODUCT if not (repository / room / "py.typed").is_file()] == []
