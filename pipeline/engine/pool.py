"""A pool of workers of one kind: started, set up, given rows, replaced when they die."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.errors import RESUME, EngineDied, MicromotionError, WorkStopped
from common.redaction import describe_error
from pipeline.cluster.session import is_own
from pipeline.cluster.sizing import PoolSize
from pipeline.engine.spare import SpareWorkers
from pipeline.engine.table import Answer, LostCause, LostRows, Member, State
from pipeline.engine.worker import Worker
from stages.base import Row, Stage, StepProgress, StepwiseStage

# Workers that die one after another before any is ready: a model that the memory does not hold.
TOLERATED_STARTS = 5
# A worker that had nothing in hand for so long may have died meanwhile, and not over the row that it is given next.
IDLE_SECONDS = 0.5
# Loading large networks from a slow disk takes minutes.
LOADING_SECONDS = 600.0
# A process and its imports take seconds, from a slow disk minutes. Where others use the cluster as well, there may
# be no room for hours.
START_SECONDS = 300.0
# Ray finds out within a quarter of a minute that a machine is gone.
DOUBT_SECONDS = 60.0
FOREVER = 1e6


@dataclass(frozen=True)
class StageSpec:
    """What one pool of workers does.

    Attributes:
        stage: the class; its workers each make one, with `settings`, which can be pickled.
        size: how many workers, of which size.
        limit: seconds that rows handed in together may take, or one may take to tell of progress; then the worker is
            ended, and they are lost with it.
    """

    stage: type[Stage]
    settings: Any
    size: PoolSize
    limit: float = FOREVER


class WorkerPool:
    """Workers of one kind. Ray has to run.

    Args:
        spec: what they do.
        apart: whether arrays stay with the workers that made them, for other workers to fetch.
        streams: whether Ray hands over what a call gives before its end; a ray:// connection does not.
        spare: workers of earlier pools, which are taken before others are started.
    """

    def __init__(
        self, spec: StageSpec, apart: bool = False, streams: bool = True, spare: SpareWorkers | None = None
    ) -> None:
        import ray

        self._ray: Any = ray
        self._class: Any = ray.remote(Worker)
        self._settings = ray.put(spec.settings)
        self.spec, self._apart, self._size = spec, apart, spec.size
        self._follows = streams and issubclass(spec.stage, StepwiseStage)
        self._spare = SpareWorkers() if spare is None else spare
        self._failed_starts = 0
        self.members: list[Member] = []
        self.refill()

    @property
    def busy(self) -> list[Member]:
        """Workers with rows in hand."""
        return [member for member in self.members if member.rows]

    @property
    def at_work(self) -> bool:
        """Whether any worker does something that has a time limit."""
        return any(member.state in (State.BUSY, State.LOADING, State.IN_DOUBT) for member in self.members)

    @property
    def start_limit(self) -> float:
        """Seconds that a worker may take to start."""
        return START_SECONDS if is_own() else FOREVER

    def resize(self, size: PoolSize) -> None:
        """Have so many workers: more are started now, those too many leave once they have no rows in hand."""
        self._size = size
        excess = len(self.members) - size.workers
        idlest_first = sorted(self.members, key=lambda one: one.state.value)
        for place, member in enumerate(idlest_first):
            member.retiring = place < excess
            if member.retiring and not member.rows:
                self._dismiss(member)
        self.refill()

    def refill(self) -> None:
        """Take a spare worker for each that is missing, or start one."""
        share = {"num_cpus": self._size.cpus, "num_gpus": self._size.gpus}
        while sum(not member.retiring for member in self.members) < self._size.workers:
            if (spare := self._spare.take(self._size)) is not None:
                self._load(spare)
                self.members.append(spare)
                continue
            options = self._class.options(**share, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD")
            actor = options.remote()
            self.members.append(Member(actor, actor.locate.remote(), self._size))

    def free(self) -> Member | None:
        """A worker with nothing to do."""
        return next((member for member in self.members if member.state is State.IDLE), None)

    def give(self, member: Member, rows: list[Row], carried: Sequence[Any] = ()) -> None:
        """Hand rows to a free worker; `carried` are references to each one's arrays."""
        idle = time.monotonic() - member.since > IDLE_SECONDS
        member.began = member.actor.ping.remote() if idle else None
        member.rows, member.carried = rows, []
        if self._follows:
            answer = member.actor.follow.options(num_returns="streaming").remote(rows[0])
        elif self._apart:
            call = member.actor.process_apart.options(num_returns=1 + len(rows))
            answer, *member.carried = call.remote(rows)
        else:
            answer = member.actor.process.remote(rows, *carried)
        member.enter(State.BUSY, answer)

    def take(self, member: Member) -> Answer:
        """The answer of a worker whose call `ray.wait` has found finished.

        Raises:
            MicromotionError: a stage's constructor raised it.
            WorkStopped: workers cannot be set up, or die while they are.
        """
        errors = self._ray.exceptions
        dead = (errors.RayActorError, errors.OutOfMemoryError, errors.WorkerCrashedError, errors.NodeDiedError)
        try:
            return self._read_answer(member)
        except errors.ActorUnavailableError:
            if member.state is State.IN_DOUBT:  # a second time
                return self._give_up_worker(member, LostCause.EXCUSED)
            member.enter(State.IN_DOUBT, member.actor.ping.remote())
            return Answer()
        except dead:
            return self._replace_dead(member)
        except errors.RayError as error:
            if member.state in (State.STARTING, State.LOADING):
                cause = error.cause if isinstance(error, errors.RayTaskError) else error
                if isinstance(cause, MicromotionError):
                    raise cause from error
                raise WorkStopped(
                    f"The work stopped: a worker cannot be set up ({type(cause).__name__}: {describe_error(cause)}). "
                    f"{RESUME}"
                ) from error
            # What another worker had left for it is lost, with the machine where it lay.
            return self._give_up_worker(member, LostCause.EXCUSED)

    def overdue(self) -> list[LostRows]:
        """Replace the workers that exceed their time limit; returns the rows that they had in hand."""
        limits = {
            State.STARTING: self.start_limit,
            State.BUSY: self.spec.limit,
            State.IN_DOUBT: DOUBT_SECONDS,
            State.LOADING: max(self.spec.limit, LOADING_SECONDS),
        }
        now, lost = time.monotonic(), list[LostRows | None]()
        for member in list(self.members):
            if now - member.since <= limits.get(member.state, FOREVER):
                continue
            if member.state is State.LOADING:
                self._count_failed_start()
            cause = LostCause.TIMED_OUT if member.state is State.BUSY else LostCause.EXCUSED
            lost.append(self._give_up_worker(member, cause).lost)
        return [rows for rows in lost if rows is not None]

    def close(self) -> None:
        """End all workers, whatever they have in hand."""
        for member in list(self.members):
            self._dismiss(member)

    def leave(self) -> None:
        """Give idle workers to the spare ones, and end the others."""
        for member in list(self.members):
            if member.state is State.IDLE:
                self.members.remove(member)
                self._spare.keep(member)
        self.close()

    def _read_answer(self, member: Member) -> Answer:
        if member.state is State.STARTING:
            member.place = self._ray.get(member.answer)
            self._load(member)
            return Answer()
        if member.state is State.LOADING:
            self._ray.get(member.answer)
            self._failed_starts = 0
            member.enter(State.IDLE)
            return Answer()
        if member.state is State.IN_DOUBT:  # it lives, but the call before is lost
            self._ray.get(member.answer)
            return self._give_up_worker(member, LostCause.EXCUSED)
        if self._follows:
            came = self._ray.get(next(member.answer))
            if isinstance(came, StepProgress):
                member.since = time.monotonic()
                return Answer(progress=(member.rows[0], came))
            rows, carried = [came], []
        else:
            rows, carried = self._ray.get(member.answer), member.carried
        self._release(member)
        return Answer(rows, carried)

    def _load(self, member: Member) -> None:
        member.enter(State.LOADING, member.actor.setup.remote(self.spec.stage, self._settings))

    def _replace_dead(self, member: Member) -> Answer:
        """Replace a dead worker, and say what it died over.

        Raises:
            EngineDied: Ray has lost every machine, also the one that it was started on.
        """
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        if not alive:
            raise EngineDied(f"The work stopped: Ray has lost its own processes. {RESUME}")
        with_machine = member.place is not None and member.place.node not in alive
        if member.state in (State.STARTING, State.LOADING) and not with_machine:
            self._count_failed_start()
        if with_machine or not self._had_begun(member):
            return self._give_up_worker(member, LostCause.EXCUSED)
        return self._give_up_worker(member, LostCause.DIED)

    def _had_begun(self, member: Member) -> bool:
        """Whether a dead worker was still alive when it was given its rows."""
        if member.began is None:
            return True
        try:
            self._ray.get(member.began, timeout=0)
        except (self._ray.exceptions.RayError, TimeoutError):
            return False
        return True

    def _give_up_worker(self, member: Member, cause: LostCause) -> Answer:
        """Replace a worker whose state is unknown; the rows that it had in hand are lost."""
        lost = LostRows(member.rows, cause) if member.rows else None
        self._dismiss(member)
        self.refill()
        return Answer(lost=lost)

    def _count_failed_start(self) -> None:
        """Count a worker that died before it was ready.

        Raises:
            WorkStopped: it is one too many.
        """
        self._failed_starts += 1
        if self._failed_starts >= TOLERATED_STARTS:
            raise WorkStopped(
                f"The workers die while they load their networks, {self._failed_starts} times so far: most likely the "
                "memory does not hold so many of them. Ask for fewer with cluster.workers, or use a machine with more "
                "memory."
            )

    def _release(self, member: Member) -> None:
        """A worker's rows are finished."""
        member.rows, member.carried, member.began = [], [], None
        member.enter(State.IDLE)
        if member.retiring:
            self._dismiss(member)

    def _dismiss(self, member: Member) -> None:
        self._ray.kill(member.actor)
        self.members.remove(member)
