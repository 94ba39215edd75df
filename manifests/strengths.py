"""Strengths that are far beyond the motion in the clip, or in a manifest's column far from the others."""

import numpy as np

from manifests.schema import Manifest

PLAIN = 1.0  # the motion's full extent, as a job has it that says nothing
# Times the motion's full extent. Nothing is refused for it: how far a face can go shows only when it is drawn.
FAR = 3.0
# Times the median distance from the median, beyond which a value stands apart from its column.
APART = 20.0
# From so many values on the column itself tells what is usual.
FEWEST = 8


def strength_notes(manifest: Manifest, own: float = PLAIN) -> list[str]:
    """A sentence for each place with a strength that a person may not have meant, such as 50 for 50 %.

    Args:
        own: the job's, for rows without one.
    """
    notes = []
    if abs(own) > FAR:
        notes.append(f"video.strength: {own:g} is far out; 1 is the motion's full extent{_of_percent(own)}")
    if "strength" not in manifest.table.column_names:
        return notes
    values = manifest.table["strength"].to_numpy()  # (N,), NaN for nothing
    given = np.isfinite(values)
    if given.all() and own != PLAIN:
        notes.append(f"video.strength: {own:g} changes nothing, for every row has a strength of its own")
    odd = given & (np.abs(values) > FAR)
    if given.sum() >= FEWEST:
        middle = np.median(values[given])
        usual = np.median(np.abs(values[given] - middle))
        odd |= given & (np.abs(values - middle) > APART * max(usual, 0.05 * abs(middle), 1e-3))
    if odd.any():
        worst = int(np.argmax(np.where(odd, np.abs(values), -1)))
        number = int(odd.sum())
        rows = "1 row is" if number == 1 else f"{number:,} rows are"
        notes.append(
            f"strength: {rows} far out, the furthest {manifest.row(worst)} with {values[worst]:g}; 1 is the motion's "
            f"full extent{_of_percent(values[worst])}"
        )
    return notes


def _of_percent(strength: float) -> str:
    return f", {strength:g} % is {strength / 100:g}" if 10 <= abs(strength) <= 100 else ""
