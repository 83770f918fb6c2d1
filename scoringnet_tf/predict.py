r"""Scores video files.

    python -m scoringnet_tf.predict [--model=MODEL] VIDEO… [--json] [--plot_dir=FOLDER]

Prints stages with their times, difficulty, execution and final score: what the model predicts of them. The shipped
diving model is used where --model is not given. A model that was trained on features takes files of features (.npy,
.npz, .h5) in place of videos. A file that cannot be scored is reported on stderr, the others are still scored, and the
exit status is 1.
"""

import dataclasses
import json
import pathlib
import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path, check_access

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_bool("json", False, "Print a JSON list, one object per video, instead of text.")
flags.DEFINE_string("plot_dir", None, "Folder for a picture of each video: frames through time above its stages.")


def describe(score):
    """The result for one video as text."""
    lines = [f"{score.video}: {score.num_frames} frames, {score.fps:g} frames/s"]
    for stage in score.stages:
        seconds = f"{stage['start_s']:7.2f}–{stage['end_s']:.2f} s"
        lines.append(f"  {seconds:<18} {stage['name']:<14} frames {stage['start_frame']}–{stage['end_frame'] - 1}")
    lines.append(f"  {score.score_line()}")
    lines += [f"  Warning: {warning}" for warning in score.warnings]
    return "\n".join(lines)


def main(videos):
    """Runs the command with the parsed flags."""
    if not videos:
        raise InputError("Expected one or more video files. Received: none. See --help.")

    from scoringnet_tf.inference.prediction import scorer_of
    from scoringnet_tf.report.video_page import save_picture

    if flags.FLAGS.plot_dir:
        check_access(flags.FLAGS.plot_dir, "plot_dir", writing=True)
    scorer = scorer_of(flags.FLAGS.model)
    if flags.FLAGS.plot_dir and scorer.model.content == "features":
        raise InputError("--plot_dir: expected a model that sees frames. Received: one that was trained on features.")
    scores, failed = [], 0
    for path in videos:
        try:
            video = scorer.read(path)
            score = scorer.score(video, path)
        except InputError as error:
            failed += 1
            print(f"predict: {error}", file=sys.stderr)
            continue
        scores.append(score)
        if not flags.FLAGS.json:
            print(describe(score), flush=True)
        if flags.FLAGS.plot_dir:
            picture = as_path(flags.FLAGS.plot_dir) / f"{pathlib.Path(path).name}.png"
            save_picture(score, video, scorer.model.sport, picture)
    if flags.FLAGS.json:
        print(json.dumps([dataclasses.asdict(score) for score in scores], indent=2, ensure_ascii=False))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
