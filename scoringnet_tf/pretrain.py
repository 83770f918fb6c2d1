r"""Pretrains C3D on classes of motion: simulated dives and vaults, or action videos (§4.2 pretrains on UCF-101).

    python -m scoringnet_tf.pretrain --flagfile=motion.flags --records_dir=… --model_dir=…

The best C3D by mean validation accuracy is MODEL_DIR/c3d.keras, for `scoringnet_tf.train --pretrained`. A run that was
stopped goes on when the same command is given again.
"""

import sys

from absl import flags

from scoringnet_tf import cli, run_flags

flags.DEFINE_string("records_dir", None, "Folder of TFRecords with classes, made by `python -m data_prep build`.")
flags.DEFINE_string("model_dir", None, "Folder for checkpoints, the model and curves; a stopped run in it goes on.")
flags.DEFINE_list("image_size", ["112", "112"], "Height,width of the model's input, pixels. C3D: 112,112.")
flags.DEFINE_integer(
    "clip_length", 16, "Frames that a video, less a random tenth at each end, is resampled to. C3D: 16.", 1
)
flags.DEFINE_integer("batch_size", 30, "Clips per step. C3D: 30.", 1)
flags.DEFINE_integer("epochs", 16, "Passes over the training clips.", 1)
flags.DEFINE_float("width_multiplier", 1.0, "Scales every layer; as in `scoringnet_tf.train`.", 0.01)
flags.DEFINE_enum(
    "top",
    "fc",
    ["fc", "regressor"],
    "Between trunk and classes: C3D's fc6 and fc7, or SP's regressor, which the towers then start from as well.",
)
flags.DEFINE_float("dropout", 0.5, "After the fully connected layers. C3D: 0.5.", 0, 0.95)
flags.DEFINE_string("pretrained", None, "C3D (.keras) to go on from with other classes; default: from scratch.")
flags.DEFINE_float("weight_decay", 0.0, "β‖w‖² on the convolution kernels.", 0)

flags.adopt_module_key_flags(run_flags)


def main(_):
    settings = cli.flag_values(sys.modules[__name__])
    cli.require(records_dir=settings["records_dir"], model_dir=settings["model_dir"])
    settings["image_size"] = cli.size_flag("image_size")
    info = cli.load_records(settings["records_dir"])

    from scoringnet_tf.training.pretraining import PretrainingRun

    best = PretrainingRun(info, settings).run()
    print(f"Best C3D: {best}\nUse it:   python -m scoringnet_tf.train --pretrained={best} …")


if __name__ == "__main__":
    sys.exit(cli.run(main))
