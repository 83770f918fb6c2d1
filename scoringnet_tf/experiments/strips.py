"""Fig. 4: how often each network is right, as bars, and what it finds in a few test videos, as strips of stages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.stage_results import FRAMES, Labels, read_stages
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.report.plots import stage_timeline
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import replacing_file

SHOWN = 6  # test videos


def write_segmentation(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes fig4.png (bars), strips.png and table.md.

    Returns:
        the text; None where nothing is done.
    """
    results: Any = suite.results(experiment, surroundings, seeds)
    if not results.predicted:
        return None
    found = report.cells(results, experiment)
    text = f"**{experiment.title}.** {experiment.question}\n\n![](fig4.png)\n\n![](strips.png)\n"
    with replacing_file(folder / "fig4.png") as path:
        save_png(draw_bars(found), path)
    with replacing_file(folder / "strips.png") as path:
        save_png(draw_strips(_videos(experiment, surroundings, results), surroundings.records.stages), path)
    with replacing_file(folder / "table.md") as path:
        path.write_text(text, encoding="utf-8")
    return text


def _videos(experiment, surroundings, results):
    """Row → id → stages, of the first seed that is done, and the first rendering."""
    done = [row for row in experiment.rows if row.name in results.predicted]
    rows = [(row, Training(row.flags, results.seeds_of(row.name)[0])) for row in done]
    reports = {row.name: training.report(surroundings, surroundings.records, row.evaluation) for row, training in rows}
    return {
        name: read_stages(folder / "stages.csv", surroundings.records.stages)
        for name, folder in reports.items()
        if (folder / "stages.csv").is_file()
    }


def draw_bars(found: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The share of frames that each row labels right, with its interval; the axis begins below the lowest."""
    figure = Figure(figsize=(1.6 + 1.3 * len(found), 3.6), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(found.values()):
        low, high = row[FRAMES]["interval"]
        axes.bar(place, row[FRAMES]["mean"], width=0.6, color=STAGE_COLORS[2])
        axes.plot([place, place], [low, high], color="#333333", linewidth=1.5)
        axes.text(
            place, 0.02, f"{row[FRAMES]['mean']:.3f}", ha="center", color="white", transform=axes.get_xaxis_transform()
        )
    lowest = min(row[FRAMES]["interval"][0] for row in found.values())
    axes.set(xticks=range(len(found)), xticklabels=[name.partition(", argmax")[0] for name in found])
    axes.set(ylabel="frames labelled right, 95 %", ylim=(max(0.0, np.floor(10 * lowest - 1) / 10), 1))
    axes.grid(axis="y", alpha=0.25)
    return figure


def draw_strips(videos: Mapping[str, Mapping[str, Labels]], stage_names: Sequence[str]) -> Figure:
    """Of each of the first test videos the true stages, and beneath them what every row finds."""
    ids = sorted(set.intersection(*(set(found) for found in videos.values())))[:SHOWN]
    first = next(iter(videos.values()))
    strips = [[first[video_id][0], *(found[video_id][1] for found in videos.values())] for video_id in ids]
    rows = ", ".join(name.partition(", argmax")[0] for name in videos)
    return stage_timeline(ids, strips, stage_names, f"from the top: true, {rows}")
