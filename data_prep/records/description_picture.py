"""Draws a description of records: histograms of scores, lengths, durations of stages, and the labels that exist."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import counted

SPLIT_COLORS = {"train": STAGE_COLORS[2], "validation": STAGE_COLORS[1], "test": STAGE_COLORS[5]}
GROUP_WIDTH = 0.8  # of the boxes or bars of one stage or field, all splits together


def save_picture(description: Mapping[str, Any], path: str | Path) -> None:
    """Draws a description (of `describe`) into a PNG file."""
    with replacing_file(path) as temporary:
        save_png(picture(description), temporary, dpi=110)


def picture(description: Mapping[str, Any]) -> Figure:
    """Draws a description as a Matplotlib figure."""
    scores, splits = list(description["score_bins"]), description["splits"]
    figure = Figure(figsize=(13, 7 if scores else 3.8), layout="constrained")
    rows = figure.subfigures(2 if scores else 1, 1, squeeze=False)[:, 0]
    if scores:
        for axis, score in zip(np.ravel(rows[0].subplots(1, len(scores))), scores, strict=True):
            _draw_scores(axis, description, score)
    length, durations, known = rows[-1].subplots(1, 3, width_ratios=(1, 2, 2))
    lengths = {split: values["seconds"] for split, values in splits.items()}
    has_lengths = any(values["number"] for values in lengths.values())
    why_none = "no stage is labelled" if has_lengths else "not known of vectors"
    _draw_boxes(length, {"whole video": lengths} if has_lengths else {}, "length", why_none)
    stages = {name: None for values in splits.values() for name in values["stage_seconds"] if name != NOISE}
    seconds = {
        stage: {split: values["stage_seconds"].get(stage) for split, values in splits.items()} for stage in stages
    }
    _draw_boxes(durations, seconds, "stages", why_none)
    _draw_known(known, splits)
    handles = [
        Patch(color=_color(split), label=f"{split}: {counted(values['videos'], 'video', ',')}")
        for split, values in splits.items()
    ]
    title = f"{description['name']} ({description['sport'] or 'no sport'}), {description['pixels']}"
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title)
    return figure


def _color(split):
    return SPLIT_COLORS.get(split, STAGE_COLORS[0])


def _draw_scores(axis, description, score):
    """One histogram a split, of shares, so that splits of other sizes can be compared."""
    edges = description["score_bins"][score]
    for split, values in description["splits"].items():
        counts = np.array(values["scores"][score]["histogram"])
        if counts.sum():
            shares = counts / counts.sum()
            axis.stairs(shares, edges, color=_color(split), linewidth=1.8)
            axis.stairs(shares, edges, color=_color(split), fill=True, alpha=0.15)
    axis.set_title(score, loc="left")
    axis.set_xlabel("points")
    axis.set_ylabel("share of the split's videos")


def _places(number, splits):
    """({split: places of its boxes, around 0, 1, …}, width of a box)."""
    width = GROUP_WIDTH / len(splits)
    starts = (np.arange(len(splits)) + 0.5) * width - GROUP_WIDTH / 2
    return {split: np.arange(number) + start for split, start in zip(splits, starts, strict=True)}, width


def _draw_boxes(axis, durations, title, why_none):
    """Boxes of the quartiles, seconds, with whiskers to the extremes, of {name: {split: distribution}}."""
    axis.set_title(title, loc="left")
    if not durations:
        axis.text(0.5, 0.5, why_none, ha="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    places, width = _places(len(durations), list(next(iter(durations.values()))))
    for index, splits in enumerate(durations.values()):
        for split, values in splits.items():
            if values and values["number"]:
                _draw_box(axis, values, places[split][index], width * 0.8, _color(split))
    axis.set_xticks(range(len(durations)), list(durations))
    axis.set_xlim(-0.6, len(durations) - 0.4)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("seconds")


def _draw_box(axis, values, position, width, color):
    box = {"whislo": values["min"], "q1": values["q1"], "med": values["median"], "q3": values["q3"]}
    lines = {f"{part}props": {"color": color} for part in ("median", "whisker", "cap")}
    axis.bxp(
        [box | {"whishi": values["max"]}],
        positions=[position],
        widths=width,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": color, "alpha": 0.35},
        **lines,
    )


def _draw_known(axis, splits):
    """For each field the share of videos that have it."""
    fields = list(next(iter(splits.values()))["lacking"])
    places, width = _places(len(fields), list(splits))
    for split, values in splits.items():
        shares = [1 - values["lacking"][field] / values["videos"] for field in fields]
        axis.bar(places[split], shares, width * 0.9, color=_color(split), alpha=0.8)
    axis.set_xticks(range(len(fields)), fields)
    axis.set_ylim(0, 1.02)
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.set_title("known, of all videos", loc="left")
