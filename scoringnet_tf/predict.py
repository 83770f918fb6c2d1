r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json | --csv] [--plot_dir=FOLDER]

Prints stages with their times, and the predicted difficulty, execution and final score. VIDEO is a file, a folder of
numbered images, a folder of videos, a pattern ('dives/*.mp4'), an address that fsspec reads (https://…, s3://…), or
- for a list on standard input. A model of features takes files of features (.npy, .npz, .h5) in place of videos.

A score is withheld if the video does not look like a performance of training; --force prints it all the same. A video
that cannot be read is reported on stderr, and the others are still scored. The exit status is 0 if every video has a
score, else 1. Rerun a command with --results_dir to resume it.
"""

import collections
import contextlib
import functools
import sys

from absl import flags
from tqdm import tqdm

from scoringnet_tf.data.features import SUFFIXES as FEATURE_SUFFIXES
from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
from scoringnet_tf.inference.inputs import STANDARD_INPUT, named_videos, reading_ahead, score_named
from scoringnet_tf.report.printing import Pictures, Printer
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.model_files import SHIPPED, configuration, damaged, model_path
from scoringnet_tf.support.paths import check_access
from scoringnet_tf.support.quiet import load_tensorflow

flags.DEFINE_string("model", None, "A .keras file or a folder with one. Default: the shipped diving model.")
flags.DEFINE_bool("json", False, "Print a line of JSON for every video (docs/serving.md).")
flags.DEFINE_bool("live", False, "With --json: print each performance of a long video at once, too.")
flags.DEFINE_bool("csv", False, "Print a table with a row for every performance.")
flags.DEFINE_string("plot_dir", None, "Folder for a picture of each video: key frames above the stages.")
flags.DEFINE_bool("force", False, "Print scores even if reasons speak against them.")
flags.DEFINE_integer("stream", None, "Number of the video stream of every file, from 0. Default: its main one.", 0)
flags.DEFINE_float("start", None, "Start of the stretch to score, in seconds from the first frame.", 0)
flags.DEFINE_float("end", None, "End of the stretch to score, in seconds from the first frame.", 0)
flags.DEFINE_string("results_dir", None, "Folder that keeps each result; those in it are not made again.")
flags.DEFINE_string("runner", None, "With --results_dir: an Apache Beam runner and its options (extra: beam).")
flags.declare_key_flag("timeout")


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    _check(arguments)

    config = configuration(model_path(values.model), "model", shipped=True)
    try:
        sport = get_sport(config["sport"])
    except InputError as error:
        raise damaged(f"--model={values.model}", error) from error
    if config["features"]:
        _check_frame_flags()
    named = named_videos(arguments, FEATURE_SUFFIXES if config["features"] else VIDEO_SUFFIXES)
    videos = named if STANDARD_INPUT in arguments and not values.runner else list(named)  # to know how many
    total = len(videos) if isinstance(videos, list) else None
    with tqdm(total=total, desc="Scoring", unit="video", leave=False, disable=total in (0, 1) or None) as progress:
        form = "json" if values.json else "csv" if values.csv else "text"
        begin = functools.partial(Printer, form, values.model or SHIPPED, sport, progress)  # prints the head of a table
        # With no video that can be read, TensorFlow would be imported for nothing.
        if isinstance(videos, list) and all(problem for _, problem in videos):
            printer = begin()
            for video, problem in videos:
                printer.failure(video, Remark("unreadable", str(problem)))
            return 1 if videos else 0
        return _score(videos, begin, progress)


def _note(text):
    tqdm.write(f"predict: {text}", file=sys.stderr)


def _score(videos, begin, progress):
    """Scores, prints and draws videos, once nothing can refuse them; the exit status."""
    load_tensorflow()
    from scoringnet_tf.inference.predictor import predictor_of

    values = flags.FLAGS
    options = {"stream": values.stream, "start": values.start, "end": values.end, "force": values.force}
    with contextlib.ExitStack() as stack:
        if values.results_dir:
            from scoringnet_tf.inference.result_cache import keeping_scores

            keeping = keeping_scores(values.results_dir, values.model, values.runner, **options)
            score_all, printer = stack.enter_context(keeping), begin()
        else:
            predictor, printer = predictor_of(values.model), begin()
            if isinstance(videos, list) and values.start is values.end is None:
                videos = stack.enter_context(contextlib.closing(reading_ahead(predictor, videos, values.stream)))
            found = printer.score if values.live else None
            score_all = functools.partial(
                map, functools.partial(score_named, predictor=predictor, found=found, **options)
            )
        return 1 if _print(score_all(videos), printer, progress, Pictures(values.plot_dir)) else 0


def _print(outcomes, printer, progress, pictures):
    """Prints and draws the outcome for each video, once that is known; how many have no score, or no picture."""
    unscored, reused = 0, 0
    changed: collections.Counter[tuple[str, ...]] = collections.Counter()
    for outcome in outcomes:
        reused += outcome.reused
        changed.update([outcome.changed] if outcome.changed else [])
        if isinstance(outcome.result, Remark):
            printer.failure(outcome.video, outcome.result)
            unscored += 1
        else:
            printer.score(outcome.result)
            undrawn = pictures.draw(outcome.result)
            if undrawn:
                printer.complain(undrawn)
            unscored += outcome.result.status == "withheld" or undrawn is not None
        progress.update()
    kept = f"kept in {flags.FLAGS.results_dir}"
    if reused:
        _note(f"{counted(reused, 'result')} {kept} reused.")
    for what, number in changed.items():
        _note(f"{counted(number, 'result')} {kept} made again: other {', '.join(what)}.")
    return unscored


def _check(arguments):
    """InputError if the command line contradicts itself, or cannot be written to."""
    values = flags.FLAGS
    if not arguments:
        raise InputError("no_videos", "No videos are named.", "See --help.")
    if values.json and values.csv:
        raise InputError("flags_conflict", "--json and --csv exclude each other.")
    if values.live and not values.json:
        raise InputError("missing_flag", "--live needs --json.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError("out_of_range", f"--end={values.end:g} is not after --start={values.start or 0:g}.")
    if values.runner is not None and not values.results_dir:
        raise InputError("missing_flag", f"--runner={values.runner} needs --results_dir.")
    for flag in ("live", "plot_dir"):
        if values.results_dir and values[flag].value:
            raise InputError("flags_conflict", f"--{flag} and --results_dir exclude each other.")
    if values.results_dir:
        check_access(values.results_dir, "results_dir", writing=True)
    if values.plot_dir:
        check_access(values.plot_dir, "plot_dir", writing=True)


def _check_frame_flags():
    for flag in ("plot_dir", "results_dir", "stream", "start", "end"):
        if flags.FLAGS[flag].value is not None:
            raise InputError("flags_conflict", f"--{flag} cannot be used with a model that reads features.")


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
