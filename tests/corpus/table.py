"""Makes `docs/inputs.md` from the corpus: `python -m tests.corpus.table`.

Every kind is made and read as the product reads it; the page has the outcome.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.corpus import checkpoints, clip_files, clips, manifest_files, manifests, motions, picture_files, pictures
from tests.corpus.kinds import Found, Kind, look
from tests.corpus.manifest_places import MORE_MANIFESTS
from tests.corpus.other_checkpoints import OTHER_CHECKPOINTS

PAGE = Path(__file__).parents[2] / "docs/inputs.md"
HEAD = """# What is read, converted and refused

Generated from the test corpus, which makes every file itself: `python -m tests.corpus.table` writes this page again.

- *read*: as it is;
- *converted*: brought to what the pipeline needs, or repaired; notes go into the log;
- *warned*: read as it is, and `plan` and `extract` say what is doubtful;
- *refused*: with one message, by `plan` where it can be known there. Messages are quoted without the file's name
  before them.

Of a clip only the aligned faces are kept. Reading 20 s of 3840x2160 took 154 MB in the reading process and 335 MB in
ffmpeg; a longer clip takes no more. Besides, up to 200 MB of frames are with the workers at a time.

Damage inside a clip is found where its decoder notices it. Of clips with 40 random bytes that visibly changed a frame
(a mean of more than 3 of 255 levels), these were refused: MPEG-2, MPEG-4, Motion JPEG, ProRes and AV1 all, H.264 9 of
11, VP9 8 of 10, HEVC 2 of 9, VP8 1 of 12. A transport or program stream that ends exactly between two packets cannot be
told from a shorter recording. The decoders' own options (ffmpeg's `err_detect`) find no more. Of images with 20 random
bytes, those that visibly changed and were read all the same: PNG and GIF none, JPEG 2000 1, TIFF 2 (LZW) and 4
(Deflate), AVIF 7, WebP 17 of 20; JPEG 13 of 39 (quality 75, 4:2:0), 21 of 37 (quality 95, 4:4:4) and
1 of 16 (progressive).

Videos are written as MP4, which has no transparency: what is transparent in an image
or a clip is shown before a middle grey (128), on which inversions keep the most likeness.
"""


@dataclass(frozen=True)
class Section:
    """A table of the page: its title, its kinds, and how they are read."""

    title: str
    kinds: Sequence[Kind]
    read: Callable[[Path], tuple[Any, Iterable[str]]]


SECTIONS = (
    Section("Clips", clips.CLIPS, clip_files.read),
    Section("What clips show", motions.MOTIONS, motions.read),
    Section("Images", [*pictures.PICTURES, *([] if "HEIF" in pictures.FORMATS else pictures.HEIF)], picture_files.read),
    Section("Manifests", [*manifests.MANIFESTS, *MORE_MANIFESTS], manifest_files.read),
    Section("Checkpoints", [*checkpoints.CHECKPOINTS, *OTHER_CHECKPOINTS], checkpoints.read),
)


def found(section: Section, kind: Kind) -> Found:
    """Make a kind in a folder of its own and read it."""
    if kind in pictures.HEIF and "HEIF" not in pictures.FORMATS:  # needs the extra, and is read with it
        return Found(kind.outcome, "")
    with tempfile.TemporaryDirectory() as folder:
        return look(kind, section.read, Path(folder))


def render(outcomes: Sequence[tuple[str, Sequence[tuple[str, Found]]]]) -> str:
    """The page of all sections' titles, kinds and what became of them."""
    lines = [HEAD]
    for title, rows in outcomes:
        lines += [f"## {title}", "", "| kind | what happens | what is said |", "|---|---|---|"]
        lines += [f"| {_cell(name)} | {one.outcome} | {_cell(one.said)} |" for name, one in rows]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the page."""
    outcomes = [(one.title, [(kind.name, found(one, kind)) for kind in one.kinds]) for one in SECTIONS]
    PAGE.write_text(render(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
