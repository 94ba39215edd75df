"""A look at the images before work begins: what is missing, unreadable or far away is said, or refused."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from common.errors import JobError, ManifestError
from manifests.schema import Manifest, read_manifest
from pipeline.job.image_checks import OPEN_SECONDS, OPENED, check_images, check_network, check_opens, check_there


def listed(folder: Path, images: list[str], **columns: list[object]) -> tuple[Manifest, list[str]]:
    table = pa.table({"id": [f"i{at}" for at in range(len(images))], "image": images, **columns})
    pq.write_table(table, folder / "faces.parquet")
    manifest = read_manifest(folder / "faces.parquet")
    return manifest, manifest.images()


def pictures(folder: Path, number: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    for at in range(number):
        Image.new("RGB", (8, 8)).save(folder / f"{at}.png")
    return [f"{at}.png" for at in range(number)]


def test_images_that_are_there_and_readable_are_said_so(tmp_path: Path) -> None:
    given = listed(tmp_path, pictures(tmp_path, 3))
    assert check_there(*given).lines == ()
    assert check_opens(*given).lines == ("images: all 3 opened, all readable",)


def test_of_many_images_a_sample_is_opened(tmp_path: Path) -> None:
    found = check_opens(*listed(tmp_path, pictures(tmp_path, OPENED + 10)))
    assert found.lines == (f"images: a sample of {OPENED} opened, all readable",)


def test_a_few_that_are_missing_are_named(tmp_path: Path) -> None:
    found = check_there(*listed(tmp_path, [*pictures(tmp_path, 3), "3.PNG", "0.PNG"]))
    assert found.failing == 2
    assert found.lines[0] == "images: 2 of 5 images missing; their rows will fail as unreadable_image:"
    assert found.lines[2].endswith('is there as "0.png": write it so')


def test_a_wrong_folder_is_refused_and_the_right_one_named(tmp_path: Path) -> None:
    pictures(tmp_path / "faces", 3)
    with pytest.raises(ManifestError) as caught:
        check_there(*listed(tmp_path, ["0.png", "1.png", "2.png"]))
    assert "3 of 3 images are not there" in str(caught.value)
    assert f"looked for from {tmp_path}" in str(caught.value)
    assert f"They are there from {tmp_path / 'faces'}" in str(caught.value)


@pytest.mark.parametrize("image", ["C:\\faces\\{}.png", "faces\\{}.png", "s\\{}.png", "/nowhere/{}.png"])
def test_paths_of_another_machine_are_refused(tmp_path: Path, image: str) -> None:
    with pytest.raises(ManifestError, match="2 of 2 images are not there"):
        check_there(*listed(tmp_path, [image.format(at) for at in range(2)]))


def test_unreadable_images_are_named_and_refused_where_they_are_most(tmp_path: Path) -> None:
    images = pictures(tmp_path, 3)
    (tmp_path / "2.png").write_bytes(b"<html>")
    found = check_opens(*listed(tmp_path, images))
    assert found.failing == 1
    assert "row 3" in found.lines[1] and "web page" in found.lines[1]
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(ManifestError, match=r"2 of the 3 images opened cannot be read\. .*row 2"):
        check_opens(*listed(tmp_path, images))


def test_a_run_of_which_nothing_would_come_is_refused(tmp_path: Path) -> None:
    (tmp_path / "only.png").write_bytes(b"no image")
    with pytest.raises(ManifestError, match="1 of the 1 image opened cannot be read"):
        check_images(*listed(tmp_path, ["only.png"]))
    with pytest.raises(ManifestError, match="1 of the 1 image opened cannot be read"):
        check_images(*listed(tmp_path, ["only.png", "gone.png"]))


def test_missing_and_unreadable_images_count_together(tmp_path: Path) -> None:
    images = [*pictures(tmp_path, 3), "gone.png", "lost.png"]
    assert check_images(*listed(tmp_path, images)).failing == 2
    (tmp_path / "2.png").write_bytes(b"no image")
    with pytest.raises(ManifestError, match=r"missing \(2\) or not readable \(1\).*row 4"):
        check_images(*listed(tmp_path, images))


def test_one_unreadable_image_of_a_list_that_is_slow_to_open_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pictures(tmp_path, 3)
    (tmp_path / "0.png").write_bytes(b"no image")
    clock = iter([0.0, 0.0, 2 * OPEN_SECONDS])
    monkeypatch.setattr("pipeline.job.image_checks.time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert check_images(*listed(tmp_path, images)).failing == 1


def test_images_of_the_network_need_the_jobs_word(tmp_path: Path) -> None:
    given = listed(tmp_path, ["https://example.org/a.jpg", "hf://datasets/a/b/c.jpg", "d.jpg"])
    with pytest.raises(JobError, match=r"row 1: 2 images would come from 2 hosts of the network: example.org \(1\)"):
        check_network(*given, allowed=False)
    assert check_network(*given, allowed=True) == {"example.org": 1, "huggingface.co": 1}
    assert check_network(*listed(tmp_path, ["a.jpg", "s3://b/c.jpg"]), allowed=False) == {}
