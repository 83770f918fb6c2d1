r"""Whether a decision hangs on how a video was made: is it the sport, by the backbone's classes, in thirteen versions?

    python -m benchmarks.versions [--recognised_by=i3d] [--recognised_sport=diving] [--shown='*dive*'] VIDEO…

Each video is seen as it is and in twelve versions of it, each written to a file: mirrored, half as large, cropped,
another light, worse compressed, at fewer frames a second. Prints for each version the least probability of videos that
show the sport, the largest of others, and how many decisions differ from that of the video as it is; then how often
videos are decided wrongly, with the 95 % interval of Clopper and Pearson over videos, not over versions.
"""

import fnmatch
import pathlib
import sys
import tempfile

import cv2
import numpy as np
import scipy.stats
from absl import flags

from benchmarks.figures import machine, new_file
from benchmarks.workload import write_video
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.messages import InputError

FLAGS = flags.FLAGS
# Names that no command has: tests import this module beside them.
flags.DEFINE_string("recognised_by", "i3d", "Name of a backbone that knows classes.")
flags.DEFINE_string("recognised_sport", "diving", "Name or file of a sport that says what it is recognised as.")
flags.DEFINE_string("shown", "*dive*", "Pattern of the names of videos that show the sport.")
flags.DEFINE_string("figures_dir", "build/bench", "Folder for the figures.")

SIZE = (128, 171)  # of the frames, pixels
AS_IT_IS = "as it is"
LOSSLESS = ("ffv1", {})


def _jpeg(frame, quality):
    return cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def _cropped(frame, share):
    edges = [round(size * (1 - share) / 2) for size in frame.shape[:2]]
    return frame[edges[0] : frame.shape[0] - edges[0], edges[1] : frame.shape[1] - edges[1]]


def _lit(frame, gain):
    return np.clip(frame * gain, 0, 255).astype(np.uint8)


PICTURES = {  # name → function of a frame
    "mirrored": lambda frame: frame[:, ::-1],
    "half size": lambda frame: cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "80 % crop": lambda frame: _cropped(frame, 0.8),
    "JPEG 30": lambda frame: _jpeg(frame, 30),
    "brighter, × 1.3": lambda frame: _lit(frame, 1.3),
    "darker, × 0.7": lambda frame: _lit(frame, 0.7),
    "blurred": lambda frame: cv2.GaussianBlur(frame, (0, 0), 2 * frame.shape[0] / 240),
    "grey": lambda frame: cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
}
RATES = {"10 frames/s": 10, "15 frames/s": 15}
CODECS = {"H.264, CRF 35": ("libx264", {"crf": "35"}), "MPEG-4": ("mpeg4", {})}
VERSIONS = (*PICTURES, *RATES, *CODECS)


def write_version(name: str, source: pathlib.Path, target: pathlib.Path) -> None:
    """Writes one of `VERSIONS` of a video to a file `target`; of a video with fewer frames a second all are kept."""
    from scoringnet_tf.data.video import read_video

    video = read_video(source)
    frames, rate = [*map(PICTURES.get(name, np.asarray), video.frames)], video.fps
    if name in RATES and RATES[name] < rate:
        times = np.arange(0, len(frames) / rate, 1 / RATES[name])
        frames, rate = [frames[min(round(time * rate), len(frames) - 1)] for time in times], RATES[name]
    encoder, options = CODECS.get(name, LOSSLESS)
    write_video(target, frames, f"{rate:.3f}", encoder, options=options)


def probability_function(backbone: str, sport: str):
    """A function of a video's path: the largest probability of the sport's classes in a window."""
    import scoringnet_tf
    from scoringnet_tf.inference.predictor import Predictor
    from scoringnet_tf.inference.recognition import recognition
    from scoringnet_tf.weights.backbones import load_backbone

    trunk = load_backbone(backbone, SIZE)
    rate = {"frame_rate": trunk.frame_rate}
    model = scoringnet_tf.ScoringNet(sport, backbone=trunk, frame_size=SIZE, fragments="whole", provenance=rate)
    if not model.recognised:
        raise InputError("unknown_name", f"--sport={sport} names no class that {backbone} knows.")
    predictor = Predictor(model)

    def probability(path):
        video = model.preprocessor.read(path)
        _, features = predictor.segment(video, video.samples(model.frame_rate))
        return float(recognition(model, features[np.newaxis], None, np.ones((1, len(features)), bool))[0])

    return probability


def probabilities(video: pathlib.Path, probability) -> dict[str, float]:
    """That of a video as it is, and of each of its `VERSIONS`."""
    found = {AS_IT_IS: probability(video)}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(VERSIONS):
            path = pathlib.Path(folder, f"{number}.mkv")
            write_version(name, video, path)
            found[name] = probability(path)
    return found


def summary(found: dict[str, dict[str, float]], shown: set[str], limit: float) -> str:
    """The table and what follows it, in Markdown.

    Args:
        found: name of a video → `probabilities`.
        shown: names of those that show the sport.
        limit: the least probability that is taken for it.
    """
    lines = ["| version | least, shown | largest, others | decisions that differ |", "|---|---|---|---|"]
    for name in (AS_IT_IS, *VERSIONS):
        least = min((each[name] for video, each in found.items() if video in shown), default=np.nan)
        largest = max((each[name] for video, each in found.items() if video not in shown), default=np.nan)
        differ = sum((each[name] >= limit) != (each[AS_IT_IS] >= limit) for each in found.values())
        lines.append(f"| {name} | {least:.4f} | {largest:.4f} | {differ} |")
    missed = [min(each.values()) < limit for video, each in found.items() if video in shown]
    taken = [max(each.values()) >= limit for video, each in found.items() if video not in shown]
    for what, wrong in (("that show the sport, not recognised", missed), ("of something else, recognised", taken)):
        if wrong:
            ends = scipy.stats.binomtest(sum(wrong), len(wrong)).proportion_ci(method="exact")
            counted = f"{sum(wrong)} of {len(wrong)} (95 %: {ends.low:.2f} to {ends.high:.2f})"
            lines.append(f"\nVideos {what} in any version: {counted}")
    return "\n".join(lines)


def main(videos):
    """Sees every video in every version."""
    paths = [path for path in map(pathlib.Path, videos) if path.is_file()]
    if not paths:
        raise InputError("missing_argument", "Give one or more video files. See --help.")
    from scoringnet_tf.inference.recognition import RECOGNISED

    probability, output = (
        probability_function(FLAGS.recognised_by, FLAGS.recognised_sport),
        new_file(FLAGS.figures_dir, "versions"),
    )
    found = {}
    for path in paths:
        found[path.name] = probabilities(path, probability)
        write_json(output, {"machine": machine(), "limit": RECOGNISED, "probabilities": found})
    print(summary(found, {*fnmatch.filter(found, FLAGS.shown)}, RECOGNISED))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
