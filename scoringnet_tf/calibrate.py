r"""Measures what a model's training videos are like, to tell what is unlike them, and how far its scores are off.

    python -m scoringnet_tf.calibrate --model=MODEL --records_dir=RECORDS

`train` does it at its end. For a model from before, or one that was trained further: the records are those that it was
trained on; their training and validation splits are looked at, never the test split. The file of the model is replaced
by the same model with what was measured. `predict` then withholds scores of what is too far from it, states intervals,
and shows the training videos most alike, see docs/serving.md.

Intervals are measured on videos that the model did not learn from: the validation split of the records, or what its run
held out of the training split, as config.json beside the model says. Where there are neither, --held_out_split names
other ones. A split whose videos set the intervals says nothing about how well they hold.
"""

import sys

from absl import flags

from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import check_model, is_shipped

flags.DEFINE_string("model", None, "A .keras file or a folder with one: a path, whose file is replaced.")
flags.DEFINE_string("records_dir", None, "Folder of the TFRecords that it was trained on.")
flags.DEFINE_string(
    "held_out_split",
    None,
    "Split whose videos set the intervals. Default: what the run of --model held out of its training.",
)
flags.DEFINE_string("held_out_records_dir", None, "Folder of the records of --held_out_split. Default: --records_dir.")
flags.DEFINE_bool(
    "training_ids",
    True,
    "Keep ids and true scores of training videos in the model, so that predict shows the three most alike; "
    "--notraining_ids where a model is shared and these are not to be.",
)
flags.DEFINE_integer(
    "views",
    None,
    "Views of a fragment that the model is to score from, as in train; kept with it. Default: as many as it has.",
)
flags.DEFINE_integer("batch_size", 4, "Videos per step; does not change the result.", 1)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(model=values.model, records_dir=values.records_dir)
    if values.held_out_records_dir and not values.held_out_split:
        raise InputError("missing_flag", "--held_out_records_dir needs --held_out_split.")
    info = load_records(values.records_dir)
    if is_shipped(values.model):
        raise InputError("wrong_value", f"--model={values.model} names a shipped model.", "Give the path of your own.")
    model_file = check_model(values.model, shipped=False)

    from scoringnet_tf.inference.calibration import add_reference
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.calibration_split import not_learned_from

    known = (load_scoring_net(values.model).provenance or {}).get("data_hash")
    held_out = _held_out(info, model_file, known)
    path, model = add_reference(
        values.model,
        info,
        held_out,
        values.batch_size,
        values.training_ids,
        values.views,
        not_learned_from(info, model_file, known),
    )
    if known and known != info.data_hash:
        print(f"{path} was trained on other records than {info.records_dir}. Its reference now comes from these.")
    _print(path, model)


def _held_out(info, model_file, data_hash):
    """The videos that set the intervals, or why there are none."""
    from scoringnet_tf.training.calibration_split import held_out_by_name, held_out_by_run

    values, folder = flags.FLAGS, flags.FLAGS.held_out_records_dir
    if values.held_out_split:
        records = load_records(folder) if folder else info
        return held_out_by_name(info, records, values.held_out_split, model_file)
    return held_out_by_run(info, model_file, data_hash)


def _print(path, model):
    reference = model.reference
    certainty = reference.certainty or {}
    print(f"Model: {path}, calibrated on {counted(reference.num_videos, 'training video')}:")
    for stage, (shortest, longest) in reference.durations.items():
        surely = f", found with a probability of {certainty[stage]:.2f} or more" if stage in certainty else ""
        print(f"  {stage:<14} {shortest:.2f} to {longest:.2f} s{surely}")
    if reference.spread:
        print(f"  nearly all within a distance of {reference.spread.limit:.3g} from their middle")
    intervals = reference.intervals
    for score, width in intervals.half_widths.items():
        of = f"of {counted(intervals.num_videos[score], 'held-out video')}"
        print(f"  {score:<14} true score within ± {width:.3g} with {100 * intervals.level:.0f} %, {of}")
    if intervals.lacking:
        print(f"  no intervals: {intervals.lacking}")
    if reference.bank:
        print(f"  it keeps ids and true scores of {len(reference.bank.ids)} of them (--notraining_ids leaves them out)")


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
