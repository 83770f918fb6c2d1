r"""Evaluates a model on a split of records: the paper's six figures, frame accuracy (§4.2–4.4), segments.

    python -m scoringnet_tf.evaluate --model=MODEL --records_dir=RECORDS --split=test --output_dir=REPORT

Writes metrics.json, predictions.csv, stages.csv (frames from, up to, of every stage), scores.png and stages.png to
--output_dir, and prints a table: with every figure the interval that a bootstrap over the videos, or their groups,
gives it; and, of a model that states intervals, how often they hold beside what they claim.
--pages adds a page of every video, as `python -m scoringnet_tf.report` writes them, and one that ranks them.
"""

import sys

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels, load_records, shown
from scoringnet_tf.sports import DECODINGS, SCORES
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import check_model, is_shipped
from scoringnet_tf.support.paths import AnyPath, as_path, check_access

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
flags.DEFINE_integer("views", None, "Views of a fragment, as in train; as many as the model has by default.")
flags.DEFINE_bool(
    "pages",
    False,
    "Write pages.html and a page of every video, too. Where each score comes from takes as long as some dozen "
    "evaluations of the video.",
)
flags.DEFINE_string(
    "output_dir",
    None,
    "Folder for the report; evaluation_SPLIT/ beside --model where not given, in the current folder for a model that "
    "ships; --true_fragments, --decoding and --views add their names. An evaluation there of another model, other "
    "records or by other flags is not replaced.",
)


def training_means(info: DatasetInfo) -> dict[str, float]:
    """Score → mean of the training videos, for the mean predictor; without those scores that none of them has."""
    statistics = info.score_statistics.get("train", {})
    return {score: statistics[score]["mean"] for score in SCORES if statistics.get(score)}


def evaluated_ids(info: DatasetInfo, split: str, model_file: AnyPath) -> list[str] | None:
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
        from scoringnet_tf.training.config import held_out_of

        return held_out_of(info, model_file)
    return None


def _fragments(model, true_fragments):
    if model.segmenter is None:
        return "whole"
    return "true" if true_fragments else "predicted"


def _check(model, model_file):
    """InputError where flags ask for what the model does not have."""
    values = flags.FLAGS
    if model.segmenter is None and (values.decoding or values.true_fragments):
        flag = "--decoding" if values.decoding else "--true_fragments"
        raise InputError(
            "todo", f"{flag}: expected a model with KFS. Received: {model_file}, which scores whole videos."
        )
    if values.pages and model.content == "features":
        raise InputError("todo", f"--pages: expected a model that sees frames. Received: {model_file}, for features.")
    if values.pages and values.true_fragments:
        raise InputError("todo", "--pages: expected fragments that the model finds. Received: --true_fragments.")


def _check_labelled(info, split):
    """InputError where videos of a split have no stage labels, from which true fragments could be taken."""
    stored = split if split in info.splits else "train"  # of which the validation videos were held out
    unlabelled = info.stage_frames[stored].get("unlabelled", 0)
    if unlabelled:
        raise InputError(
            "todo",
            f"--true_fragments: expected stage labels of every video of the split {stored}. Received: "
            f"{counted(unlabelled, 'frame')} without one in {info.records_dir}.",
        )


def _stated_intervals(model):
    """What the model states; none for true fragments, with which it was not measured."""
    from scoringnet_tf.inference.coverage import stated_intervals
    from scoringnet_tf.models.training_statistics import Intervals

    if flags.FLAGS.true_fragments:
        return Intervals.none("They were measured with stages that the model finds.")
    return stated_intervals(model)


def _predictions(model, ids, total):
    from scoringnet_tf.data import input_pipeline
    from scoringnet_tf.inference import evaluation

    values = flags.FLAGS
    dataset = input_pipeline.videos(
        values.records_dir,
        values.split,
        image_size=model.image_size,
        batch_size=values.batch_size,
        ids=ids,
        num_frames=model.sampled_frames,
        with_info=True,
    )
    outputs_of = evaluation.prediction_function(model, values.true_fragments)
    return evaluation.predict_records(outputs_of, dataset, progress=f"evaluating {values.split}", total=total)


def _given():
    """The flags that make an evaluation of the same model on the same records another one, name → value."""
    return {name: flags.FLAGS[name].value for name in ("split", "true_fragments", "decoding", "views")}


def _measured(predictions, intervals, info, model, called, learned):
    """What metrics.json says."""
    from scoringnet_tf.bootstrap import num_units
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.inference.coverage import coverage

    values, groups = flags.FLAGS, info.groups_of(predictions.ids)
    videos = {shown(info.videos[video_id]) for video_id in predictions.ids}
    return {
        **evaluation.figures(predictions, model.sport.stages),
        "bootstrap": evaluation.bootstrap(predictions, groups),
        "groups": num_units(groups) if groups else None,
        "mean_predictor": evaluation.mean_predictor_figures(
            predictions.truth, training_means(info), model.sport.fuse, model.scores
        ),
        "intervals": coverage(predictions, intervals, values.split, info.data_hash, videos),
        "split": values.split,
        "decoding": model.stage_decision.decoding if model.stage_decision else None,
        "views": model.views,
        "fragments": _fragments(model, values.true_fragments),
        "flags": _given(),
        "seen_in_training": learned,
        "model": called,
        "data_hash": info.data_hash,
        "pixels": described_pixels(info.simulation) if info.simulation or not info.features else None,
    }


def _print(measured, model):
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.inference.coverage import coverage_line

    baseline = measured["mean_predictor"]
    over = counted(measured["groups"], "group") if measured["groups"] else "videos"
    rows = [("model", measured), (f"95 % over {over}", measured["bootstrap"])]
    print(evaluation.table([*rows, *([("mean predictor", baseline)] if baseline else [])], model.sport))
    if model.segmenter is not None:
        per_class = measured["frame_accuracy_per_class"].items()
        print("frames per class: " + ", ".join(f"{name} {value:.3f}" for name, value in per_class))
    print(coverage_line(measured["intervals"]))
    if measured["pixels"]:
        print(f"The pixels of these records are {measured['pixels']}.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(records_dir=values.records_dir)
    info, model_file = load_records(values.records_dir), check_model(values.model)

    from scoringnet_tf.data.splits import split_ids
    from scoringnet_tf.inference.coverage import interval_bounds
    from scoringnet_tf.models.presets import check_fits, load_scoring_net, with_decoding, with_views
    from scoringnet_tf.report.evaluation_pages import write_evaluation_pages
    from scoringnet_tf.report.evaluation_report import PAGES, check_replaceable, name_of_model, write_report
    from scoringnet_tf.report.page import check_pages, remove_pages
    from scoringnet_tf.training.calibration_split import learned_of

    name = f"evaluation_{values.split}" + ("_true_fragments" if values.true_fragments else "")
    name += f"_{values.decoding}" if values.decoding else ""
    name += "" if values.views is None else f"_{values.views}_views"
    beside = as_path(".") if values.model is None or is_shipped(values.model) else model_file.parent
    output_dir = as_path(values.output_dir or beside / name)
    check_access(output_dir, "output_dir", writing=True)
    check_replaceable(output_dir, model_file, info.data_hash, _given())
    check_pages(output_dir / PAGES)
    ids = evaluated_ids(info, values.split, model_file)
    evaluated = split_ids(info, values.split, ids=ids)
    if values.true_fragments:
        _check_labelled(info, values.split)
    model = load_scoring_net(values.model)
    check_fits(model, info)
    _check(model, model_file)
    if values.views is not None:
        model = with_views(model, values.views)
    if values.decoding:
        model = with_decoding(model, values.decoding)
    intervals = _stated_intervals(model)
    predictions = _predictions(model, ids, len(evaluated))
    predictions.bounds = interval_bounds(predictions, intervals, model.sport)
    learned = learned_of(info, predictions.ids, model_file, (model.provenance or {}).get("data_hash"))
    called = name_of_model(output_dir, model_file)
    measured = _measured(predictions, intervals, info, model, called, None if learned is None else len(learned))
    if (output_dir / PAGES).is_file():  # of an evaluation into the same folder before
        remove_pages(output_dir / PAGES)
    write_report(output_dir, predictions, measured, model.sport)
    _print(measured, model)
    if not model.scores_learned:
        print(f"Without training of {' and '.join(model.unlearned_parts)} its scores mean nothing.")
    if learned is None:
        print("Nothing says which of these videos the model learned from.")
    elif learned:
        print(f"Of these {counted(len(predictions.ids), 'video')} the model learned from {len(learned)}.")
    if values.pages:
        pages = write_evaluation_pages(output_dir / PAGES, model, info, values.split, ids, values.model or called)
        print(f"Pages: {pages[0]}")
    print(f"Report: {output_dir}")


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
