r"""How often a score is withheld: of test videos, which should have one, and of what is no performance.

    python -m benchmarks.refusals --records_dir=RECORDS [--model=MODEL] [--clips=60] VIDEO…

Prints a row for each kind of video: how many there are, how many scores are withheld, and why. The kinds are the test
videos of the records; people elsewhere, crowds and noise, drawn anew; performances of the other simulated sport; and
the given files. None of them set a limit: those go by training videos alone; but people elsewhere and crowds are drawn
as the shots around simulated performances are, which KFS learns as noise.
"""

import collections
import os
import pathlib
import sys
import tempfile

import numpy as np
from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

flags.DEFINE_string("records_dir", None, "Records of frames, whose test split is scored.")
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_integer("clips", 60, "Clips to draw of each kind.", lower_bound=1)

SIZE, RATE = (320, 240), 25.0  # (width, height) of what is drawn, and its frames per second
OTHERS = {"diving": "vault", "vault": "diving"}


def drawn_clips(kind, count):
    """Frames (H, W, 3) of each of `count` clips of a kind, 2 to 10 seconds long."""
    from data_prep.simulator.scene.noise import crowd_shot, elsewhere_shot

    rng = np.random.default_rng(77)
    for _ in range(count):
        length = int(rng.integers(50, 250))
        if kind == "noise":
            yield rng.integers(0, 256, (length, *SIZE[::-1], 3), dtype=np.uint8)
        else:
            shot = {"people elsewhere": elsewhere_shot, "crowds": crowd_shot}[kind]
            yield [frame[..., ::-1] for frame in shot(length, *SIZE, rng)]


def scored(scorer, frames):
    """What is said of frames, as `predict` says it of a file of them."""
    from scoringnet_tf.data.video import Video

    jpegs = [scorer.preprocessor.stored.encode(np.ascontiguousarray(frame)) for frame in frames]
    video = Video(jpegs, RATE, np.arange(len(jpegs)) / RATE, SIZE[::-1], SIZE[0] / SIZE[1])
    return scorer.score(video, "")


def row(kind, scores):
    """A row of the table for the results of a kind."""
    codes = collections.Counter(reason.code for score in scores for reason in score.reasons)
    withheld = sum(bool(score.reasons) for score in scores)
    why = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    print(f"| {kind} | {len(scores)} | {withheld} | {why} |", flush=True)


def main(paths):
    """Prints the table."""
    from data_prep.simulator.dataset import simulate
    from data_prep.simulator.settings import Settings
    from scoringnet_tf.data.dataset_info import load_records
    from scoringnet_tf.data.stored_videos import stored_videos
    from scoringnet_tf.inference.prediction import scorer_of

    values = flags.FLAGS
    if not values.records_dir:
        raise InputError("todo", "--records_dir: expected a folder of records. Received: none. See --help.")
    info, scorer = load_records(values.records_dir), scorer_of(values.model)
    print("| | videos | withheld | why |\n|---|---|---|---|")
    row("test videos", [scorer.score(video, video_id) for video_id, video, _ in stored_videos(info, "test")])
    for kind in ("people elsewhere", "crowds", "noise"):
        row(kind, [scored(scorer, frames) for frames in drawn_clips(kind, values.clips)])
    with tempfile.TemporaryDirectory() as folder:
        other = OTHERS[scorer.model.sport.name]
        settings = Settings(other, "scoring", values.clips, 77, None, False, 0.5, *SIZE[::-1])
        simulate(settings, pathlib.Path(folder), os.cpu_count() or 1)
        row(f"{other}, simulated", [scorer(path) for path in sorted(pathlib.Path(folder).rglob("*.avi"))])
    if paths:
        row("given files", [scorer(path) for path in paths])
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
