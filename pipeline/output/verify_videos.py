"""Finished videos compared with the hashes that were recorded when they were written.

A file that is gone or has another size counts as unfinished at every run. One of the same size with other bytes, after
a disk's fault or an edit, is found only by reading it.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from common import storage
from common.formatting import count
from pipeline.output.ledger import Ledger

READERS = 8
TIMEOUT_SECONDS = 600.0  # for one video
EXAMPLES = 3


@dataclass(frozen=True)
class VerifiedVideos:
    """What a comparison found.

    Attributes:
        same: videos whose bytes are those that were written.
        changed: file names of those whose bytes are others, or that cannot be read.
        unknown: videos of which no hash was recorded.
        lost: file names of those that are gone, or have another size than was written.
    """

    same: int
    changed: tuple[str, ...]
    unknown: int
    lost: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it, for a person."""
        if not (self.same or self.changed or self.unknown or self.lost):
            return "no finished videos to verify"
        found = f"{len(self.changed):,} damaged or changed ({_some(self.changed)})" if self.changed else "all unchanged"
        lost = f"; {len(self.lost):,} gone or of another size ({_some(self.lost)})" if self.lost else ""
        unknown = (
            f"; {count(self.unknown, 'older video')} without a recorded hash, not verified" if self.unknown else ""
        )
        return f"{count(self.same + len(self.changed), 'video')} verified, {found}{lost}{unknown}"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join([*names[:EXAMPLES], *(["…"] if len(names) > EXAMPLES else [])])


def verify_videos(ledger: Ledger) -> VerifiedVideos:
    """Read every finished video and compare its hash.

    Raises:
        OutputError: the videos are at a URI, and their store cannot be listed.
    """
    rows = ledger.done_rows()
    names = [f"{id_}.mp4" for id_ in rows["id"].to_pylist()]
    recorded = dict(zip(names, rows["sha256"].to_pylist(), strict=True))
    known = [name for name in names if recorded[name]]

    def is_same(name: str) -> bool:
        try:
            return storage.sha256(_place(ledger, name), TIMEOUT_SECONDS) == recorded[name]
        except OSError:
            return False

    with ThreadPoolExecutor(READERS, thread_name_prefix="verify") as readers:
        same = list(readers.map(is_same, known))
    changed = tuple(name for name, unchanged in zip(known, same, strict=True) if not unchanged)
    written = {f"{id_}.mp4" for id_ in ledger.made_rows()["id"].to_pylist()}
    return VerifiedVideos(sum(same), changed, len(names) - len(known), tuple(sorted(written.difference(names))))


def remove_videos(ledger: Ledger, names: Collection[str]) -> None:
    """Remove videos: their rows are then unfinished.

    Raises:
        OSError: one cannot be removed.
    """
    for name in names:
        place = _place(ledger, name)
        if ledger.videos:
            storage.remove(place)
        else:
            Path(place).unlink(missing_ok=True)


def _place(ledger: Ledger, name: str) -> str:
    """Where a video is: a path, or a URI."""
    return storage.join_uri(ledger.videos, name) if ledger.videos else str(ledger.output / "videos" / name)
