"""Feed the readers of images, clips, manifests and jobs what a fuzzer makes of good and bad files.

    pip install -e '.[fuzz]'
    python -m benchmarks.fuzz --target image|clip|manifest|job --seconds 300 [--output outputs/fuzz]

Atheris (libFuzzer) changes the seeds wherever a change leads to code that was not reached before. A finding is anything
but what the reader documents: another exception, a refusal that is no sentence, a result of another shape, a crash,
more than 4 GB, or more than 20 s. Each is saved with its input under `OUTPUT/TARGET/findings`; there are no findings
where the command ends with 0. Inputs that reach something new are kept beside them, and the next run starts from there.
"""

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
import unicodedata
from collections.abc import Callable
from pathlib import Path

Reader = Callable[[bytes], None]

LONGEST = 1 << 16  # bytes; more makes runs slow and reaches nothing new
SECONDS_A_RUN = 20
MEGABYTES = 4096
PIXELS = 1_000_000  # a fuzzer soon finds out how to ask for the most that is allowed, and then waits for it
RUNS = re.compile(r"^(?:#(\d+)\t|Done (\d+) runs)", re.MULTILINE)


class NoSentence(Exception):
    """A refusal whose text cannot be shown to a person."""


def check_sentence(error: Exception, lines: int = 1) -> None:
    """Refuse a refusal that steers a terminal, has no end, or is longer than it may be."""
    text = str(error)
    steering = [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign != "\n"]
    if steering or text.count("\n") >= lines or not all(line.endswith((".", "?")) for line in text.split("\n")):
        raise NoSentence(repr(text))


def image_reader() -> Reader:
    """`decode_image`."""
    from common.errors import UnreadableImage
    from stages.media import decode_image

    decode_image.LARGEST_PICTURE = PIXELS

    def read(data: bytes) -> None:
        try:
            image = decode_image.decode_image(data, "face.png")
        except UnreadableImage as error:
            return check_sentence(error)
        assert image.dtype == "uint8"
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert 0 < image.size <= 3 * PIXELS

    return read


def clip_reader() -> Reader:
    """`read_clip`, which starts two programs for each run."""
    import numpy as np

    from common.errors import ClipError
    from stages.media.open_clip import read_clip

    path = Path(tempfile.mkdtemp(prefix="micromotion-fuzz-")) / "clip.mp4"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            clip = read_clip(path, max_anchors=4, timeout=SECONDS_A_RUN / 4)
        except ClipError as error:
            return check_sentence(error)
        assert 2 <= len(clip.frames) == len(clip.times) <= 4
        assert np.isfinite(clip.times).all()
        assert np.isfinite(clip.fps)

    return read


def manifest_reader() -> Reader:
    """`read_manifest`; the first byte chooses the format."""
    from common.errors import ManifestError
    from manifests.ids import fold
    from manifests.schema import read_manifest

    folder = Path(tempfile.mkdtemp(prefix="micromotion-fuzz-"))

    def read(data: bytes) -> None:
        path = folder / f"faces{FORMATS[data[0] % len(FORMATS)] if data else '.csv'}"
        path.write_bytes(data[1:])
        try:
            manifest = read_manifest(path)
        except ManifestError as error:
            return check_sentence(error)
        ids = manifest.table["id"].to_pylist()
        assert all((folder / f"{id_}.mp4").resolve().parent == folder.resolve() for id_ in ids)
        assert len(set(fold(manifest.table["id"]).to_pylist())) == len(ids) > 0
        assert all(manifest.images())
        manifest.table.to_pylist()

    return read


def job_reader() -> Reader:
    """`load_job`."""
    import yaml

    from common.errors import JobError
    from pipeline.job.load import load_job

    path = Path(tempfile.mkdtemp(prefix="micromotion-fuzz-")) / "job.yaml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            job = load_job(path)
        except JobError as error:
            return check_sentence(error, lines=10_000)
        yaml.safe_dump(job.resolved())

    return read


FORMATS = (".parquet", ".csv", ".jsonl", ".json", ".tsv", ".arrow")
READERS = {"image": image_reader, "clip": clip_reader, "manifest": manifest_reader, "job": job_reader}
# Whose branches the fuzzer is told of.
WATCHED = {
    "image": ["PIL", "stages.media.decode_image", "stages.media.repair_image", "stages.media.image_colour"],
    "clip": [
        "stages.media.open_clip",
        "stages.media.scan_clip",
        "stages.media.scan_report",
        "stages.media.decode_clip",
    ],
    "manifest": ["manifests"],
    "job": ["yaml", "pipeline.job.load", "pipeline.job.spec"],
}


def write_seeds(target: str, folder: Path) -> None:
    """The files that fuzzing starts from."""
    import imageio_ffmpeg
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    root = Path(__file__).parents[1]
    if target == "image":
        from tests.faults.corpus import build_corpus

        with tempfile.TemporaryDirectory() as built:
            for case in build_corpus(Path(built), silent_port=9):
                path = Path(built) / case.image
                readable = os.path.isfile(path) and os.access(path, os.R_OK)  # noqa: PTH113 (Path's own raises)
                if readable and path.stat().st_size <= LONGEST:
                    (folder / case.id).write_bytes(path.read_bytes())
    elif target == "clip":
        ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
        source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-frames:v", "6", "-pix_fmt", "yuv420p"]
        for name in ("clip.mp4", "clip.avi", "clip.mkv", "clip.gif"):
            options = ["-pix_fmt", "rgb8"] if name.endswith("gif") else []
            subprocess.run([ffmpeg, "-v", "error", "-y", *source, *options, str(folder / name)], check=True)
    elif target == "manifest":
        columns = {"id": ["a", "é"], "image": ["a.png", "s3://b/c.png"], "strength": [1.0, None], "seed": [1, 2]}
        table = pa.table(columns | {"motion": ["smile", None], "person": ["Anna", "Bo"]})
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "table"
            for compression in ("none", "snappy"):
                pa.parquet.write_table(table, path, compression=compression)
                (folder / f"{compression}.parquet").write_bytes(b"\0" + path.read_bytes())
            pa.csv.write_csv(table, path)
            (folder / "faces.csv").write_bytes(b"\1" + path.read_bytes())
        (folder / "faces.jsonl").write_bytes(b'\2{"id": "a", "image": "a.png", "seed": 1}\n{"id": "b", "image": "b"}\n')
    else:
        from tests.faults.test_any_job import ALL_FIELDS, RAW_VALUES, yaml

        for path in (root / "jobs").glob("*.yaml"):
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "all.yaml").write_text(yaml.safe_dump(ALL_FIELDS))
        for number, value in enumerate(RAW_VALUES):
            text = f"motion: {{clip: a.mp4}}\nmanifest: a.csv\nmade_with: {value}\n"
            (folder / f"raw-{number}.yaml").write_text(text[:2000], errors="surrogatepass")


def fuzz(target: str, output: Path, seconds: int) -> None:
    """Fuzz in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=WATCHED[target]):
        read = READERS[target]()
    findings = output / "findings"

    def run(data: bytes) -> None:
        try:
            read(data)
        except Exception as error:  # what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} {Path(where.filename).name}:{where.lineno}"
            name = hashlib.sha256(place.encode()).hexdigest()[:12]
            if not (findings / name).exists():  # of one fault there are as many inputs as one has time for
                (findings / name).write_bytes(data)
                (findings / f"{name}.txt").write_text(f"{place}\n\n{traceback.format_exc()}", errors="replace")

    limits = [f"-max_total_time={seconds}", f"-timeout={SECONDS_A_RUN}", f"-rss_limit_mb={MEGABYTES}"]
    options = [*limits, f"-max_len={LONGEST}", f"-artifact_prefix={findings}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(output / "inputs")], run)
    atheris.Fuzz()


def main() -> int:
    """Fuzz for a while, going on after crashes; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=READERS, required=True)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--output", type=Path, default=Path("outputs/fuzz"))
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("Fuzzing needs atheris, which is not installed: pip install -e '.[fuzz]'", file=sys.stderr)
        return 2
    output = options.output / options.target
    if options.in_this_process:
        fuzz(options.target, output, options.seconds)
    for name in ("inputs", "findings"):
        (output / name).mkdir(parents=True, exist_ok=True)
    write_seeds(options.target, output / "inputs")
    before = set((output / "findings").iterdir())
    runs, end = 0, time.monotonic() + options.seconds
    command = [sys.executable, "-m", "benchmarks.fuzz", "--in-this-process", "--target", options.target]
    while (left := round(end - time.monotonic())) > 0:
        arguments = ["--seconds", str(left), "--output", str(options.output)]
        with (output / "log.txt").open("ab+") as log:
            start = log.tell()
            subprocess.run([*command, *arguments], stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
            log.seek(start)
            counts = [int(a or b) for a, b in RUNS.findall(log.read().decode(errors="replace"))]
        runs += max(counts, default=0)
        if not counts:
            print(f"It does not start; {output / 'log.txt'} says why.", file=sys.stderr)
            return 2
    found = sorted(path for path in set((output / "findings").iterdir()) - before if path.suffix != ".txt")
    print(f"{options.target}: {runs:,} runs in {options.seconds} s, {len(found)} findings")
    for path in found:
        print(f"  {path}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
