"""Simulates sessions, one video each: performances, some replayed, with noise between them. Knows no sport.

Each performance is planned and filmed like a video of its own; the noise beside it is filmed in its scene. No frames
are kept, as a session may last for hours.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from data_prep.simulator.files import FPS
from data_prep.simulator.filming import Filming
from data_prep.simulator.performance import PLAN, Performance, Simulator
from data_prep.simulator.plan import draw_encoder, plan_performances
from data_prep.simulator.settings import Settings
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import write_csv
from scoringnet_tf.support.messages import InputError

FOLDER = "sessions"
REPLAYED = 0.5  # of the performances
REPLAY_FRAMES = (72, 110)  # at half speed: all of the flight, and what follows it
SHOT_FRAMES = (50, 250)  # least and most of one shot between performances
LEAST_GAP = 25  # frames between performances, beside the noise of their own videos
PERFORMANCES, REPLAYS = "performances.csv", "replays.csv"


@dataclasses.dataclass(frozen=True)
class Session:
    """One session's plan."""

    session_id: int  # 1-based
    path: Path  # of the video file, relative to the dataset
    codec: str  # of its compression
    quantiser: int  # of its compression
    performances: list[Performance]  # N, in order
    settings: Settings  # by which they are filmed
    gaps: list[int]  # N + 1 numbers of frames, before, between and after the performances
    replays: list[int]  # N numbers of frames of the replay after each, 0 for none

    @property
    def num_frames(self) -> int:
        """Length of the video."""
        return sum(self.gaps) + sum(plan.num_frames for plan in self.performances) + sum(self.replays)

    def starts(self) -> list[int]:
        """The first frame of each performance's video."""
        lengths = [plan.num_frames + replay for plan, replay in zip(self.performances, self.replays, strict=True)]
        return np.cumsum([self.gaps[0], *np.add(lengths, self.gaps[1:])])[:-1].tolist()


def plan_sessions(simulator: Simulator, settings: Settings) -> list[Session]:
    """Plans every session, the same for the same settings; InputError if the performances do not fit the minutes."""
    return [_plan(simulator, settings, number) for number in range(1, settings.known_videos + 1)]


def _plan(simulator: Simulator, settings: Settings, session_id: int) -> Session:
    rng = settings.random(session_id, PLAN)
    count, minutes = settings.performances or 0, settings.minutes or 0.0
    total = round(minutes * 60 * FPS)
    own = dataclasses.replace(settings, task="scoring", num_videos=count, seed=int(rng.integers(2**31)))
    performances = plan_performances(simulator, own)
    replays = [int(rng.integers(*REPLAY_FRAMES)) if rng.random() < REPLAYED else 0 for _ in range(count)]
    replays = [0] * count if settings.easy else replays
    left = total - sum(plan.num_frames for plan in performances) - sum(replays) - LEAST_GAP * (count + 1)
    if left < 0:
        least = (total - left) / 60 / FPS
        enough = math.ceil(10 * least) / 10
        message = f"--minutes={minutes:g}: too short for {count} performances."
        raise InputError("out_of_range", message, f"Set --minutes={enough:g} or more.")
    edges = np.sort(rng.integers(0, left + 1, count))
    gaps = (LEAST_GAP + np.diff([0, *edges, left])).tolist()
    codec, quantiser = draw_encoder(settings, session_id, rng)
    path = Path(FOLDER) / f"{session_id:03d}.avi"
    return Session(session_id, path, codec, quantiser, performances, own, gaps, replays)


def film_session(simulator: Simulator, session: Session) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a planned session."""
    for number, plan in enumerate(session.performances):
        filming = Filming(simulator, plan, session.settings)
        if number == 0:
            yield from filming.between(session.gaps[0], SHOT_FRAMES)
        yield from filming.video()
        if session.replays[number]:
            yield from filming.replay(session.replays[number])
        yield from filming.between(session.gaps[number + 1], SHOT_FRAMES)


def write_session_labels(simulator: Simulator, sessions: Sequence[Session], folder: Path) -> None:
    """Writes `performances.csv`, each stage's first frame, the end and the true scores, and `replays.csv`.

    Frames are counted from 0 in the session; an end is the first frame after.
    """
    header = ("video", *get_sport(simulator.sport).stages[1:], "end", "element", "difficulty", "execution", "final")
    rows = itertools.chain.from_iterable(_rows(simulator, each) for each in sessions)
    write_csv(folder / PERFORMANCES, [header, *rows])
    replays = [
        (each.path.as_posix(), start + plan.num_frames, start + plan.num_frames + replay)
        for each in sessions
        for start, plan, replay in zip(each.starts(), each.performances, each.replays, strict=True)
        if replay
    ]
    write_csv(folder / REPLAYS, [("video", "start", "end"), *replays])


def _rows(simulator: Simulator, session: Session) -> Iterator[tuple]:
    fuse = get_sport(simulator.sport).fuse
    for start, plan in zip(session.starts(), session.performances, strict=True):
        yield (
            session.path.as_posix(),
            *(start + edge for edge in simulator.stage_edges(plan)[1:-1]),
            simulator.name_of(plan.element),
            plan.difficulty,
            round(plan.execution, 4),
            round(float(fuse(plan.difficulty, plan.execution)), 4),
        )
