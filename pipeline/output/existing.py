"""What an output folder holds already, seen from a job: what stays, what is made again, and how large it is.

All of it is known without reading a picture: an image that was replaced is found out when its row is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.job.checks import Checked
from pipeline.job.digests import target_digest
from pipeline.output.ledger import Ledger


@dataclass(frozen=True)
class ExistingResults:
    """Rows of the manifest, by their place in it.

    Attributes:
        kept: their videos stand, made with these very settings.
        failed: they failed with these very settings, and are not tried again.
        unreadable: their images could not be read when they were last tried, with these very settings.
        again: a video stands under their id, of other settings: it is made again, over the old one.
        video_bytes: of those kept, on average; 0.0 where there are none.
        digests: for each motion that is ready, or of which nothing is used, the hash of all that decides its videos
            besides the image.
    """

    kept: frozenset[int]
    failed: frozenset[int]
    again: frozenset[int]
    video_bytes: float
    unreadable: frozenset[int]
    digests: Mapping[str, str]


def find_existing(checked: Checked) -> ExistingResults:
    """Compare the manifest with the ledger."""
    digests = {
        name: target_digest(plan.ready.fingerprint if plan.ready else None, checked.job, checked.model)
        for name, plan in checked.motions.items()
        if plan.ready is not None or checked.job.rehearsal
    }
    ledger = Ledger(checked.job.output, checked.job.videos)
    done = ledger.done_rows()
    columns = (done[name].to_pylist() for name in ("id", "digest", "strength", "bytes"))
    made = {id_: (digest, strength, size) for id_, digest, strength, size in zip(*columns, strict=True)}
    failures, torn = (
        set(zip(*(table[name].to_pylist() for name in ("id", "digest", "strength")), strict=True))
        for table in (ledger.failed_rows(), ledger.unreadable_rows())
    )
    kept, failed, again, unreadable, size = set(), set(), set(), set(), 0
    wanted = (checked.rows[name].to_pylist() for name in ("id", "motion", "strength"))
    for order, (id_, motion, strength) in enumerate(zip(*wanted, strict=True)):
        found = made.get(id_)
        if found is not None and found[:2] == (digests.get(motion), strength):
            kept.add(order)
            size += found[2]
        elif found is not None:
            again.add(order)
        if (id_, digests.get(motion), strength) in failures:
            failed.add(order)
        if (id_, digests.get(motion), strength) in torn:
            unreadable.add(order)
    each = size / max(len(kept), 1)
    return ExistingResults(
        frozenset(kept),
        frozenset(failed - kept),
        frozenset(again),
        each,
        frozenset(unreadable - kept - failed),
        digests,
    )
