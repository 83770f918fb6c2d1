"""Writes the card of a simulated dataset: its content, with measured figures. Knows no sport."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.simulator.encoding import FPS
from data_prep.simulator.faults import Fault
from data_prep.simulator.files import replace_bytes
from data_prep.simulator.settings import VERSION, Settings
from data_prep.simulator.shortcuts import FOLDS, LEAST_VIDEOS, cross_validated, rank_correlation
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import counted


def write_card(
    folder: Path,
    settings: Settings,
    plans: Sequence[Any],
    *,
    elements: Iterable[str],
    faults: Sequence[Fault],
    spans: Mapping[str, Iterable[float]],
    notes: Iterable[str],
    shortcuts: Sequence[str],
) -> None:
    """Writes `README.md` into a dataset's folder.

    Args:
        folder: of the dataset.
        settings: of the simulation.
        plans: one for each video, with `difficulty`, `execution`, `split`, `num_frames` and `trait.severities`.
        elements: the dive, vault, … that each video shows, by its number in the rules.
        faults: of the sport.
        spans: name → durations (N,) in frames.
        notes: sentences for the list at the top.
        shortcuts: rows of `shortcuts.shortcut_table`; empty if there are too few videos.
    """
    lines = [f"# Simulated {settings.sport} ({settings.task})", "", *_introduction(plans, settings, notes), ""]
    if settings.task == "scoring":
        lines += [*_scores(plans, get_sport(settings.sport)), "", *_faults(plans, faults), ""]
        lines += [*_shortcuts(shortcuts), ""]
    lines += [*_elements(plans, elements), "", *_table("frames", spans, "d"), ""]
    replace_bytes(folder / "README.md", "\n".join(lines).encode())


def _introduction(plans, settings, notes):
    splits = Counter(plan.split for plan in plans)
    source = "real label files" if settings.labels_dir else "drawn from the rules: elements, faults, judges"
    command = f"--sport={settings.sport} --task={settings.task} --seed={settings.seed}"
    command += f" --rendering={settings.rendering}" if settings.rendering else ""
    return [
        "Every picture in here is simulated: figures measured on it say nothing about real video.",
        "",
        f"- Command: `python -m data_prep simulate {command}`, everything else in `simulation.json`.",
        f"- Simulator: version {VERSION}.",
        f"- Labels: {source}.",
        f"- Videos: {len(plans)} ({', '.join(f'{name} {count}' for name, count in sorted(splits.items()))}), "
        f"{counted(sum(plan.num_frames for plan in plans), 'frame')} of {settings.width}×{settings.height} "
        f"at {FPS} frames/s.",
        *(f"- {note}" for note in notes),
    ]


def _scores(plans, sport):
    difficulty = np.array([plan.difficulty for plan in plans])
    execution = np.array([plan.execution for plan in plans])
    final = sport.fuse(difficulty, execution)
    return _table("score", {"difficulty": difficulty, "execution": execution, "final": final}, ".2f")


def _faults(plans, faults):
    execution = np.array([plan.execution for plan in plans])
    severities = np.array([[plan.trait.severities[fault.name] for fault in faults] for plan in plans])
    if len(plans) < 2 * FOLDS or len(set(execution)) < 2:
        return [f"Correlations are measured from {2 * FOLDS} videos on; there are {len(plans)}."]
    lines = ["Spearman's ρ of each fault's severity with execution:", ""]
    lines += ["| fault | ρ | median severity |", "|---|---|---|"]
    for fault, values in zip(faults, severities.T, strict=True):
        lines.append(f"| {fault.name} | {rank_correlation(values, execution):.2f} | {np.median(values):.2f} |")
    ceiling = rank_correlation(cross_validated(severities, execution), execution)
    lines += [
        "",
        f"Ceiling: linear regression on all true severities, {FOLDS}-fold cross-validated: ρ = {ceiling:.3f}.",
    ]
    return lines


def _shortcuts(table):
    if not table:
        return [f"Shortcuts are measured from {LEAST_VIDEOS} videos on."]
    return [
        f"Shortcuts: Spearman's ρ with the scores of what says nothing of the movement, {FOLDS}-fold ridge regression:",
        "",
        *table,
    ]


def _elements(plans, elements):
    lines = ["| difficulty | videos | elements |", "|---|---|---|"]
    for difficulty in sorted({plan.difficulty for plan in plans}):
        shown = Counter(name for name, plan in zip(elements, plans, strict=True) if plan.difficulty == difficulty)
        named = ", ".join(f"{name} {count}" for name, count in sorted(shown.items()))
        lines.append(f"| {difficulty:.1f} | {sum(shown.values())} | {named} |")
    return lines


def _table(title, columns, style):
    lines = [f"| {title} | least | median | most |", "|---|---|---|---|"]
    for name, values in columns.items():
        figures = (values.min(), type(values.min())(np.median(values)), values.max())
        lines.append(f"| {name} | {' | '.join(format(figure, style) for figure in figures)} |")
    return lines
