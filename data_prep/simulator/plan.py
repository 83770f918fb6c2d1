"""Plans every video of a dataset: element, faults, timing and labels. Knows no sport."""

import dataclasses
import functools
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from data_prep.simulator.files import draw_compression
from data_prep.simulator.performance import (
    ENCODING,
    PLAN,
    TIMING,
    Label,
    Performance,
    Simulator,
    share_deduction,
    total_deduction,
)
from data_prep.simulator.settings import SIMULATORS, Settings
from scoringnet_tf.support.messages import InputError

CLIP_FOLDER = "videos"


@functools.cache
def get_simulator(sport: str) -> Simulator:
    """A sport's simulator; InputError if it has none."""
    if sport not in SIMULATORS:
        raise InputError("unknown_name", f"There is no simulator of {sport!r}, only of {', '.join(SIMULATORS)}.")
    module, name = SIMULATORS[sport]
    return getattr(importlib.import_module(module), name)()


def plan_videos(simulator: Simulator, settings: Settings) -> list[Performance]:
    """Plans every video, the same for the same settings; InputError if real labels are missing, unusable or too few."""
    if settings.task == "scoring" and settings.labels_dir:
        return [
            _plan_real(simulator, settings, label) for label in simulator.read_labels(settings.labels_dir, settings)
        ]
    training, testing = map(set, settings.draw_split())
    plan_one = _plan_drawn if settings.task == "scoring" else _plan_clip
    ids = sorted(training | testing)
    return [plan_one(simulator, settings, video_id, video_id in training) for video_id in ids]


def draw_encoder(settings: Settings, video_id: int, rng: Generator) -> tuple[str, int]:
    """Draws codec and quantiser; another rendering draws its own."""
    drawn = draw_compression(settings.easy, rng, settings.film)  # in any case, so that what is drawn next is the same
    if settings.rendering:
        return draw_compression(settings.easy, settings.filming_random(video_id, ENCODING), settings.film)
    return drawn


def _plan_clip(simulator: Simulator, settings: Settings, video_id: int, is_training: bool) -> Performance:
    rng = settings.random(video_id, PLAN)
    element = simulator.elements[int(rng.integers(len(simulator.elements)))]
    boundaries, num_frames = simulator.draw_clip(rng)
    severities = share_deduction(simulator.draw_deduction(rng), simulator.faults, rng)
    codec, quantiser = draw_encoder(settings, video_id, rng)
    return Performance(
        video_id=video_id,
        path=Path(CLIP_FOLDER) / f"{video_id:05d}.avi",
        codec=codec,
        quantiser=quantiser,
        element=element,
        trait=simulator.random_trait(severities, rng),
        boundaries=boundaries,
        lead=0,
        linger=0,
        num_frames=num_frames,
        difficulty=simulator.difficulty_of(element),
        execution=0.0,
        marks=(),
        split="train" if is_training else "validation",
    )


def _plan_drawn(simulator: Simulator, settings: Settings, video_id: int, is_training: bool) -> Performance:
    rng = settings.random(video_id, PLAN)
    element = simulator.draw_element(simulator.seen_elements(settings.easy), rng)
    severities = share_deduction(simulator.draw_deduction(rng), simulator.faults, rng)
    marks = simulator.judge(total_deduction(severities, simulator.faults), rng)
    split, difficulty = "train" if is_training else "test", simulator.difficulty_of(element)
    execution, timing = simulator.execution_score(marks), simulator.draw_timing
    label = Label(video_id, settings.known_videos, split, difficulty, execution, timing)
    performance = _scored(simulator, settings, label, element, severities, tuple(marks.tolist()), rng)
    if settings.film:
        rng = settings.random(video_id, TIMING)
        trait = simulator.film_trait(element, performance.trait, rng)
        return film_timed(dataclasses.replace(performance, trait=trait), simulator.margins, rng)
    return performance


def _plan_real(simulator: Simulator, settings: Settings, label: Label) -> Performance:
    rng = settings.random(label.video_id, PLAN)
    deserved = simulator.max_execution - label.execution + rng.normal(0.0, simulator.execution_sd)  # the panel errs
    severities = share_deduction(deserved, simulator.faults, rng)
    element = simulator.draw_element(simulator.elements_of_difficulty(label.difficulty, settings.easy), rng)
    return _scored(simulator, settings, label, element, severities, (), rng)


def _scored(
    simulator: Simulator,
    settings: Settings,
    label: Label,
    element: Any,
    severities: dict[str, float],
    marks: tuple[float, ...],
    rng: Generator,
) -> Performance:
    lead, boundaries = label.draw_timing(rng)
    codec, quantiser = draw_encoder(settings, label.video_id, rng)
    trait = simulator.random_trait(severities, rng)
    linger, tail = simulator.draw_ending(boundaries, rng)
    digits = max(3, len(str(label.highest_id)))
    return Performance(
        video_id=label.video_id,
        path=Path(simulator.video_folder) / f"{label.video_id:0{digits}d}.avi",
        codec=codec,
        quantiser=quantiser,
        element=element,
        trait=trait,
        boundaries=boundaries,
        lead=lead,
        linger=linger,
        num_frames=boundaries[3] + tail,
        difficulty=label.difficulty,
        execution=label.execution,
        marks=marks,
        split=label.split,
    )


SPEEDS = (0.6, 1.1)  # least and most; below 1 is slow motion
REPEATING = 0.2  # of the videos
CUT = 0.6  # of the videos


def film_timed(
    performance: Performance, margins: tuple[tuple[int, int], tuple[int, int]], rng: Generator
) -> Performance:
    """The plan with a speed, repeated frames and a cut drawn at random.

    `margins` are the least and most frames that a cut leaves before the first movement, and after the end.
    """
    speed = float(np.exp(rng.uniform(*np.log(SPEEDS))))
    repeats = int(rng.choice((2, 3))) if rng.random() < REPEATING else 0
    edges = (0, performance.lead, *performance.boundaries, performance.num_frames)
    lengths = [max(1, round(length / speed)) if length else 0 for length in np.diff(edges)]
    linger = round(performance.linger / speed)
    if rng.random() < CUT:
        before, after = (int(rng.integers(least, most + 1)) for least, most in margins)
        lengths, linger = [0, before, *lengths[2:5], after], after
    lead, t0, t1, t2, t3, num_frames = _on_new_pictures(lengths, repeats)
    return dataclasses.replace(
        performance,
        boundaries=(t0, t1, t2, t3),
        lead=lead,
        linger=min(linger, num_frames - t3),
        num_frames=num_frames,
        speed=speed,
        repeats=repeats,
    )


def _on_new_pictures(lengths: Sequence[int], repeats: int) -> list[int]:
    """Where stretches with these lengths end, one after the other, each on a frame that shows a new picture."""
    ends, end = [], 0
    for length in lengths:
        end += length
        end += is_repeat(end, repeats)
        ends.append(end)
    return ends


def is_repeat(index: int, repeats: int) -> bool:
    """Whether a frame repeats the one before it, as every `repeats`-th does; 0: none."""
    return repeats > 0 and index % repeats == repeats - 1
