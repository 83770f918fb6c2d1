"""Finds the same performance in two splits by what it shows: a file that was encoded anew, resized or mirrored.

A video is reduced to a few small pictures at equal shares of its time. Two videos show the same if the pictures are
alike, and so is what moves in them: dives from one platform before a camera that stands still differ in that alone.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.preprocessing import decode_jpeg

PICTURES, HEIGHT, WIDTH = 8, 12, 16
BLOCK = 512  # videos that are compared with as many at once, which reads each from memory once for all of them
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
    """The performances of a dataset, one block after the other.

    Of each only small pictures are kept. What moves in them would take more, and little time to compute for each block.

    Args:
        split_sizes: {split: how many may come of it}.
    """

    def __init__(self, split_sizes: Mapping[str, int]) -> None:
        self._samples: list[Sample] = []
        self._numbers: dict[str, list[int]] = {split: [] for split in split_sizes}  # of its samples, in their order
        shape = (PICTURES, HEIGHT, WIDTH, 3)
        self._pictures = {split: np.empty((size, *shape), np.uint8) for split, size in split_sizes.items()}

    def same_in_another_split(self, performances: Sequence[tuple[Sample, np.ndarray]]) -> list[Sample | None]:
        """Of each, the first before it in another split that shows the same, rather than what shows it mirrored.

        Args:
            performances: the next B, with their `thumbnails`, which are kept; up to `BLOCK` the more, the faster.
        """
        before = len(self._samples)
        found: dict[int, tuple[bool, int]] = {}  # {place in the block: (whether it is mirrored, number of the other)}
        for sample, pictures in performances:
            self._keep(sample, pictures)
        for split in {sample.split for sample, _ in performances}:
            places = [place for place, (sample, _) in enumerate(performances) if sample.split == split]
            shown = np.stack([performances[place][1] for place in places])
            views = np.stack([shown, shown[..., ::-1, :]])
            moving = _moving(views)
            for numbers, others in self._of_other_splits(split):
                for view, row, column in np.argwhere(moving @ _moving(others).T >= MOVING_ALIKE):
                    place, match = places[row], (bool(view), numbers[column])
                    is_first = numbers[column] < before + place and match < found.get(place, (True, before + place))
                    if is_first and _distance(views[view, row], others[column]) <= ALIKE:
                        found[place] = match
        return [self._samples[found[place][1]] if place in found else None for place in range(len(performances))]

    def _keep(self, sample, pictures):
        numbers = self._numbers[sample.split]
        self._pictures[sample.split][len(numbers)] = pictures
        numbers.append(len(self._samples))
        self._samples.append(sample)

    def _of_other_splits(self, split):
        """(numbers, pictures) of the videos in them, `BLOCK` at a time."""
        for other, numbers in self._numbers.items():
            if other != split:
                for start in range(0, len(numbers), BLOCK):
                    block = numbers[start : start + BLOCK]
                    yield block, self._pictures[other][start : start + len(block)]


def _moving(pictures):
    """What changes in the pictures of videos (…, PICTURES, HEIGHT, WIDTH, 3), as (…, N).

    They are float32 of length 1, so that a product is a correlation; 0 where nothing changes.
    """
    shape = pictures.shape[:-4]
    grey = pictures.reshape(-1, 3).astype(np.float32) @ np.ones(3, np.float32) / 3  # faster than mean(axis=-1)
    grey = grey.reshape(*shape, PICTURES, HEIGHT * WIDTH)
    change = (grey - grey.mean(axis=-2, keepdims=True)).reshape(*shape, -1)
    length = np.linalg.norm(change, axis=-1, keepdims=True)
    length[length < STILL * np.sqrt(change.shape[-1])] = np.inf
    return change / length


def _distance(first, second):
    """Root mean square of the difference, grey levels."""
    return float(np.sqrt(np.mean((first.astype(np.float32) - second) ** 2)))
