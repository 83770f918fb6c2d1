r"""Trains ScoringNet on records (§4.2).

    python -m scoringnet_tf.train --flagfile=diving.flags --records_dir=… --model_dir=…

The best model by validation F-SRC is MODEL_DIR/best.keras; curves: tensorboard --logdir=MODEL_DIR. Rerun the same
command to resume a run that was stopped. Every setting is in MODEL_DIR/config.json.
"""

import dataclasses
import sys

from absl import flags

from scoringnet_tf.sports import NOISE
from scoringnet_tf.support import cli
from scoringnet_tf.support.model_files import check_model, configuration
from scoringnet_tf.support.paths import as_path, check_access
from scoringnet_tf.training import flags as training_flags
from scoringnet_tf.training.config import TrainingConfig, WholeVideos

training_flags.define(TrainingConfig)


def _add_reference(run, best):
    """Keeps with the best model what its training videos are like, if they can be compared."""
    from scoringnet_tf.inference.calibration import calibrate, can_be_measured, is_calibrated
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.calibration_split import held_out_by_run

    if can_be_measured(run.model) and not is_calibrated(model := load_scoring_net(best), run.info):
        calibrate(model, run.info, held_out_by_run(run.info, best, run.info.data_hash)).save(best)


def _of_records(config, info):
    """The configuration for records of a sport without stages: of whole videos, unless --fragments says otherwise."""
    if info.stages != [NOISE] or flags.FLAGS["fragments"].present:
        return config
    return dataclasses.replace(config, model=dataclasses.replace(config.model, fragments=WholeVideos()))


def _check_files(config):
    """InputError if a file of weights that the run is to start from is missing, or of another model."""
    for flag, path in config.starts.items():
        if flag == "pretrained":
            configuration(path, flag, ["C3D"])
        else:
            check_model(path, flag)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.data.dataset_info import load_records
    from scoringnet_tf.training.targets import check_start

    config = training_flags.configuration(TrainingConfig())
    cli.require(records_dir=config.data.records_dir, model_dir=config.run.model_dir)
    info = load_records(config.data.records_dir)
    config = _of_records(config, info)
    check_access(config.run.model_dir, "model_dir", writing=True)
    check_start(info, config)
    if not (as_path(config.run.model_dir) / "config.json").is_file():  # a run goes on without what it started from
        _check_files(config)

    cli.load_tensorflow()
    from scoringnet_tf.training.scoring import ScoringRun

    run = ScoringRun(info, config)
    best = run.run()
    if run.worker > 0:
        return
    print(f"Best model: {best}")
    if config.run.reference:
        _add_reference(run, best)
    if not run.model.scores_learned:
        print(f"Train SP:   python -m scoringnet_tf.train --segmenter={best} … (suggest takes it too)")
        return
    print(f"Evaluate:   python -m scoringnet_tf.evaluate --model={best} --records_dir={info.records_dir}")


if __name__ == "__main__":
    training_flags.group_help(TrainingConfig)
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
