"""Draws a contact sheet of records: frames or features through each video, its stages and scores."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from data_prep.records.verifying import decode_frames, num_steps, read_records
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.sports import decimals, get_sport, stage_runs
from scoringnet_tf.support.drawing import draw_strip, printable, save_png, stage_patches
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import counted

FRAMES_PER_ROW = 12
GAP = 2  # pixels between frames
FEATURES_SHOWN = 64  # more would be less than a pixel high
UNLABELLED_COLOR = "#ffffff"


def save_contact_sheet(info: DatasetInfo, split: str, num_videos: int, path: str | Path) -> None:
    """Draws `num_videos` videos, evenly spaced through a split, into a PNG file."""
    figure = contact_sheet(info, split, num_videos)
    with replacing_file(path) as temporary:
        save_png(figure, temporary, dpi=120)


def contact_sheet(info: DatasetInfo, split: str, num_videos: int) -> Figure:
    """Draws the sheet as a Matplotlib figure."""
    total = info.split(split)["num_videos"]
    chosen = set(np.linspace(0, total - 1, min(num_videos, total)).round().astype(int).tolist())
    records = [record for index, (_, record) in enumerate(read_records(info, split)) if index in chosen]
    height, width = info.frame_size if not info.features else (1, 1)
    row_inches = 13.0 / FRAMES_PER_ROW * height / width + 0.62
    layout = ConstrainedLayoutEngine(h_pad=0.02, hspace=0.02)
    figure = Figure(figsize=(13.6, row_inches * len(records) + 0.9), layout=layout)
    rows = figure.subfigures(len(records), 1, squeeze=False)[:, 0]
    for row, record in zip(rows, records, strict=True):
        strip, timeline = row.subplots(2, 1, height_ratios=(8, 1))
        _draw_features(strip, record) if info.features else _draw_frames(strip, record)
        _draw_stages(timeline, record)
        strip.set_title(_title(info, record), loc="left", fontsize=10)
    shown = info.stage_frames[split]
    handles = [patch for patch in stage_patches(info.stages) if patch.get_label() in shown]
    if "unlabelled" in shown:
        handles.append(Patch(facecolor=UNLABELLED_COLOR, edgecolor="#999999", label="unlabelled"))
    title = f"{info.name}, {split}: {len(records)} of {counted(total, 'video')}"
    if info.simulation or not info.features:  # features tell nothing of their pixels
        title += f", {described_pixels(info.simulation)}"
    title = printable(title)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title)
    return figure


def _draw_frames(axis: Axes, record: dict[str, Any]) -> None:
    encoded = record["image/encoded"]
    centers = ((np.arange(FRAMES_PER_ROW) + 0.5) * len(encoded) / FRAMES_PER_ROW).astype(int)
    frames = np.array(decode_frames(encoded[centers]))
    padded = [np.pad(frame, ((0, 0), (GAP // 2, GAP // 2), (0, 0)), constant_values=255) for frame in frames]
    axis.imshow(np.concatenate(padded, axis=1), interpolation="nearest", aspect="auto")
    axis.set_axis_off()


def _draw_features(axis: Axes, record: dict[str, Any]) -> None:
    """The first features through time, one row each, standardised within the video: light is high."""
    shown = record["feature/floats"][:, :FEATURES_SHOWN]
    scale = shown.std(axis=0)
    standard = (shown - shown.mean(axis=0)) / np.where(scale > 0, scale, 1)
    axis.imshow(standard.T, interpolation="nearest", aspect="auto", cmap="viridis", vmin=-2, vmax=2)
    axis.set_axis_off()


def _draw_stages(axis: Axes, record: dict[str, Any]) -> None:
    stages, rate = record["stage/index"], float(record["image/frame_rate"])
    draw_strip(axis, stage_runs(stages), scale=1 / rate)
    axis.set_xlim(0, len(stages) / rate)
    axis.set_ylim(-0.5, 0.5)
    axis.set_yticks([])
    axis.tick_params(axis="x", labelsize=7, length=2, pad=1)
    axis.xaxis.set_major_formatter("{x:g} s")


def _title(info: DatasetInfo, record: dict[str, Any]) -> str:
    parts = [record["example/id"].decode()]
    for score in ("difficulty", "execution", "final"):
        value = float(record[f"score/{score}"])
        if not math.isnan(value):
            parts.append(f"{score} {value:.{decimals(get_sport(info.sport).range_of(score))}f}")
    parts += [f"{head} {names[record[f'class/{head}']]}" for head, names in info.classes.items()]
    length = num_steps(record)
    parts.append(f"{counted(length, 'step')} of {info.feature_size}" if info.features else counted(length, "frame"))
    return printable("   ".join(parts))
