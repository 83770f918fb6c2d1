"""Finds the same performance in two splits by what it shows, where it is another file: encoded anew, resized, mirrored.

A video is reduced to a few small pictures at equal shares of its time. Two videos show the same if the pictures are
alike, and what moves in them, too: dives from one platform before a camera that stands still are alike in all but that.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.preprocessing import decode_jpeg

PICTURES, HEIGHT, WIDTH = 16, 12, 16
ALIKE = 12.0  # grey levels, root mean square: an encoder at 1/3 of the bits made 4, other dives in one venue 20 or more
MOVING_ALIKE = 0.95  # correlation: of copies above 0.99, of 1,770 pairs of simulated dives at most 0.63
STILL = 1.0  # grey levels: of pictures that change less only noise would be compared


def thumbnails(jpegs: Sequence[bytes]) -> np.ndarray:
    """Small pictures of a video, uint8 (PICTURES, HEIGHT, WIDTH, 3).

    Args:
        jpegs: its frames, encoded.
    """
    centres = ((np.arange(PICTURES) + 0.5) * len(jpegs) / PICTURES).astype(int)
    frames = (decode_jpeg(jpegs[index]) for index in centres)
    return np.stack([cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for frame in frames])


class SeenPerformances:
    """The performances of a dataset, one after the other.

    Args:
        number: how many may come.
    """

    def __init__(self, number: int) -> None:
        self._samples: list[Sample] = []
        self._pictures = np.empty((number, PICTURES, HEIGHT, WIDTH, 3), np.uint8)
        self._moving = np.empty((number, PICTURES * HEIGHT * WIDTH), np.float32)

    def same_in_another_split(self, sample: Sample, pictures: np.ndarray) -> Sample | None:
        """The first sample of another split that shows what the `thumbnails` of this one show; keeps this one."""
        number = len(self._samples)
        found = None
        for shown in (pictures, pictures[:, :, ::-1]):
            for index in np.flatnonzero(self._moving[:number] @ _moving(shown) >= MOVING_ALIKE):
                other = self._samples[index]
                if found is None and other.split != sample.split and _distance(shown, self._pictures[index]) <= ALIKE:
                    found = other
        self._samples.append(sample)
        self._pictures[number], self._moving[number] = pictures, _moving(pictures)
        return found


def _moving(pictures):
    """What changes in the pictures, of length 1, float32 (N,), so that a product is a correlation; 0 of a still."""
    grey = pictures.mean(axis=-1, dtype=np.float32)
    change = (grey - grey.mean(axis=0)).ravel()
    still = np.sqrt(np.mean(change**2)) < STILL
    return np.zeros_like(change) if still else change / np.linalg.norm(change)


def _distance(first, second):
    """Root mean square of the difference, grey levels."""
    return float(np.sqrt(np.mean((first.astype(np.float32) - second) ** 2)))
