"""`python -m data_prep simulate`: renders a dataset of simulated videos in a sport's official layout."""

import os
from pathlib import Path

from absl import flags

from data_prep.simulator.settings import SIMULATORS, TASKS, Settings
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import local_path

FLAGS = flags.FLAGS
flags.DEFINE_enum("sport", "diving", sorted(SIMULATORS), "Sport to simulate.")
flags.DEFINE_enum(
    "task",
    "scoring",
    TASKS,
    "Whole videos with scores, flights with the classes of their motion, or sessions of many performances with scores.",
)
flags.DEFINE_integer(
    "num_videos",
    None,
    "Videos to draw, two or more but of sessions; with --labels_dir the default is every usable row (diving) or 176, "
    "as in UNLV-Vault (vault).",
    lower_bound=1,
)
flags.DEFINE_integer("performances", None, "Performances in each session; default: 30.", lower_bound=1)
flags.DEFINE_float("minutes", None, "Minutes that each session lasts; default: 120.", lower_bound=0.1)
flags.DEFINE_integer(
    "seed",
    0,
    "Seed of everything random; on processors of one kind the same seed gives the same bytes.",
    lower_bound=0,
)
flags.DEFINE_integer(
    "rendering",
    0,
    "Which filming of the performances that --seed draws: another number gives the same scores, stages and split in "
    "other pixels, such as `--renderings` of `python -m scoringnet_tf.experiments` asks for.",
    lower_bound=0,
)
flags.DEFINE_string("output_dir", None, "Folder of the dataset: new, empty, or that of the same run interrupted.")
flags.DEFINE_string(
    "labels_dir",
    None,
    "Folder of real labels: files in the official layout (diving), or scores.csv and stage_seconds.csv (vault); "
    "default: drawn from the rules.",
)
flags.DEFINE_string(
    "noise_clips",
    None,
    "Folder of real clips that show no performance of the sport (UCF-101 without Diving and CliffDiving, HMDB51 "
    "without dive), which are drawn in as noise beside the simulated one; default: none.",
)
flags.DEFINE_bool("easy", False, "Preset for demonstrations; its name is written into the dataset.")
flags.DEFINE_float("test_fraction", 0.19, "Share of drawn videos in the test (validation, for clips) split.", 0.0, 0.9)
flags.DEFINE_integer("height", 240, "Height of the frames, pixels, even (the official videos: 240).", lower_bound=32)
flags.DEFINE_integer("width", 320, "Width of the frames, pixels, even (the official videos: 320).", lower_bound=32)
flags.DEFINE_integer("workers", None, "Processes; default: one for every core.", lower_bound=1)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    settings, output_dir = _settings_from_flags(), local_path(FLAGS.output_dir, "output_dir")
    from data_prep.simulator.dataset import simulate  # not before the flags are known to be good

    try:
        simulate(settings, output_dir, FLAGS.workers or os.cpu_count() or 1)
    except OSError as error:
        where = "" if error.filename else f"--output_dir={FLAGS.output_dir}: "  # a full disk names no file
        raise InputError("todo", f"{where}{error}") from error


def _settings_from_flags():
    cli.require(output_dir=FLAGS.output_dir)
    if FLAGS.height % 2 or FLAGS.width % 2:
        raise InputError("todo", f"Expected even --height and --width. Received: {FLAGS.height}, {FLAGS.width}")
    if FLAGS.labels_dir and FLAGS.task != "scoring":
        raise InputError("todo", f"Expected --labels_dir with --task=scoring alone. Received: --task={FLAGS.task}")
    if FLAGS.num_videos is None and not FLAGS.labels_dir:
        raise InputError("todo", "Expected --num_videos or --labels_dir. Received: neither")
    is_session = FLAGS.task == "session"
    if FLAGS.num_videos == 1 and not is_session:
        raise InputError("todo", "Expected --num_videos of 2 or more, for a split. Received: 1")
    given = [name for name in ("performances", "minutes") if FLAGS[name].value is not None]
    if given and not is_session:
        raise InputError("todo", f"Expected --{given[0]} with --task=session alone. Received: --task={FLAGS.task}")
    if not FLAGS["test_fraction"].using_default_value and (is_session or FLAGS.labels_dir):
        own = "sessions, which are all to test on" if is_session else "--labels_dir, which has a split of its own"
        raise InputError("todo", f"--test_fraction: expected none with {own}. Received: {FLAGS.test_fraction:g}")
    if FLAGS.task == "scoring" and not FLAGS.labels_dir and not FLAGS.test_fraction:
        raise InputError("todo", "--test_fraction: expected a number above 0, for a split to test on. Received: 0")
    if FLAGS.noise_clips and (FLAGS.easy or FLAGS.task != "scoring"):
        raise InputError("todo", "Expected --noise_clips with --task=scoring and without --easy. Received: one of them")
    return Settings(
        sport=FLAGS.sport,
        task=FLAGS.task,
        num_videos=FLAGS.num_videos,
        seed=FLAGS.seed,
        labels_dir=Path(FLAGS.labels_dir) if FLAGS.labels_dir else None,
        easy=FLAGS.easy,
        test_fraction=FLAGS.test_fraction,
        height=FLAGS.height,
        width=FLAGS.width,
        noise_clips=Path(FLAGS.noise_clips) if FLAGS.noise_clips else None,
        performances=FLAGS.performances or 30 if is_session else None,
        minutes=FLAGS.minutes or 120.0 if is_session else None,
        rendering=FLAGS.rendering,
    )
