"""Plans every video of a simulated diving dataset: which dive, how well, when, and the labels that say so."""

import dataclasses
from pathlib import Path

import numpy as np
from absl import logging

from data_prep.simulator import clips
from data_prep.simulator.diving import labels
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, random_trait
from data_prep.simulator.diving.rules import (
    DIVES,
    FREQUENCIES,
    Dive,
    competition_dives,
    degree_of_difficulty,
    dives_of_difficulty,
)
from data_prep.simulator.scoring.faults import share_deduction, total_deduction
from data_prep.simulator.scoring.judges import EXECUTION_SD, MAX_EXECUTION, execution_score, judge
from data_prep.simulator.settings import Settings

VIDEO_FOLDER = "diving_samples_len_ori"
MAX_LEAD_SHARE = 0.4  # of the labelled pre-starting, where a lead of noise has to fit into it
PLAN, FILM = 1, 2  # purposes of a video's random numbers


@dataclasses.dataclass(frozen=True)
class DivePlan:
    """One video: what is shown, and the labels that say so.

    Attributes:
        video_id: 1-based.
        path: of the video file, relative to the dataset.
        quantiser: of its compression.
        dive: the dive.
        trait: its faults and manner.
        boundaries: t0, t1, t2, t3 in frames from the start of the video.
        lead: frames of noise at the start.
        linger: frames after t3 that the shot goes on, while the camera leaves the water.
        num_frames: length of the video.
        difficulty: labelled degree of difficulty.
        execution: labelled execution, 0 to 30.
        marks: seven judges' marks, empty where execution comes from real labels.
        split: `train` or `test`; `validation` for clips.
    """

    video_id: int
    path: Path
    quantiser: int
    dive: Dive
    trait: DiveTrait
    boundaries: tuple[int, int, int, int]
    lead: int
    linger: int
    num_frames: int
    difficulty: float
    execution: float
    marks: tuple[float, ...]
    split: str


def plan(settings: Settings) -> list[DivePlan]:
    """Plans every video; the same settings give the same plans."""
    if settings.task != "scoring":
        return _plan_clips(settings)
    return _plan_real(settings) if settings.labels_dir else _plan_drawn(settings)


def _plan_clips(settings):
    """Clips from the first movement to the water."""
    training, _ = settings.draw_split()
    training, dives = set(training), list(DIVES.values())
    plans = []
    for video_id in range(1, settings.num_videos + 1):
        rng = settings.random(video_id, PLAN)
        dive = dives[rng.integers(len(dives))]
        drawn = labels.draw_boundaries(rng)
        t0, t1, t2, t3 = (time - drawn[0] + clips.LEAD for time in drawn)
        severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
        plans.append(
            DivePlan(
                video_id=video_id,
                path=Path(clips.FOLDER) / f"{video_id:05d}.avi",
                quantiser=int(rng.integers(3, 8)),
                dive=dive,
                trait=random_trait(severities, rng),
                boundaries=(t0, t1, t2, t3),
                lead=0,
                linger=0,
                num_frames=t2 + clips.TAIL,
                difficulty=degree_of_difficulty(dive),
                execution=0.0,
                marks=(),
                split="train" if video_id in training else "validation",
            )
        )
    return plans


def _plan_drawn(settings):
    training = set(settings.draw_split()[0])
    dives, chances = _seen_dives(settings.easy)
    plans = []
    for video_id in range(1, settings.num_videos + 1):
        rng = settings.random(video_id, PLAN)
        dive = dives[rng.choice(len(dives), p=chances)]
        severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
        marks = judge((MAX_EXECUTION - total_deduction(severities, FAULTS)) / 3, rng)
        lead = 0 if rng.random() < 0.5 else int(rng.integers(6, 41))
        plans.append(
            _scoring_plan(
                video_id,
                settings.num_videos,
                severities,
                rng,
                dive=dive,
                boundaries=tuple(lead + at for at in labels.draw_boundaries(rng)),
                lead=lead,
                difficulty=degree_of_difficulty(dive),
                execution=execution_score(marks),
                marks=tuple(marks.tolist()),
                split="train" if video_id in training else "test",
            )
        )
    return plans


def _seen_dives(easy):
    """Dives that are seen in finals, with their probabilities; the easy preset keeps one for each difficulty."""
    dives = competition_dives()
    if easy:
        dives = [dive for dive in dives if dives_of_difficulty(degree_of_difficulty(dive), one_each=True)[0] == [dive]]
    weights = np.array([FREQUENCIES[dive.number] for dive in dives], float)
    return dives, weights / weights.sum()


def _plan_real(settings):
    real = labels.read_labels(settings.labels_dir)
    if real.unusable:
        logging.warning(unusable_rows(real, settings.labels_dir))
    plans = []
    for video_id, split in _real_ids(real, settings.num_videos):
        rng = settings.random(video_id, PLAN)
        difficulty = float(real.difficulty[video_id - 1])
        execution = float(real.overall[video_id - 1]) / difficulty
        dives, chances = dives_of_difficulty(difficulty, one_each=settings.easy)
        boundaries = tuple(real.boundaries[video_id - 1].tolist())
        deserved = MAX_EXECUTION - execution + rng.normal(0.0, EXECUTION_SD)  # the panel errs
        plans.append(
            _scoring_plan(
                video_id,
                len(real.overall),
                share_deduction(deserved, FAULTS, rng),
                rng,
                dive=dives[rng.choice(len(dives), p=chances)],
                boundaries=boundaries,
                lead=_lead_within(boundaries[0], rng),
                difficulty=difficulty,
                execution=execution,
                marks=(),
                split=split,
            )
        )
    return plans


def _lead_within(start, rng):
    """Frames of noise at the beginning of a pre-starting of `start` frames: none, or up to two fifths of it."""
    if start < 15 or rng.random() < 0.4:
        return 0
    return int(rng.uniform(0.15, MAX_LEAD_SHARE) * start)


def _scoring_plan(video_id, highest_id, severities, rng, *, boundaries, **known):
    """A plan from what is known about a video; the rest is drawn."""
    entry = boundaries[3] - boundaries[2]
    return DivePlan(
        video_id=video_id,
        path=Path(VIDEO_FOLDER) / f"{video_id:0{max(3, len(str(highest_id)))}d}.avi",
        quantiser=int(rng.integers(3, 8)),
        trait=random_trait(severities, rng),
        boundaries=boundaries,
        linger=int(rng.integers(6, 19)) if entry >= 6 and rng.random() < 0.25 else 0,
        num_frames=boundaries[3] + int(rng.integers(20, 61)),
        **known,
    )


def unusable_rows(real: labels.RealLabels, folder: Path) -> str:
    """A sentence that names the label rows, read from `folder`, which have no video."""
    rows = "; ".join(f"row {row}: {','.join(map(str, real.boundaries[row - 1]))}" for row in real.unusable)
    return f"Left out of the videos, since t0 < t1 < t2 < t3 does not hold in {folder.name}: {rows}"


def _real_ids(real, num_videos):
    """(id, split) of usable rows in order: all, or the first `num_videos` in the proportions of the split."""
    training, testing = (sorted(set(ids) - set(real.unusable)) for ids in (real.training, real.testing))
    total = len(training) + len(testing)
    wanted = total if num_videos is None else num_videos
    if not 2 <= wanted <= total:
        raise ValueError(f"Expected --num_videos of 2 to {total}, the usable label rows. Received: {wanted}")
    num_test = min(max(1, round(wanted * len(testing) / total)), wanted - 1)
    chosen = [(video_id, "train") for video_id in training[: wanted - num_test]]
    return sorted(chosen + [(video_id, "test") for video_id in testing[:num_test]])
