"""Where in test videos the scores come from: falls where a stage or a frame is hidden, and the input's gradient."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.experiments.watching import read_video, trained_models
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import counted

VIDEOS, DRAWN = 20, 3  # test videos that are looked into, and drawn; by their names
WIDTH = 3  # frames that are hidden together
COLUMNS = ("row", "video_id", "score", "stage", "frames", "fall", "gradient_share")


def write_sources(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes falls.csv, a picture of each of a few videos, and table.md, of the first seed.

    Returns:
        the text; None where nothing is done.
    """
    from scoringnet_tf.inference.attribution import attribute
    from scoringnet_tf.report.plots import attribution_figure

    trained = trained_models(list(experiment.rows), surroundings)
    models = {name: model for name, model in trained.items() if model.segmenter is not None}  # others have no stages
    if not models:
        return None
    info, sport, rows = surroundings.records, get_sport(surroundings.records.sport), []
    chosen = sorted(info.split("test")["ids"])[:VIDEOS]
    for name, model in models.items():
        for number, video_id in enumerate(chosen):
            found = attribute(model, read_video(info, video_id, model.image_size).frames, WIDTH)
            rows += [[name, video_id, *row] for row in _of_stages(found, sport.stages)]
            if number < DRAWN and name == next(iter(models)):
                with replacing_file(folder / f"{video_id}.png") as path:
                    save_png(attribution_figure(found, sport, f"{video_id}: {WIDTH} frames grey"), path)
    with replacing_file(folder / "falls.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    text = markdown(experiment, summary(rows), chosen)
    with replacing_file(folder / "table.md") as path:
        path.write_text(text, encoding="utf-8")
    return text


def _of_stages(found, stage_names):
    """(score, stage, frames, fall, share of the gradient or nothing) of one video, for every stage that KFS found."""
    for score, falls in found.by_stage.items():
        for stage, name in enumerate(stage_names):
            member = found.labels == stage
            share = repr(float(found.gradient[score][member].sum())) if score in found.gradient else ""
            yield score, name, int(member.sum()), repr(float(falls[name])), share


def summary(rows: list[list[Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Row and score → stage → means over videos: `"size"` of the change, `"fall"`, and `"gradient"` (NaN without)."""
    values: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, _, score, stage, _, fall, share in rows:
        of_stage = values.setdefault(f"{name}, {score}", {}).setdefault(stage, [])
        of_stage.append((float(fall), float(share) if share else np.nan))
    return {
        name: {
            stage: {
                "size": float(np.mean([abs(fall) for fall, _ in pairs])),
                "fall": float(np.mean([fall for fall, _ in pairs])),
                "gradient": float(np.mean([share for _, share in pairs])),
            }
            for stage, pairs in stages.items()
        }
        for name, stages in values.items()
    }


def markdown(experiment: Experiment, found: Mapping[str, Mapping[str, Mapping[str, float]]], videos: list[str]) -> str:
    """The table: how far each score moves where a stage is grey, how much it falls, and its share of the gradient."""
    stages = list(next(iter(found.values()))) if found else []
    lines = [f"**{experiment.title}.** {experiment.question}", "", f"| | {' | '.join(stages)} |"]
    lines.append(f"|{'---|' * (len(stages) + 1)}")
    for name, of_stages in found.items():
        cells = []
        for stage in stages:
            figures = of_stages[stage]
            share = "" if np.isnan(figures["gradient"]) else f", {100 * figures['gradient']:.0f} %"
            cells.append(f"{figures['size']:.3f} ({figures['fall']:+.3f}){share}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "Points by which a score moves where all frames of a stage are grey, in brackets by which it falls, and the "
        f"share of the stage's pixels in its gradient: means over {counted(len(videos), 'test video')}, one seed.",
    ]
    return "\n".join([*lines, "", *(f"![]({video}.png)\n" for video in videos[:DRAWN])])
