r"""Pretrains C3D on classes of motion: simulated dives and vaults, or action videos (§4.2 pretrains on UCF-101).

    python -m scoringnet_tf.pretrain --flagfile=motion.flags --records_dir=… --model_dir=…

The best C3D by mean validation accuracy is MODEL_DIR/c3d.keras, for `scoringnet_tf.train --pretrained`. A run that was
stopped goes on when the same command is given again.
"""

import sys

from absl import flags

from scoringnet_tf import cli
from scoringnet_tf.dataset_info import DatasetInfo

flags.DEFINE_string("records_dir", None, "Folder of TFRecords with classes, made by `python -m data_prep build`.")
flags.DEFINE_string("model_dir", None, "Folder for checkpoints, the model and curves; a stopped run in it goes on.")
flags.DEFINE_list("image_size", ["112", "112"], "Height,width of the model's input, pixels. C3D: 112,112.")
flags.DEFINE_integer("clip_length", 16, "Frames that a video is resampled to. C3D: 16.", 1)
flags.DEFINE_integer("batch_size", 30, "Clips per step. C3D: 30.", 1)
flags.DEFINE_integer("epochs", 16, "Passes over the training clips.", 1)
flags.DEFINE_integer("max_start_shift", 0, "The start frame is shifted by a random 0…this, frames.", 0)
flags.DEFINE_bool("flip", True, "Mirror clips at random.")
flags.DEFINE_integer("crop_shift", 6, "The crop lies up to this many pixels from the centre, each way.", 0)
flags.DEFINE_float("color_jitter", 0.2, "Strength of random brightness, contrast and saturation.", 0, 1)
flags.DEFINE_float("width_multiplier", 1.0, "Scales every layer; as in `scoringnet_tf.train`.", 0.01)
flags.DEFINE_enum(
    "top",
    "fc",
    ["fc", "regressor"],
    "Between trunk and classes: C3D's fc6 and fc7, or SP's regressor, which the towers then start from as well.",
)
flags.DEFINE_float("dropout", 0.5, "After the fully connected layers. C3D: 0.5.", 0, 0.95)
flags.DEFINE_float("weight_decay", 0.0, "β‖w‖² on the convolution kernels.", 0)
flags.DEFINE_float("learning_rate", 1e-3, "Of Adam.", 0)
flags.DEFINE_float("decay_rate", 0.45, "Factor of the learning rate every --decay_steps.", 0.01, 1)
flags.DEFINE_integer("decay_steps", 600, "Iterations between decays; 0 never decays.", 0)
flags.DEFINE_integer("warmup_steps", 100, "Iterations over which the learning rate rises to its value.", 0)
flags.DEFINE_float("clip_norm", 1.0, "Largest norm of the gradient; 0 does not clip.", 0)
flags.DEFINE_enum(
    "precision",
    "auto",
    ["auto", "float32", "mixed_bfloat16", "mixed_float16"],
    "auto: mixed_float16 on a GPU, mixed_bfloat16 on a CPU that has it. Models are saved in float32.",
)
flags.DEFINE_integer("seed", 0, "Of initialisation, order, augmentation and dropout.")
flags.DEFINE_bool("deterministic", True, "Bitwise repeatable; a little slower on a GPU.")


def main(_):
    settings = cli.flag_values(sys.modules[__name__])
    cli.require(records_dir=settings["records_dir"], model_dir=settings["model_dir"])
    settings["image_size"] = cli.size_flag("image_size")
    info = DatasetInfo.load(settings["records_dir"])

    from scoringnet_tf.training.pretraining import PretrainingRun

    best = PretrainingRun(info, settings).run()
    print(f"Best C3D: {best}\nUse it:   python -m scoringnet_tf.train --pretrained={best} …")


if __name__ == "__main__":
    sys.exit(cli.run(main))
