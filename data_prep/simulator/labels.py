"""Writes the labels of a simulated dataset: the official files, the true factors, and a card. Knows no sport."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data_prep.simulator import files
from data_prep.simulator.files import FPS
from data_prep.simulator.performance import Performance, Simulator, total_deduction
from data_prep.simulator.settings import VERSION, Settings
from scoringnet_tf.data.factors import DESERVED, FILE
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import counted

FILM = (
    "two in five look like a broadcast; the others are shot from near or far, by hand, cut out on a dark ground, or "
    "mixed with other film; colours, speed, frame rate and cut differ too"
)

CLOSE = "the camera stays on the athlete, who fills the picture; all else as in a broadcast"


def write_labels(simulator: Simulator, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
    """Writes the label files of the official layout (clips: `motion_classes.csv`), the true factors, and the card."""
    _write_factors(simulator, performances, folder)
    if settings.task == "scoring":
        _write_official_labels(simulator, performances, settings, folder)
        simulator.write_more_labels(performances, settings, folder)
    else:
        header = ("video", "sport", *simulator.heads, "split")
        classes = ([getattr(p.element, head) for head in simulator.heads] for p in performances)
        rows = [(p.path.name, simulator.sport, *c, p.split) for p, c in zip(performances, classes, strict=True)]
        files.write_csv(folder / "motion_classes.csv", header, rows)
    _write_card(simulator, performances, settings, folder)


def stage_segments(simulator: Simulator, performance: Performance) -> list[tuple[str, int, int]]:
    """(stage, first frame, end frame) that cover a video, in order."""
    noise, *stages = get_sport(simulator.sport).stages
    edges = simulator.stage_edges(performance)
    segments = zip((noise, *stages, noise), edges[:-1], edges[1:], strict=True)
    return [segment for segment in segments if segment[2] > segment[1]]


def _write_official_labels(
    simulator: Simulator, performances: Sequence[Performance], settings: Settings, folder: Path
) -> None:
    difficulty, _, final = _scores(performances, settings)
    for (file, variable), values in zip(simulator.vectors, (final, difficulty), strict=True):
        files.write_vector(folder / file, variable, values)
    ids = {split: [p.video_id for p in performances if p.split == split] for split in ("train", "test")}
    split_dir = folder / (simulator.split_name(settings) or f"split_{len(ids['train'])}_{len(ids['test'])}")
    split_dir.mkdir(exist_ok=True)
    for variable, split in (("training_idx", "train"), ("testing_idx", "test")):
        files.write_ids(split_dir, variable, ids[split])
    rows = [(p.path.stem, *segment) for p in performances for segment in stage_segments(simulator, p)]
    files.write_csv(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)


def _scores(performances: Sequence[Performance], settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    difficulty, execution = np.array([(p.difficulty, p.execution) for p in performances]).T
    return difficulty, execution, get_sport(settings.sport).fuse(difficulty, execution)


def _write_factors(simulator: Simulator, performances: Sequence[Performance], folder: Path) -> None:
    severities = tuple(fault.name for fault in simulator.faults)
    header = ("video_id", simulator.element_column, "difficulty", "execution", *severities)
    header += (*simulator.factor_columns, DESERVED, "marks")
    rows = [
        (
            *(p.video_id, simulator.name_of(p.element), p.difficulty, round(p.execution, 4)),
            *(round(p.trait.severities[name], 4) for name in severities),
            *simulator.factors(p),
            round(simulator.max_execution - total_deduction(p.trait.severities, simulator.faults), 4),
            " ".join(map(str, p.marks)),
        )
        for p in performances
    ]
    files.write_csv(folder / FILE, header, rows)


def _write_card(simulator: Simulator, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
    """`README.md`: what was simulated, and the ranges of its scores and durations."""
    lines = [f"# Simulated {settings.sport} ({settings.task})", "", *_introduction(simulator, performances, settings)]
    if settings.task == "scoring":
        scores = zip(("difficulty", "execution", "final"), _scores(performances, settings), strict=True)
        lines += ["", *_table("score", dict(scores), ".2f")]
    lines += ["", *_table("frames", simulator.spans(performances, settings.task), "d"), ""]
    files.replace_bytes(folder / "README.md", "\n".join(lines).encode())


def _introduction(simulator: Simulator, performances: Sequence[Performance], settings: Settings) -> list[str]:
    splits = Counter(p.split for p in performances)
    command = f"--sport={settings.sport} --task={settings.task} --seed={settings.seed}"
    command += f" --rendering={settings.rendering}" if settings.rendering else ""
    return [
        "Every picture in here is simulated: figures measured on it say nothing about real video.",
        "",
        f"- Command: `python -m data_prep simulate {command}`, everything else in `simulation.json`.",
        f"- Simulator: version {VERSION}.",
        f"- Labels: {'real label files' if settings.labels_dir else 'drawn from the rules: elements, faults, judges'}.",
        f"- Videos: {len(performances)} ({', '.join(f'{name} {count}' for name, count in sorted(splits.items()))}), "
        f"{counted(sum(p.num_frames for p in performances), 'frame')} of {settings.width}×{settings.height} "
        f"at {FPS} frames/s.",
        *([f"- Rendered: the videos of the split `{settings.split}` alone."] if settings.split else []),
        f"- Preset: {_preset(simulator, settings)}.",
        *(f"- {note}" for note in simulator.notes(settings)),
    ]


def _preset(simulator: Simulator, settings: Settings) -> str:
    if settings.easy:
        return simulator.easy
    presets = {"film": settings.film and FILM, "close": settings.close and CLOSE}
    return next((f"**{name}**: {text}" for name, text in presets.items() if text), "standard (not easy)")


def _table(title: str, columns: Mapping[str, np.ndarray], style: str) -> list[str]:
    lines = [f"| {title} | least | median | most |", "|---|---|---|---|"]
    for name, values in columns.items():
        figures = (values.min(), type(values.min())(np.median(values)), values.max())
        lines.append(f"| {name} | {' | '.join(format(figure, style) for figure in figures)} |")
    return lines
