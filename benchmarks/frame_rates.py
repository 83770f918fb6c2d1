r"""How much is lost where a video has fewer frames per second than training: test videos, thinned out and scored.

    python -m benchmarks.frame_rates --records_dir=RECORDS [--model=MODEL] [--rates=15,12.5,10]

Prints a row for each rate, once with its frames repeated and once with them mixed where they are too few, as `predict`
does (`Video.samples`): the share of frames that are labelled rightly, the SRC of each score, and the share of scores
that are withheld, the frame rate aside.
"""

import dataclasses
import math
import sys

import numpy as np
from absl import flags
from tqdm import tqdm

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

flags.DEFINE_string("records_dir", None, "Records of frames, whose test split is scored.")
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_list("rates", ["25", "20", "15", "12.5", "10"], "Frames per second.")

HEADING = ("frames/s", "between them", "frames", "D-SRC", "E-SRC", "F-SRC", "withheld")


def thinned(video, rate):
    """What a camera of `rate` frames per second would have taken of a `Video`, and which of its frames these are."""
    chosen = np.rint(np.arange(0, len(video.frames) - 1, video.fps / rate)).astype(int)
    times, frames = video.timestamps[chosen], [video.frames[index] for index in chosen]
    return dataclasses.replace(
        video, frames=frames, fps=rate, timestamps=times - times[0], sizes=video.sizes[chosen]
    ), chosen


def figures(scorer, info, rate):
    """The figures of a row, for the test videos of records (`DatasetInfo`)."""
    from scoringnet_tf.data.stored_videos import stored_videos
    from scoringnet_tf.experiments.watching import read_video
    from scoringnet_tf.sports import src

    right, truth, predicted, withheld = [], [], [], []
    for video_id, video, scores in tqdm(stored_videos(info, "test"), f"{rate:g} frames/s", leave=False, unit="video"):
        slow, chosen = thinned(video, rate)
        score = scorer.score(slow, video_id, force=True)
        labels = np.zeros(len(chosen), int)
        for stage in score.stages:
            labels[stage["start_frame"] : stage["end_frame"]] = scorer.model.sport.stage_index(stage["name"])
        stages = read_video(info, video_id, scorer.model.image_size).stages[chosen]
        right.append(np.mean(labels == stages))
        truth.append(list(scores.values()))
        predicted.append([getattr(score, name) for name in scores])
        withheld.append(any(reason.code != "frame_rate_too_low" for reason in score.reasons))
    pairs = zip(np.transpose(truth), np.float64(predicted).T, strict=True)
    return [np.mean(right), *(float(src(*pair)) for pair in pairs), np.mean(withheld)]


def main(_):
    """Prints the table."""
    from scoringnet_tf.data import video
    from scoringnet_tf.data.dataset_info import load_records
    from scoringnet_tf.inference.prediction import scorer_of

    try:
        rates = [float(rate) for rate in flags.FLAGS.rates]
    except ValueError as error:
        raise InputError("todo", f"--rates: expected frames per second, such as 15,12.5. Received: {error}") from error
    if not flags.FLAGS.records_dir:
        raise InputError("todo", "--records_dir: expected a folder of records. Received: none. See --help.")
    info, scorer, mixed_from = load_records(flags.FLAGS.records_dir), scorer_of(flags.FLAGS.model), video.SPARSE
    print(f"| {' | '.join(HEADING)} |\n|{'---|' * len(HEADING)}")
    for rate in rates:
        for name, video.SPARSE in (("repeated", math.inf), ("as predict", mixed_from)):
            cells = " | ".join(f"{value:.3f}" for value in figures(scorer, info, rate))
            print(f"| {rate:g} | {name} | {cells} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
