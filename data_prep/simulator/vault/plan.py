"""Plans every video of a simulated vault dataset: which vault, how well, when, and the labels that say so."""

import dataclasses
from pathlib import Path

import numpy as np

from data_prep.simulator import clips
from data_prep.simulator.scoring.faults import share_deduction, total_deduction
from data_prep.simulator.settings import Settings
from data_prep.simulator.vault import labels
from data_prep.simulator.vault.faults import (
    EXECUTION_SD,
    FAULTS,
    MAX_EXECUTION,
    VaultTrait,
    execution_score,
    judge,
    random_trait,
)
from data_prep.simulator.vault.rules import DIFFICULTIES, Vault, frequent_vaults, vaults_of_difficulty

VIDEO_FOLDER = "gym_vault_samples_len_ori"
UNLV_VIDEOS, UNLV_TEST = 176, 56  # size and test part of UNLV-Vault
SPLIT, PLAN, FILM, ROWS = 0, 1, 2, 3  # purposes of random numbers


@dataclasses.dataclass(frozen=True)
class VaultPlan:
    """One video: what is shown, and the labels that say so.

    Attributes:
        video_id: 1-based.
        path: of the video file, relative to the dataset.
        quantiser: of its compression.
        vault: the vault.
        trait: its faults and manner.
        boundaries: t0 end of the noise before, t1 take-off from the springboard, t2 touch-down, t3 end of the landing,
            in frames.
        num_frames: length of the video.
        difficulty: labelled difficulty.
        execution: labelled execution, 0 to 10, penalties taken off.
        marks: five judges' marks, empty where execution comes from real scores.
        split: `train` or `test`; `validation` for clips.
    """

    video_id: int
    path: Path
    quantiser: int
    vault: Vault
    trait: VaultTrait
    boundaries: tuple[int, int, int, int]
    num_frames: int
    difficulty: float
    execution: float
    marks: tuple[float, ...]
    split: str


def plan(settings: Settings) -> list[VaultPlan]:
    """Plans every video; the same settings give the same plans."""
    if settings.task != "scoring":
        return _plan_clips(settings)
    return _plan_real(settings) if settings.labels_dir else _plan_drawn(settings)


def _plan_clips(settings):
    """Clips from the springboard to the mat."""
    training, vaults = set(settings.draw_split()[0]), list(DIFFICULTIES)
    plans = []
    for video_id in range(1, settings.num_videos + 1):
        rng = settings.random(video_id, PLAN)
        vault = vaults[rng.integers(len(vaults))]
        _, flight, _ = labels.stage_frames(labels.draw_seconds(rng))
        touch_down = clips.LEAD + flight
        end = touch_down + clips.TAIL
        severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
        plans.append(
            VaultPlan(
                video_id=video_id,
                path=Path(clips.FOLDER) / f"{video_id:05d}.avi",
                quantiser=int(rng.integers(3, 8)),
                vault=vault,
                trait=random_trait(severities, rng),
                boundaries=(0, clips.LEAD, touch_down, end),
                num_frames=end,
                difficulty=DIFFICULTIES[vault],
                execution=0.0,
                marks=(),
                split="train" if video_id in training else "validation",
            )
        )
    return plans


def _plan_drawn(settings):
    training = set(settings.draw_split()[0])
    vaults, chances = frequent_vaults(one_each=settings.easy)
    plans = []
    for video_id in range(1, settings.num_videos + 1):
        rng = settings.random(video_id, PLAN)
        vault = vaults[rng.choice(len(vaults), p=chances)]
        severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
        marks = judge(total_deduction(severities, FAULTS), rng)
        plans.append(
            _scoring_plan(
                video_id,
                settings.num_videos,
                severities,
                labels.draw_seconds(rng),
                rng,
                vault=vault,
                difficulty=DIFFICULTIES[vault],
                execution=execution_score(marks),
                marks=tuple(marks.tolist()),
                split="train" if video_id in training else "test",
            )
        )
    return plans


def _plan_real(settings):
    real = labels.read_statistics(settings.labels_dir)
    settings = _unlv_sized(settings)
    training = set(settings.draw_split()[0])
    scores = labels.draw_rows(len(real.final), settings.num_videos, settings.random(SPLIT, ROWS, 0))
    seconds = labels.draw_rows(len(real.seconds), settings.num_videos, settings.random(SPLIT, ROWS, 1))
    plans = []
    for video_id, score, row in zip(range(1, settings.num_videos + 1), scores, seconds, strict=True):
        rng = settings.random(video_id, PLAN)
        difficulty = float(real.difficulty[score])
        execution = float(real.final[score]) - difficulty
        vaults, chances = vaults_of_difficulty(difficulty, one_each=settings.easy)
        deserved = MAX_EXECUTION - execution + rng.normal(0.0, EXECUTION_SD)  # the panel errs
        plans.append(
            _scoring_plan(
                video_id,
                settings.num_videos,
                share_deduction(deserved, FAULTS, rng),
                real.seconds[row],
                rng,
                vault=vaults[rng.choice(len(vaults), p=chances)],
                difficulty=difficulty,
                execution=execution,
                marks=(),
                split="train" if video_id in training else "test",
            )
        )
    return plans


def _unlv_sized(settings):
    """The settings with the number of UNLV-Vault where none is given, and its proportion of test videos."""
    num_videos = UNLV_VIDEOS if settings.num_videos is None else settings.num_videos
    return dataclasses.replace(settings, num_videos=num_videos, test_fraction=UNLV_TEST / UNLV_VIDEOS)


def _scoring_plan(video_id, num_videos, severities, seconds, rng, **known):
    """A plan from what is known about a video; the rest is drawn."""
    lead = 0 if rng.random() < 0.45 else int(rng.integers(4, 16))
    boundaries = np.cumsum((lead, *labels.stage_frames(seconds))).tolist()
    return VaultPlan(
        video_id=video_id,
        path=Path(VIDEO_FOLDER) / f"{video_id:0{max(3, len(str(num_videos)))}d}.avi",
        quantiser=int(rng.integers(3, 8)),
        trait=random_trait(severities, rng),
        boundaries=tuple(boundaries),
        num_frames=boundaries[3] + int(rng.integers(4, 19)),
        **known,
    )
