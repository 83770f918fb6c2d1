"""A picture of one scored video: frames through time above the stages that they show, and the scores."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.prediction import VideoScore
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.drawing import STAGE_COLORS, draw_strip, save_png, stage_patches
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.paths import RemotePath

WIDTH, TITLE, STRIP, LABELS = 12.0, 0.38, 0.27, 0.35  # inches: of the picture; heights of its parts
MARGIN = 0.012  # of the width, at both sides


def save_picture(
    score: VideoScore, video: Video, sport: Sport, path: str | Path | RemotePath, columns: int = 10
) -> None:
    """Draws a scored video to a PNG.

    Args:
        score: of the video.
        video: in stored form, as `ScoringNetPreprocessor.read` gives it: what the model saw, but for the crop.
        sport: of its stages.
        path: of the PNG.
        columns: number of frames.
    """
    # At the centres of equal spans of time, so that each stands above its part of the strip.
    chosen = ((np.arange(columns) + 0.5) * len(video.frames) / columns).astype(int).tolist()
    figure = picture(score, sport, [(index, decode_jpeg(video.frames[index])) for index in chosen])
    with replacing_file(path) as temporary:
        save_png(figure, temporary)


def picture(score: VideoScore, sport: Sport, frames: list[tuple[int, np.ndarray]]) -> Figure:
    """Frames (index, (H, W, 3)) of a scored video, each in the colour of its stage, above the strip of its stages."""
    height, width = frames[0][1].shape[:2]
    row = WIDTH / len(frames) * height / width
    total = TITLE + row + STRIP + LABELS
    figure = Figure(figsize=(WIDTH, total))
    grid = figure.add_gridspec(2, len(frames), height_ratios=[row, STRIP], hspace=0.06, wspace=0.06)
    grid.update(left=MARGIN, right=1 - MARGIN, bottom=LABELS / total, top=1 - TITLE / total)
    for column, (index, frame) in enumerate(frames):
        _draw_frame(figure.add_subplot(grid[0, column]), frame, STAGE_COLORS[_stage_at(score, sport, index)])
    if score.stages:
        _draw_stages(figure.add_subplot(grid[1, :]), score, sport)
    figure.text(MARGIN, 1 - TITLE / total / 2, score.score_line(), va="center", fontsize=13, fontweight="bold")
    if not score.stages:
        return figure
    handles = stage_patches(sport.stages)
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(1, 1), ncols=len(handles), frameon=False)
    return figure


def _draw_stages(axis, score, sport):
    draw_strip(axis, [(sport.stage_index(stage["name"]), stage["start_s"], stage["end_s"]) for stage in score.stages])
    axis.set(yticks=[], xlim=(0, score.stages[-1]["end_s"]), ylim=(-0.45, 0.45))
    axis.xaxis.set_major_formatter("{x:g} s")
    axis.spines[:].set_visible(False)


def _stage_at(score, sport, index):
    """Label of the stage at a frame; noise where the model finds no stages."""
    return next(
        (sport.stage_index(run["name"]) for run in score.stages if run["start_frame"] <= index < run["end_frame"]), 0
    )


def _draw_frame(axis, frame, color):
    axis.imshow(frame, aspect="auto")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(color=color, linewidth=3.5)
