r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json | --csv] [--plot_dir=FOLDER] [--video_dir=FOLDER]
    python -m scoringnet_tf.predict [--model=MODEL] --watch=FOLDER

Prints stages with their times, and the predicted difficulty, execution and final score. VIDEO is a file, a folder of
numbered images, a folder of videos, a pattern ('dives/*.mp4'), an address that fsspec reads (https://…, s3://…), or
- for a list on standard input. A model of features takes files of features (.npy, .npz, .h5) in place of videos.

A score is withheld if the video does not look like a performance of training; --force prints it all the same. A model
that learned its scores from simulated video alone gives stages and times; --force prints its scores, which are not a
measurement. A video that cannot be read is reported on stderr, and the others are still scored. The exit status is 0 if
every video has a score, or the stages of such a model, else 1. Rerun a command with --results_dir to resume it.

--watch scores the videos of a folder, and then each one that arrives there, once it has not changed for two seconds; a
video that is replaced is scored again. Ctrl-C ends it with exit status 0.
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags
from tqdm import tqdm

from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, Remark, Stopped, clock, counted
from scoringnet_tf.support.model_files import DEFAULT_HELP, configuration, damaged, default_model, model_path
from scoringnet_tf.support.paths import check_access, local_path

if TYPE_CHECKING:
    from scoringnet_tf.inference.result import PartSummary

flags.DEFINE_string("model", None, f"Model: a .keras file or its folder. {DEFAULT_HELP}")
flags.DEFINE_bool("json", False, "JSON output, a line per video (docs/serving.md).")
flags.DEFINE_bool("csv", False, "CSV output, a row per performance.")
flags.DEFINE_string("plot_dir", None, "Folder for pictures: key frames above the stages.")
flags.DEFINE_string("video_dir", None, "Folder for video copies with the stages under the picture.")
flags.DEFINE_string("watch", None, "Folder to watch for new videos, until Ctrl-C.")
flags.DEFINE_bool("force", False, "Scores that would be withheld, too.")
flags.DEFINE_float("start", None, "Start time, in seconds from the first frame.", 0)
flags.DEFINE_float("end", None, "End time, in seconds from the first frame.", 0)
flags.DEFINE_string("height", None, "Board height in metres, or a CSV file (video,height); adds speeds.")
flags.DEFINE_string("results_dir", None, "Folder for cached results, reused when you rerun.")
flags.DEFINE_string("runner", None, "Apache Beam runner with its options, for --results_dir (extra: beam).")
flags.declare_key_flag("timeout")
DRAWING = ("plot_dir", "video_dir")


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.inference.fall import check_named, read_heights
    from scoringnet_tf.report.printing import Printer
    from scoringnet_tf.sports import get_sport

    values = flags.FLAGS
    _check(arguments)

    model = default_model() if values.model is None else values.model
    config = configuration(model_path(model), "model")
    try:
        sport = get_sport(config["sport"])
    except InputError as error:
        raise damaged(f"--model={model}", error) from error
    heights = None if values.height is None else read_heights(values.height, sport)
    reads_features = _reads_features(config["content"]["features"], arguments)
    if reads_features:
        _check_frame_flags()
    videos = _videos(arguments, reads_features)
    if isinstance(videos, list):
        check_named(heights, [video for video, _ in videos])
    total = len(videos) if isinstance(videos, list) else None
    with tqdm(total=total, desc="Scoring", unit="video", leave=False, disable=total in (0, 1) or None) as progress:
        form = "json" if values.json else "csv" if values.csv else "text"
        begin = functools.partial(Printer, form, model, sport, progress)  # prints the head of a table
        # With no video that can be read, TensorFlow would be imported for nothing.
        if isinstance(videos, list) and all(problem for _, problem in videos):
            outcomes = ((video, Remark("unreadable", str(problem))) for video, problem in videos)
            return 1 if _print(outcomes, begin(), progress) else 0
        with _scoring(model, reads_features, heights) as score_all:
            return 1 if _print(score_all(videos), begin(), progress) else 0


def _reads_features(features: Any, arguments: list[str]) -> bool:
    """Whether files of features are scored; heads on a backbone's features score videos by it, too."""
    from scoringnet_tf.data.features import backbone_of, is_features

    return bool(features) and (backbone_of(features) is None or any(is_features(each) for each in arguments))


def _videos(arguments: list[str], reads_features: bool) -> Any:
    """What is to be scored; a list if that does not grow."""
    from scoringnet_tf.data.features import SUFFIXES
    from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
    from scoringnet_tf.inference.inputs import STANDARD_INPUT, named_videos
    from scoringnet_tf.inference.watching import Arrivals

    values, suffixes = flags.FLAGS, SUFFIXES if reads_features else VIDEO_SUFFIXES
    if values.watch:
        _note(f"Watching {values.watch}. Ctrl-C ends it.")
        return Arrivals(Path(values.watch), _note, suffixes)
    named = named_videos(arguments, suffixes, _note)
    return named if STANDARD_INPUT in arguments and not values.runner else list(named)


def _note(text: str) -> None:
    tqdm.write(f"predict: {text}", file=sys.stderr)


def _note_performances(video: str, part: "PartSummary") -> None:
    """Progress in a long video."""
    for performance in part.performances if sys.stderr.isatty() else ():
        _note(f"{video}: a performance from {clock(performance.start_s)} to {clock(performance.end_s)}")


@contextlib.contextmanager
def _scoring(model: str, reads_features: bool, heights: Any) -> Iterator[Callable]:
    """A function of videos that yields name and result of each, once nothing can refuse them."""
    cli.load_tensorflow()
    values = flags.FLAGS
    options = {"start": values.start, "end": values.end, "force": values.force, "heights": heights}
    if values.results_dir:
        from scoringnet_tf.inference.result_cache import keeping_scores

        with keeping_scores(values.results_dir, model, values.runner, **options) as score_all:
            yield score_all
    else:
        from scoringnet_tf.inference.predictor import predictor_of, scored

        predictor = predictor_of(model, reads_features)
        yield functools.partial(scored, predictor=predictor, **options)


def _print(outcomes: Iterable, printer: Any, progress: tqdm) -> int:
    """Prints and draws the outcome for each video, once that is known; how many have no score, or no picture.

    A watch that is stopped has done what it was to do.
    """
    from scoringnet_tf.data.video_files import DRAWN_SUFFIX
    from scoringnet_tf.inference.result import PartSummary
    from scoringnet_tf.report.printing import Pictures

    values, count, failed = flags.FLAGS, 0, 0
    pictures = Pictures(values.plot_dir), Pictures(values.video_dir, DRAWN_SUFFIX)
    try:
        for video, result in outcomes:
            if isinstance(result, PartSummary):
                _note_performances(video, result)
                continue
            failed += not _shown(video, result, printer, pictures)
            if values.watch:  # it has no end
                printer.about_model()
            count += 1
            progress.update()
    except Stopped:
        if not values.watch:
            raise
        _note(f"Stopped after {counted(count, 'video')}, {failed} of them without a result.")
        failed = 0
    printer.about_model()
    return failed


def _shown(video: str, result: Any, printer: Any, pictures: Iterable) -> bool:
    """Whether a video has a score, or its stages, and all of its pictures, which are printed and drawn."""
    if isinstance(result, Remark):
        for each in pictures:
            each.remove(video)
        printer.failure(video, result)
        return False
    printer.score(result)
    undrawn = [problem for each in pictures if (problem := each.draw(result))]
    for problem in undrawn:
        printer.complain(problem)
    return result.status != "withheld" and not undrawn


def _check(arguments: list[str]) -> None:
    """InputError if the command line contradicts itself, or cannot be written to."""
    values = flags.FLAGS
    if values.watch:
        _check_watch(arguments)
    elif not arguments:
        raise InputError("no_videos", "No videos are named.", "See --help.")
    if values.json and values.csv:
        raise InputError("flags_conflict", "--json and --csv exclude each other.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError("out_of_range", f"--end={values.end:g} is not after --start={values.start or 0:g}.")
    if values.runner is not None and not values.results_dir:
        raise InputError("missing_flag", f"--runner={values.runner} needs --results_dir.")
    for flag in DRAWING:
        if values.results_dir and values[flag].value:
            raise InputError("flags_conflict", f"--{flag} and --results_dir exclude each other.")
    for flag in ("results_dir", *DRAWING):
        if values[flag].value:
            check_access(str(values[flag].value), flag, writing=True)


def _check_watch(arguments: list[str]) -> None:
    values = flags.FLAGS
    if arguments or values.runner:
        what = "--runner" if values.runner else "VIDEO"
        raise InputError("flags_conflict", f"--watch and {what} exclude each other.")
    if not local_path(values.watch, "watch").is_dir():
        raise InputError("no_folder", f"--watch={values.watch} is not a folder.")


def _check_frame_flags() -> None:
    for flag in (*DRAWING, "results_dir", "start", "end"):
        if flags.FLAGS[flag].value is not None:
            raise InputError("flags_conflict", f"--{flag} cannot be used with a model that reads features.")


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
