"""Versions of a clip, by which tests see whether a decision hangs on how a video was made."""

import fractions
import pathlib

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


PICTURES = {  # name → function of a frame, uint8 (H, W, 3) RGB
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
VERSIONS = (*PICTURES, *RATES, *CODECS)  # beside the clip as it is


def write_version(name: str, source: pathlib.Path, target: pathlib.Path) -> None:
    """Writes one of `VERSIONS` of a video to a file; a rate above the video's own keeps all its frames."""
    video = read_video(source)
    frames, rate = [*map(PICTURES.get(name, np.asarray), video.frames)], video.fps
    if name in RATES and RATES[name] < rate:
        times = np.arange(0, len(frames) / rate, 1 / RATES[name])
        frames, rate = [frames[min(round(time * rate), len(frames) - 1)] for time in times], RATES[name]
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    even = [np.ascontiguousarray(frame[:height, :width]) for frame in frames]
    encoder, options = CODECS.get(name, LOSSLESS)
    write_video(target, even, fractions.Fraction(f"{rate:.3f}"), encoder, options, bit_rate=0)  # the encoder's own
