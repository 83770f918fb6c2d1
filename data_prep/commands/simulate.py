"""Renders simulated videos, in a public dataset's layout.

    python -m data_prep simulate --sport=diving --num_videos=100 --output_dir=VIDEOS

The same seed draws the same performances, and the same pixels on processors of one kind.
"""

import os
import sys
from pathlib import Path
from typing import Any

from absl import flags

from data_prep.simulator.settings import SIMULATORS, TASKS, Settings
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import as_path

FLAGS = flags.FLAGS
flags.DEFINE_enum("sport", "diving", sorted(SIMULATORS), "Sport to simulate.")
flags.DEFINE_enum("task", "scoring", TASKS, "Scored videos, or flights with classes.")
flags.DEFINE_integer("num_videos", None, "Number of videos. Default with --labels_dir: all.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Random seed; the same processor gives the same bytes.", lower_bound=0)
flags.DEFINE_integer("rendering", 0, "Filming number: same scores, stages and split in other pixels.", lower_bound=0)
flags.DEFINE_string("output_dir", None, "Folder for the dataset: new, empty, or with the same interrupted run.")
flags.DEFINE_string("labels_dir", None, "Folder with real labels. Default: labels drawn from the rules.")
flags.DEFINE_bool("joints", False, "Records of joints, in metres, in place of videos.")
flags.DEFINE_bool("easy", False, "Preset for demonstrations, which the dataset names.")
flags.DEFINE_bool("film", False, "Film looks, as people shoot it: near, far, by hand, cut out, mixed, slow.")
flags.DEFINE_bool("close", False, "Camera that stays on the athlete, who fills the picture.")
flags.DEFINE_enum("split", None, ["train", "test"], "The only split whose videos are rendered. Default: all.")
flags.DEFINE_float("test_fraction", 0.19, "Test share (clips: validation share).", 0.0, 0.9)
flags.DEFINE_integer("height", 240, "Frame height, pixels, even.", lower_bound=32)
flags.DEFINE_integer("width", 320, "Frame width, pixels, even.", lower_bound=32)
flags.DEFINE_integer("workers", None, "Processes. Default: one per core.", lower_bound=1)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    settings, output_dir = _settings_from_flags(), as_path(FLAGS.output_dir, "output_dir")
    # Not before the flags are known to be good.
    if settings.joints:
        cli.load_tensorflow()
        from data_prep.simulator.joints import simulate_joints as simulate
    else:
        from data_prep.simulator.dataset import simulate

    try:
        simulate(settings, output_dir, FLAGS.workers or os.cpu_count() or 1)
    except OSError as error:
        where = "" if error.filename else f"--output_dir={FLAGS.output_dir}: "  # a full disk names no file
        raise InputError("not_written", f"{where}{error}") from error


def _settings_from_flags() -> Settings:
    cli.require(output_dir=FLAGS.output_dir)
    _check_flags()
    same = ("sport", "task", "num_videos", "seed", "rendering", "split", "test_fraction", "height", "width")
    looks = ("easy", "film", "close", "joints")
    values: dict[str, Any] = {name: FLAGS[name].value for name in (*same, *looks)}
    return Settings(**values, labels_dir=Path(FLAGS.labels_dir) if FLAGS.labels_dir else None)


def _check_flags() -> None:
    is_drawn = FLAGS.task == "scoring" and not FLAGS.labels_dir
    if FLAGS.height % 2 or FLAGS.width % 2:
        raise InputError("wrong_value", f"--height={FLAGS.height} and --width={FLAGS.width} must be even.")
    if FLAGS.joints and (sizes := [name for name in ("height", "width") if not FLAGS[name].using_default_value]):
        raise InputError("flags_conflict", f"--{sizes[0]} has no effect with --joints.")
    if FLAGS.labels_dir and FLAGS.task != "scoring":
        raise InputError("flags_conflict", f"--labels_dir has no effect with --task={FLAGS.task}.")
    if FLAGS.num_videos is None and not FLAGS.labels_dir:
        raise InputError("missing_flag", "--num_videos or --labels_dir is missing.")
    if FLAGS.num_videos == 1:
        raise InputError("out_of_range", "--num_videos=1 cannot be split: use 2 or more.")
    if not FLAGS["test_fraction"].using_default_value and FLAGS.labels_dir:
        raise InputError("flags_conflict", "--test_fraction has no effect with --labels_dir, which has its own split.")
    if is_drawn and not FLAGS.test_fraction:
        raise InputError("out_of_range", "--test_fraction=0 leaves no videos to test on.")


if __name__ == "__main__":
    sys.exit(cli.run(main))
