"""Writes the labels of a simulated dataset: the files of the official layout, the true factors. Knows no sport."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_prep.simulator import files
from data_prep.simulator.card import write_card
from data_prep.simulator.performance import Performance, Simulator
from data_prep.simulator.settings import Settings
from data_prep.simulator.shortcuts import Glance, shortcut_table
from scoringnet_tf.sports import get_sport


def write_labels(
    simulator: Simulator,
    performances: Sequence[Performance],
    glances: Sequence[Glance],
    settings: Settings,
    folder: Path,
) -> None:
    """Writes the label files of the official layout (clips: `motion_classes.csv`), the true factors, and the card.

    Args:
        simulator: of the sport.
        performances: one for each video.
        glances: at the first of them, for the card; empty if there are too few videos to measure.
        settings: what was simulated.
        folder: of the dataset.
    """
    _write_factors(simulator, performances, folder)
    if settings.task == "scoring":
        _write_official_labels(simulator, performances, settings, folder)
        simulator.write_more_labels(performances, settings, folder)
    else:
        _write_classes(simulator, performances, folder)
    _write_card(simulator, performances, glances, settings, folder)


def stage_segments(simulator: Simulator, performance: Performance) -> list[tuple[str, int, int]]:
    """(stage, first frame, end frame) that cover a video, in order."""
    noise, *stages = get_sport(simulator.sport).stages
    edges = simulator.stage_edges(performance)
    segments = zip((noise, *stages, noise), edges[:-1], edges[1:], strict=True)
    return [segment for segment in segments if segment[2] > segment[1]]


def _write_official_labels(simulator, performances, settings, folder):
    difficulty = np.array([p.difficulty for p in performances])
    overall = get_sport(simulator.sport).fuse(difficulty, np.array([p.execution for p in performances]))
    for (file, variable), values in zip(simulator.vectors, (overall, difficulty), strict=True):
        files.write_vector(folder / file, variable, values)
    _write_split(folder, simulator.split_name(settings), performances)
    rows = [(p.path.stem, *segment) for p in performances for segment in stage_segments(simulator, p)]
    files.write_csv(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)


def _write_split(folder, name, performances):
    ids = {split: [p.video_id for p in performances if p.split == split] for split in ("train", "test")}
    split_dir = folder / (name or f"split_{len(ids['train'])}_{len(ids['test'])}")
    split_dir.mkdir(exist_ok=True)
    for variable, split in (("training_idx", "train"), ("testing_idx", "test")):
        files.write_ids(split_dir, variable, ids[split])


def _write_classes(simulator, performances, folder):
    """`motion_classes.csv`: video, sport, a column for every head, split."""
    rows = [
        (p.path.name, simulator.sport, *(getattr(p.element, head) for head in simulator.heads), p.split)
        for p in performances
    ]
    files.write_csv(folder / "motion_classes.csv", ("video", "sport", *simulator.heads, "split"), rows)


def _write_factors(simulator, performances, folder):
    severities = tuple(fault.name for fault in simulator.faults)
    header = ("video_id", simulator.element_column, "difficulty", "execution", *severities)
    header += (*simulator.factor_columns, "marks")
    rows = [
        (
            *(p.video_id, simulator.name_of(p.element), p.difficulty, round(p.execution, 4)),
            *(round(p.trait.severities[name], 4) for name in severities),
            *simulator.factors(p),
            " ".join(map(str, p.marks)),
        )
        for p in performances
    ]
    files.write_csv(folder / "factors.csv", header, rows)


def _write_card(simulator, performances, glances, settings, folder):
    preset = simulator.easy if settings.easy else "standard (not easy)"
    write_card(
        folder,
        settings,
        performances,
        elements=[simulator.name_of(p.element) for p in performances],
        faults=simulator.faults,
        spans=simulator.spans(performances, settings.task),
        shortcuts=shortcut_table(performances[: len(glances)], glances, simulator.boundary_names) if glances else [],
        notes=[f"Preset: {preset}.", *simulator.notes(settings)],
    )
