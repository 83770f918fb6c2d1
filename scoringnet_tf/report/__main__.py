r"""Writes pages about scored videos: what the model saw, stage by stage, and where its scores come from.

    python -m scoringnet_tf.report [--model=MODEL] VIDEO… --output=report.html [--judges=SCORES.csv]

A page of one performance is one HTML file that needs nothing beside itself, no network either: frames, stages, their
probabilities, scores, the key fragments to play, where each score comes from, and what could lower trust. Of several
performances --output is the page of the session, their ranking, and theirs lie in a folder of its name beside it.
--judges is a table with the columns video (a file's name) and any of difficulty, execution, final, as the rules of the
sport give them: then the pages show these, and that of the session how well they agree. Of a file of several
performances each row has a start, a moment of its performance in seconds or as a timecode; a column name says who it
is. VIDEO, --stream, --start and --end are what `python -m scoringnet_tf.predict` takes. A video that cannot be read is
reported on stderr and on the page of the session, the others are still shown, and the exit status is 1. Where it is
stopped, what was scored becomes a session of its own beside --output, report_stopped.html, which says what is missing.
"""

import functools
import sys

from absl import flags
from tqdm import tqdm

from scoringnet_tf.inference.inputs import attempted, named_videos, stretched
from scoringnet_tf.report.judges import read_judges, unshown_scores
from scoringnet_tf.report.page import check_pages, write_pages
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.model_files import configuration, model_path
from scoringnet_tf.support.paths import as_path, check_access, told_apart

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_string("output", None, "The page: a file that ends in .html. One that is there is replaced.")
flags.DEFINE_string(
    "judges", None, "CSV file: video, any of difficulty, execution, final, in points, and where wanted start and name."
)
flags.DEFINE_string("title", None, "Above the page; default: the name of the video, of a session that of --output.")
flags.DEFINE_bool("force", False, "Give scores also where reasons speak against them.")
flags.DEFINE_integer("stream", None, "Number of the video stream in the file, from 0. Default: the main one.", 0)
flags.DEFINE_float("start", None, "Show only what comes from this second of the file on.", 0.0)
flags.DEFINE_float("end", None, "Show only what comes before this second of the file; not beyond its end.", 0.0)
flags.declare_key_flag("timeout")


def _check_names(judges, names):
    """InputError unless every row of --judges is of one video."""
    wrong = [name for name in judges if names.count(name) != 1]
    if wrong:
        found = f"{wrong[0]}, the name of {names.count(wrong[0]) or 'none'} of them"
        raise InputError(
            "todo", f"--judges={flags.FLAGS.judges}: expected a name of one video in each row. Received: {found}."
        )


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(output=values.output)
    if not arguments:
        raise InputError("todo", "Expected one or more video files. Received: none. See --help.")
    if values.end is not None and values.end <= (values.start or 0):
        raise InputError("todo", f"--end: expected more than --start={values.start or 0:g}. Received: {values.end:g}.")
    output = as_path(values.output)
    if output.suffix != ".html":
        raise InputError("todo", f"--output: expected a name that ends in .html. Received: {values.output}.")
    check_access(str(output.parent), "output", writing=True)

    stopped = output.with_name(f"{output.stem}_stopped.html")
    check_pages(output)
    check_pages(stopped)
    config = configuration(model_path(values.model), "model", shipped=True)
    if config["features"]:
        raise InputError(
            "todo", "--model: expected a model that sees frames. Received: one that was trained on features."
        )
    judges = read_judges(values.judges, get_sport(config["sport"])) if values.judges else {}
    videos = list(named_videos(arguments, left_out=lambda said: print(f"report: {said}", file=sys.stderr)))
    found = [path for path, error in videos if error is None]
    if not found:  # TensorFlow would be imported for nothing
        for _, error in videos:
            print(f"report: {error}", file=sys.stderr)
        return 1
    _check_names(judges, [as_path(path).name for path in found])

    from scoringnet_tf.inference.predictor import predictor_of
    from scoringnet_tf.report.collecting import scored_and_shown, shown_scores

    scorer = predictor_of(values.model)
    if unshown := unshown_scores(values.judges, judges, shown_scores(scorer.model.scores)):
        print(f"report: --judges: not shown, as the model does not score it: {', '.join(unshown)}.", file=sys.stderr)
    names = dict(zip(found, told_apart(found), strict=True))
    shown, left_out, done = [], [], 0

    def shown_of(local, path):
        source = stretched(local, values.start, values.end, values.stream)
        of_judges = judges.get(as_path(path).name, [])
        pages, said = scored_and_shown(scorer, source, path, of_judges, values.force, names[path], values.stream)
        for words in said:
            tqdm.write(f"report: {path}: {words}.", file=sys.stderr)
        return pages

    try:
        for path, error in tqdm(videos, "Scoring", unit="video", leave=False, disable=len(videos) < 2 or None):
            pages = attempted(functools.partial(shown_of, path=path), path, error)
            done += 1
            if isinstance(pages, Remark):
                left_out.append(f"{names.get(path, path)}, which could not be scored")
                tqdm.write(f"report: {pages}", file=sys.stderr)
            else:
                shown += pages
    finally:  # what was scored is kept, also where the rest is stopped
        if shown and done < len(videos):
            total = counted(len(videos), "video")
            print(f"report: {stopped}, in place of {output}, is of {done} of {total}.", file=sys.stderr)
            output = stopped  # not to replace a session that is whole
            left_out.append(f"{len(videos) - done} of {total}, for it was stopped")
        if shown:
            for page in write_pages(output, shown, scorer.name or "given", values.title, left_out):
                print(page)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
