"""Pictures by which a motion's anchors are judged."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from pipeline.report.anchor_sheets import LABEL, MARGIN, SHOWN_SIZE, losses_path, write_degrees, write_losses


def test_a_sheet_has_degrees_in_a_row_and_a_row_for_each_seed(tmp_path: Path) -> None:
    pictures = np.zeros((2, 3, 32, 32, 3), np.uint8)
    for seed in range(2):
        for degree in range(3):
            pictures[seed, degree] = (80 * degree, 100 * seed, 50)
    write_degrees(tmp_path / "anchors.png", pictures, ["no", "50%", "100%"], [7, 8])
    with Image.open(tmp_path / "anchors.png") as sheet:
        assert sheet.size == (MARGIN + 3 * SHOWN_SIZE, LABEL + 2 * SHOWN_SIZE)
        for seed in range(2):
            for degree in range(3):
                middle = (MARGIN + int(SHOWN_SIZE * (degree + 0.5)), LABEL + int(SHOWN_SIZE * (seed + 0.5)))
                assert sheet.getpixel(middle) == (80 * degree, 100 * seed, 50)
        labels = np.asarray(sheet)[:LABEL]
        assert (labels < 128).any(), "nothing is written above the columns"


def test_losses_become_one_falling_line_for_each_seed(tmp_path: Path) -> None:
    losses = np.linspace(1, 0.4, 10)[None, :, None] + np.array([0.0, 0.1])[:, None, None] + np.zeros((2, 10, 3))
    path = losses_path(tmp_path / "anchors.png")
    assert path.name == "anchors-loss.svg"
    write_losses(path, losses, [7, 8])
    page = ElementTree.parse(path)
    lines = page.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    for line in lines:
        heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
        assert len(heights) == 10 and heights == sorted(heights), "a falling loss runs downwards on the page"
    said = "".join(page.getroot().itertext())
    assert "seed 7" in said and "seed 8" in said and "1.100" in said and "0.400" in said


def test_a_loss_that_never_changes_is_drawn_too(tmp_path: Path) -> None:
    write_losses(tmp_path / "x.svg", np.ones((1, 1, 2)), [1])
    assert "nan" not in (tmp_path / "x.svg").read_text()
