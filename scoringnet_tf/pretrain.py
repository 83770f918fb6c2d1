r"""Pretrains C3D on classes of motion: simulated dives and vaults, or action videos (§4.2 pretrains on UCF-101).

    python -m scoringnet_tf.pretrain --flagfile=recipes/motion.flags --records_dir=… --model_dir=…
    python -m scoringnet_tf.pretrain --flagfile=recipes/ucf101.flags --records_dir=… --model_dir=…

The best C3D by mean validation accuracy is MODEL_DIR/c3d.keras, for `scoringnet_tf.train --pretrained`. With
--clip_sampling=consecutive its accuracy on clips and on videos is printed, and written into MODEL_DIR/metrics.json.
Rerun the same command to resume a run that was stopped.
"""

import sys
from collections.abc import Mapping
from typing import Any

from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import configuration
from scoringnet_tf.support.paths import check_access
from scoringnet_tf.support.quiet import load_tensorflow
from scoringnet_tf.training import flags as training_flags
from scoringnet_tf.training.config import Consecutive, PretrainingConfig

training_flags.define(PretrainingConfig)


def describe(metrics: Mapping[str, Any]) -> str:
    """What `PretrainingRun.evaluate` measured, as text."""
    videos, clips = counted(metrics["num_videos"], "video"), counted(metrics["clips_per_video"], "clip")
    lines = [f"{metrics['split']} split: {videos}, {clips} of each"]
    for head, accuracy in metrics["accuracy"].items():
        lines.append(f"  {head}: accuracy on clips {accuracy['clip']:.3f}, on videos {accuracy['video']:.3f}")
    if metrics["split"] == "validation":
        lines.append("  The same videos chose the epoch, which flatters it.")
    return "\n".join(lines)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    config = training_flags.configuration(PretrainingConfig())
    cli.require(records_dir=config.data.records_dir, model_dir=config.run.model_dir)
    info = load_records(config.data.records_dir)
    check_access(config.run.model_dir, "model_dir", writing=True)
    if config.model.pretrained:
        configuration(config.model.pretrained, "pretrained", ["C3D"])

    load_tensorflow()
    from scoringnet_tf.training.pretraining import PretrainingRun

    run = PretrainingRun(info, config)
    best = run.run()
    if isinstance(config.data.clip_sampling, Consecutive):
        print(describe(run.evaluate()))
    print(f"Best C3D: {best}\nUse it:   python -m scoringnet_tf.train --pretrained={best} …")


if __name__ == "__main__":
    training_flags.group_help(PretrainingConfig)
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
