r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json | --csv] [--plot_dir=FOLDER] [--video_dir=FOLDER]
    python -m scoringnet_tf.predict [--model=MODEL] --watch=FOLDER

Prints stages with their times, and the predicted difficulty, execution and final score. VIDEO is a file, a folder of
numbered images, a folder of videos, or a pattern ('dives/*.mp4'). A model of features takes files of features (.npy,
.npz, .h5) in place of videos.

A score is withheld if the video does not look like a performance of training; --force prints it all the same. A model
that learned its scores from simulated video alone gives stages and times; --force prints its scores, which are not a
measurement. A video that cannot be read is reported on stderr, and the others are still scored. The exit status is 0 if
every video has a score, or the stages of such a model, else 1.

--watch scores the videos of a folder, and then each one that arrives there, once it has not changed for two seconds; a
video that is replaced is scored again. Ctrl-C ends it with exit status 0.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags
from tqdm import tqdm

from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, Remark, Stopped, counted
from scoringnet_tf.support.model_files import DEFAULT_HELP, configuration, damaged, default_model, model_path
from scoringnet_tf.support.paths import as_path, writable_path

flags.DEFINE_string("model", None, f"Model: a .keras file or its folder. {DEFAULT_HELP}")
flags.DEFINE_bool("json", False, "JSON output, a line per video (docs/serving.md).")
flags.DEFINE_bool("csv", False, "CSV output, a row per performance.")
flags.DEFINE_string("plot_dir", None, "Folder for pictures: key frames above the stages.")
flags.DEFINE_string("video_dir", None, "Folder for video copies with the stages under the picture.")
flags.DEFINE_bool("joints", True, "Joints drawn on video copies and stills.")
flags.DEFINE_list("between", [], "Two moments between which --video_dir cuts, such as take-off,entry.")
flags.DEFINE_string("at", None, "Moment of which --plot_dir holds a still, such as entry.")
flags.DEFINE_string("watch", None, "Folder to watch for new videos, until Ctrl-C.")
flags.DEFINE_bool("force", False, "Scores that would be withheld, too.")
flags.DEFINE_float("start", None, "Start time, in seconds from the first frame.", 0)
flags.DEFINE_float("end", None, "End time, in seconds from the first frame.", 0)
flags.DEFINE_float("speed", 1.0, "How many times slower than life the film runs; 2 for half speed.", 0.1, 100)
flags.DEFINE_string("corrections", None, "Corrections to apply: a page's CSV file, or a folder with some.")
DRAWING = ("plot_dir", "video_dir")


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.data.features import finder_of
    from scoringnet_tf.data.video_files import DRAWN_SUFFIX
    from scoringnet_tf.report.printing import Pictures, Printer
    from scoringnet_tf.sports import get_sport

    # 1. Check what is asked for, before TensorFlow is imported
    values = flags.FLAGS
    _check(arguments)
    model = default_model() if values.model is None else values.model
    config = configuration(model_path(model), "model")
    reads_features = _reads_features(config["content"]["features"], arguments)
    if not reads_features:
        config = finder_of(config)
    try:
        sport = get_sport(config["sport"])
    except InputError as error:
        raise damaged(f"--model={model}", error) from error
    videos = _videos(arguments, reads_features)
    corrections = _corrections(videos, sport)

    # 2. Score and print one video after the other
    form = "json" if values.json else "csv" if values.csv else "text"
    folders = {".png": values.plot_dir, DRAWN_SUFFIX: values.video_dir}
    options: dict[str, Any] = {".png": {"at": values.at}, DRAWN_SUFFIX: {"between": values.between}}
    drawn = [(suffix, folder) for suffix, folder in folders.items() if folder]
    pictures = [Pictures(folder, suffix, joints=values.joints, **options[suffix]) for suffix, folder in drawn]
    printer = Printer(form, model, sport, pictures)
    results = _scored(model, reads_features, videos, corrections)
    try:
        printer.print_all(results, None if values.watch else len(videos), not values.watch)
    except Stopped:
        if not values.watch:  # which has no other end
            raise
        count, failed = counted(printer.count, "video"), printer.failed
        tqdm.write(f"predict: Stopped after {count}, {failed} of them without a result.", sys.stderr)
        return 0
    return 1 if printer.failed else 0


def _reads_features(features: Any, arguments: list[str]) -> bool:
    """Whether files of features are scored; heads on a backbone's features, or on joints, score videos, too."""
    from scoringnet_tf.data.features import is_features, sees_video

    reads_features = bool(features) and (not sees_video(features) or any(is_features(each) for each in arguments))
    for flag in (*DRAWING, "start", "end", "corrections") if reads_features else ():
        if flags.FLAGS[flag].value is not None:
            raise InputError("flags_conflict", f"--{flag} cannot be used with a model that reads features.")
    return reads_features


def _videos(arguments: list[str], reads_features: bool) -> Any:
    """What is to be scored; a list unless it grows."""
    from scoringnet_tf.data.features import SUFFIXES
    from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
    from scoringnet_tf.inference.inputs import named_videos
    from scoringnet_tf.inference.watching import Arrivals

    values, suffixes = flags.FLAGS, SUFFIXES if reads_features else VIDEO_SUFFIXES
    if values.watch:
        tqdm.write(f"predict: Watching {values.watch}. Ctrl-C ends it.", sys.stderr)
        return Arrivals(Path(values.watch), suffixes)
    return list(named_videos(arguments, suffixes, command="predict"))


def _corrections(videos: Any, sport: Any) -> dict[str, list]:
    """Path → its corrections, checked before TensorFlow is imported."""
    from scoringnet_tf.data.corrections import by_video, read_corrections

    path = flags.FLAGS.corrections
    return by_video(read_corrections(path), [video for video, problem in videos if not problem], sport) if path else {}


def _scored(model: str, reads_features: bool, videos: Any, corrections: dict[str, list]) -> Iterator[tuple]:
    """Yields name and result of each video."""
    # With no video that can be read, TensorFlow would be imported for nothing.
    if isinstance(videos, list) and all(problem for _, problem in videos):
        return ((video, Remark("unreadable", str(problem))) for video, problem in videos)
    cli.load_tensorflow()
    values = flags.FLAGS
    options = {name: getattr(values, name) for name in ("start", "end", "force", "speed")}
    from scoringnet_tf.inference.predictor import predictor_of, scored

    return scored(videos, predictor_of(model, reads_features), corrections=corrections, **options)


def _check(arguments: list[str]) -> None:
    """InputError if the command line contradicts itself, or cannot be written to."""
    values = flags.FLAGS
    if values.watch and arguments:
        raise InputError("flags_conflict", "--watch and VIDEO exclude each other.")
    if values.watch and not as_path(values.watch, "watch").is_dir():
        raise InputError("no_folder", f"--watch={values.watch} is not a folder.")
    if not values.watch and not arguments:
        raise InputError("no_videos", "No videos are named.", "See --help.")
    if values.json and values.csv:
        raise InputError("flags_conflict", "--json and --csv exclude each other.")
    if values.between and (len(values.between) != 2 or not values.video_dir):
        raise InputError("wrong_value", "--between takes the names of two moments, and needs --video_dir.")
    if values.at and not values.plot_dir:
        raise InputError("missing_flag", f"--at={values.at} needs --plot_dir.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError("out_of_range", f"--end={values.end:g} is not after --start={values.start or 0:g}.")
    for flag in ("watch", "start", "end") if values.corrections else ():
        if values[flag].value is not None:
            raise InputError("flags_conflict", f"--corrections and --{flag} exclude each other.")
    for flag in DRAWING:
        if values[flag].value:
            writable_path(str(values[flag].value), flag)


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
