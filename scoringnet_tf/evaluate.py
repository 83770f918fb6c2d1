r"""Evaluates a model on a split of records: the paper's six figures, frame accuracy (§4.2–4.4), segments.

    python -m scoringnet_tf.evaluate --model=MODEL --records_dir=RECORDS --split=test --output_dir=REPORT

Writes metrics.json, predictions.csv, stages.csv, scores.png and stages.png to --output_dir. Prints a table of figures
with intervals from a bootstrap over the videos, or their groups; and how often the model's intervals hold. For features
the table has scikit-learn's regressions that order best and err least (`pip install '.[experiments]'`).
"""

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels, load_records
from scoringnet_tf.sports import DECODINGS, MEASURES
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import check_model, is_shipped
from scoringnet_tf.support.paths import AnyPath, writable_path

if TYPE_CHECKING:
    from scoringnet_tf.inference.evaluation import Predictions

flags.DEFINE_string("model", None, "Model: a .keras file or its folder. Default: diving_small.")
flags.DEFINE_string("records_dir", None, "Records, from `python -m data_prep build`.")
flags.DEFINE_string("split", "test", "Split to evaluate; validation may be videos held out in training.")
flags.DEFINE_integer("batch_size", 4, "Videos per step; no effect on the result.", 1)
flags.DEFINE_bool("true_fragments", False, "Key fragments from the true stages (an oracle).")
flags.DEFINE_enum("decoding", None, DECODINGS, "Stage decoding. Default: the model's.")
flags.DEFINE_bool("simple", True, "Comparison with the best system without a network, for features.")
flags.DEFINE_string("output_dir", None, "Folder for the report. Default: evaluation_SPLIT beside --model.")


def _evaluated_ids(info: DatasetInfo, split: str, model_file: AnyPath) -> list[str] | None:
    """The ids to evaluate if the records have no validation split: what the run of the model held out; else None."""
    if split == "validation" and split not in info.splits:
        from scoringnet_tf.training.run_record import held_out_of

        if not (ids := held_out_of(info, model_file)):
            message = f"--split=validation: {model_file} learned from all training videos."
            raise InputError("nothing_held_out", message, "Evaluate --split=test.")
        return ids
    return None


def _check_labelled(info: DatasetInfo, split: str) -> None:
    """Raises InputError if frames of a split have no stage label."""
    stored = split if split in info.splits else "train"  # of which the validation videos were held out
    unlabelled = info.stage_frames[stored].get("unlabelled", 0)
    if unlabelled:
        lacking = f"{counted(unlabelled, 'frame')} of {info.records_dir} (split {stored}) have none"
        raise InputError("no_stage_labels", f"--true_fragments needs stage labels; {lacking}.")


def _best_simple(info: DatasetInfo, predictions: "Predictions") -> dict[str, dict[str, Any]]:
    """Name and figures of scikit-learn's regressions that order the videos best, and that err least.

    None for records of frames, for training videos, without scikit-learn, and with --nosimple.
    """
    split = flags.FLAGS.split
    with_features = flags.FLAGS.simple and info.features and {"train", split} <= {*info.splits} and split != "train"
    if not with_features or not importlib.util.find_spec("sklearn"):
        return {}
    from scoringnet_tf.baselines.simple import SimpleSystems, learnable

    predicted = SimpleSystems(info).predict(info, predictions.ids, learnable(info, [*predictions.predicted]))
    measured = {
        title: {
            f"{score[0]}_{name}": float(measure(predictions.truth[score], values))
            for score, values in of_system.items()
            for name, measure in MEASURES.items()
        }
        for title, of_system in predicted.items()
    }
    order = max(measured, key=lambda title: np.nan_to_num(measured[title].get("f_src", np.nan), nan=-2.0))
    error = min(measured, key=lambda title: np.nan_to_num(measured[title].get("f_med", np.nan), nan=np.inf))
    return {"best_simple": {"name": order, **measured[order]}, "closest_simple": {"name": error, **measured[error]}}


def _flags() -> dict[str, Any]:
    """The flags that make another evaluation of the same model and records, name → value."""
    return {name: flags.FLAGS[name].value for name in ("split", "true_fragments", "decoding")}


def _checked_output(model_file: Any, info: DatasetInfo) -> Any:
    """The folder of the report; InputError if something else lies there."""
    from scoringnet_tf.report.evaluation_report import check_replaceable

    values = flags.FLAGS
    name = f"evaluation_{values.split}" + ("_true_fragments" if values.true_fragments else "")
    name += f"_{values.decoding}" if values.decoding else ""
    beside = Path() if values.model is None or is_shipped(values.model) else model_file.parent
    output_dir = writable_path(values.output_dir or beside / name, "output_dir")
    check_replaceable(output_dir, model_file, info.data_hash, _flags())
    return output_dir


def _checked_model(model_file: AnyPath, info: DatasetInfo) -> Any:
    """The model with the decoding of the flags; InputError if it does not fit records or flags."""
    from scoringnet_tf.models.compatibility import check_fits
    from scoringnet_tf.models.presets import load_scoring_net, with_decoding

    values = flags.FLAGS
    model = load_scoring_net(values.model)
    check_fits(model, info)
    if model.segmenter is None and (values.decoding or values.true_fragments):
        flag = "--decoding" if values.decoding else "--true_fragments"
        raise InputError("no_stages", f"{flag} needs a model with stages; {model_file} scores whole videos.")
    return with_decoding(model, values.decoding)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(records_dir=values.records_dir)
    info, model_file = load_records(values.records_dir), check_model(values.model)

    cli.load_tensorflow()
    from scoringnet_tf.data import input_pipeline
    from scoringnet_tf.data.splits import split_ids
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.inference.reliability import stated_intervals
    from scoringnet_tf.models.training_statistics import Intervals
    from scoringnet_tf.report.evaluation_report import summary, write_report
    from scoringnet_tf.training.calibration_split import learned_of

    # 1. Check what is asked for, before anything is computed.
    output_dir, split = _checked_output(model_file, info), values.split
    ids = _evaluated_ids(info, split, model_file)
    total = len(split_ids(info, split, ids=ids))
    if values.true_fragments:
        _check_labelled(info, split)
    model = _checked_model(model_file, info)

    # 2. Predict and measure.
    size, frames = model.image_size, model.sampled_frames
    options: dict[str, Any] = {"image_size": size, "batch_size": values.batch_size, "ids": ids, "num_frames": frames}
    dataset = input_pipeline.videos(values.records_dir, split, with_info=True, **options)
    outputs_of = evaluation.prediction_function(model, values.true_fragments)
    predictions = evaluation.predict_records(outputs_of, dataset, f"evaluating {split}", total=total)
    no_intervals = Intervals.none("They hold for predicted stages only.")
    intervals = no_intervals if values.true_fragments else stated_intervals(model)
    learned = learned_of(info, predictions.ids, model_file, (model.provenance or {}).get("data_hash"))
    measured = {
        **evaluation.evaluated(predictions, model, info, split, intervals),
        **_best_simple(info, predictions),
        "split": split,
        "decoding": model.stage_decision.decoding if model.stage_decision else None,
        "views": model.score_predictor.views,
        "fragments": "whole" if model.segmenter is None else "true" if values.true_fragments else "predicted",
        "flags": _flags(),
        "seen_in_training": None if learned is None else len(learned),
        "model": str(model_file.resolve()),
        "data_hash": info.data_hash,
        "pixels": described_pixels(info.simulation) if info.simulation or not info.features else None,
    }

    # 3. Write and print.
    write_report(output_dir, predictions, measured, model.sport)
    print(summary(measured, model.sport, model.unlearned_parts))
    print(f"Report: {output_dir}")


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
