"""The PyTorch side of `benchmarks.input_pipeline`: a DataLoader on folders of JPEGs.

Two workers, OpenCV to decode, crop, flip and change colours; and libjpeg-turbo alone, as OpenCV calls it, on a thread
for each core.
"""

import concurrent.futures
import functools
import os
import pathlib
import time

import cv2
import numpy as np
import torch

from benchmarks.data import SHOWN, STORED

SHIFT, COLORS = 6, 0.2  # pixels, strength: as ours by default
LUMA = np.float32([0.299, 0.587, 0.114])
AT_A_TIME = 64  # JPEGs of a task


class Videos(torch.utils.data.Dataset):
    """Videos as folders of JPEGs: uint8 (L, H, W, 3), cropped.

    `augmented`: at random, and mirrored one time in two; `colors`: the strength of random changes, as ours.
    """

    def __init__(self, folder, augmented=False, colors=0.0):
        self.videos = [sorted(path.glob("*.jpg")) for path in sorted(pathlib.Path(folder).iterdir())]
        self.augmented, self.colors = augmented, colors

    def __len__(self):
        return len(self.videos)

    def __getitem__(self, index):
        """Decodes a video."""
        height, width = SHOWN
        top, left, flip = (STORED[0] - height) // 2, (STORED[1] - width) // 2, False
        rng = np.random.default_rng(torch.randint(2**31, ()).item())
        if self.augmented:
            top, left = (start + rng.integers(-SHIFT, SHIFT + 1) for start in (top, left))
            flip = rng.integers(2) == 1
        frames = np.empty((len(self.videos[index]), height, width, 3), np.uint8)
        for frame, path in zip(frames, self.videos[index], strict=True):
            image = cv2.imread(str(path))[top : top + height, left : left + width]
            cv2.cvtColor(cv2.flip(image, 1) if flip else image, cv2.COLOR_BGR2RGB, dst=frame)
        if self.colors:
            rows = frames.reshape(-1, width, 3)
            cv2.transform(rows, self.color_matrix(rows, rng), dst=rows)
        return torch.from_numpy(frames)

    def color_matrix(self, frames, rng):
        """Random changes of brightness, contrast and saturation as one affine map of RGB, float32 (3, 4)."""
        brightness, contrast, saturation = rng.uniform(-self.colors, self.colors, 3)
        matrix = (1 + contrast) * ((1 + saturation) * np.eye(3) - saturation * LUMA)
        offset = 127.5 * brightness - contrast * (LUMA @ cv2.mean(frames)[:3])
        return np.column_stack((matrix, np.full(3, offset))).astype(np.float32)


def padded(videos):
    """Videos as one batch, and how many frames it has."""
    return torch.nn.utils.rnn.pad_sequence(videos, batch_first=True), sum(map(len, videos))


def loader(folder, batch_size, **options):
    """A DataLoader of `Videos` with two workers that stay."""
    return torch.utils.data.DataLoader(
        Videos(folder, **options),
        batch_size,
        shuffle=bool(options),
        num_workers=2,
        collate_fn=padded,
        persistent_workers=True,
        worker_init_fn=lambda _: cv2.setNumThreads(0),
    )


def measurements(stored, epochs, batch_size=4):
    """Frames per second of each way to read a folder of folders of JPEGs."""
    ways = {"plain": {}, "crop and flip": {"augmented": True}, "augmented": {"augmented": True, "colors": COLORS}}
    loaded = functools.lru_cache(maxsize=1)(lambda what: loader(stored, batch_size, **ways[what]))

    def measure(what):
        if what == "libjpeg-turbo":
            return _libjpeg_turbo(stored, epochs)
        batches, start = loaded(what), time.perf_counter()
        frames = sum(count for _ in range(epochs) for _, count in batches)
        return frames / (time.perf_counter() - start)

    return measure


def _libjpeg_turbo(stored, epochs):
    jpegs = [np.fromfile(path, np.uint8) for path in sorted(pathlib.Path(stored).rglob("*.jpg"))]
    tasks = [jpegs[start : start + AT_A_TIME] for start in range(0, len(jpegs), AT_A_TIME)] * epochs
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        start = time.perf_counter()
        decoded = sum(pool.map(lambda task: sum(cv2.imdecode(jpeg, 1) is not None for jpeg in task), tasks))
        return decoded / (time.perf_counter() - start)
