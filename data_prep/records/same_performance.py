"""Finds the same performance in two splits: a video that was encoded again, resized or mirrored.

A video becomes a few small pictures at equal shares of its time. Two videos show the same performance if their pictures
are alike, and what moves in them too: dives before a still camera differ in the movement alone.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.preprocessing import decode_jpeg

PICTURES, HEIGHT, WIDTH = 8, 12, 16
BLOCK = 512  # videos to compare at once: each is then read from memory once for all of them
# Simulated dives that were encoded again (H.264 at CRF 35, MPEG-4, a third of the size, mirrored) lie within 6 grey
# levels (root mean square) of the original, and their changes correlate by .99 or more (.967 at CRF 45: not found).
# 1,770 pairs of different dives lie 33 levels apart or more, and correlate by at most .52.
ALIKE = 12.0
MOVING_ALIKE = 0.98
STILL = 1.0  # grey levels: pictures that change less are noise


def thumbnails(jpegs: Sequence[bytes]) -> np.ndarray:
    """Small pictures, uint8 (PICTURES, HEIGHT, WIDTH, 3), of a video whose frames are these JPEGs."""
    centres = ((np.arange(PICTURES) + 0.5) * len(jpegs) / PICTURES).astype(int)
    frames = (decode_jpeg(jpegs[index]) for index in centres)
    import cv2

    return np.stack([cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for frame in frames])


class SeenPerformances:
    """A dataset's performances so far, as small pictures; no split has more videos than in `split_sizes`.

    What moves in them is computed `block` by block.
    """

    def __init__(self, split_sizes: Mapping[str, int], block: int = BLOCK) -> None:
        self._block = block
        self._samples: list[Sample] = []
        self._numbers: dict[str, list[int]] = {split: [] for split in split_sizes}  # of its samples, in their order
        shape = (PICTURES, HEIGHT, WIDTH, 3)
        self._pictures = {split: np.empty((size, *shape), np.uint8) for split, size in split_sizes.items()}

    def same_in_another_split(self, performances: Sequence[tuple[Sample, np.ndarray]]) -> list[Sample | None]:
        """For each next performance (sample, thumbnails), the first earlier one in another split that shows the same.

        Unmirrored ones go first. At best `BLOCK` come at a time.
        """
        before = len(self._samples)
        matches: dict[int, tuple[bool, int]] = {}  # {place in the block: (is mirrored, number of the other)}
        for sample, pictures in performances:
            self._keep(sample, pictures)
        for split in {sample.split for sample, _ in performances}:
            places = [place for place, (sample, _) in enumerate(performances) if sample.split == split]
            shown = np.stack([performances[place][1] for place in places])
            views = np.stack([shown, shown[..., ::-1, :]])
            moving = _moving(views)
            for numbers, others in self._other_splits(split):
                for view, row, column in np.argwhere(moving @ _moving(others).T >= MOVING_ALIKE):
                    place, match = places[row], (bool(view), numbers[column])
                    is_first = numbers[column] < before + place and match < matches.get(place, (True, before + place))
                    difference = views[view, row].astype(np.float32) - others[column]
                    if is_first and np.sqrt(np.mean(difference**2)) <= ALIKE:
                        matches[place] = match
        return [self._samples[matches[place][1]] if place in matches else None for place in range(len(performances))]

    def _keep(self, sample: Sample, pictures: np.ndarray) -> None:
        numbers = self._numbers[sample.split]
        self._pictures[sample.split][len(numbers)] = pictures
        numbers.append(len(self._samples))
        self._samples.append(sample)

    def _other_splits(self, split: str) -> Iterator[tuple[list[int], np.ndarray]]:
        """(numbers, pictures) of their videos, `BLOCK` at a time."""
        for other, numbers in self._numbers.items():
            if other != split:
                for start in range(0, len(numbers), self._block):
                    block = numbers[start : start + self._block]
                    yield block, self._pictures[other][start : start + len(block)]


def _moving(pictures: np.ndarray) -> np.ndarray:
    """The changes in pictures (…, PICTURES, HEIGHT, WIDTH, 3), float32 (…, N) of length 1, or 0 for still ones.

    The product of two is their correlation.
    """
    shape = pictures.shape[:-4]
    grey = pictures.reshape(-1, 3).astype(np.float32) @ np.ones(3, np.float32) / 3  # faster than mean(axis=-1)
    grey = grey.reshape(*shape, PICTURES, HEIGHT * WIDTH)
    change = (grey - grey.mean(axis=-2, keepdims=True)).reshape(*shape, -1)
    length = np.linalg.norm(change, axis=-1, keepdims=True)
    length[length < STILL * np.sqrt(change.shape[-1])] = np.inf
    return change / length
