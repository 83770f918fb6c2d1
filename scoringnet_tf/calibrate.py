r"""Measures a model's training videos, to tell what is unlike them, and how far its scores and times are off.

    python -m scoringnet_tf.calibrate --model=MODEL --records_dir=RECORDS

`train` does it at its end; use this for a model that was trained further, or by an older version. RECORDS are its
training's: their training and validation splits are measured, never the test split. The model's file is
replaced. `predict` then withholds scores of unlike videos, and states intervals, of times too (docs/serving.md).

Intervals come from videos that the model did not learn from: the validation split, or those that its run held out
(config.json beside the model). If there are neither, name others with --held_out_split. A split that sets the
intervals is no evidence of how well they hold. Intervals that the model has are not given up for none.
"""

import sys
from typing import Any

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import check_model, is_shipped
from scoringnet_tf.support.paths import AnyPath

flags.DEFINE_string("model", None, "Model to update: a .keras file or its folder.")
flags.DEFINE_string("records_dir", None, "Folder with the model's training records.")
flags.DEFINE_string("held_out_split", None, "Split for the intervals. Default: videos held out in training.")
flags.DEFINE_string("held_out_records_dir", None, "Records with --held_out_split. Default: --records_dir.")
flags.DEFINE_integer("batch_size", 4, "Videos per step; no effect on the result.", 1)


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

    cli.load_tensorflow()
    from scoringnet_tf.inference.calibration import calibrate, check_kept, replace_file
    from scoringnet_tf.models.parameter_groups import STAGE_PARTS
    from scoringnet_tf.models.presets import check_trained, load_scoring_net

    before, model = file_sha256(model_file), load_scoring_net(values.model)
    check_trained(model, model_file, parts=None if model.segmenter is None else STAGE_PARTS)
    known = (model.provenance or {}).get("data_hash")
    held_out = _held_out(info, model_file, known)
    calibrated = calibrate(model, info, held_out, values.batch_size)
    check_kept(model, calibrated)
    replace_file(model_file, calibrated, before)
    if known and known != info.data_hash:
        print(f"{model_file} was trained on other records than {info.records_dir}. Its reference now comes from these.")
    _print(model_file, calibrated)


def _held_out(info: DatasetInfo, model_file: AnyPath, data_hash: str | None) -> Any:
    """The videos that set the intervals, or why there are none."""
    from scoringnet_tf.training.calibration_split import held_out_by_name, held_out_by_run

    values, folder = flags.FLAGS, flags.FLAGS.held_out_records_dir
    if values.held_out_split:
        records = load_records(folder) if folder else info
        return held_out_by_name(info, records, values.held_out_split, model_file)
    return held_out_by_run(info, model_file, data_hash)


def _print(path: AnyPath, model: Any) -> None:
    statistics = model.reference
    certainty, intervals, times = statistics.certainty or {}, statistics.intervals, statistics.times
    print(f"Model: {path}, calibrated on {counted(statistics.num_videos, 'training video')}:")
    for stage, (shortest, longest) in statistics.durations.items():
        surely = f", found with a probability of {certainty[stage]:.2f} or more" if stage in certainty else ""
        print(f"  {stage:<14} {shortest:.2f} to {longest:.2f} s{surely}")
    if statistics.spread:
        print(f"  nearly all within a distance of {statistics.spread.limit:.3g} from their mean")
    for score, width in intervals.half_widths.items():
        videos = counted(intervals.num_videos[score], "held-out video")
        print(f"  {score:<14} ± {width:.3g} holds the true score with {100 * intervals.level:.0f} % ({videos})")
    if intervals.lacking:
        print(f"  no intervals: {intervals.lacking}")
    for name, width in times.half_widths.items():
        videos = counted(times.num_videos[name], "held-out video")
        print(f"  {name:<14} ± {width:.2f} s holds the labelled one with {100 * times.level:.0f} % ({videos})")
    if times.lacking not in ("", intervals.lacking):
        print(f"  no uncertainty of times: {times.lacking}")


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
