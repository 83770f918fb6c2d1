r"""How much a score depends on the codec: the same frames, re-encoded by eight codecs at their defaults, and scored.

    python -m benchmarks.reencoding [--model=MODEL] VIDEO…

Prints a row for each video: its final score from each re-encoding, and by how much they spread. The score is the final
one where the model has it, else execution, else difficulty. What H.264 and its like lose at their defaults is what
uploads and broadcasts lose.
"""

import pathlib
import sys
import tempfile

import av
from absl import flags

from benchmarks.workload import write_video
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import SHIPPED

flags.DEFINE_string("model", SHIPPED, "A .keras file or a folder with one.")

ENCODINGS = {  # name → encoder, suffix of the container, pixel format
    "H.264": ("libx264", "mp4", "yuv420p"),
    "H.264 in TS": ("libx264", "ts", "yuv420p"),
    "H.265": ("libx265", "mp4", "yuv420p"),
    "VP9": ("libvpx-vp9", "webm", "yuv420p"),
    "MPEG-4": ("mpeg4", "avi", "yuv420p"),
    "MPEG-2": ("mpeg2video", "mpg", "yuv420p"),
    "WMV": ("wmv2", "wmv", "yuv420p"),
    "FFV1": ("ffv1", "mkv", "yuv420p"),  # lossless
}


def scores_of(video, scorer):
    """Encoding → score of the video; None where it cannot be scored."""
    with av.open(video) as container:
        rate = container.streams.video[0].average_rate
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    scores = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (encoder, suffix, pixel_format) in ENCODINGS.items():
            path = pathlib.Path(folder, f"{encoder}.{suffix}")
            write_video(path, frames, rate, encoder, pixel_format)
            score = scorer(path, force=True)
            values = (score.final, score.execution, score.difficulty)
            scores[name] = next((value for value in values if value is not None), None)
    return scores


def main(videos):
    """Scores every video in every encoding."""
    if not videos:
        raise InputError("missing_argument", "Give one or more video files. See --help.")
    from scoringnet_tf.inference.predictor import predictor_of

    scorer = predictor_of(flags.FLAGS.model)
    print("| video |", " | ".join(ENCODINGS), "| spread |")
    print("|---|", "---|" * (len(ENCODINGS) + 1), sep="")
    for video in videos:
        scores = scores_of(video, scorer)
        known = [score for score in scores.values() if score is not None]
        cells = ["–" if score is None else f"{score:.2f}" for score in scores.values()]
        spread = f"{max(known) - min(known):.2f}" if known else "–"
        print(f"| {pathlib.Path(video).name} |", " | ".join(cells), f"| {spread} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
