"""The commands on a job and its output: run, plan, status, retry, report, extract.

Each is a few lines onto the functions that do the work. Whatever is slow to import (PyTorch, Ray, Arrow) is imported
inside the verb that needs it: `--help` has to be quick.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from common.errors import RESUME, JobError, OutputError, Reason
from common.terminal import SETTINGS, example, say, say_command

if TYPE_CHECKING:
    from pipeline.job.spec import JobSpec

app = typer.Typer(**SETTINGS)

JobFile = Annotated[Path, typer.Argument(metavar="JOB.yaml", help="The job file.", show_default=False)]
OutputFolder = Annotated[Path, typer.Argument(metavar="OUTPUT", help="The output folder of a run.", show_default=False)]
Elsewhere = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Use this output folder instead of the job's own.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the job, e.g. video.frames=30. Paths are relative to the job file. Repeatable.",
    ),
]


@app.command(epilog=example("run jobs/demo.yaml --set video.strength=0.6"))
def run(
    job: JobFile,
    output: Elsewhere = None,
    changes: Changes = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove what earlier runs made, and start over.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove videos of rows that are no longer in the manifest.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read finished videos, and make damaged or changed ones again.")
    ] = False,
) -> None:
    """Make the videos of a job, or resume an earlier run of it."""
    from pipeline.job.load import load_job

    again = ["run", str(job), *(["--output", str(output)] if output else [])]
    again += [part for change in changes or () for part in ("--set", change)]
    _run(load_job(job, changes or (), output), again, fresh=fresh, prune=prune, verify=verify)


@app.command(epilog=example("plan jobs/demo.yaml"))
def plan(job: JobFile, output: Elsewhere = None, changes: Changes = None) -> None:
    """Check everything about a job and print what would run where. Starts nothing.

    Writes one file: an image of the clip's anchors, in the weights folder.

    Exit code 0: it can run; rows that will fail are counted, and the first are named.

    Exit code 2: a run would be refused, or most images are missing or unreadable.
    """
    from pipeline.job.load import load_job

    spec = load_job(job, changes or (), output)
    # Before the other imports: they alone take seconds.
    say(f"checking {job}: manifest, images, model, clip and machine; the first time this can take a minute")
    from pipeline.run.plan import plan_job
    from weights.store import weights_folder

    planned = plan_job(spec, weights_folder() / "clips")
    verdict = "No problems found" if not planned.doubts else "It can run, but read the lines above first"
    verdict = verdict if planned.sound else "Fix the problems above before it runs"
    say(*planned.lines, f"{verdict}. Nothing was started.")
    if not planned.sound:
        raise typer.Exit(2)


@app.command(epilog=example("status outputs/demo"))
def status(
    output: OutputFolder,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Read finished videos and compare their hashes. Exit code 3 where one changed or is gone."
        ),
    ] = False,
) -> None:
    """Show the progress of a run. Works from any terminal or machine that sees the folder."""
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
        elif found.lost:
            say("to make them again: run the same command again")
        if found.changed or found.lost:
            raise typer.Exit(3)


@app.command(epilog=example("retry outputs/demo --reason unreadable_image"))
def retry(
    output: OutputFolder,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            "--reason", metavar="CODE", help=f"Only rows that failed for this reason: {', '.join(Reason)}. Repeatable."
        ),
    ] = None,
) -> None:
    """Retry failed rows of a run, all or those of one reason, and finish whatever else is left."""
    from pipeline.job.load import load_job

    if unknown := [one for one in reason or () if one not in list(Reason)]:
        once = " Repeat --reason for each." if "," in unknown[0] else ""
        raise JobError(f'--reason: expected one of {", ".join(Reason)}, found "{unknown[0]}".{once}')
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
        typer.Option("--max-anchors", min=2, max=4096, help="Frames of the clip that become anchors, evenly spread."),
    ] = 64,
    seeds: Annotated[
        int,
        typer.Option("--seeds", min=1, max=1000, help="With --text: the number of generated faces led to the prompt."),
    ] = 4,
) -> None:
    """Extract a motion from a clip or a prompt for later jobs: `motion: {file: smile.safetensors}`."""
    from pipeline.job.motion_spec import MotionSpec
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
    from pipeline.monitor.display import Display
    from pipeline.output.event_log import EventLog
    from pipeline.run.extract import run_extraction

    with Display() as display, EventLog(listeners=[display]) as events:
        made = run_extraction(spec, output, events, model=model)
    say(f"{made}, and its anchors in {made.with_suffix('.png')}")


def _run(
    job: "JobSpec",
    again: list[str],
    *,
    fresh: bool = False,
    retry: Collection[str] | None = None,
    prune: bool = False,
    verify: bool = False,
) -> NoReturn:
    """Run a job under its display and print a summary."""
    say(f"checking {job.name}: manifest, images, model and clip")  # before the imports: they alone take seconds
    from pipeline.monitor.display import Display
    from pipeline.monitor.summary import summary
    from pipeline.output.event_log import EventLog
    from pipeline.run.run import run_job

    with Display() as display, EventLog(listeners=[display]) as events:
        try:
            ended = run_job(job, events, fresh=fresh, retry=retry, prune=prune, verify=verify)
        except KeyboardInterrupt as stopped:  # before its work began, or while the results were written
            raise KeyboardInterrupt(f"Stopped at once. {RESUME}" if display.progress.job else "") from stopped
    say("", *summary(display.progress))
    interrupted = ended.exit_code == 130
    if interrupted:  # what failed waits until the rest is done: then its hint is the one that applies
        say_command("to resume:", again)
    elif ended.failed:
        say_command("when the cause is gone:", ["retry", str(ended.output)])
    something_to_see = ended.done or ended.kept or not interrupted
    if something_to_see and (page := ended.output / "report.html").is_file():
        say(f"open {page}")
    raise typer.Exit(ended.exit_code)
