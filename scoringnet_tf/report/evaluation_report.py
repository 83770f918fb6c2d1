"""What an evaluation leaves: figures, predictions, pictures."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoringnet_tf.inference.evaluation import Predictions
from scoringnet_tf.report import plots
from scoringnet_tf.sports import Sport, stage_runs
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file, write_json
from scoringnet_tf.support.paths import RemotePath, as_path
from scoringnet_tf.support.reading import read_json

METRICS = "metrics.json"
PAGES = "pages.html"
FILES = ("predictions.csv", "scores.png", "stages.csv", "stages.png", PAGES)  # beside it
STAGE_COLUMNS = ("video_id", "of", "stage", "start_frame", "end_frame")  # of: "true" or "predicted"; the end exclusive


def check_replaceable(
    output_dir: Path | RemotePath, model_file: Path | RemotePath, data_hash: str, given: Mapping[str, Any]
) -> None:
    """That an evaluation may be written to `output_dir`: it holds none of another kind, and no files that are of none.

    Args:
        output_dir: where.
        model_file: that is to be evaluated.
        data_hash: of the records.
        given: flags that make an evaluation another one, name → value, as metrics.json is to say.

    Raises:
        InputError: it does.
    """
    if not (output_dir / METRICS).is_file():
        if others := [name for name in FILES if (output_dir / name).exists()]:
            raise InputError(
                "todo",
                f"{output_dir}: expected no {', '.join(others)} but that of an evaluation, with {METRICS} (choose "
                "another --output_dir). Received: files of something else.",
            )
        return
    kept = read_json(output_dir / METRICS)
    of = str(kept.get("model"))
    # Beside the model the name tells: its folder may have been moved, or be called from elsewhere.
    beside = output_dir.parent.resolve() == model_file.parent.resolve()
    same = as_path(of).name == model_file.name if beside else as_path(of).resolve() == model_file.resolve()
    flags = kept.get("flags")
    before = flags if isinstance(flags, dict) else given  # not of a version that did not say them
    others = [_as_flag(name, before.get(name)) for name, value in given.items() if before.get(name) != value]
    if not same or kept.get("data_hash") != data_hash:
        received = f"one of {of}" + (" on other records" if same else "")
    elif others:
        received = f"one with {', '.join(others)}"
    else:
        return
    expected = "no evaluation there, or one of the same model and records by the same flags"
    raise InputError("todo", f"{output_dir}: expected {expected} (choose another --output_dir). Received: {received}.")


def _as_flag(name, value):
    return f"no --{name}" if value in (None, False) else f"--{name}={value}"


def name_of_model(output_dir: Path | RemotePath, model_file: Path | RemotePath) -> str:
    """How metrics.json in `output_dir` names the model: as it was called if that lies beside, else so from anywhere."""
    beside = output_dir.parent.resolve() == model_file.parent.resolve()
    return str(model_file if beside else model_file.resolve())


def write_report(
    output_dir: Path | RemotePath, predictions: Predictions, measured: dict[str, Any], sport: Sport
) -> None:
    """Writes metrics.json, predictions.csv, scores.png, and stages.csv and stages.png where the model finds stages.

    Args:
        output_dir: as of `paths.as_path`; made where it does not exist.
        predictions: of N videos.
        measured: what metrics.json holds, see `evaluation.figures`.
        sport: of the videos.
    """
    # Of an evaluation before; the new ones come last: whoever finds predictions finds all the rest, of the same run.
    (output_dir / "predictions.csv").unlink(missing_ok=True)
    write_json(output_dir / METRICS, measured)
    with replacing_file(output_dir / "scores.png") as path:
        save_png(plots.score_scatter(predictions, sport), path)
    _write_stages(output_dir, predictions, sport.stages)
    with replacing_file(output_dir / "predictions.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
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
        writer.writerow(["video_id", *columns])
        for index, video_id in enumerate(predictions.ids):
            writer.writerow([video_id, *(float(values[index]) for values in columns.values())])


def _write_stages(output_dir, predictions, stage_names):
    if not any((stages >= 0).any() for stages in predictions.stages_predicted):
        for name in ("stages.csv", "stages.png"):  # of another model, evaluated into the same folder before
            (output_dir / name).unlink(missing_ok=True)
        return
    with replacing_file(output_dir / "stages.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([STAGE_COLUMNS, *_runs(predictions, stage_names)])
    shown = slice(0, 24)
    strips = list(zip(predictions.stages_true[shown], predictions.stages_predicted[shown], strict=True))
    with replacing_file(output_dir / "stages.png") as path:
        title = "upper: true, lower: predicted"
        save_png(plots.stage_timeline(predictions.ids[shown], strips, stage_names, title), path)


def _runs(predictions, stage_names):
    """A row for every run of frames of one stage, true and predicted; frames without a label are left out."""
    for video_id, *stages in zip(predictions.ids, predictions.stages_true, predictions.stages_predicted, strict=True):
        for of, labels in zip(("true", "predicted"), stages, strict=True):
            yield from (
                [video_id, of, stage_names[stage], start, end] for stage, start, end in stage_runs(labels) if stage >= 0
            )
