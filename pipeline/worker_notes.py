"""What workers say of a row that takes minutes, while they are at it.

A row leaves a flow when it is finished. Until then its worker may put a note into Ray's own key-value store, where the
driver finds the latest one; a lost note costs nothing.
"""

import json
from typing import Any

PREFIX = "micromotion-note-"


def leave_note(index: int, step: int, loss: float) -> None:
    """Called in a worker: how far row `index` is. Replaces what it said before."""
    from ray.experimental.internal_kv import _internal_kv_put

    note = json.dumps({"index": index, "step": step, "loss": loss})
    _internal_kv_put(f"{PREFIX}{index}", note.encode(), overwrite=True)


def take_notes() -> list[dict[str, Any]]:
    """The latest note of each row that has one: `index`, `step`, `loss`. Taken notes are gone."""
    from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_list

    notes = []
    for key in _internal_kv_list(PREFIX):
        if (content := _internal_kv_get(key)) is not None:
            notes.append(json.loads(content))
        _internal_kv_del(key)
    return notes
