"""A picture of where the scores of a video come from: their falls where frames are hidden, above the stages."""

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.inference.attribution import Attribution
from scoringnet_tf.sports import Sport, decimals, stage_runs
from scoringnet_tf.support.drawing import STAGE_COLORS, draw_strip, printable, stage_patches


def attribution_figure(attribution: Attribution, sport: Sport, title: str = "") -> Figure:
    """Of every score a panel: the fall (points) where each frame is grey, and the frame's share of the gradient.

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
        handles = stage_patches(sport.stages)
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title)
    last.set(yticks=[], xlabel="frame", xlim=(0, length))
    last.spines[:].set_visible(False)
    return figure


def _draw_share(axes, shares):
    """Shares of the gradient, (L,), in per cent, on an axis of their own."""
    axes.step(np.arange(len(shares)) + 0.5, 100 * shares, where="mid", color=STAGE_COLORS[5], linewidth=0.8)
    axes.set_ylabel("% of gradient", fontsize="small", color=STAGE_COLORS[5])
    axes.set_ylim(bottom=0)
