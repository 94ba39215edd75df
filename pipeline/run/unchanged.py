"""Check finished rows on the driver: if all are unchanged, no worker is started.

A finished row is known by its id, its motion and its strength; whether its image is still the same, only its bytes
tell. Reading and hashing them takes a millisecond, most of it for the disk, so threads share the work.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from common.errors import RowError
from common.redaction import one_line
from pipeline.run.outcomes import Outcomes
from stages.align_faces import content_key
from stages.base import Row, RowStatus, Target
from stages.media.fetch_image import fetch

READERS = 8
# Rows that are read at a time: between two portions the run looks whether it is to stop.
PORTION = 256


def take_in_unchanged(
    outcomes: Outcomes,
    orders: Sequence[int],
    unreadable: Collection[int],
    done: Collection[Target],
    fetch_timeout: float,
) -> Iterator[int]:
    """Count those rows as kept whose images are what they were, and those as failed that still cannot be read.

    Args:
        outcomes: where they are taken in.
        orders: of the rows that are looked at.
        unreadable: those whose images could not be read when they were last tried.
        done: what is finished, failures that are not tried again among it.
        fetch_timeout: seconds that an image may take to arrive.

    Yields:
        After each portion, how many rows were looked at. The others keep None for a key.
    """

    def look(order: int) -> Row | None:
        row = outcomes.row(order)
        try:
            data = fetch(row["image"], fetch_timeout)
        except RowError as error:
            if order not in unreadable:  # it could be read before: the run will see what has gone
                return None
            gained = {"status": RowStatus.FAILED, "reason": error.reason, "message": one_line(str(error)), "key": ""}
            return row | gained
        key = content_key(data, outcomes.digests[row["motion"]], float(row["strength"]))
        gained = {"status": RowStatus.KEPT, "reason": "", "message": "", "key": key}
        return row | gained if Target(row["id"], key) in done else None

    left = iter(orders)
    with ThreadPoolExecutor(READERS, thread_name_prefix="unchanged") as readers:
        while portion := list(islice(left, PORTION)):
            outcomes.take_in([row for row in readers.map(look, portion) if row is not None])
            yield len(portion)
