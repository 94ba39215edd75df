"""The commands of `weights`: list, download, verify and import models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from common.errors import CheckpointError
from common.terminal import SETTINGS, example, say

if TYPE_CHECKING:
    from stages.motion.micromotion import Micromotion
    from weights.store import Stored

app = typer.Typer(help="List, download, verify and import models.", **SETTINGS)


@app.command("list", epilog=example("weights list"))
def list_() -> None:
    """List the models that a job can name: where their files are or have to be, and their licences."""
    from itertools import groupby

    from weights.registry import registered_models
    from weights.store import list_models, weights_folder

    clips = {model.name: model.clip for model in registered_models()}
    missing = dict[str, None]()  # how to get each clip, once: several models share one
    say(f"weights folder: {weights_folder()}")
    for model, parts in groupby(list_models(), key=lambda stored: stored.model):
        say("", model)
        for stored in parts:
            state = f"{stored.size / 1e6:,.1f} MB" if stored.present else "missing"
            say(f"  {stored.part}: {stored.usable}, {state}", f"    {stored.permits} ({stored.licence})")
            if stored.source and not stored.present:
                say(f"    from {stored.source}")
        if clips[model]:
            folder, how = _clip_state(model)
            say(f"  clip, for text anchors: {folder or f'{clips[model]}, missing'}")
            missing |= {how: None} if how else {}
    say(*(line for how in missing for line in ("", how)))


@app.command(epilog=example("weights fetch ffhq"))
def fetch(name: Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)]) -> None:
    """Download a model's missing files from their publishers; an interrupted download resumes."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from weights.download import download as fetch_file
    from weights.store import models_named

    parts = models_named(name)
    for licence in dict.fromkeys(f"{stored.permits}: {stored.licence}" for stored in parts if not stored.present):
        say(f"licence, {licence}")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console, failed = Console(stderr=True), list[str]()
    for stored in parts:
        if stored.present:
            if wrong := _print_verified(stored, "is here, "):
                failed += wrong
            continue
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(stored.path.name, total=None)

            def tell(here: int, total: int | None, progress: Progress = progress, task: TaskID = task) -> None:
                progress.update(task, completed=here, total=total)

            try:
                fetch_file(stored, tell)
            except CheckpointError as error:  # the other parts may be had all the same
                failed.append(str(error))
                continue
        failed += _print_verified(stored)
    if failed:
        raise CheckpointError("\n".join(dict.fromkeys(failed)))


@app.command(epilog=example("weights verify synthface"))
def verify(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A model; by default all that are on this machine.", show_default=False),
    ] = None,
) -> None:
    """Load a model's files as the networks that they should hold, and verify their hashes."""
    from common.errors import UserError
    from weights.find_clip import clip_hash, find_clip
    from weights.load_clip import load_clip
    from weights.load_head import BUNDLED as HEAD
    from weights.load_head import load_head
    from weights.load_small_networks import load_eye_outlines, load_face_check
    from weights.registry import registered_models
    from weights.store import EYE_OUTLINES, FACE_CHECK, find, models_named, sha256

    failed = list[str]()
    for stored in models_named(name):
        if name is None and not stored.present:
            continue
        try:
            find(stored.model, stored.part)
        except CheckpointError as missing:
            failed.append(str(missing))
            continue
        failed += _print_verified(stored)
    for model in registered_models():
        if model.clip and (name == model.name or (name is None and model.clip.startswith("bundled/"))):
            try:
                load_clip(model.name)
            except UserError as error:
                failed.append(str(error))
                continue
            say(f"{model.name} clip: good, files' hash {clip_hash(find_clip(model.name))}")
    if name in (None, "synthface"):
        small = (("face_check", FACE_CHECK, load_face_check), ("eye_outlines", EYE_OUTLINES, load_eye_outlines))
        for part, path, load in (("head", HEAD, load_head), *small):
            try:
                load(path)
            except CheckpointError as error:
                failed.append(str(error))
            else:
                say(f"synthface {part}: good, file hash {sha256(path)}")
    if failed:
        raise CheckpointError("\n".join(dict.fromkeys(failed)))


@app.command("import", epilog=example("weights import stylegan2-ffhq-config-f.pt"))
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A published checkpoint.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="The folder to write to; by default the weights folder."),
    ] = None,
) -> None:
    """Convert a published checkpoint to our own format, which loads faster; a published direction becomes a motion."""
    from common.errors import MotionFileError
    from pipeline.output.redacted_files import write_motion
    from stages.motion.load_micromotion import load_micromotion
    from weights.import_checkpoint import expect_free, import_checkpoint
    from weights.store import imported_path, sha256, weights_folder

    if not file.is_file():
        raise CheckpointError(f"{file}: there is no such file.")
    folder = output or weights_folder()
    try:
        motion = load_micromotion(file)
    except MotionFileError:
        made = import_checkpoint(file, folder)
    else:
        made = imported_path(file, folder)
        if made.exists() and made.resolve() == file.resolve():
            raise CheckpointError(f"{file} is a file of our own already.")
        if not _holds(made, motion):
            expect_free(made, file, sha256(file))
        folder.mkdir(parents=True, exist_ok=True)
        write_motion(made, motion)
    say(f"{made}, {made.stat().st_size / 1e6:,.1f} MB")


def _holds(made: Path, motion: "Micromotion") -> bool:
    """Whether a file holds this very motion already."""
    from common.errors import MotionFileError
    from stages.motion.load_micromotion import load_micromotion

    try:
        return made.is_file() and load_micromotion(made).fingerprint == motion.fingerprint
    except MotionFileError:
        return False


def _clip_state(model: str) -> tuple[str, str]:
    """Where a model's CLIP is, or how to get it."""
    from common.errors import UserError
    from weights.find_clip import find_clip

    try:
        return str(find_clip(model)), ""
    except UserError as missing:
        return "", str(missing)


def _print_verified(stored: "Stored", before: str = "") -> list[str]:
    """Verify all files of one part, published and imported; returns what is wrong with them."""
    from weights.store import imported_path

    failed = []
    for path in dict.fromkeys((imported_path(stored.path), stored.path)):
        if path.is_file():
            try:
                say(f"{stored.model} {stored.part}: {path} {before}{_verify(stored, path)}")
            except CheckpointError as error:  # the other files are looked at all the same
                failed.append(str(error))
    return failed


def _verify(stored: "Stored", path: Path) -> str:
    """Load one checkpoint and verify its kind and its hash; returns the verdict.

    Raises:
        CheckpointError: it is not what it has to be.
    """
    from weights.download import expect_published
    from weights.hashes import verify_hash
    from weights.import_checkpoint import LOADERS
    from weights.networks.stylegan2 import Generator
    from weights.store import sha256

    published = path == stored.path
    if published:
        expect_published(stored)  # before it is loaded: what is another file need not be read
    network = LOADERS[stored.part](path)
    if stored.origin is None:
        found = sha256(path)
    else:
        found = verify_hash(path, stored.published_sha256 if published else "", hash_again=True)
    named = f", fingerprint {network.fingerprint}" if isinstance(network, Generator) else ""
    return f"good, file hash {found}{named}"
