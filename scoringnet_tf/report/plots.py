"""Plots of predictions: scores against the truth, stages along time, falls of scores. No display is needed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scoringnet_tf.inference.attribution import Attribution
from scoringnet_tf.inference.coverage import held
from scoringnet_tf.inference.evaluation import Predictions
from scoringnet_tf.sports import Sport, decimals, med, src, stage_runs
from scoringnet_tf.support.drawing import STAGE_COLORS, draw_strip, in_any_script, printable, stage_patches


def score_scatter(predictions: Predictions, sport: Sport, title: str = "") -> Figure:
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
    figure.suptitle(title)
    return figure


def stage_timeline(
    names: Sequence[str],
    rows: Sequence[Sequence[np.ndarray]],
    stage_names: Sequence[str],
    title: str = "",
    frame_rate: float | None = None,
) -> Figure:
    """Stages along time: one strip per row.

    Args:
        names: a label per row.
        rows: a list of strips per label, e.g. [true, predicted]; each an integer array of stages (L,), −1 = unlabelled.
        stage_names: names of the stages, in label order.
        title: of the legend.
        frame_rate: frames per second; None gives an axis in frames.
    """
    per_row = max(len(strips) for strips in rows)
    figure = Figure(figsize=(11, 1.3 + 0.28 * per_row * len(rows) + 0.12 * len(rows)), layout="constrained")
    axis = figure.subplots()
    ticks, y = [], 0.0
    for strips in rows:
        ticks.append(y + (len(strips) - 1) / 2)
        for strip in strips:
            draw_strip(axis, stage_runs(strip), y, 1.0 / frame_rate if frame_rate else 1.0)
            y += 1.0
        y += 0.5
    axis.set_yticks(ticks, [printable(name) for name in names])
    axis.set_ylim(y - 0.5, -0.7)
    axis.set_xlabel("seconds" if frame_rate else "frame")
    _draw_legend(figure, stage_names, title)
    return figure


def attribution_figure(attribution: Attribution, sport: Sport, title: str = "") -> Figure:
    """One panel a score: its fall in points if a frame is grey, and the frame's share of the gradient.

    Args:
        attribution: of one video.
        sport: of its stages.
        title: of the picture.
    """
    title, scores, length = printable(title), list(attribution.scores), len(next(iter(attribution.by_frame.values())))
    figure = Figure(figsize=(9, 1.0 + 1.6 * len(scores)), layout="constrained")
    heights = [1.0] * len(scores) + [0.18]
    *panels, last = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, score in zip(panels, scores, strict=True):
        axes.bar(np.arange(length) + 0.5, attribution.by_frame[score], width=1.0, color=STAGE_COLORS[2])
        axes.axhline(0, color="#555555", linewidth=0.6)
        places = decimals(sport.range_of(score))
        axes.set_ylabel(f"{score}\n{attribution.scores[score]:.{places}f} points\nfall", fontsize="small")
        if score in attribution.gradient:
            _draw_share(axes.twinx(), attribution.gradient[score])
    if attribution.labels is None:
        figure.suptitle(title)
    else:
        draw_strip(last, stage_runs(attribution.labels))
        _draw_legend(figure, sport.stages, title)
    last.set(yticks=[], xlabel="frame", xlim=(0, length))
    last.spines[:].set_visible(False)
    return figure


def _draw_share(axes, shares):
    """Shares of the gradient, (L,), in per cent, on an axis of their own."""
    axes.step(np.arange(len(shares)) + 0.5, 100 * shares, where="mid", color=STAGE_COLORS[5], linewidth=0.8)
    axes.set_ylabel("% of gradient", fontsize="small", color=STAGE_COLORS[5])
    axes.set_ylim(bottom=0)


def _draw_legend(figure, stage_names, title):
    handles = stage_patches(stage_names)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title)


def pixels(figure: Figure, dpi: float = 90) -> np.ndarray:
    """The figure as uint8 (H, W, 4)."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with in_any_script():
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())
