"""The commands of `manifest`: make or check the list of faces."""

from pathlib import Path
from typing import Annotated

import typer

from common.errors import ManifestError
from common.formatting import count
from common.terminal import SETTINGS, complain, example, say

app = typer.Typer(help="Make or check a manifest: the list of faces.", **SETTINGS)


@app.command("build", epilog=example("manifest build faces/ --output targets.parquet"))
def build(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder that holds the images.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The manifest.")] = Path("targets.parquet"),
    flat: Annotated[bool, typer.Option("--flat", help="Leave out images in subfolders.")] = False,
) -> None:
    """Make a manifest of a folder's images."""
    from manifests.build import build_manifest

    built = build_manifest(folder, output, recursive=not flat)
    kinds = ", ".join(f"{number:,} {ending or 'without ending'}" for ending, number in built.left_out[:6])
    more = f" and {len(built.left_out) - 6} more kinds" if len(built.left_out) > 6 else ""
    others = f"; {count(built.others, 'other file')} left out ({kinds}{more})" if built.others else ""
    sheets = f"; {count(built.sheets, 'image')} of anchors left out, made by a run" if built.sheets else ""
    say(f"{built.path}: {count(built.rows, 'image')}{others}{sheets}")
    if built.note:
        complain(f"note: {built.note}")


@app.command("check", epilog=example("manifest check targets.parquet"))
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Parquet, CSV, JSON lines, Arrow, a workbook, or a URI.", show_default=False
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="COLUMN=NAME",
            help="The name that a column has in the file, e.g. image=path. Repeatable.",
        ),
    ] = None,
) -> None:
    """Check a manifest, and look for its images on this machine. Exit code 3: some are missing."""
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
