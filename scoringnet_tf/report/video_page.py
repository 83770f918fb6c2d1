"""A picture of one scored video: frames through time, its stages, its scores."""

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.files import replacing_file
from scoringnet_tf.report.plots import STAGE_COLORS, save_png
from scoringnet_tf.video import read_video


def save_picture(score, sport, path, columns=12):
    """Draws a `prediction.VideoScore` to a PNG: `columns` frames of the key stages over the stage strip."""
    video = read_video(score.video, size=(120, 160), partial=True)
    frames = video.frames
    figure = Figure(figsize=(14, 2.9), layout="constrained")
    grid = figure.add_gridspec(2, columns, height_ratios=[3, 1])
    for column, index in enumerate(np.linspace(0, len(frames) - 1, columns).round().astype(int)):
        axis = figure.add_subplot(grid[0, column])
        axis.imshow(frames[index])
        axis.set_axis_off()
        axis.set_title(f"{video.timestamps[index]:.1f} s", fontsize=8)
    strip = figure.add_subplot(grid[1, :])
    seen = set()
    for stage in score.stages:
        name = stage["name"]
        color = STAGE_COLORS[sport.stage_index(name)]
        label = None if name in seen else name
        strip.barh(0, stage["end_s"] - stage["start_s"], left=stage["start_s"], color=color, label=label)
        seen.add(name)
    strip.set_yticks([])
    strip.set_xlim(0, score.stages[-1]["end_s"])
    strip.set_xlabel("seconds")
    strip.legend(loc="upper center", bbox_to_anchor=(0.5, -0.7), ncols=4, frameon=False)
    figure.suptitle(
        f"difficulty {score.difficulty:.2f}   execution {score.execution:.2f}   final {score.final:.2f}", fontsize=11
    )
    with replacing_file(path) as temporary:
        save_png(figure, temporary)
