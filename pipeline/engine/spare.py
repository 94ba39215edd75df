"""Workers that a flow has no more use for, kept for the next one: their imports are done.

A worker's process takes two seconds of a core before it loads a network. A motion goes through two flows and its
videos through a third, so that without this every core would start three.
"""

from typing import Any

from pipeline.cluster.alarm import answering
from pipeline.cluster.sizing import PoolSize
from pipeline.engine.table import Member, State


class SpareWorkers:
    """Idle workers without a pool. They hold their share of the cluster until they are taken or ended."""

    def __init__(self) -> None:
        self._members: list[Member] = []

    def __len__(self) -> int:
        return len(self._members)

    def keep(self, member: Member) -> None:
        """Take an idle worker in."""
        assert member.state is State.IDLE, "a worker at work belongs to its pool"
        self._members.append(member)

    def take(self, size: PoolSize) -> Member | None:
        """A worker with exactly the share of `size`, if there is one; it may have died meanwhile."""
        for member in self._members:
            if (member.share.cpus, member.share.gpus) == (size.cpus, size.gpus):
                self._members.remove(member)
                return member
        return None

    def close(self) -> None:
        """End those that nobody took."""
        import ray

        untyped: Any = ray
        with answering():
            for member in self._members:
                untyped.kill(member.actor)
        self._members.clear()
