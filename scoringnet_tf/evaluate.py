r"""Evaluates a model on a split of records: the paper's six figures, frame accuracy (§4.2–4.4), segments.

    python -m scoringnet_tf.evaluate --model=MODEL --records_dir=RECORDS --split=test --output_dir=REPORT

Writes metrics.json, predictions.csv, stages.csv (frames from, up to, of every stage), scores.png and stages.png to
--output_dir, and prints a table.
"""

import sys

from absl import flags

from scoringnet_tf.data.dataset_info import described_pixels, load_records
from scoringnet_tf.sports import DECODINGS, SCORES
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path, check_access

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_string("records_dir", None, "Folder of TFRecords made by `python -m data_prep build`.")
flags.DEFINE_string(
    "split",
    "test",
    "Split to evaluate. Where the records have no validation split, it is what the run of --model held out.",
)
flags.DEFINE_integer("batch_size", 4, "Videos per step; does not change the result.", 1)
flags.DEFINE_bool("true_fragments", False, "Cut the fragments by the true stages (an oracle), to see what KFS costs.")
flags.DEFINE_enum("decoding", None, DECODINGS, "How stages are decided, as in train; the model's own by default.")
flags.DEFINE_string(
    "output_dir",
    None,
    "Folder for the report; evaluation_SPLIT/ beside --model where not given, in the current folder without --model; "
    "--true_fragments and --decoding add their names.",
)


def training_means(info):
    """Score → mean of the training videos, for the mean predictor; without those scores that none of them has."""
    statistics = info.score_statistics.get("train", {})
    return {score: statistics[score]["mean"] for score in SCORES if statistics.get(score)}


def evaluated_ids(info, split, model_file):
    """The videos of a validation split that the records do not have: what the run of the model held out of training.

    Args:
        info: `DatasetInfo` of the records.
        split: name of a split.
        model_file: path of the model.

    Returns:
        Ids; None for all videos of a split as it is stored.

    Raises:
        InputError: nothing says what was held out, or it was held out of other records.
    """
    if split == "validation" and split not in info.splits:
        from scoringnet_tf.training.config import held_out_ids

        held_out, data_hash = held_out_ids(model_file)
        if data_hash != info.data_hash:
            raise InputError(
                f"--split=validation: expected the records of the run that made {model_file}, which held videos out of "
                f"them. Received: {info.records_dir}, which are others (another data hash)."
            )
        return held_out
    return None


def _fragments(model, true_fragments):
    if model.segmenter is None:
        return "whole"
    return "true" if true_fragments else "predicted"


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(records_dir=values.records_dir)
    info = load_records(values.records_dir)

    from scoringnet_tf.data import input_pipeline
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.models.presets import check_fits, load_scoring_net, model_path
    from scoringnet_tf.report.evaluation_report import write_report

    model_file = model_path(values.model)
    name = f"evaluation_{values.split}" + ("_true_fragments" if values.true_fragments else "")
    name += f"_{values.decoding}" if values.decoding else ""
    output_dir = as_path(values.output_dir or (model_file.parent if values.model else as_path(".")) / name)
    check_access(output_dir, "output_dir", writing=True)
    ids = evaluated_ids(info, values.split, model_file)
    model = load_scoring_net(values.model)
    check_fits(model, info)
    if model.segmenter is None and (values.decoding or values.true_fragments):
        flag = "--decoding" if values.decoding else "--true_fragments"
        raise InputError(f"{flag}: expected a model with KFS. Received: {model_file}, which scores whole videos.")
    if values.decoding:
        model = model.with_dtype("float32", decoding=values.decoding)
    dataset = input_pipeline.videos(
        values.records_dir,
        values.split,
        image_size=model.image_size,
        batch_size=values.batch_size,
        ids=ids,
        num_frames=model.sampled_frames,
        with_info=True,
    )
    predictions = evaluation.predict_records(
        evaluation.prediction_function(model, values.true_fragments),
        dataset,
        progress=f"evaluating {values.split}",
        total=len(input_pipeline.split_ids(info, values.split, ids=ids)),
    )
    measured = evaluation.figures(predictions, model.sport.stages)
    baseline = evaluation.mean_predictor_figures(predictions.truth, training_means(info), model.sport.fuse)
    measured |= {
        "mean_predictor": baseline,
        "split": values.split,
        "decoding": model.stage_decision.decoding if model.stage_decision else None,
        "fragments": _fragments(model, values.true_fragments),
        "model": str(model_file),
        "data_hash": info.data_hash,
        "pixels": described_pixels(info.simulation) if info.simulation or not info.features else None,
    }
    write_report(output_dir, predictions, measured, model.sport.stages)
    print(evaluation.table([("model", measured), *([("mean predictor", baseline)] if baseline else [])]))
    per_class = measured["frame_accuracy_per_class"].items()
    if model.segmenter is not None:
        print("frames per class: " + ", ".join(f"{name} {value:.3f}" for name, value in per_class))
    if measured["pixels"]:
        print(f"The pixels of these records are {measured['pixels']}.")
    print(f"Report: {output_dir}")


if __name__ == "__main__":
    sys.exit(cli.run(main))
