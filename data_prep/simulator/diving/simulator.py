"""Simulated dives, from their plan to their pixels and labels. Boundaries are t0, t1, t2, t3 of UNLV-Diving."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from absl import logging
from numpy.random import Generator

from data_prep.simulator import files
from data_prep.simulator.diving import filming, labels
from data_prep.simulator.diving.motion import FAULTS, PLATFORM, DiveTrait, random_trait, with_run_up
from data_prep.simulator.diving.rules import DIFFICULTIES, DIVES, FREQUENCIES, Dive, degree_of_difficulty
from data_prep.simulator.performance import Boundaries, Label, Performance, Simulator
from data_prep.simulator.settings import CLIP_LEAD, CLIP_TAIL, Settings
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import InputError

BOARDS = (
    "Half of the dives are from the 10 m platform, the others from lower platforms and springboards of 1 m and 3 m; "
    "the difficulty is that of the platform's table whatever the board. A springboard is pressed down first: there "
    "the first movement of the labels is the push against it."
)
LONG_WAITS = 0.12  # of drawn videos
MAX_LEAD_SHARE = 0.4  # of the labelled pre-starting that a lead of noise may take


class DivingSimulator(Simulator):
    """Dives."""

    sport = "diving"
    video_folder = "diving_samples_len_ori"
    vectors = (labels.SCORES, labels.DIFFICULTIES)
    faults = FAULTS
    max_execution = labels.MAX_EXECUTION
    execution_sd = labels.EXECUTION_SD
    element_column = "dive"
    easy = (
        "**easy**: one dive for each degree of difficulty, one venue filmed from one side, "
        "no replay, water or close-up among the noise"
    )
    margins = ((4, 29), (0, 13))
    factor_columns = ("entry_angle_deg", "distance_m", "leg_separation_deg", "arms_up")

    elements = tuple(DIVES.values())
    heads = ("group", "half_somersaults", "position", "half_twists")
    difficulties, frequencies = DIFFICULTIES, FREQUENCIES
    difficulty_of = staticmethod(degree_of_difficulty)
    name_of = operator.attrgetter("number")
    draw_deduction = staticmethod(labels.draw_deduction)
    judge = staticmethod(labels.judge)
    execution_score = staticmethod(labels.execution_score)
    random_trait = staticmethod(random_trait)
    label_files = staticmethod(labels.label_files)
    random_scene = staticmethod(filming.random_scene)
    shot = staticmethod(filming.dive_shot)
    replay_shot = staticmethod(filming.replay_shot)

    def replayed_elements(self, scene: filming.Scene) -> list[Dive]:
        """Armstands from the 10 m platform alone."""
        return [dive for dive in FREQUENCIES if scene.board == PLATFORM or not dive.armstand]

    def film_trait(self, element: Dive, trait: DiveTrait, rng: Generator) -> DiveTrait:
        """Many divers run up, and hop onto the end of the board."""
        return with_run_up(trait, element, rng)

    def draw_timing(self, rng: Generator) -> tuple[int, Boundaries]:
        """As labelled clips have it, except that some divers stand much longer, as they do in uncut video."""
        lead = 0 if rng.random() < 0.5 else int(rng.integers(6, 41))
        start = lead + (int(rng.integers(20, 121)) if rng.random() < LONG_WAITS else 0)
        t0, t1, t2, t3 = labels.draw_boundaries(rng)
        return lead, (start + t0, start + t1, start + t2, start + t3)

    def draw_clip(self, rng: Generator) -> tuple[Boundaries, int]:
        """From the first movement to the water."""
        t0, t1, t2, t3 = labels.draw_boundaries(rng)
        boundaries = (CLIP_LEAD, t1 - t0 + CLIP_LEAD, t2 - t0 + CLIP_LEAD, t3 - t0 + CLIP_LEAD)
        return boundaries, boundaries[2] + CLIP_TAIL

    def draw_ending(self, boundaries: Boundaries, rng: Generator) -> tuple[int, int]:
        entry = boundaries[3] - boundaries[2]
        linger = int(rng.integers(6, 19)) if entry >= 6 and rng.random() < 0.25 else 0
        return linger, int(rng.integers(20, 61))

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        t0, _, t2, t3 = performance.boundaries
        return (0, performance.lead, t0, t2, t3, performance.num_frames)

    def spans(self, performances: Sequence[Performance], task: str) -> Mapping[str, np.ndarray]:
        t0, t1, t2, t3 = np.array([p.boundaries for p in performances]).T
        lead, total = np.array([(p.lead, p.num_frames) for p in performances]).T
        spans = {"jump": t1 - t0, "flight": t2 - t1}
        if task != "scoring":
            return spans
        first = get_sport(self.sport).stages[1]
        return {"noise before": lead, first: t0 - lead, **spans, "entry": t3 - t2, "noise after": total - t3}

    def noise_shots(self, scene: filming.Scene, after: bool, rng: Generator) -> dict[str, Callable[[int], Iterator]]:
        """Below the water, or the water; the latter never right after a dive, whose end it would hide."""
        shots = {"underwater": lambda length: filming.underwater_shot(scene, length, rng)}
        return shots if after else {**shots, "water": lambda length: filming.water_shot(scene, length, rng)}

    def read_labels(self, folder: Path, settings: Settings) -> list[Label]:
        real = labels.read_labels(folder)
        if real.unusable:
            logging.warning(labels.unusable_rows(real, folder))
        return [_real_label(real, *row) for row in _real_ids(real, settings.num_videos)]

    def factors(self, performance: Performance) -> tuple:
        trait = performance.trait
        angle, distance = round(trait.entry_angle, 1), round(trait.distance, 2)
        return angle, distance, round(trait.leg_separation, 1), int(trait.arms_up)

    def notes(self, settings: Settings) -> list[str]:
        notes = [] if settings.easy else [BOARDS]
        if settings.labels_dir and (real := labels.read_labels(settings.labels_dir)).unusable:
            notes.append(f"{labels.unusable_rows(real, settings.labels_dir)}.")
        return notes

    def write_more_labels(self, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
        """Boundaries of all rows; real labels are kept as they are, those of unusable rows too."""
        boundaries = np.array([p.boundaries for p in performances])
        if settings.labels_dir:
            real = labels.read_labels(settings.labels_dir)
            boundaries = real.boundaries
            for (file, variable), values in zip(self.vectors, (real.overall, real.difficulty), strict=True):
                files.write_vector(folder / file, variable, values)
        text = "".join(",".join(map(str, row)) + "\n" for row in boundaries.tolist())
        files.replace_bytes(folder / labels.STAGES, text.encode())

    def split_name(self, settings: Settings) -> str | None:
        """That of the real labels."""
        return labels.read_labels(settings.labels_dir).split_name if settings.labels_dir else None


class DivingPhasesSimulator(DivingSimulator):
    """The same dives, whose jump and flight are stages of their own."""

    sport = "diving_phases"

    def stage_edges(self, performance: Performance) -> tuple[int, ...]:
        return (0, performance.lead, *performance.boundaries, performance.num_frames)


def _real_label(real: labels.RealLabels, video_id: int, split: str) -> Label:
    difficulty = float(real.difficulty[video_id - 1])
    boundaries = tuple(real.boundaries[video_id - 1].tolist())
    return Label(
        video_id,
        len(real.overall),
        split,
        difficulty,
        float(real.overall[video_id - 1]) / difficulty,
        lambda rng: (_lead_within(boundaries[0], rng), boundaries),
    )


def _lead_within(start: int, rng: Generator) -> int:
    """Frames of noise at the beginning of a pre-starting of `start` frames: none, or up to two fifths of it."""
    if start < 15 or rng.random() < 0.4:
        return 0
    return int(rng.uniform(0.15, MAX_LEAD_SHARE) * start)


def _real_ids(real: labels.RealLabels, num_videos: int | None) -> list[tuple[int, str]]:
    training, testing = (sorted(set(ids) - set(real.unusable)) for ids in (real.training, real.testing))
    total = len(training) + len(testing)
    wanted = total if num_videos is None else num_videos
    if not 2 <= wanted <= total:
        raise InputError("out_of_range", f"--num_videos={wanted}: the labels allow 2 to {total}, their usable rows.")
    num_test = min(max(1, round(wanted * len(testing) / total)), wanted - 1)
    chosen = [(video_id, "train") for video_id in training[: wanted - num_test]]
    return sorted(chosen + [(video_id, "test") for video_id in testing[:num_test]])
