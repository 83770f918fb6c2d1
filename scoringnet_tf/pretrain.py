r"""Pretrains C3D on classes of motion: simulated dives and vaults, or action videos (§4.2 pretrains on UCF-101).

    python -m scoringnet_tf.pretrain --flagfile=recipes/motion.flags --records_dir=… --model_dir=…
    python -m scoringnet_tf.pretrain --flagfile=recipes/ucf101.flags --records_dir=… --model_dir=…

The best C3D by mean validation accuracy is MODEL_DIR/c3d.keras, for `scoringnet_tf.train --pretrained`. With
--clip_sampling=consecutive its accuracy on videos, beside that on clips, is printed at the end and written into
MODEL_DIR/metrics.json. A run that was stopped goes on when the same command is given again.
"""

import sys
from collections.abc import Mapping
from typing import Any

from absl import flags

from scoringnet_tf import defaults
from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import configuration
from scoringnet_tf.support.paths import check_access
from scoringnet_tf.training import run_flags

flags.DEFINE_string("records_dir", None, "Folder of TFRecords with classes, made by `python -m data_prep build`.")
flags.DEFINE_string("model_dir", None, "Folder for checkpoints, the model and curves; a stopped run in it goes on.")
flags.DEFINE_list(
    "image_size", [*map(str, defaults.IMAGE_SIZE)], "Height,width of the model's input, pixels. C3D: 112,112."
)
flags.DEFINE_integer("clip_length", defaults.CLIP_LENGTH, "Frames of a clip. C3D: 16.", 1)
flags.DEFINE_enum(
    "clip_sampling",
    "whole",
    ["whole", "consecutive"],
    "A clip is the whole video, less a random tenth at each end, resampled to --clip_length frames; or that many "
    "consecutive frames from a random start (C3D), and videos are then evaluated by several clips each.",
)
flags.DEFINE_integer(
    "clips_per_video", 10, "With --clip_sampling=consecutive: evenly spaced clips to evaluate a video by.", 1
)
flags.DEFINE_float(
    "validation_fraction",
    0.1,
    "Share of the training videos (of UCF-101: of their groups, which are cut from one video each) held out to choose "
    "the best epoch, where the records have no validation split; never the test split.",
    0,
    0.9,
)
flags.DEFINE_integer("batch_size", 30, "Clips per step. C3D: 30.", 1)
flags.DEFINE_integer("epochs", 16, "Passes over the training clips.", 1)
flags.DEFINE_float(
    "width_multiplier", defaults.WIDTH_MULTIPLIER, "Scales every layer; as in `scoringnet_tf.train`.", 0.01
)
flags.DEFINE_enum(
    "top",
    "fc",
    ["fc", "regressor"],
    "Between trunk and classes: C3D's fc6 and fc7, or SP's regressor, which the towers then start from as well.",
)
flags.DEFINE_integer(
    "pool_stride", defaults.POOL_STRIDE, "Of both poolings with --top=regressor; as in `scoringnet_tf.train`.", 1
)
flags.DEFINE_float("dropout", 0.5, "After the fully connected layers. C3D: 0.5.", 0, 0.95)
flags.DEFINE_string("pretrained", None, "C3D (.keras) to go on from with other classes; default: from scratch.")
flags.DEFINE_float("weight_decay", 0.0, "β‖w‖² on the convolution kernels.", 0)

flags.adopt_module_key_flags(run_flags)


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
    settings = cli.flag_values(sys.modules[__name__])
    cli.require(records_dir=settings["records_dir"], model_dir=settings["model_dir"])
    settings["image_size"] = cli.size_flag("image_size")
    run_flags.check_learning_rate(settings)
    info = load_records(settings["records_dir"])
    check_access(settings["model_dir"], "model_dir", writing=True)
    if settings["pretrained"]:
        configuration(settings["pretrained"], "pretrained", ["C3D"])

    from scoringnet_tf.training import idle_flags
    from scoringnet_tf.training.pretraining import PretrainingRun

    run = PretrainingRun(info, settings)
    idle_flags.say(idle_flags.of_pretraining(info, settings))
    best = run.run()
    if settings["clip_sampling"] == "consecutive":
        print(describe(run.evaluate()))
    print(f"Best C3D: {best}\nUse it:   python -m scoringnet_tf.train --pretrained={best} …")


if __name__ == "__main__":
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
