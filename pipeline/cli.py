"""The verbs of the command line, each a few lines onto the functions that do the work.

| exit code | meaning |
|---|---|
| 0 | every row has its video |
| 1 | something unexpected; its details are in a file that the message names |
| 2 | the user's mistake, found before work began |
| 3 | finished, and some rows failed |
| 130 | interrupted; the same command goes on from there |

Whatever is slow to import (PyTorch, Ray, Arrow) is imported inside the verb that needs it: `--help` has to be quick.
"""

import shlex
import sys
import tempfile
import traceback
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline.phrases import clean, count
from stages.errors import MicromotionError, OutputError, Reason, UserError

if TYPE_CHECKING:
    from pipeline.job import JobSpec
    from weights.store import Stored

DOOR = "micromotion" if Path(sys.argv[0]).name == "micromotion" else "python run_batch.py"


def _example(arguments: str) -> str:
    return f"Example: [bold]{DOOR} {arguments}[/bold]"


SETTINGS = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    help="Carry a small facial movement from one clip over to many other faces: one video for each face.\n\n"
    "A [bold]job file[/bold] names the clip, the list of faces (a manifest) and the output folder. "
    "Check it with [bold]plan[/bold], make the videos with [bold]run[/bold], and look at report.html in the output.",
    epilog=f"{_example('run jobs/demo.yaml')}\n\nExit codes: 0 every row has its video, 3 some rows failed, "
    "2 a mistake in what was given, 130 interrupted (the same command goes on), 1 anything else.",
    **SETTINGS,  # type: ignore[arg-type]
)
manifest_app = typer.Typer(help="Make or check a manifest: the list of faces.", **SETTINGS)  # type: ignore[arg-type]
weights_app = typer.Typer(help="See which models are on this machine.", **SETTINGS)  # type: ignore[arg-type]
app.add_typer(manifest_app, name="manifest")
app.add_typer(weights_app, name="weights")

JobFile = Annotated[Path, typer.Argument(metavar="JOB.yaml", help="The job file.", show_default=False)]
OutputFolder = Annotated[Path, typer.Argument(metavar="OUTPUT", help="The output folder of a run.", show_default=False)]
Elsewhere = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Use this output folder instead of the job's own.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the job, e.g. video.frames=30. Repeatable."),
]


@app.command(epilog=_example("run jobs/demo.yaml --set video.strength=0.6"))
def run(
    job: JobFile,
    output: Elsewhere = None,
    changes: Changes = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove what earlier runs made, and start anew.")] = False,
) -> None:
    """Make the videos of a job, or go on where an earlier run of it stopped."""
    from pipeline.job import load_job

    again = ["run", str(job), *(["--output", str(output)] if output else [])]
    again += [part for change in changes or () for part in ("--set", change)]
    _run(load_job(job, changes or (), output), again, fresh=fresh)


@app.command(epilog=_example("plan jobs/demo.yaml"))
def plan(job: JobFile, output: Elsewhere = None, changes: Changes = None) -> None:
    """Check everything about a job and say what would run where. Starts nothing and writes nothing."""
    from pipeline.job import load_job
    from pipeline.run import plan_job

    _say(*plan_job(load_job(job, changes or (), output)).lines, "Nothing is wrong with it; nothing was started.")


@app.command(epilog=_example("status outputs/demo"))
def status(output: OutputFolder) -> None:
    """Say how far a run is. Works from another terminal, and from any machine that sees the folder."""
    from pipeline.status import describe, read_status

    _say(*describe(read_status(output)))


@app.command(epilog=_example("retry outputs/demo --reason unreadable_image"))
def retry(
    output: OutputFolder,
    reason: Annotated[
        list[Reason] | None,
        typer.Option(
            "--reason", metavar="CODE", help=f"Only rows that failed for this: {', '.join(Reason)}. Repeatable."
        ),
    ] = None,
) -> None:
    """Try failed rows of a run again, all of them or those of one reason; go on with whatever else is left."""
    from pipeline.job import load_job

    job = output / "job.yaml"
    if not job.is_file():
        raise OutputError(f"{output} has no job.yaml: give the output folder of a run.")
    reasons = [one.value for one in reason or ()]
    again = ["retry", str(output), *(part for one in reasons for part in ("--reason", one))]
    _run(load_job(job, output=output), again, retry=reasons)


@app.command(epilog=_example("report outputs/demo"))
def report(output: OutputFolder) -> None:
    """Write report.html of a run again, from its results."""
    from pipeline.report import write_report

    _say(str(write_report(output)))


@app.command(epilog=_example("extract smile.mp4 --output smile.safetensors"))
def extract(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="A video of one face moving.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The movement's file; a picture goes beside it.")
    ] = Path("motion.safetensors"),
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="See `weights list`.")] = "synthface",
    max_anchors: Annotated[
        int,
        typer.Option("--max-anchors", min=2, max=4096, help="Frames of the clip that are looked at, evenly spread."),
    ] = 64,
) -> None:
    """Take the movement out of a clip, for jobs to come: `motion: {file: smile.safetensors}`."""
    from pipeline.display import Display
    from pipeline.events import EventLog
    from pipeline.extract import extract_motion

    if output.suffix != ".safetensors":
        raise OutputError(f'--output {output}: expected a name that ends in .safetensors, found "{output.suffix}".')
    with Display() as display, EventLog(listeners=[display]) as events:
        made = extract_motion(clip, output, events, model=model, max_anchors=max_anchors)
    _say(f"{made}, and its anchors in {made.with_suffix('.png')}")


@manifest_app.command("build", epilog=_example("manifest build faces/ --output targets.parquet"))
def manifest_build(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of pictures.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The manifest.")] = Path("targets.parquet"),
    flat: Annotated[bool, typer.Option("--flat", help="Leave out pictures in folders within the folder.")] = False,
) -> None:
    """Make a manifest of a folder's pictures."""
    from manifests.build import build_manifest

    built = build_manifest(folder, output, recursive=not flat)
    others = f"; {count(built.others, 'other file')} left out" if built.others else ""
    _say(f"{built.path}: {count(built.rows, 'picture')}{others}")


@manifest_app.command("check", epilog=_example("manifest check targets.parquet"))
def manifest_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Parquet, CSV or JSONL.", show_default=False)],
) -> None:
    """Check a manifest, and look for its pictures on this machine. Exit code 3 where some are not there."""
    from manifests.schema import check_manifest

    found = check_manifest(file)
    motions = "".join(f"; motion {name}: {number:,}" for name, number in found.motions.items())
    remote = f"; {found.remote:,} at a URI, not looked for" if found.remote else ""
    _say(f"{file}: {count(found.rows, 'row')}{motions}{remote}")
    if found.missing:
        more = found.missing - len(found.examples)
        _say(f"{count(found.missing, 'picture')} missing:", *(f"  {example}" for example in found.examples))
        _say(*([f"  and {more:,} more"] if more else []))
        raise typer.Exit(3)


@weights_app.command("list", epilog=_example("weights list"))
def weights_list() -> None:
    """Every model that a job can name, where its files are or have to be, and under which licence."""
    from weights.store import list_models

    model = ""
    for stored in list_models():
        if stored.model != model:
            model = stored.model
            _say(f"{model}  ({stored.licence})")
        state = f"{stored.size / 1e6:,.1f} MB" if stored.present else "missing"
        source = f"  from {stored.source}" if stored.source and not stored.present else ""
        _say(f"  {stored.part:<10} {state:>12}  {stored.path}{source}")


@weights_app.command("verify", epilog=_example("weights verify synthface"))
def weights_verify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A model; all that are here by default.", show_default=False)
    ] = None,
) -> None:
    """Read a model's files as the networks that they have to be, and say their hashes."""
    from weights.store import find, list_models

    known = list(list_models())
    if name is not None and name not in {stored.model for stored in known}:
        raise UserError(f'"{name}" is not a model; known are {", ".join(sorted({one.model for one in known}))}.')
    chosen = [stored for stored in known if stored.model == name or (name is None and stored.present)]
    for stored in chosen:
        find(stored.model, stored.part)
        _say(f"{stored.model} {stored.part}: {_verified(stored)}")


def main() -> NoReturn:
    """Run the command line; every way out is one of the exit codes above."""
    warnings.showwarning = lambda message, *others, **named: _complain(f"warning: {message}")
    try:
        app(prog_name=DOOR)
    except MicromotionError as error:
        _complain(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        _complain(
            f"Something went wrong that should not have ({type(error).__name__}: {error}). "
            f"The details are in {_written_down(error)}; please report them."
        )
    sys.exit(1)


def _run(job: "JobSpec", again: list[str], *, fresh: bool = False, retry: Collection[str] | None = None) -> NoReturn:
    """Run a job with its display, and say what came of it."""
    from pipeline.display import Display
    from pipeline.events import EventLog
    from pipeline.progress import summary
    from pipeline.run import run_job

    with Display() as display, EventLog(listeners=[display]) as events:
        ended = run_job(job, events, fresh=fresh, retry=retry)
    _say("", *summary(display.progress))
    if ended.failed:
        _say(f"when the cause is gone: {DOOR} {shlex.join(['retry', str(ended.output)])}")
    if ended.exit_code == 130:
        _say(f"to go on: {DOOR} {shlex.join(again)}")
    if (page := ended.output / "report.html").is_file():
        _say(f"open {page}")
    raise typer.Exit(ended.exit_code)


def _verified(stored: "Stored") -> str:
    """Load one checkpoint and say its hash.

    Raises:
        CheckpointError: it is not what it has to be.
    """
    from weights import load_generator, load_identity, load_inverter, load_landmarks
    from weights.store import sha256

    match stored.part:
        case "generator":
            load_generator(stored.path)
        case "inverter":
            load_inverter(stored.path)
        case "identity":
            load_identity(stored.path)
        case "landmarks":
            load_landmarks(stored.path)
    return f"good, {sha256(stored.path)}"


def _say(*lines: str) -> None:
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        typer.echo(indent + clean(line))


def _complain(text: str) -> None:
    """A message on stderr, its lines as they are and without control characters."""
    for line in text.splitlines():
        typer.echo(clean(line), err=True)


def _written_down(error: BaseException) -> Path:
    """Put an exception's traceback into a file for whoever looks into it."""
    with tempfile.NamedTemporaryFile("w", prefix="micromotion-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    return Path(file.name)
