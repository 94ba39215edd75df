import math
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from PIL import Image

from common.errors import OutputError
from pipeline.report.cards import MOST_SAMPLED, MOST_WORST
from pipeline.report.html import write_report
from pipeline.report.metrics import FIGURES
from pipeline.report.row_groups import FAILURES_EACH
from stages.motion.micromotion import Micromotion
from tests.pipeline.report.made_results import SCHEMA, done, failed, make_video
from tests.pipeline.report.report_page import Page, page_of

EVIL = '<script>alert("x")</script>'


def save_motion(path: Path, source: str = "sha256:abc") -> None:
    basis = torch.zeros(1, 4, 512)
    basis[0, 0, 0] = 1
    motion = Micromotion(
        direction=2 * basis[0],
        basis=basis,
        coefficients=torch.tensor([[0.0], [1.0], [2.0]]),
        neutral=torch.zeros(4, 512),
        source=source,
        generator="sha256:def",
        explained=0.963,
        fps=12.5,
    )
    path.parent.mkdir(exist_ok=True)
    motion.save(path)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """A report with everything in it."""
    output = tmp_path_factory.mktemp("smile")
    for name in ("anna", "ben"):
        make_video(output / f"videos/{name}.mp4")
    (output / "videos/torn.mp4").write_bytes(b"not a video")
    save_motion(output / "motion.safetensors", source=EVIL)
    Image.new("RGB", (40, 20), "orange").save(output / "anchors.png")
    settings = {
        "name": f"smile {EVIL}",
        "motion": {"smile": {"clip": "/far/away/smile.mp4"}},
        "video": {"frames": 9, "layers": None},
        "made_with": {"versions": {"ray": "2"}, "weights": {"generator": "sha256:1"}, "generator": "sha256:2"},
    }
    (output / "job.yaml").write_text(yaml.safe_dump(settings))
    rows: list[dict[str, object]] = [
        done("anna"),
        done("ben", csim_mean=0.4, jitter=math.nan),
        done("torn"),
        failed("dog"),
        failed("evil", "unreadable_image", EVIL),
        {"id": "later", "status": "missing", "video": ""},
    ]
    return output, page_of(output, rows)


def test_the_page_loads_nothing_but_the_videos_beside_it(small_run: tuple[Path, Page]):
    output, page = small_run
    sources = [attributes["src"] for attributes in page.all("video")]
    assert sources == ["videos/anna.mp4", "videos/ben.mp4", "videos/torn.mp4"]
    assert all(attributes["preload"] == "none" for attributes in page.all("video"))
    assert all(attributes["src"].startswith("data:image/") for attributes in page.all("img"))
    assert not page.all("link")
    assert not any("src" in attributes for attributes in page.all("script"))
    without_pictures = re.sub(r"base64,[A-Za-z0-9+/=]+", "", (output / "report.html").read_text())
    assert not re.search(r"//\w", without_pictures)


def test_the_page_forbids_itself_to_load_anything_else(small_run: tuple[Path, Page]):
    policy = next(meta["content"] for meta in small_run[1].all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_what_comes_from_outside_is_escaped(small_run: tuple[Path, Page]):
    output, page = small_run
    assert EVIL not in (output / "report.html").read_text()
    assert page.text.count(EVIL) >= 4  # name, title, the motion's source, the failure's message
    assert len(page.all("script")) == 1


def test_every_tag_is_closed(small_run: tuple[Path, Page]):
    assert small_run[1].open == []


def test_the_page_says_what_became_of_the_rows(small_run: tuple[Path, Page]):
    text = " ".join(small_run[1].text.split())
    assert "3 videos made of 6 rows." in text
    assert "2 failed" in text
    assert "1 was not reached" in text
    assert "row 4 dog no face was found" in text
    assert "unreadable_image 1 row" in text


def test_videos_measured_far_from_the_motion_are_counted_at_the_head(tmp_path: Path):
    page = page_of(tmp_path, [done("anna"), done("back", motion_amplitude=-0.8), done("small", motion_amplitude=0.2)])
    assert "3 videos made. In 2 of them the measured motion is far from the one asked" in " ".join(page.text.split())
    assert {"href": "#remarks"} in page.all("a")
    alone = " ".join(page_of(tmp_path, [done("anna")]).text.split())
    assert "1 video made." in alone and "far from the motion" not in alone


def test_the_page_says_what_the_motion_is(small_run: tuple[Path, Page]):
    _, page = small_run
    assert "96.3 %" in page.text
    assert "3, 12.5 a second" in page.text
    assert f"smile.mp4 {EVIL}" in page.text
    assert len(page.all("img")) == 1
    assert page.all("polyline")[0]["points"].split()[0] == "0.00,22.00"


def test_a_video_that_cannot_be_read_is_shown_without_a_picture(small_run: tuple[Path, Page]):
    cards = small_run[1].all("figure")
    assert ["--strip" in card["style"] for card in cards] == [True, True, False]


def test_the_worst_video_of_each_figure_is_named(small_run: tuple[Path, Page]):
    text = " ".join(small_run[1].text.split())
    assert re.search(r"Identity Likeness.*? 0\.900 0\.400 ben", text)
    assert "measured in 2 videos" in text


def test_cards_can_be_sorted_by_every_figure(small_run: tuple[Path, Page]):
    cards = small_run[1].all("figure")
    assert float(cards[1]["data-csim_mean"]) > float(cards[0]["data-csim_mean"])
    assert float(cards[1]["data-jitter"]) < float(cards[0]["data-jitter"])  # not measured: not known to be bad
    assert {option["value"] for option in small_run[1].all("option")} == {"", *(figure.column for figure in FIGURES)}


def test_settings_and_versions_are_there(small_run: tuple[Path, Page]):
    text = " ".join(small_run[1].text.split())
    assert "video.frames 9" in text
    assert "video.layers default" in text
    assert "versions.ray 2" in text
    assert "file hashes.generator sha256:1" in text and "generator's fingerprint sha256:2" in text
    assert "Generator's fingerprint sha256:def" in text


def test_several_motions_are_named(tmp_path: Path):
    for name in ("blink", "smile"):
        save_motion(tmp_path / f"motions/{name}.safetensors")
        Image.new("RGB", (40, 20)).save(tmp_path / f"motions/{name}.png")
    page = page_of(tmp_path, [done("anna", motion="smile"), done("ben", motion="blink")])
    assert "The motions" in page.text
    assert len(page.all("img")) == 2
    assert page.text.count("blink") == 2


def test_a_motion_that_the_job_no_longer_has_is_left_out(tmp_path: Path):
    save_motion(tmp_path / "motions/blink.safetensors")
    save_motion(tmp_path / "motion.safetensors")
    (tmp_path / "job.yaml").write_text("motion: {smile: {clip: smile.mp4}}")
    text = page_of(tmp_path, [done("anna")]).text
    assert "The motion " in " ".join(text.split())
    assert "blink" not in text


def test_a_damaged_motion_file_is_said_in_the_report(tmp_path: Path):
    (tmp_path / "motion.safetensors").write_bytes(b"nonsense")
    assert "Not readable" in page_of(tmp_path, [done("anna")]).text


def test_a_large_picture_of_the_anchors_is_made_smaller(tmp_path: Path):
    save_motion(tmp_path / "motion.safetensors")
    noise = np.random.default_rng(0).integers(0, 255, (400, 3000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "anchors.png")
    source = page_of(tmp_path, [done("anna")]).all("img")[0]["src"]
    assert source.startswith("data:image/jpeg")
    assert len(source) < 1_000_000


def test_a_run_without_any_video_has_a_report(tmp_path: Path):
    text = page_of(tmp_path, [failed("dog"), failed("cat")]).text
    assert "No video made of 2 rows." in " ".join(text.split())
    assert "no_face 2 rows" in " ".join(text.split())


def test_results_of_a_version_without_figures_have_a_report(tmp_path: Path):
    table = pa.Table.from_pylist([{**done("anna"), **failed("x")}], schema=SCHEMA)
    pq.write_table(table.select(["id", "status", "reason", "message", "video"]), tmp_path / "results.parquet")
    assert "no_face" in write_report(tmp_path).read_text()


def test_a_large_run_stays_readable(tmp_path: Path):
    rng = np.random.default_rng(0)
    rows = [done(f"id{index}", csim_mean=float(value)) for index, value in enumerate(rng.random(10_000))]
    rows += [failed(f"bad{index}") for index in range(2_000)]
    page = page_of(tmp_path, rows)
    assert len(page.all("video")) == MOST_WORST + MOST_SAMPLED
    assert f"{MOST_WORST + MOST_SAMPLED} of 10,000 videos" in page.text
    assert f"and {2_000 - FAILURES_EACH:,} more" in page.text
    assert (tmp_path / "report.html").stat().st_size < 3_000_000


def test_a_folder_without_results_is_refused_by_name(tmp_path: Path):
    with pytest.raises(OutputError, match=r"has no results\.parquet"):
        write_report(tmp_path)
    (tmp_path / "results.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(OutputError, match="cannot be read"):
        write_report(tmp_path)


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    page_of(tmp_path, [failed("a")])
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match=r"report\.html cannot be written"):
        write_report(tmp_path)


def test_a_report_is_replaced_whole(small_run: tuple[Path, Page]):
    output, _ = small_run
    write_report(output)
    assert sorted(path.name for path in output.glob("*report*")) == ["report.html"]
    assert not list(output.glob(".*.tmp"))
