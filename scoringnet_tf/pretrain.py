r"""Pretrains C3D on classes of motion: simulated dives and vaults, or action videos (§4.2 pretrains on UCF-101).

    python -m scoringnet_tf.pretrain --flagfile=recipes/motion.flags --records_dir=… --model_dir=…
    python -m scoringnet_tf.pretrain --flagfile=recipes/ucf101.flags --records_dir=… --model_dir=…

The best C3D by mean validation accuracy is MODEL_DIR/c3d.keras, for `scoringnet_tf.train --pretrained`.
Rerun the same command to resume a run that was stopped.
"""

import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.training import carry_out
from scoringnet_tf.training import flags as training_flags
from scoringnet_tf.training.config import PretrainingConfig
from scoringnet_tf.training.plan import check

training_flags.define(PretrainingConfig)
flags.adopt_module_key_flags(training_flags)  # for --help


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    config = training_flags.configuration(PretrainingConfig())
    plan = check(config, training_flags.records(config))
    cli.load_tensorflow()
    best = carry_out(plan)[1]
    print(f"Best C3D: {best}\nUse it:   python -m scoringnet_tf.train --pretrained={best} …")


if __name__ == "__main__":
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
