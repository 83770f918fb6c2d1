"""Simulated vaults, from their plan to their pixels and labels.

Boundaries are t0 end of the noise before, t1 take-off from the springboard, t2 touch-down, t3 end of the landing.
"""

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from data_prep.simulator.performance import ROWS, SPLIT, Boundaries, Label, Performance, Simulator
from data_prep.simulator.settings import CLIP_LEAD, CLIP_TAIL, Settings
from data_prep.simulator.vault import filming, labels, rules
from data_prep.simulator.vault.rules import DIFFICULTIES, FREQUENCIES, Vault
from scoringnet_tf.support.messages import counted

UNLV_VIDEOS, UNLV_TEST = 176, 56  # size and test part of UNLV-Vault
TIMING = (
    "Clips are about as short as those of UNLV-Vault: of the pre-flight (run-up and springboard) they show the last "
    f"{labels.PRE_FLIGHT_KEPT:.0%} of its seconds, of the landing the first {labels.LANDING_KEPT:.0%}, and the whole "
    "posting-flight, from the springboard to the mat."
)


class VaultSimulator(Simulator):
    """Vaults."""

    sport = "vault"
    video_folder = "gym_vault_samples_len_ori"
    vectors = (
        ("gym_vault_overall_scores.mat", "overall_scores"),
        ("gym_vault_difficulty_level.mat", "difficulty_level"),
    )
    faults = rules.FAULTS
    max_execution = rules.MAX_EXECUTION
    execution_sd = rules.EXECUTION_SD
    element_column = "vault"
    easy = (
        "**easy**: one vault for each difficulty, one hall filmed from one side, crowd and scoreboard as the only noise"
    )
    margins = ((0, 0), (0, 0))  # the pre-flight is cut already, and what follows the landing is a matter of taste
    factor_columns = ("off_line_m", "distance_m", "fall")

    elements = tuple(DIFFICULTIES)
    heads = ("family", "half_somersaults", "position", "half_twists")
    difficulties, frequencies = DIFFICULTIES, FREQUENCIES
    difficulty_of = DIFFICULTIES.__getitem__
    name_of = operator.attrgetter("name")
    draw_deduction = staticmethod(labels.draw_deduction)
    judge = staticmethod(rules.judge)
    execution_score = staticmethod(rules.execution_score)
    random_trait = staticmethod(rules.random_trait)
    label_files = staticmethod(labels.label_files)
    random_scene = staticmethod(filming.random_scene)
    shot = staticmethod(filming.vault_shot)
    replay_shot = staticmethod(filming.replay_shot)

    def replayed_elements(self, scene: filming.Scene) -> Sequence[Vault]:
        return self.elements

    def draw_timing(self, rng: Generator) -> tuple[int, Boundaries]:
        return _timing(labels.draw_seconds(rng), rng)

    def draw_clip(self, rng: Generator) -> tuple[Boundaries, int]:
        """From the springboard to the mat."""
        _, flight, _ = labels.stage_frames(labels.draw_seconds(rng))
        touch_down = CLIP_LEAD + flight
        end = touch_down + CLIP_TAIL
        return (0, CLIP_LEAD, touch_down, end), end

    def draw_ending(self, boundaries: Boundaries, rng: Generator) -> tuple[int, int]:
        return 0, int(rng.integers(4, 19))

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        return (0, *performance.boundaries, performance.num_frames)

    def spans(self, performances: Sequence[Performance], task: str) -> Mapping[str, np.ndarray]:
        t0, t1, t2, t3 = np.array([p.boundaries for p in performances]).T
        total = np.array([p.num_frames for p in performances])
        spans = {"posting-flight": t2 - t1}
        if task != "scoring":
            return spans
        return {"noise before": t0, "pre-flight": t1 - t0, **spans, "landing": t3 - t2, "noise after": total - t3}

    def noise_shots(self, scene: filming.Scene, after: bool, rng: Generator) -> dict[str, Callable[[int], Iterator]]:
        return {"walk": lambda length: filming.walk_shot(scene, length, rng)}

    def read_labels(self, folder: Path, settings: Settings) -> list[Label]:
        real = labels.read_statistics(folder)
        settings = _unlv_sized(settings)
        count = settings.known_videos
        training = set(settings.draw_split()[0])
        scores = labels.draw_rows(len(real.final), count, settings.random(SPLIT, ROWS, 0))
        seconds = labels.draw_rows(len(real.seconds), count, settings.random(SPLIT, ROWS, 1))
        return [
            Label(
                video_id,
                count,
                "train" if video_id in training else "test",
                float(real.difficulty[score]),
                float(real.final[score]) - float(real.difficulty[score]),
                functools.partial(_timing, real.seconds[row]),
            )
            for video_id, (score, row) in enumerate(zip(scores, seconds, strict=True), start=1)
        ]

    def factors(self, performance: Performance) -> tuple:
        trait = performance.trait
        return round(trait.off_line, 2), round(trait.distance, 2), int(trait.falls)

    def notes(self, settings: Settings) -> list[str]:
        sources = _sources(settings.labels_dir) if settings.labels_dir else []
        return [*sources, TIMING] if settings.task == "scoring" else sources


def _timing(seconds: np.ndarray, rng: Generator) -> tuple[int, Boundaries]:
    """Frames of noise at the start, and boundaries, of a vault whose stages last `seconds`."""
    lead = 0 if rng.random() < 0.45 else int(rng.integers(4, 16))
    return lead, tuple(np.cumsum((lead, *labels.stage_frames(seconds))).tolist())


def _unlv_sized(settings: Settings) -> Settings:
    num_videos = UNLV_VIDEOS if settings.num_videos is None else settings.num_videos
    return dataclasses.replace(settings, num_videos=num_videos, test_fraction=UNLV_TEST / UNLV_VIDEOS)


def _sources(labels_dir: Path) -> list[str]:
    real = labels.read_statistics(labels_dir)
    return [
        f"Scores are rows of `{labels.SCORES}` ({counted(len(real.final), 'real vault')}), drawn without replacement "
        "while they last; execution is final − difficulty, so a penalty counts as part of execution.",
        f"Durations are rows of `{labels.SECONDS}` ({len(real.seconds)} usable, {real.unusable} left out for a "
        f"posting-flight outside {labels.USABLE_FLIGHT[0]} to {labels.USABLE_FLIGHT[1]} s). Those are not the "
        "scored vaults, so durations say nothing about scores.",
        "The split keeps UNLV-Vault's proportion, 120 : 56.",
        "A difficulty that the table of 2009–2012 lacks is shown by a vault of the nearest one.",
    ]
