"""The arrows between rooms: `run_batch -> pipeline -> stages -> weights`, with `manifests` a leaf.

Seven leaves of `stages` are open to every room: `stages.errors`, `stages.messages`, `stages.durable`, `stages.storage`,
`stages.stores`, `stages.table_images`, and, for what both `stages` and `weights` build, `stages.networks` with the
architectures and `stages.picture.head` with the head's shape. `manifests` also knows which formats are read.
"""

import ast
import configparser
from pathlib import Path

import pytest

ROOMS = ("micromotion", "pipeline", "stages", "weights", "manifests")
LEAVES = (
    "stages.errors",
    "stages.messages",
    "stages.durable",
    "stages.storage",
    "stages.stores",
    "stages.networks",
    "stages.picture.head",
    "stages.table_images",
)

# Who may import whom of ours, the narrowest room first. A room may always import itself.
ALLOWED = {
    "stages.errors": (),
    "stages.messages": (),
    "stages.durable": (),
    "stages.stores": ("stages.messages",),
    "stages.storage": ("stages.messages", "stages.stores"),
    "stages.table_images": ("stages.storage",),
    "stages.networks": ("stages.errors",),
    "stages.picture.head": (),
    "stages.picture_formats": (),
    "stages": ("weights",),
    "micromotion": ("stages", "weights"),
    "weights.training": ("weights", "stages"),
    "weights": LEAVES,
    "manifests": (*LEAVES, "stages.picture_formats"),
    "pipeline": ("stages", "weights", "manifests"),
    "run_batch": ("pipeline",),
}
# Packages of others that only some rooms may know.
KEEPERS = {"ray": ("pipeline",), "moderngl": ("weights.training",)}


def within(module: str, room: str) -> bool:
    """Whether a dotted name is a room or lies in it."""
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> str:
    """The narrowest room that a module lies in."""
    return next(room for room in ALLOWED if within(module, room))


def imports(source: str, package: str) -> set[str]:
    """Dotted names that a module imports anywhere in it, functions and type-checking blocks included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *([node.module] if node.module else [])])
            # `from stages import errors` imports a module, `from stages.errors import Reason` a name in one.
            found |= {f"{origin}.{name.name}" for name in node.names}
    return found


def wrong_imports(module: str, source: str, package: str) -> list[str]:
    """What a module imports against the arrows, one sentence each."""
    room = room_of(module)
    wrong = []
    for name in sorted(imports(source, package)):
        ours = name.split(".")[0] in (*ROOMS, "run_batch")
        if ours and within(name, "weights.training") and room != "weights.training":
            wrong.append(f"{module} imports {name}: nothing of the product imports weights.training")
        elif ours and not any(within(name, open_room) for open_room in (room, *ALLOWED[room])):
            wrong.append(f"{module} imports {name}: {room} may import {', '.join(ALLOWED[room]) or 'nothing of ours'}")
        for guarded, keepers in KEEPERS.items():
            if within(name, guarded) and room not in keepers:
                wrong.append(f"{module} imports {name}: only {', '.join(keepers)} may")
    return wrong


def sources() -> list[Path]:
    """Every Python file of the product, relative to the repository."""
    root = Path(__file__).parents[1]
    files = [root / "run_batch.py", *(path for room in ROOMS for path in (root / room).rglob("*.py"))]
    return sorted(path.relative_to(root) for path in files)


@pytest.mark.parametrize("path", sources(), ids=str)
def test_imports_follow_the_arrows_between_rooms(path: Path, repository: Path) -> None:
    parts = path.with_suffix("").parts
    package = ".".join(parts[:-1])
    module = package if parts[-1] == "__init__" else ".".join(parts)
    assert wrong_imports(module, (repository / path).read_text(), package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("stages.render", "from pipeline.job import JobSpec"),
        ("stages.render", "def later():\n    import ray.exceptions"),
        ("stages.networks.fan", "from stages.align import face_quad"),
        ("stages.networks.fan", "from weights import load_landmarks"),
        ("stages.errors", "from stages.networks.fan import FAN"),
        ("weights.store", "from stages.align import face_quad"),
        ("weights.store", "from stages import align"),
        ("weights.store", "import manifests.schema"),
        ("weights.store", "import moderngl"),
        ("weights.formats", "from weights.training.renders import Renders"),
        ("weights.formats", "from .training import renders"),
        ("stages.networks.fan", "from ..align import face_quad"),
        ("manifests.schema", "from weights import load_generator"),
        ("pipeline.engine.pool", "import run_batch"),
        ("pipeline.engine.pool", "import weights.training.renders"),
        ("run_batch", "from stages.align import face_quad"),
    ],
)
def test_an_arrow_the_wrong_way_is_noticed(module: str, source: str) -> None:
    found = wrong_imports(module, source, module.rpartition(".")[0])
    assert len(found) == 1
    assert found[0].startswith(f"{module} imports ")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("run_batch", "from pipeline.cli import main"),
        ("pipeline.engine.pool", "import ray\nfrom stages.produce import Produce\nfrom weights.store import find"),
        ("stages.produce", "from weights import load_generator\nfrom stages.errors import Reason"),
        ("weights.formats", "from stages.networks.fan import LandmarkNetwork\nfrom weights.store import find"),
        ("weights.training.scene", "import moderngl\nfrom stages.measure import identity_crop"),
        ("manifests.schema", "from stages.errors import ManifestError"),
    ],
)
def test_an_arrow_the_right_way_is_left_alone(module: str, source: str) -> None:
    assert wrong_imports(module, source, module.rpartition(".")[0]) == []


@pytest.mark.parametrize("package", ["stages", "stages/picture"])
def test_the_packages_of_open_leaves_import_nothing(package: str, repository: Path) -> None:
    """Importing `stages.errors` runs `stages/__init__.py`: an import there would join all rooms."""
    assert imports((repository / package / "__init__.py").read_text(), "stages") == set()


def test_every_package_is_installed(repository: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(repository / "setup.cfg")
    there = {
        ".".join(path.parent.relative_to(repository).parts)
        for room in ROOMS
        for path in (repository / room).rglob("__init__.py")
    }
    assert set(settings["options"]["packages"].split()) == there
