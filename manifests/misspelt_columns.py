"""Columns whose names are nearly those of a manifest's optional columns, and which would silently be ignored."""

import difflib

from manifests.schema import Manifest

OPTIONAL = ("motion", "strength")
ALIKE = 0.8  # of difflib's ratio: "strenght" has 0.88, "length" 0.71


def misspelt_notes(manifest: Manifest) -> list[str]:
    """A sentence for each column that was probably meant to say what a row's video is like."""
    names = manifest.table.column_names
    notes = []
    for own in OPTIONAL:
        if own in names:
            continue
        known = {name.strip().casefold(): name for name in names}
        if close := difflib.get_close_matches(own, known, n=1, cutoff=ALIKE):
            notes.append(
                f'columns: "{known[close[0]]}" is carried to the results and does nothing else. Did you mean "{own}"?'
            )
    return notes
