"""Finds the same performance in two splits by what it shows: a file that was encoded anew, resized or mirrored.

A video is reduced to a few small pictures at equal shares of its time. Two videos show the same if the pictures are
alike, and so is what moves in them: dives from one platform before a camera that stands still differ in that alone.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.preprocessing import decode_jpeg

PICTURES, HEIGHT, WIDTH = 8, 12, 16
# Simulated dives encoded anew (H.264 at CRF 35, MPEG-4, a third of the size, mirrored) are within 6 grey levels (root
# mean square) from their originals, and the changes correlate by .99 and more (at CRF 45 by .967: not found). Of 1,770
# pairs of different dives no two are nearer than 33 or correlate by more than .52; of as many pairs of one round body
# that crosses a still picture two would be taken for one.
ALIKE = 12.0
MOVING_ALIKE = 0.98
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
    """What changes in the pictures, float32 (N,) of length 1, so that a product is a correlation; 0 if nothing does."""
    grey = pictures.mean(axis=-1, dtype=np.float32)
    change = (grey - grey.mean(axis=0)).ravel()
    still = np.sqrt(np.mean(change**2)) < STILL
    return np.zeros_like(change) if still else change / np.linalg.norm(change)


def _distance(first, second):
    """Root mean square of the difference, grey levels."""
    return float(np.sqrt(np.mean((first.astype(np.float32) - second) ** 2)))
