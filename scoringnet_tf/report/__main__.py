r"""Writes HTML pages for videos: the video over its stages, its moments, times and scores.

    scoringnet report [--model=MODEL] VIDEO… --output=report.html
    scoringnet report [--model=MODEL] --compare A.mp4 B.mp4 --output=comparison.html

One performance gives one HTML file that needs no network. Several give a list at --output, and beside it a folder with
a page of each and one that compares any two. --compare writes that comparison alone, in one file. VIDEO, --start and
--end are as in `scoringnet predict`.

Videos that cannot be read are named on stderr and in the list, and the exit status is 1. If you stop the command,
report_stopped.html holds what was scored.
"""

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from absl import flags
from tqdm import tqdm

from scoringnet_tf.data.corrections import by_video, read_corrections
from scoringnet_tf.data.features import check_sees_video, finder_of
from scoringnet_tf.inference.inputs import Named, named_videos, problem_with
from scoringnet_tf.report.page import ShownPerformance
from scoringnet_tf.report.session import check_pages, comparable, write_comparison, write_pages
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, Remark, counted
from scoringnet_tf.support.model_files import DEFAULT_HELP, configuration, default_model, model_path
from scoringnet_tf.support.paths import as_path, told_apart, writable_path

if TYPE_CHECKING:
    from scoringnet_tf.inference.pipeline import Predictor

Outcome: TypeAlias = tuple[str, list[ShownPerformance] | Remark]  # the name of a video; its pages, or why it has none

flags.DEFINE_string("model", None, f"Model: a .keras file or its folder. {DEFAULT_HELP}")
flags.DEFINE_string("output", None, "HTML file for the page; replaces an earlier one.")
flags.DEFINE_bool("compare", False, "Side-by-side page, with videos aligned at take-off or entry.")
flags.DEFINE_string("title", None, "Page heading. Default: the video's name, or the output's.")
flags.DEFINE_bool("force", False, "Scores that would be withheld, too.")
flags.DEFINE_bool("joints", True, "Joints drawn on pictures.")
flags.DEFINE_float("speed", 1.0, "How many times slower than life the film runs; 2 for half speed.", 0.1, 100)
flags.DEFINE_float("start", None, "Start time, in seconds from the first frame.", 0.0)
flags.DEFINE_float("end", None, "End time, in seconds from the first frame.", 0.0)
flags.DEFINE_string("corrections", None, "Corrections to apply: a page's CSV file, or a folder with some.")


def _checked_output(arguments: Sequence[str]) -> Path:
    """The output path, once the flags that need no model are checked."""
    values = flags.FLAGS
    cli.require(output=values.output)
    if not arguments:
        raise InputError("no_videos", "Name one or more video files.", "See --help.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError("out_of_range", f"--end={values.end:g} is not after --start={values.start or 0:g}.")
    if values.corrections and (values.start, values.end) != (None, None):
        raise InputError("flags_conflict", "--corrections and --start or --end exclude each other.")
    output = as_path(values.output, "output")
    if output.suffix != ".html":
        raise InputError("wrong_value", f"--output={values.output} does not end in .html.")
    writable_path(output.parent, "output")
    for page in (output, _stopped(output)):
        check_pages(page)
    return output


def _stopped(output: Path) -> Path:
    """Where a stopped report goes."""
    return output.with_name(f"{output.stem}_stopped.html")


def _print(text: str) -> None:
    tqdm.write(f"report: {text}", file=sys.stderr)


def _outcomes(
    videos: Sequence[Named], names: Mapping[str, str], predictor: "Predictor", corrections: Mapping[str, list]
) -> Iterator[Outcome]:
    from scoringnet_tf.report.page_data import video_pages

    values = flags.FLAGS
    options: dict[str, Any] = {name: getattr(values, name) for name in ("start", "end", "force", "speed", "joints")}
    for path, error in tqdm(videos, "Scoring", unit="video", leave=False, disable=len(videos) < 2 or None):
        name = names.get(path, path)
        try:
            if error is not None:
                raise error
            options["corrections"] = corrections.get(path, ())
            outcome: Any = video_pages(predictor, path, name, **options)[1]
        except Exception as wrong:
            outcome = problem_with(path, wrong)
        yield name, outcome


def _write_all(output: Path, outcomes: Iterator[Outcome], model: str, total: int) -> list[str]:
    """Writes pages for all outcomes, or for those before the command is stopped. Returns what is left out."""
    shown: list[list[ShownPerformance]] = []
    left_out: list[str] = []
    done = 0
    try:
        for name, pages in outcomes:
            done += 1
            if isinstance(pages, Remark):
                left_out.append(f"{name}, which could not be scored")
                _print(f"{pages} [{pages.code}]")
            else:
                shown.append(pages)
    finally:
        if done < total and shown:
            videos = counted(total, "video")
            _print(f"{_stopped(output)} holds {done} of {videos}; {output} is left as it was.")
            output = _stopped(output)
            left_out.append(f"{total - done} of {videos}, because the report was stopped")
        for page in _written(output, shown, model, left_out) if shown else ():
            print(page)
    return left_out


def _written(
    output: Path, shown: Sequence[Sequence[ShownPerformance]], model: str, left_out: list[str]
) -> Sequence[Path]:
    """Writes pages for all performances. Returns their paths."""
    if not flags.FLAGS.compare:
        return write_pages(output, [*itertools.chain(*shown)], model, flags.FLAGS.title, left_out)
    compared = comparable(shown)
    if len(compared) < 2:
        left_out.append(f"--compare needs two performances, and found {len(compared)}.")
        _print(f"{left_out[-1]} [too_few]")
        return []
    return write_comparison(output, compared, model, flags.FLAGS.title)


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    values, output = flags.FLAGS, _checked_output(arguments)
    model = default_model() if values.model is None else values.model
    config = configuration(model_path(model), "model")
    check_sees_video(config["content"]["features"], model)  # without TensorFlow
    videos = list(named_videos(arguments, command="report"))
    paths = [path for path, error in videos if error is None]
    if not paths:  # TensorFlow would be imported for nothing
        for error in (error for _, error in videos if error):
            _print(f"{error} [{error.code}]")
        return 1

    corrections = {}
    if values.corrections:
        sport = get_sport(finder_of(config)["sport"])
        corrections = by_video(read_corrections(values.corrections), paths, sport)
    cli.load_tensorflow()
    from scoringnet_tf.inference.predictor import predictor_of

    names = dict(zip(paths, told_apart(paths), strict=True))
    outcomes = _outcomes(videos, names, predictor_of(model), corrections)
    return 1 if _write_all(output, outcomes, model, len(videos)) else 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
