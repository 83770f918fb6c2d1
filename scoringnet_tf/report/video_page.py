"""A picture of one scored video: frames through time, its stages, its scores."""

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.report.plots import draw_strip, save_png, stage_patches
from scoringnet_tf.support.files import replacing_file


def save_picture(score, video, sport, path, columns=12):
    """Draws a `prediction.VideoScore` to a PNG: `columns` frames through time over the stage strip.

    Args:
        score: of the video.
        video: `Video` in stored form, as `ScoringNetPreprocessor.read` gives it: what the model saw, but for the crop.
        sport: `sports.Sport` of the stages.
        path: of the PNG.
        columns: number of frames.
    """
    figure = Figure(figsize=(14, 2.9), layout="constrained")
    grid = figure.add_gridspec(2, columns, height_ratios=[3, 1])
    for column, index in enumerate(np.linspace(0, len(video.frames) - 1, columns).round().astype(int)):
        axis = figure.add_subplot(grid[0, column])
        axis.imshow(decode_jpeg(video.frames[index]))
        axis.set_axis_off()
        axis.set_title(f"{video.timestamps[index]:.1f} s", fontsize=8)
    strip = figure.add_subplot(grid[1, :])
    draw_strip(strip, [(sport.stage_index(s["name"]), s["start_s"], s["end_s"]) for s in score.stages])
    strip.set_yticks([])
    strip.set_xlim(0, score.stages[-1]["end_s"])
    strip.set_xlabel("seconds")
    handles = stage_patches(sport.stages)
    strip.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.7), ncols=4, frameon=False)
    figure.suptitle(
        f"difficulty {score.difficulty:.2f}   execution {score.execution:.2f}   final {score.final:.2f}", fontsize=11
    )
    with replacing_file(path) as temporary:
        save_png(figure, temporary)
