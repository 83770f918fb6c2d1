r"""Trains ScoringNet on records (§4.2).

    python -m scoringnet_tf.train --flagfile=diving.flags --records_dir=… --model_dir=…

The best model by validation F-SRC is MODEL_DIR/best.keras; curves: tensorboard --logdir=MODEL_DIR. Rerun the same
command to resume a run that was stopped. Every setting is in MODEL_DIR/config.json.
"""

import dataclasses
import sys

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support import cli
from scoringnet_tf.training import carry_out
from scoringnet_tf.training import flags as training_flags
from scoringnet_tf.training.config import TrainingConfig, WholeVideos
from scoringnet_tf.training.plan import check

training_flags.define(TrainingConfig)
flags.adopt_module_key_flags(training_flags)  # for --help


def _of_records(config: TrainingConfig, info: DatasetInfo) -> TrainingConfig:
    """The configuration for records of a sport without stages: of whole videos, unless --fragments says otherwise."""
    if info.stages != [NOISE] or flags.FLAGS["fragments"].present:
        return config
    return dataclasses.replace(config, model=dataclasses.replace(config.model, fragments=WholeVideos()))


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    config = training_flags.configuration(TrainingConfig())
    info = training_flags.records(config)
    plan = check(_of_records(config, info), info)  # before TensorFlow is imported, which takes seconds
    cli.load_tensorflow()
    run, best = carry_out(plan)
    if run.worker > 0:
        return
    print(f"Best model: {best}")
    if not run.model.scores_learned:
        print(f"Train SP:   python -m scoringnet_tf.train --segmenter={best}")
        return
    print(f"Evaluate:   python -m scoringnet_tf.evaluate --model={best} --records_dir={info.records_dir}")


if __name__ == "__main__":
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
