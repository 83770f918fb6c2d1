"""A discrete-event simulation of work that passes through stages: queues, full buffers, failures, stragglers, retries.

Videos go through storage, decoding, a model and results; a training goes through the stretches between two checkpoints,
which is a line of one stage with one server. Needs SimPy, of the extra bench.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import simpy


@dataclasses.dataclass(frozen=True)
class Stage:
    """Servers that do the same work, each for one job at a time.

    Attributes:
        name: for tables.
        servers: how many.
        seconds: that a job takes one of them, mean.
        spread: standard deviation of that over its mean, of a gamma distribution: 0 is constant, 1 exponential.
        buffer: jobs that it has room for beside those that are worked at; where it has none left, those of the stage
            before keep their servers.
        failures: of a server, for every second that it works. Its attempt at the job is lost, and the job goes to the
            end of the queue.
        repair: seconds until a server that failed takes work again.
        stragglers: share of the attempts that take `straggle` times as long.
        straggle: by what factor.
        patience: seconds after which an attempt is given up, and the job goes to the end of the queue; that server is
            free then.
        attempts: at a job; after so many it is given up, and counted.
    """

    name: str
    servers: int
    seconds: float
    spread: float = 0.0
    buffer: float = math.inf
    failures: float = 0.0
    repair: float = 0.0
    stragglers: float = 0.0
    straggle: float = 1.0
    patience: float = math.inf
    attempts: float = math.inf

    @property
    def mean(self) -> float:
        """Seconds of an attempt, stragglers included, if nothing ends it."""
        return self.seconds * (1 + self.stragglers * (self.straggle - 1))

    def draw(self, rng: np.random.Generator) -> float:
        """Seconds of one attempt, if nothing ends it."""
        seconds = self.seconds
        if self.spread and seconds:
            shape = self.spread**-2
            seconds = rng.gamma(shape, seconds / shape)
        return seconds * self.straggle if rng.random() < self.stragglers else seconds


@dataclasses.dataclass
class Usage:
    """What the servers of one stage did, seconds of all of them together.

    Attributes:
        useful: attempts that were finished.
        lost: attempts that a failure or the end of patience ended.
        down: repairs.
        blocked: work was done, and the next stage had no room.
        waits: how long each job queued here before its first attempt, in the order of these.
        retries: attempts after the first.
    """

    useful: float = 0.0
    lost: float = 0.0
    down: float = 0.0
    blocked: float = 0.0
    waits: list[float] = dataclasses.field(default_factory=list)
    retries: int = 0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of the jobs.

    Attributes:
        seconds: from the start until the last server was free again.
        finished: seconds from the start of each job that went through, sorted (N,).
        given_up: how many did not.
        usage: of each stage.
    """

    seconds: float
    finished: np.ndarray
    given_up: int
    usage: list[Usage]


class _Line:
    """Stages in a row, while they work."""

    def __init__(self, stages, rng):
        self.env, self.rng, self.finished, self.given_up = simpy.Environment(), rng, [], 0
        self.last = 0.0  # seconds, when a server was last set free
        self.stages = [
            (stage, simpy.Resource(self.env, stage.servers + stage.buffer), simpy.Resource(self.env, stage.servers))
            for stage in stages
        ]
        self.usage = [Usage() for _ in stages]

    def job(self, start):
        """One job from its arrival to the end; it keeps its server and place in a stage until the next has room."""
        yield self.env.timeout(start)
        held: list = []  # (resource, request) of the stage that it is in
        for index, (stage, room, servers) in enumerate(self.stages):
            place, since = room.request(), self.env.now
            yield place
            if held:
                self.usage[index - 1].blocked += self.env.now - since
            self._free(held)
            server = yield from self._attempts(stage, servers, self.usage[index])
            held = [(room, place), (servers, server)] if server else [(room, place)]
            if not server:
                self.given_up += 1
                break
        else:
            self.finished.append(self.env.now)
        self._free(held)

    def _attempts(self, stage, servers, usage):
        """Works at a job until it is done; returns the request that holds its server, or None where it is given up."""
        attempt, arrived = 0, self.env.now
        while attempt < stage.attempts:
            server = servers.request()
            yield server
            if attempt == 0:
                usage.waits.append(self.env.now - arrived)
            usage.retries += attempt > 0
            attempt += 1
            seconds = stage.draw(self.rng)
            failure = self.rng.exponential(1 / stage.failures) if stage.failures else math.inf
            worked = min(seconds, failure, stage.patience)
            yield self.env.timeout(worked)
            if worked == seconds:
                usage.useful += worked
                return server
            usage.lost += worked
            if worked == failure:
                self.env.process(self._repair(stage, servers, usage, server))
            else:
                self._free([(servers, server)])
        return None

    def _repair(self, stage, servers, usage, server):
        usage.down += stage.repair
        yield self.env.timeout(stage.repair)
        self._free([(servers, server)])

    def _free(self, held):
        for resource, request in held:
            resource.release(request)
            self.last = self.env.now


def simulate(stages: Sequence[Stage], arrivals: Sequence[float], seed: int = 0) -> Outcome:
    """Sends jobs through stages.

    Args:
        stages: in the order in which each job passes them.
        arrivals: when each job comes, seconds (N,); all 0 for a heap of work that is there at the beginning.
        seed: the same seed gives the same outcome.

    Returns:
        `Outcome`.
    """
    line = _Line(stages, np.random.default_rng(seed))
    for start in arrivals:
        line.env.process(line.job(float(start)))
    line.env.run()
    return Outcome(line.last, np.sort(line.finished), line.given_up, line.usage)


def expected_seconds(work: float, failures: float, repair: float) -> float:
    """Seconds until `work` seconds are done in one piece, where a failure loses all of it: (1/λ + R)(e^λw − 1).

    Args:
        work: seconds without a failure; of a training the stretch between two checkpoints, and writing one.
        failures: λ, for every second of work.
        repair: R, seconds after each.

    Source: Daly, A higher order estimate of the optimum checkpoint interval, FGCS 22 (2006), eq. 12 and before.
    """
    return work if not failures else (1 / failures + repair) * math.expm1(failures * work)


def best_stretch(write: float, failures: float) -> float:
    """Seconds between two checkpoints that cost the least time, where they are few beside those between failures.

    √(2c/λ), of checkpoints that take c seconds to write: Young, A first order approximation to the optimum checkpoint
    interval, CACM 17 (1974).
    """
    return math.sqrt(2 * write / failures)
