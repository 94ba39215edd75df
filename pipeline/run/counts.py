"""What became of a run's rows, counted while they come in."""

import time
from dataclasses import dataclass, field


@dataclass
class RowCounts:
    """Rows by their outcome.

    Attributes:
        keys: for each row of the manifest its content key; "" where its image cannot be read, None before its turn.
    """

    keys: list[str | None]
    done: int = 0
    kept: int = 0
    failed: int = 0
    frames: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def seen(self) -> int:
        """Rows of which something is known."""
        return self.done + self.kept + self.failed

    def missing(self) -> list[int]:
        """Orders of the rows of which nothing is known."""
        return [order for order, key in enumerate(self.keys) if key is None]
