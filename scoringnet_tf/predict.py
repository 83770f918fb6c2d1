r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json | --csv] [--plot_dir=FOLDER]

Prints stages with their times, difficulty, execution and final score: what the model predicts of them. The shipped
diving model is used where --model is not given. VIDEO is a file, a folder of numbered images, a folder of videos, a
pattern ('dives/*.mp4'), an address that fsspec reads (https://…, s3://…), or - for a list on standard input. A model
that was trained on features takes files of features (.npy, .npz, .h5) in place of videos.

A score is withheld where the video does not show a performance like those of training; --force gives it all the same.
A video that cannot be scored is reported on stderr, the others are still scored. The exit status is 0 where every video
has a score, else 1.
"""

import sys

from absl import flags
from tqdm import tqdm

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import check_access
from scoringnet_tf.support.quick_start import quick_start
from scoringnet_tf.support.remarks import Remark

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_bool("json", False, "Print a line of JSON for every video, see docs/predictions.md, instead of text.")
flags.DEFINE_bool("live", False, "With --json: of a long video also a line for each performance, once it is found.")
flags.DEFINE_bool("csv", False, "Print a table, a row for every performance, instead of text.")
flags.DEFINE_string("plot_dir", None, "Folder for a picture of each video: frames of its stages above their times.")
flags.DEFINE_bool("force", False, "Give scores also where reasons speak against them.")
flags.DEFINE_integer("stream", None, "Number of the video stream of every file, from 0; default: its main one.", 0)
flags.DEFINE_float("start", None, "Score what is shown from here on, seconds from the first frame.", 0)
flags.DEFINE_float("end", None, "Score what is shown before this, seconds from the first frame.", 0)


def main(arguments):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    _check(arguments)

    with quick_start():
        from scoringnet_tf.data.features import SUFFIXES
        from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
        from scoringnet_tf.inference.inputs import STANDARD_INPUT, named_videos, scored
        from scoringnet_tf.inference.prediction import scorer_of
        from scoringnet_tf.report.printing import Pictures, Printer

        scorer = scorer_of(values.model)
    of_features = scorer.model.content == "features"
    if of_features:
        _check_frame_flags()
    named = named_videos(arguments, SUFFIXES if of_features else VIDEO_SUFFIXES)
    videos = named if STANDARD_INPUT in arguments else list(named)  # to know how many
    options = {"stream": values.stream, "start": values.start, "end": values.end, "force": values.force}
    alone = isinstance(videos, list) and len(videos) < 2
    unscored, pictures = 0, Pictures(values.plot_dir)
    with tqdm(videos, "Scoring", unit="video", leave=False, disable=alone or None) as progress:
        printer = Printer("json" if values.json else "csv" if values.csv else "text", scorer, progress)
        for video, error in progress:
            found = scored(scorer, video, error, found=printer.score if values.live else None, **options)
            if isinstance(found, Remark):
                printer.failure(video, found)
                unscored += 1
                continue
            printer.score(found)
            undrawn = pictures.draw(found)
            if undrawn:
                printer.complain(undrawn)
            unscored += found.status == "withheld" or undrawn is not None
    return 1 if unscored else 0


def _check(arguments):
    """InputError where the command line contradicts itself, or where there is no place for pictures."""
    values = flags.FLAGS
    if not arguments:
        raise InputError("Expected one or more video files. Received: none. See --help.")
    if values.json and values.csv:
        raise InputError("Expected --json or --csv. Received: both.")
    if values.live and not values.json:
        raise InputError("Expected --live with --json. Received: --live alone.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError(f"--end: expected more than --start={values.start or 0:g}. Received: {values.end:g}.")
    if values.plot_dir:
        check_access(values.plot_dir, "plot_dir", writing=True)


def _check_frame_flags():
    for flag in ("plot_dir", "stream", "start", "end"):
        if flags.FLAGS[flag].value is not None:
            raise InputError(
                f"--{flag}: expected a model that sees frames. Received: one that was trained on features."
            )


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
