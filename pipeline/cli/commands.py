"""The verbs of the command line, each a few lines onto the functions that do the work.

| exit code | meaning |
|---|---|
| 0 | every row has its video |
| 1 | something unexpected; its details are in a file that the message names |
| 2 | the user's mistake, found before any video was begun |
| 3 | finished, and some rows failed; or something that was looked at is missing or damaged |
| 130 | interrupted; the same command resumes from there |

Whatever is slow to import (PyTorch, Ray, Arrow) is imported inside the verb that needs it: `--help` has to be quick.
"""

import importlib.metadata
import shlex
import sys
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from common.errors import EngineDied, JobError, ManifestError, MicromotionError, OutputError, Reason, UserError
from common.formatting import count
from common.redaction import redact
from common.terminal import PROG, SETTINGS, LastingStream, WatchedStream, complain, example, outlast_readers, say
from pipeline.cli import supervisor, weights_commands
from pipeline.cli.error_files import write_down
from pipeline.cli.surroundings import check_surroundings
from pipeline.cluster.alarm import set_alarm

if TYPE_CHECKING:
    from pipeline.job.spec import JobSpec

app = typer.Typer(
    help="Carry a small facial motion from one clip over to many other faces: one video for each face.\n\n"
    "A [bold]job file[/bold] names the clip, the list of faces (a manifest) and the output folder. "
    "Check it with [bold]plan[/bold], make the videos with [bold]run[/bold], and look at report.html in the output.",
    epilog=f"{example('run jobs/demo.yaml')}\n\nExit codes: 0 every row has its video, 3 some rows failed, "
    "2 a mistake in what was given, 130 interrupted (the same command resumes), 1 anything else.",
    **SETTINGS,
)
manifest_app = typer.Typer(help="Make or check a manifest: the list of faces.", **SETTINGS)
app.add_typer(manifest_app, name="manifest")
app.add_typer(weights_commands.app, name="weights")


def _show_version(asked: bool) -> None:
    if asked:
        try:
            say(f"micromotion {importlib.metadata.version('micromotion')}")
        except importlib.metadata.PackageNotFoundError:
            raise UserError("micromotion is not installed, so its version is unknown: run `make setup`.") from None
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


JobFile = Annotated[Path, typer.Argument(metavar="JOB.yaml", help="The job file.", show_default=False)]
OutputFolder = Annotated[Path, typer.Argument(metavar="OUTPUT", help="The output folder of a run.", show_default=False)]
Elsewhere = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Use this output folder instead of the job's own.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the job, e.g. video.frames=30. Repeatable."),
]


@app.command(epilog=example("run jobs/demo.yaml --set video.strength=0.6"))
def run(
    job: JobFile,
    output: Elsewhere = None,
    changes: Changes = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove what earlier runs made, and start anew.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove videos of rows that are no longer in the manifest.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read finished videos, and make damaged or changed ones again.")
    ] = False,
) -> None:
    """Make the videos of a job, or go on where an earlier run of it stopped."""
    from pipeline.job.load import load_job

    again = ["run", str(job), *(["--output", str(output)] if output else [])]
    again += [part for change in changes or () for part in ("--set", change)]
    _run(load_job(job, changes or (), output), again, fresh=fresh, prune=prune, verify=verify)


@app.command(epilog=example("plan jobs/demo.yaml"))
def plan(job: JobFile, output: Elsewhere = None, changes: Changes = None) -> None:
    """Check everything about a job and say what would run where. Starts nothing.

    All that it writes is a sheet of the clip's anchors, into the weights folder.

    Exit code 2 where a run would be refused or of no use, as with more than half of the images missing; 0 where it can
    run, even if some rows will fail: they are counted, and the first are named.
    """
    from pipeline.job.load import load_job
    from pipeline.run.plan import plan_job
    from weights.store import weights_folder

    planned = plan_job(load_job(job, changes or (), output), weights_folder() / "clips")
    verdict = "Nothing is wrong with it" if not planned.doubts else "It can run, but look at the lines above first"
    verdict = verdict if planned.sound else "Fix the problems above before it runs"
    say(*planned.lines, f"{verdict}; nothing was started.")
    if not planned.sound:
        raise typer.Exit(2)


@app.command(epilog=example("status outputs/demo"))
def status(
    output: OutputFolder,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read finished videos and compare their hashes. Exit code 3 where one changed."),
    ] = False,
) -> None:
    """Say how far a run is. Works from another terminal, and from any machine that sees the folder."""
    from pipeline.job.written_job import written_job
    from pipeline.monitor.status import describe, read_status
    from pipeline.output.ledger import Ledger
    from pipeline.output.verify_videos import verify_videos

    say(*describe(read_status(output)))
    if verify:
        found = verify_videos(Ledger(output, str(written_job(output).get("videos") or "")))
        say(found.sentence)
        if found.changed:
            say("to make them again: add --verify to the run command")
            raise typer.Exit(3)


@app.command(epilog=example("retry outputs/demo --reason unreadable_image"))
def retry(
    output: OutputFolder,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            "--reason", metavar="CODE", help=f"Only rows that failed for this: {', '.join(Reason)}. Repeatable."
        ),
    ] = None,
) -> None:
    """Try failed rows of a run again, all of them or those of one reason; go on with whatever else is left."""
    from pipeline.job.load import load_job

    if unknown := [one for one in reason or () if one not in list(Reason)]:
        raise JobError(f'--reason: expected one of {", ".join(Reason)}, found "{unknown[0]}".')
    job = output / "job.yaml"
    if not job.is_file():
        raise OutputError(f"{output} has no job.yaml: give the output folder of a run.")
    reasons = reason or []
    again = ["retry", str(output), *(part for one in reasons for part in ("--reason", one))]
    _run(load_job(job, output=output), again, retry=reasons)


@app.command(epilog=example("report outputs/demo"))
def report(output: OutputFolder) -> None:
    """Write report.html of a run again, from its results."""
    from pipeline.report.html import write_report

    say(str(write_report(output)))


@app.command(epilog=example("extract smile.mp4 --output smile.safetensors"))
def extract(
    clip: Annotated[
        Path | None, typer.Argument(metavar="CLIP", help="A video of one face moving.", show_default=False)
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="PROMPT",
            help='Instead of a clip: a prompt with "{degree}" in it, e.g. "a person with {degree} smile".',
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The motion's file; an image goes beside it.")
    ] = Path("motion.safetensors"),
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="See `weights list`.")] = "synthface",
    max_anchors: Annotated[
        int,
        typer.Option("--max-anchors", min=2, max=4096, help="Frames of the clip that are looked at, evenly spread."),
    ] = 64,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=1000, help="With --text: so many identities make the anchors.")
    ] = 4,
) -> None:
    """Extract a motion from a clip or a prompt for later jobs: `motion: {file: smile.safetensors}`."""
    from pipeline.job.motion_spec import MotionSpec
    from pipeline.monitor.display import Display
    from pipeline.output.event_log import EventLog
    from pipeline.run.extract import extract_motion
    from stages.anchor_settings import AnchorSettings
    from stages.motion.prompts import captions

    if (clip is None) == (text is None):
        found = "neither" if clip is None else "both"
        raise JobError(f"extract: expected a clip or --text with a prompt, found {found}.")
    if output.suffix != ".safetensors":
        raise OutputError(f'--output {output}: expected a name that ends in .safetensors, found "{output.suffix}".')
    if text is not None:
        captions(text)
        spec = MotionSpec(text=text, anchors=AnchorSettings(seeds=tuple(range(1, seeds + 1))))
    else:
        spec = MotionSpec(clip=str(clip), max_anchors=max_anchors)
    with Display() as display, EventLog(listeners=[display]) as events:
        made = extract_motion(spec, output, events, model=model)
    say(f"{made}, and its anchors in {made.with_suffix('.png')}")


@manifest_app.command("build", epilog=example("manifest build faces/ --output targets.parquet"))
def manifest_build(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of images.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The manifest.")] = Path("targets.parquet"),
    flat: Annotated[bool, typer.Option("--flat", help="Leave out images in folders within the folder.")] = False,
) -> None:
    """Make a manifest of a folder's images."""
    from manifests.build import build_manifest

    built = build_manifest(folder, output, recursive=not flat)
    kinds = ", ".join(f"{number:,} {ending or 'without ending'}" for ending, number in built.left_out[:6])
    more = f" and {len(built.left_out) - 6} more kinds" if len(built.left_out) > 6 else ""
    others = f"; {count(built.others, 'other file')} left out ({kinds}{more})" if built.others else ""
    say(f"{built.path}: {count(built.rows, 'image')}{others}")


@manifest_app.command("check", epilog=example("manifest check targets.parquet"))
def manifest_check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Parquet, CSV, JSON lines, Arrow, a workbook, or a URI.", show_default=False
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="OWN=NAME", help="What a column is called, e.g. image=path. Repeatable."),
    ] = None,
) -> None:
    """Check a manifest, and look for its images on this machine. Exit code 3 where some are not there."""
    from manifests.looking import check_manifest

    pairs = [one.partition("=")[::2] for one in columns or ()]
    if wrong := [own for own, name in pairs if own not in ("id", "image", "motion", "strength", "seed") or not name]:
        raise ManifestError(
            f"--column {wrong[0]}: expected one of id, image, motion, strength, seed, such as image=path."
        )
    found = check_manifest(file, columns=dict(pairs))
    for note in found.notes:
        complain(f"note: {note}")
    motions = "".join(f"; motion {name}: {number:,}" for name, number in found.motions.items())
    remote = f"; {found.remote:,} at a URI, not looked for" if found.remote else ""
    hosts = "".join(f"; {number:,} from {host}" for host, number in list(found.hosts.items())[:5])
    say(f"{file}: {count(found.rows, 'row')}{motions}{remote}{hosts}")
    if found.missing:
        more = found.missing - len(found.examples)
        say(f"{count(found.missing, 'image')} missing:", *(f"  {example}" for example in found.examples))
        say(*([f"  and {more:,} more"] if more else []))
        raise typer.Exit(3)


def main() -> NoReturn:
    """The command line; what may run for a night does so in a process of its own, under watch."""
    arguments = sys.argv[1:]
    try:
        check_surroundings(arguments)
    except UserError as error:
        complain(str(error))
        sys.exit(2)
    if arguments and arguments[0] in supervisor.VERBS:
        outlast_readers()
    if supervisor.to_be_supervised(arguments):
        sys.exit(supervisor.supervise(arguments))
    with supervisor.under_watch() as watched:
        if watched:
            set_alarm()
        run_app(watched)


def run_app(watched: bool = False) -> NoReturn:
    """Run the command line; it exits with a code of the table above, or asks the supervisor for a restart."""
    warnings.showwarning = lambda message, *others, **named: complain(f"warning: {message}")
    if sys.stdout is not None and not isinstance(sys.stdout, LastingStream):
        sys.stdout = WatchedStream(sys.stdout)  # type: ignore[assignment]
    try:
        app(prog_name=PROG)
    except MicromotionError as error:
        if watched and isinstance(error, EngineDied):
            sys.exit(supervisor.AGAIN)
        complain(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # whatever it is, the user gets a sentence, and a file with the rest
        if why := getattr(sys.stdout, "failure", ""):
            complain(f"Standard output cannot be written: {why}. Make room there, or send it elsewhere.")
            sys.exit(1)
        complain(
            f"Something went wrong that should not have ({type(error).__name__}: {error}). "
            f"The details are in {write_down(error)}; please report them."
        )
    sys.exit(1)


def _run(
    job: "JobSpec",
    again: list[str],
    *,
    fresh: bool = False,
    retry: Collection[str] | None = None,
    prune: bool = False,
    verify: bool = False,
) -> NoReturn:
    """Run a job with its display, and say what came of it."""
    from pipeline.monitor.display import Display
    from pipeline.monitor.progress import summary
    from pipeline.output.event_log import EventLog
    from pipeline.run.run import run_job

    with Display() as display, EventLog(listeners=[display]) as events:
        ended = run_job(job, events, fresh=fresh, retry=retry, prune=prune, verify=verify)
    say("", *summary(display.progress))
    if ended.failed:
        say(f"when the cause is gone: {PROG} {shlex.join(['retry', str(ended.output)])}")
    if ended.exit_code == 130:
        say(f"to resume: {PROG} {_redacted_command(again)}")
    if (page := ended.output / "report.html").is_file():
        say(f"open {page}")
    raise typer.Exit(ended.exit_code)


def _redacted_command(arguments: list[str]) -> str:
    """A command's arguments as a terminal may show them, and a log of it keep them: without credentials."""
    shown = [redact(argument) for argument in arguments]
    hidden = "" if shown == arguments else " (with the credentials that are hidden here)"
    return f"{shlex.join(shown)}{hidden}"
