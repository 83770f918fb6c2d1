"""An evaluation for people: files of figures, predictions and plots, and a table."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from scoringnet_tf.inference.evaluation import Predictions, held
from scoringnet_tf.sports import Sport, decimals, med, src, stage_runs
from scoringnet_tf.support.drawing import STAGE_COLORS, draw_strip, printable, save_png, stage_patches
from scoringnet_tf.support.files import read_json, write_csv, write_json
from scoringnet_tf.support.messages import InputError, counted

METRICS = "metrics.json"
FILES = ("predictions.csv", "scores.png", "stages.csv", "stages.png")  # beside it
STAGE_COLUMNS = ("video_id", "of", "stage", "start_frame", "end_frame")  # of: "true" or "predicted"; the end exclusive
DRAWN = 24  # videos in stages.png
ELSEWHERE = "Choose another --output_dir."


# === Which files may be replaced ===


def check_replaceable(output_dir: Path, model_file: Path, data_hash: str, flags: Mapping[str, Any]) -> None:
    """Raises InputError if `output_dir` holds another evaluation, or files that no evaluation wrote.

    `flags` (name → value, as in metrics.json) are those that make another evaluation.
    """
    if not (output_dir / METRICS).is_file():
        if others := [name for name in FILES if (output_dir / name).exists()]:
            raise InputError("exists", f"{output_dir} holds {', '.join(others)}, but no {METRICS}.", ELSEWHERE)
        return
    earlier = read_json(output_dir / METRICS)
    model, before = Path(str(earlier.get("model"))), earlier.get("flags") or flags  # 0.1 kept none
    # Beside the model its name is enough: the folder may have been moved.
    is_beside = output_dir.parent.resolve() == model_file.parent.resolve()
    if model.name != model_file.name or not (is_beside or model.resolve() == model_file.resolve()):
        difference = f"of {model}"
    elif earlier.get("data_hash") != data_hash:
        difference = "on other records"
    elif others := [name for name, value in flags.items() if before.get(name) != value]:
        difference = f"with {', '.join(f'--{name}={before.get(name)}' for name in others)}"
    else:
        return
    raise InputError("other_evaluation", f"{output_dir} holds an evaluation {difference}.", ELSEWHERE)


# === Files ===


def write_report(output_dir: Path, predictions: Predictions, figures: dict[str, Any], sport: Sport) -> None:
    """Writes metrics.json, predictions.csv and scores.png, and stages.csv and stages.png if the model finds stages."""
    # predictions.csv goes first and comes last: whoever finds it finds all other files of the same run.
    (output_dir / "predictions.csv").unlink(missing_ok=True)
    write_json(output_dir / METRICS, figures)
    save_png(score_scatter(predictions, sport), output_dir / "scores.png")
    _write_stages(output_dir, predictions, sport.stages)
    kinds = {
        "true": predictions.truth,
        "predicted": predictions.predicted,
        "std": predictions.deviations,
        "low": {score: ends[:, 0] for score, ends in predictions.bounds.items()},
        "high": {score: ends[:, 1] for score, ends in predictions.bounds.items()},
    }
    columns = {
        f"{kind}_{score}": values[score]
        for score in predictions.predicted
        for kind, values in kinds.items()
        if score in values
    }
    rows = zip(predictions.ids, *(map(float, values) for values in columns.values()), strict=True)
    write_csv(output_dir / "predictions.csv", [["video_id", *columns], *rows])


def _write_stages(output_dir: Path, predictions: Predictions, stage_names: Sequence[str]) -> None:
    if not any((stages >= 0).any() for stages in predictions.stages_predicted):
        for name in ("stages.csv", "stages.png"):  # of another model, evaluated into the same folder before
            (output_dir / name).unlink(missing_ok=True)
        return
    write_csv(output_dir / "stages.csv", [STAGE_COLUMNS, *_stage_rows(predictions, stage_names)])
    strips = list(zip(predictions.stages_true, predictions.stages_predicted, strict=True))[:DRAWN]
    timeline = stage_timeline(predictions.ids[:DRAWN], strips, stage_names, "upper: true, lower: predicted")
    save_png(timeline, output_dir / "stages.png")


def _stage_rows(predictions: Predictions, stage_names: Sequence[str]) -> Iterator[list]:
    """Yields a row for every run of frames in one stage, true and predicted, without unlabelled frames."""
    for video_id, *stages in zip(predictions.ids, predictions.stages_true, predictions.stages_predicted, strict=True):
        for of, labels in zip(("true", "predicted"), stages, strict=True):
            yield from (
                [video_id, of, stage_names[stage], start, end] for stage, start, end in stage_runs(labels) if stage >= 0
            )


# === Plots, without a display ===


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


# === Words ===


def summary(measured: Mapping[str, Any], sport: Sport, unlearned: Collection[str] = ()) -> str:
    """The table of metrics.json, `measured`, and what limits its figures, such as `unlearned` parts of the model."""
    over = counted(measured["groups"], "group") if measured["groups"] else "videos"
    rows = [("model", measured), (f"95 % over {over}", measured["bootstrap"])]
    rows += [("mean predictor", measured["mean_predictor"])] if measured["mean_predictor"] else []
    simple = [measured[name] for name in ("best_simple", "closest_simple") if name in measured]
    rows += [(each["name"], each) for number, each in enumerate(simple) if each not in simple[:number]]
    known = [score for score in sport.scores if not math.isnan(measured[f"{score[0]}_med"])]
    lines = [table(rows, sport) if known else table(rows[:1], sport, known)]
    if not known:
        lines.append("These videos have no scores that the model predicts: the figures are those of its stages.")
    if measured["fragments"] != "whole":
        per_class = measured["frame_accuracy_per_class"].items()
        lines.append("frames per class: " + ", ".join(f"{name} {value:.3f}" for name, value in per_class))
    lines.append(coverage_line(measured["intervals"]))
    if measured["pixels"]:
        lines.append(f"The pixels of these records are {measured['pixels']}.")
    if unlearned:
        lines.append(f"Without training of {' and '.join(unlearned)} its scores mean nothing.")
    if measured["seen_in_training"] is None:
        lines.append("Nothing says which of these videos the model learned from.")
    elif learned := measured["seen_in_training"]:
        lines.append(f"Of these {counted(measured['num_videos'], 'video')} the model learned from {learned}.")
    return "\n".join(lines)


def table(rows: Sequence[tuple[str, Mapping[str, Any]]], sport: Sport, scores: Collection[str] | None = None) -> str:
    """A table of rows (label, figures) with all scores or some; a figure is a number or the ends of an interval.

    Errors have one decimal more than the scores.
    """
    scores = sport.scores if scores is None else scores
    columns = {"frame_accuracy": "frames", "edit_score": "edit", "f1_50": "F1@50"}
    columns |= {f"{score[0]}_{name}": f"{score[0]}-{name}".upper() for name in ("src", "med") for score in scores}
    places = dict.fromkeys(columns, 2) | {f"{score[0]}_med": decimals(sport.range_of(score)) for score in scores}
    width = max(len(label) for label, _ in rows)
    lines = [" " * width + "".join(f"{head:>12}" for head in columns.values())]
    for label, measured in rows:
        cells = (_cell(measured.get(column), places[column]) for column in columns)
        lines.append(f"{label:<{width}}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def _cell(value: Any, places: int) -> str:
    if isinstance(value, tuple):
        low, high = (round(end, places) + 0.0 for end in value)  # no −0.00
        return "–" if math.isnan(low) else f"{low:.{places}f}–{high:.{places}f}"
    return "–" if value is None or math.isnan(value) else f"{value:.{places + 1}f}"


def coverage_line(measured: Mapping[str, Any]) -> str:
    """One line about an `evaluation.coverage`."""
    if not measured["scores"]:
        return f"No intervals. {measured['lacking']}"
    known = {score: one for score, one in measured["scores"].items() if one["num_videos"]}
    if not known:
        return f"intervals: claimed {100 * measured['claimed']:.0f} %; no true scores are known."
    shares = (f"{score} {100 * one['held']:.1f} % of {one['num_videos']}" for score, one in known.items())
    line = f"intervals: claimed {100 * measured['claimed']:.0f} %; held {', '.join(shares)}"
    if measured["same_videos"]:
        return f"{line} (on the videos that set them: no evidence)"
    return f"{line} ({measured['shared_videos']} of the videos set them)" if measured["shared_videos"] else line
