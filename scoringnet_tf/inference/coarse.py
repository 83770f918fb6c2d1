"""A coarse look at long film: where it may show a model's sport. The rest of the way is gone there alone.

The backbone's classes tell, at half the rate of training and in smaller pictures.
"""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.containers import times_to_seek
from scoringnet_tf.data.glance import glance
from scoringnet_tf.data.preprocessing import center_part, encode_jpeg, resize_frame
from scoringnet_tf.data.preprocessor import PATIENCE
from scoringnet_tf.data.timing import frame_timing
from scoringnet_tf.data.video import Clip, Video, VideoError, frame_times
from scoringnet_tf.inference.recognition import NEAR
from scoringnet_tf.inference.windows import WindowedBackbone
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.backbones.i3d import I3D
from scoringnet_tf.support.messages import clock
from scoringnet_tf.support.processor import cpu_flags
from scoringnet_tf.support.threads import overlapping

LONG = 60.0  # seconds: shorter film is read at once
RATE = 12.5  # pictures per second of life
SIZE = 7 / 8  # of the pictures' sides in training
STEP, EVERY = 8, 4  # pictures in a step of I3D; half of what is judged is a step, half lies between two
LEAST = 5e-4  # probability of the sport's classes (saved_models/diving_film)
AROUND = NEAR + 2.0  # seconds around such pictures that are read; the backbone sees two beyond what counts
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # flags of processors whose convolutions it makes nearly twice as fast


class FilmReader:
    """Reads film: all of what is short, and of what is long the places alone that may show a model's sport.

    Args:
        model: `ScoringNet` with `recognised` classes.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @functools.cached_property
    def _trunk(self) -> Backbone:
        backbone = self._model.backbone
        return _smaller(backbone) if isinstance(backbone.model, I3D) else backbone

    @functools.cached_property
    def _windowed(self) -> WindowedBackbone:
        return WindowedBackbone(self._trunk, self._trunk.reach, every=EVERY)

    def parts(self, source: Path | Clip, *, speed: float = 1.0, **options: Any) -> Iterator[Video]:
        """As `ScoringNetPreprocessor.parts`. A part that shows nothing has a stored picture a second."""
        read = functools.partial(self._model.preprocessor.parts, speed=speed, **options)
        film = None if isinstance(source, Clip) else self._film(source, speed)
        if isinstance(source, Clip) or film is None:
            yield from read(source)
            return
        step = self._model.backbone.temporal_stride / (self._model.frame_rate or film.fps) * speed
        for start, stop, is_near in _stretches(film, step, AROUND * speed):
            if not is_near:
                part = film.cut(start, stop)
                yield part if speed == 1 else part.at_speed(speed)
                continue
            for part in read(Clip(source, (start, stop))):
                yield dataclasses.replace(part, since=part.first_time, is_shot=True, places=film.places)

    def _film(self, path: Path, speed: float) -> Video | None:
        """All frames of a long film, with its `places`; None if it must be read as a whole."""
        if not path.is_file() or not times_to_seek(path) or frame_times(path)[-1] < LONG * speed:
            return None
        (first,) = self._model.preprocessor.parts(Clip(path, (0, 1)), partial=True)
        (fps, times, _), rate = frame_timing(first.fps, frame_times(path)), RATE / speed
        film = dataclasses.replace(first, fps=fps, timestamps=times, sizes=None, is_shot=True)
        if not film.is_sampled(rate):
            return None
        try:
            likely, pictures = self._look(path, film, rate)
        except VideoError:  # damaged: read as far as it goes
            return None
        found = np.flatnonzero(likely >= LEAST)
        edges = np.stack([found * EVERY - STEP, found * EVERY + STEP], 1) / rate
        places = _joined(np.searchsorted(times, np.clip(edges, 0, times[-1])), 0)
        _tell(path, [(times[start], times[stop]) for start, stop in places])
        return dataclasses.replace(film, frames=pictures, places=tuple((start, stop + 1) for start, stop in places))

    def _look(self, path: Path, film: Video, rate: float) -> tuple[np.ndarray, list[bytes]]:
        """The probability of the sport's classes at every `EVERY`-th moment, and a stored picture for every frame."""
        length, stored = int(film.timestamps[-1] * rate) + 1, self._model.preprocessor.stored
        looked = glance(path, rate, max(self._model.image_size))
        pixel_aspect = film.aspect * film.source_size[0] / film.source_size[1]
        jpegs: list[bytes] = []

        def block(piece: tuple[int, int]) -> np.ndarray:
            pictures = []
            for number, picture in itertools.islice(looked, piece[1] - piece[0]):
                shown = stored.picture(picture, pixel_aspect)
                if number >= len(jpegs):
                    jpegs.extend([encode_jpeg(shown, stored.jpeg_quality)] * max(round(film.fps), 1))
                middle = center_part(shown, *self._model.image_size)
                pictures.append(resize_frame(middle, self._trunk.frame_size))
            return np.stack(pictures)

        pieces = self._windowed.pieces(length)
        blocks = overlapping(block, pieces, threads=1, ahead=1)
        shown = tqdm(blocks, "Looking", len(pieces), unit="window", delay=PATIENCE, leave=False, disable=None)
        vectors = self._windowed(shown, length)
        logits = self._model.backbone.classifier(vectors[np.newaxis, :, -self._model.backbone.sizes[-1] :])
        likely = keras.ops.softmax(logits).numpy()[0][:, list(self._model.recognised)].sum(axis=1)
        return likely, [*jpegs, *jpegs[-1:] * len(film.timestamps)][: len(film.timestamps)]


def _stretches(film: Video, step: float, around: float) -> Iterator[tuple[int, int, bool]]:
    """Yields all frames as [start, stop) in order, and whether they are within `around` seconds of the `places`.

    A stretch begins with a multiple of `step` seconds, so that the backbone's steps are those of the whole film.
    """
    times, end = film.timestamps, 0
    edges = [(times[start] - around, times[stop - 1] + around) for start, stop in film.places or ()]
    grid = np.reshape(edges, (-1, 2))
    grid[:, 0] = np.maximum(grid[:, 0] // step * step, 0.0)
    for start, stop in _joined(np.searchsorted(times, grid), round(film.fps)):
        if start > end:
            yield end, start, False
        yield start, stop, True
        end = stop
    if end < len(times):
        yield end, len(times), False


def _tell(path: Path, places: list[tuple[float, float]]) -> None:
    """Says on a terminal what is looked at closely."""
    if sys.stderr.isatty():
        where = ", ".join(f"{clock(start)} to {clock(end)}" for start, end in places) or "nowhere"
        tqdm.write(f"{path}: looking closely {where}", sys.stderr)


def _joined(edges: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """Intervals (N, 2) in order, one for those that are no more than `gap` apart."""
    joined: list[tuple[int, int]] = []
    for start, stop in edges.tolist():
        if joined and start <= joined[-1][1] + gap:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((start, stop))
    return joined


def _smaller(backbone: Backbone) -> Backbone:
    """I3D to its last endpoint, for smaller pictures, in bfloat16 where that is faster."""
    i3d = backbone.model
    size = [round(SIZE * side) for side in backbone.frame_size]
    dtype = "bfloat16" if BFLOAT16 & cpu_flags() else "float32"
    config = i3d.get_config() | {"input_shape": (None, *size, 3), "dtype": dtype}
    if not isinstance(config["final_endpoint"], str):
        config["final_endpoint"] = config["final_endpoint"][-1]
    twin = I3D.from_config(config)
    twin.set_weights(i3d.get_weights())
    return Backbone(twin, pretrained=True)
