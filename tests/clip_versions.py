"""Versions of a clip, by which tests see whether a decision hangs on how a video was made.

    python tests/clip_versions.py CLIP…    # a table of diving_film's times in each version, and of the limit of doubt

A dive's name ends in its true frames: `springboard_dive@166-197.mp4`; other clips have none.
"""

import collections
import dataclasses
import fractions
import pathlib
import re
import sys
import tempfile

import cv2
import numpy as np
from conftest import write_video

from scoringnet_tf.data.video import read_video

LOSSLESS = ("ffv1", {})


def _jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def _cropped(frame: np.ndarray, share: float) -> np.ndarray:
    edges = [round(size * (1 - share) / 2) for size in frame.shape[:2]]
    return frame[edges[0] : frame.shape[0] - edges[0], edges[1] : frame.shape[1] - edges[1]]


def _lit(frame: np.ndarray, gain: float) -> np.ndarray:
    return np.clip(frame * gain, 0, 255).astype(np.uint8)


def _barred(frame: np.ndarray) -> np.ndarray:
    """The picture within 16:9."""
    height, width = frame.shape[:2]
    across, above = max(0, round(height * 16 / 9) - width) // 2, max(0, round(width * 9 / 16) - height) // 2
    return cv2.copyMakeBorder(frame, above, above, across, across, cv2.BORDER_CONSTANT)


def _upright(frame: np.ndarray) -> np.ndarray:
    """The middle of the picture, 9:16."""
    margin = max(0, frame.shape[1] - round(frame.shape[0] * 9 / 16)) // 2
    return frame[:, margin : frame.shape[1] - margin]


PICTURES = {  # name → function of a frame, uint8 (H, W, 3) RGB
    "mirrored": lambda frame: frame[:, ::-1],
    "half size": lambda frame: cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "80 % crop": lambda frame: _cropped(frame, 0.8),
    "9:16": _upright,
    "16:9 bars": _barred,
    "JPEG 30": lambda frame: _jpeg(frame, 30),
    "brighter, × 1.3": lambda frame: _lit(frame, 1.3),
    "darker, × 0.7": lambda frame: _lit(frame, 0.7),
    "blurred": lambda frame: cv2.GaussianBlur(frame, (0, 0), 2 * frame.shape[0] / 240),
    "grey": lambda frame: cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
}
RATES = {"10 frames/s": 10, "15 frames/s": 15}
CODECS = {
    "H.264, CRF 35": ("libx264", {"crf": "35"}),
    "H.264, CRF 40": ("libx264", {"crf": "40"}),
    "MPEG-4": ("mpeg4", {}),
}
SLOW = "half speed"
VERSIONS = (*PICTURES, *RATES, *CODECS, SLOW)  # beside the clip as it is


def write_version(name: str, source: pathlib.Path, target: pathlib.Path) -> None:
    """Writes one of `VERSIONS` of a video to a file; a rate above the video's own keeps all its frames."""
    video = read_video(source)
    frames, rate = [*map(PICTURES.get(name, np.asarray), video.frames)], video.fps
    if name in RATES and RATES[name] < rate:
        times = np.arange(0, len(frames) / rate, 1 / RATES[name])
        frames, rate = [frames[min(round(time * rate), len(frames) - 1)] for time in times], RATES[name]
    rate = rate / 2 if name == SLOW else rate
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    even = [np.ascontiguousarray(frame[:height, :width]) for frame in frames]
    encoder, options = CODECS.get(name, LOSSLESS)
    write_video(target, even, fractions.Fraction(f"{rate:.3f}"), encoder, options, bit_rate=0)  # the encoder's own


@dataclasses.dataclass(frozen=True)
class Told:
    """What is told in a version: moments' errors, frames of the clip; how sure the flight is; codes of reasons."""

    errors: list[float]
    sure: float
    codes: list[str]


def told(predictor, clip: pathlib.Path, version: str, folder: pathlib.Path) -> list[Told]:
    """For each performance that is found in a version of a clip."""
    from scoringnet_tf.inference.finding import fall_stage

    video, path = read_video(clip), folder / "version.mkv"
    write_version(version, clip, path)
    truth = [int(frame) / video.fps for frame in re.findall(r"\d+", clip.stem.partition("@")[2])]
    slower, found = 2 if version == SLOW else 1, []
    for part in predictor.results(predictor.read(path)):
        stages, at = part.seen.frame_stages, fall_stage(predictor.model.sport)
        for one in part.performances:
            times = {name: moment.seconds / slower for name, moment in one.moments.items()}
            right = dict(zip(("take-off", "entry"), truth, strict=False))
            errors = [abs(times[name] - right.get(name, -999)) * video.fps for name in times]
            flight = stages[stages.argmax(axis=1) == at, at]
            found.append(Told(errors, float(flight.mean()) if len(flight) else 0, [each.code for each in one.reasons]))
    return found


def main(clips: list[str]) -> None:
    """Prints both tables."""
    from scoringnet_tf.inference.predictor import predictor_of

    predictor, every = predictor_of("diving_film"), collections.defaultdict(list)
    print("| version | dives served | moments | within 8 frames | slow motion named | other clips served |")
    with tempfile.TemporaryDirectory() as folder:
        for version in ("as it is", *VERSIONS):
            counts = collections.Counter()
            for clip in map(pathlib.Path, clips):
                is_dive, found = "@" in clip.stem, told(predictor, clip, version, pathlib.Path(folder))
                errors = [error for one in found for error in one.errors]
                counts["dives" if is_dive else "others"] += bool(errors)
                counts["moments"] += len(errors) * is_dive
                counts["right"] += sum(error <= 8 for error in errors)
                counts["slow"] += any("impossible_flight" in one.codes for one in found)
                every[is_dive and version != SLOW] += found
            names = ("dives", "moments", "right", "slow", "others")
            print(f"| {version} | {' | '.join(str(counts[name]) for name in names)} |", flush=True)
    print("| least mean probability of the flight | moments | beyond 8 frames | median error, frames |")
    for limit in (0, 0.5, 0.65, 0.8, 0.85, 0.9, 0.95):
        errors = [error for one in every[True] if one.sure >= limit for error in one.errors]
        print(f"| {limit} | {len(errors)} | {sum(error > 8 for error in errors)} | {np.median(errors):.1f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
