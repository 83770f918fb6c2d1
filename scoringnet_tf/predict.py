r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json | --csv] [--plot_dir=FOLDER]

Prints stages with their times, difficulty, execution and final score: what the model predicts of them. The shipped
diving model is used where --model is not given. VIDEO is a file, a folder of numbered images, a folder of videos, a
pattern ('dives/*.mp4'), the address of a file that fsspec reads (https://…, s3://…), or - for a list on standard
input. A model that was trained on features takes files of features (.npy, .npz, .h5) in place of videos.

With --results_dir results are also kept, and those that are kept already are not made again: a run that was stopped
goes on where its command is given again. With --runner as well, an archive is scored on a cluster.

A score is withheld where the video does not show a performance like those of training; --force gives it all the same.
A video that cannot be scored is reported on stderr, the others are still scored. The exit status is 0 where every video
has a score, else 1.
"""

import collections
import contextlib
import functools
import sys

from absl import flags
from tqdm import tqdm

from scoringnet_tf.data.features import SUFFIXES as FEATURE_SUFFIXES
from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
from scoringnet_tf.inference.inputs import STANDARD_INPUT, named_videos, reading_ahead
from scoringnet_tf.report.printing import Pictures, Printer
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.model_files import SHIPPED, configuration, damaged, model_path
from scoringnet_tf.support.paths import check_access

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_bool("json", False, "Print a line of JSON for every video, see docs/serving.md, instead of text.")
flags.DEFINE_bool("live", False, "With --json: of a long video also a line for each performance, once it is found.")
flags.DEFINE_bool("csv", False, "Print a table, a row for every performance, instead of text.")
flags.DEFINE_string("plot_dir", None, "Folder for a picture of each video: frames of its stages above their times.")
flags.DEFINE_bool("force", False, "Give scores also where reasons speak against them.")
flags.DEFINE_integer("stream", None, "Number of the video stream of every file, from 0; default: its main one.", 0)
flags.DEFINE_float("start", None, "Score what is shown from here on, seconds from the first frame.", 0)
flags.DEFINE_float(
    "end", None, "Score what is shown before this, seconds from the first frame; not beyond the end of the video.", 0
)
flags.DEFINE_string(
    "results_dir",
    None,
    "Folder that keeps the result of each video once it is there. Where the command is given again, be it with more "
    "videos or after it was stopped, those with a kept result are not scored again, unless the video, the model, the "
    "options or versions have changed.",
)
flags.DEFINE_string(
    "runner",
    None,
    "With --results_dir: score on a runner of Apache Beam, its name and Beam's options, such as 'FnApiRunner "
    "--direct_running_mode=multi_processing --direct_num_workers=4'. Its workers must see videos, model and "
    "--results_dir. Needs the extra beam.",
)
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
    named = named_videos(
        arguments,
        FEATURE_SUFFIXES if config["features"] else VIDEO_SUFFIXES,
        left_out=lambda said: tqdm.write(f"predict: {said}", file=sys.stderr),
    )
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


def _score(videos, begin, progress):
    """Scores, prints and draws videos, once nothing can refuse them; the exit status."""
    values = flags.FLAGS
    from scoringnet_tf.inference.kept_scores import hashed_scorer, keeping_scores, score_named
    from scoringnet_tf.inference.prediction import scorer_of

    # Results that are kept are those of this very file; a hash of it takes time that others need not spend.
    scorer, sha256 = hashed_scorer(values.model) if values.results_dir else (scorer_of(values.model), "")
    options = {"stream": values.stream, "start": values.start, "end": values.end, "force": values.force}
    with contextlib.ExitStack() as kept:
        score_all = None
        if values.results_dir:
            score_all = kept.enter_context(
                keeping_scores(values.results_dir, values.model, scorer, sha256, values.runner, **options)
            )
        printer = begin()
        if score_all is None:
            if isinstance(videos, list) and values.start is values.end is None:
                videos = kept.enter_context(contextlib.closing(reading_ahead(scorer, videos, values.stream)))
            found = printer.score if values.live else None
            score_all = functools.partial(map, functools.partial(score_named, scorer=scorer, found=found, **options))
        return 1 if _print(score_all(videos), printer, progress, Pictures(values.plot_dir)) else 0


def _print(results, printer, progress, pictures):
    """Prints and draws what becomes of each video, once that is known; how many have no score, or no picture."""
    unscored, taken_over = 0, 0
    changed: collections.Counter[tuple[str, ...]] = collections.Counter()
    for result in results:
        taken_over += result.taken_over
        changed.update([result.changed] if result.changed else [])
        if isinstance(result.found, Remark):
            printer.failure(result.video, result.found)
            unscored += 1
        else:
            printer.score(result.found)
            undrawn = pictures.draw(result.found)
            if undrawn:
                printer.complain(undrawn)
            unscored += result.found.status == "withheld" or undrawn is not None
        progress.update()
    where = f"kept in {flags.FLAGS.results_dir}"
    if taken_over:
        printer.complain(f"{counted(taken_over, 'result')} {where} reused.")
    for what, number in changed.items():
        printer.complain(f"{counted(number, 'result')} {where} made again: other {', '.join(what)}.")
    return unscored


def _check(arguments):
    """InputError where the command line contradicts itself, or where there is no place for pictures."""
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
