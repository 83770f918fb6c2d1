"""Plots predictions: scores against the truth, stages along time. No display is needed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.inference.evaluation import Predictions, held
from scoringnet_tf.sports import Sport, decimals, med, src, stage_runs
from scoringnet_tf.support.drawing import STAGE_COLORS, draw_strip, printable, stage_patches


def score_scatter(predictions: Predictions, sport: Sport) -> Figure:
    """Predicted against true scores, one panel a score, with SRC, MED and the share that the intervals hold."""
    scores = list(predictions.predicted)
    figure = Figure(figsize=(4 * len(scores), 4.2), layout="constrained")
    for axis, score in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores, strict=True):
        truth, predicted = predictions.truth[score], predictions.predicted[score]
        places = decimals(sport.range_of(score))
        limits = np.nanmin([truth, predicted]), np.nanmax([truth, predicted])
        axis.plot(limits, limits, color="#999999", linewidth=1, zorder=1)
        axis.scatter(truth, predicted, s=18, alpha=0.7, color=STAGE_COLORS[2], edgecolors="none", zorder=2)
        title_of = f"{score}: SRC {src(truth, predicted):.3f}, MED {med(truth, predicted):.{places}f}"
        if score in predictions.bounds:
            axis.vlines(truth, *predictions.bounds[score].T, color=STAGE_COLORS[2], alpha=0.2, linewidth=1, zorder=1)
            if not np.isnan(share := held(predictions, score)["held"]):
                title_of += f"\nintervals hold {100 * share:.0f} %"
        axis.set_title(title_of)
        axis.set_xlabel("true, points")
        axis.set_ylabel("predicted, points")
        axis.grid(alpha=0.25)
    return figure


def stage_timeline(
    names: Sequence[str], rows: Sequence[Sequence[np.ndarray]], stage_names: Sequence[str], title: str = ""
) -> Figure:
    """Stages along time: a label, and one or more strips of stages, int (L,), −1 = unlabelled, in each row."""
    per_row = max(len(strips) for strips in rows)
    figure = Figure(figsize=(11, 1.3 + 0.28 * per_row * len(rows) + 0.12 * len(rows)), layout="constrained")
    axis = figure.subplots()
    ticks, y = [], 0.0
    for strips in rows:
        ticks.append(y + (len(strips) - 1) / 2)
        for strip in strips:
            draw_strip(axis, stage_runs(strip), y)
            y += 1.0
        y += 0.5
    axis.set_yticks(ticks, [printable(name) for name in names])
    axis.set_ylim(y - 0.5, -0.7)
    axis.set_xlabel("frame")
    handles = stage_patches(stage_names)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title)
    return figure
