"""Images by which a person judges a motion's anchors before any video is made."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from common.atomic_files import replace_atomically

# A clip's anchors: so many of them, so large.
SHOWN, SHOWN_SIZE = 12, 128
CROSSED_OUT = (200, 40, 40)
LABEL, MARGIN = 18, 64  # px above a sheet's columns and left of its rows
INK, PAPER = (40, 40, 40), (255, 255, 255)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def write_anchors(
    path: Path, crops: Sequence[np.ndarray], renderings: Sequence[np.ndarray], stray: Sequence[int] = ()
) -> None:
    """A strip of a clip's anchors, evenly spread over it: what was seen above what its code shows.

    Args:
        path: a PNG file; it is put in place whole.
        crops: (S, S, 3) uint8 each.
        renderings: as many, of any size.
        stray: those that were left out of the fit; they are crossed out.
    """
    chosen = np.unique(np.linspace(0, len(crops) - 1, min(SHOWN, len(crops))).round().astype(int))
    strip = Image.new("RGB", (SHOWN_SIZE * len(chosen), 2 * SHOWN_SIZE))
    pen = ImageDraw.Draw(strip)
    for column, index in enumerate(chosen):
        for line, picture in enumerate((crops[index], renderings[index])):
            strip.paste(_small(picture), (column * SHOWN_SIZE, line * SHOWN_SIZE))
        if index in stray:
            left, bottom = column * SHOWN_SIZE, 2 * SHOWN_SIZE
            pen.line([(left, 0), (left + SHOWN_SIZE, bottom)], fill=CROSSED_OUT, width=4)
            pen.line([(left, bottom), (left + SHOWN_SIZE, 0)], fill=CROSSED_OUT, width=4)
    with replace_atomically(path) as temporary:
        strip.save(temporary, format="PNG")


def write_degrees(path: Path, pictures: np.ndarray, degrees: Sequence[str], seeds: Sequence[int]) -> None:
    """A sheet of text anchors: degrees in a row, one row for each seed.

    Args:
        path: a PNG file; it is put in place whole.
        pictures: (S, D, P, P, 3) uint8.
        degrees: D names.
        seeds: S numbers.
    """
    sheet = Image.new("RGB", (MARGIN + SHOWN_SIZE * len(degrees), LABEL + SHOWN_SIZE * len(seeds)), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for column, degree in enumerate(degrees):
        pen.text((MARGIN + SHOWN_SIZE * (column + 0.5), LABEL / 2), degree, INK, font, anchor="mm")
    for row, seed in enumerate(seeds):
        pen.text((MARGIN / 2, LABEL + SHOWN_SIZE * (row + 0.5)), f"seed {seed}", INK, font, anchor="mm")
        for column, picture in enumerate(pictures[row]):
            sheet.paste(_small(picture), (MARGIN + SHOWN_SIZE * column, LABEL + SHOWN_SIZE * row))
    with replace_atomically(path) as temporary:
        sheet.save(temporary, format="PNG")


def losses_path(picture: Path) -> Path:
    """The path of the plot of the losses: beside the anchors' image."""
    return picture.with_name(f"{picture.stem}-loss.svg")


def write_losses(path: Path, losses: np.ndarray, seeds: Sequence[int]) -> None:
    """A plot of the loss of text anchors over the steps, one line for each seed.

    Args:
        path: an SVG file; it is put in place whole.
        losses: (S, steps, D), of which the mean over degrees is drawn.
        seeds: S numbers.
    """
    courses = losses.mean(axis=2)  # (S, steps)
    low, high = float(courses.min()), float(courses.max())
    span, last = max(high - low, 1e-9), max(courses.shape[1] - 1, 1)
    left, top, width, height = 60, 16, 500, 200
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height + 60}" font-family="sans-serif" '
        'font-size="12" fill="#333"><rect width="100%" height="100%" fill="#fff"/>',
        f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="#999"/>',
        f'<text x="{left - 6}" y="{top + 8}" text-anchor="end">{high:.3f}</text>',
        f'<text x="{left - 6}" y="{top + height}" text-anchor="end">{low:.3f}</text>',
        f'<text x="{left}" y="{top + height + 18}">step 1</text>',
        f'<text x="{left + width}" y="{top + height + 18}" text-anchor="end">{courses.shape[1]}</text>',
        f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">mean loss of all degrees</text>',
    ]
    for row, (seed, course) in enumerate(zip(seeds, courses, strict=True)):
        colour = COLOURS[row % len(COLOURS)]
        points = " ".join(
            f"{left + width * step / last:.1f},{top + height * (high - loss) / span:.1f}"
            for step, loss in enumerate(course)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{left + width + 12}" y="{top + 12 + 16 * row}" fill="{colour}">seed {seed}</text>')
    with replace_atomically(path) as temporary:
        temporary.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _small(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture).resize((SHOWN_SIZE, SHOWN_SIZE), Image.Resampling.LANCZOS)
