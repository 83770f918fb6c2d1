"""The PyTorch side of `benchmarks.input_pipeline`, a process of `benchmarks.pairs`: a DataLoader on folders of JPEGs.

Two workers, OpenCV to decode, crop and flip; and libjpeg-turbo alone, as OpenCV calls it, on a thread for each core.
"""

import concurrent.futures
import os
import pathlib
import time

import cv2
import numpy as np
import torch
from absl import flags

from benchmarks.data import SHOWN, STORED

FLAGS = flags.FLAGS
flags.DEFINE_string("stored", None, "Folder of folders of JPEGs as large as the records'.")
flags.DEFINE_integer("batch_size", 4, "Videos per batch.", lower_bound=1)
flags.DEFINE_integer("epochs", 5, "Times that they are read.", lower_bound=1)

SHIFT = 6  # pixels, as ours by default
AT_A_TIME = 64  # JPEGs of a task


class Videos(torch.utils.data.Dataset):
    """Videos as folders of JPEGs: uint8 (L, H, W, 3), cropped; at random, and mirrored one time in two, if asked."""

    def __init__(self, folder, augmented=False):
        self.videos = [sorted(path.glob("*.jpg")) for path in sorted(pathlib.Path(folder).iterdir())]
        self.augmented = augmented

    def __len__(self):
        return len(self.videos)

    def __getitem__(self, index):
        """Decodes a video."""
        height, width = SHOWN
        top, left, flip = (STORED[0] - height) // 2, (STORED[1] - width) // 2, False
        if self.augmented:
            rng = np.random.default_rng(torch.randint(2**31, ()).item())
            top, left = (start + rng.integers(-SHIFT, SHIFT + 1) for start in (top, left))
            flip = rng.integers(2) == 1
        frames = np.empty((len(self.videos[index]), height, width, 3), np.uint8)
        for frame, path in zip(frames, self.videos[index], strict=True):
            image = cv2.imread(str(path))[top : top + height, left : left + width]
            cv2.cvtColor(cv2.flip(image, 1) if flip else image, cv2.COLOR_BGR2RGB, dst=frame)
        return torch.from_numpy(frames)


def padded(videos):
    """Videos as one batch, and how many frames it has."""
    return torch.nn.utils.rnn.pad_sequence(videos, batch_first=True), sum(map(len, videos))


def loader(augmented):
    """A DataLoader with two workers that stay."""
    return torch.utils.data.DataLoader(
        Videos(FLAGS.stored, augmented),
        FLAGS.batch_size,
        shuffle=augmented,
        num_workers=2,
        collate_fn=padded,
        persistent_workers=True,
        worker_init_fn=lambda _: cv2.setNumThreads(0),
    )


def measurements():
    """What this process answers with: frames per second of each way."""
    kept = {}

    def loaded(augmented):
        if augmented not in kept:
            kept.clear()  # and with it the workers of another
            kept[augmented] = loader(augmented)
        start = time.perf_counter()
        frames = sum(count for _ in range(FLAGS.epochs) for _, count in kept[augmented])
        return frames / (time.perf_counter() - start)

    ways = {"plain": lambda: loaded(False), "augmented": lambda: loaded(True), "libjpeg-turbo": _libjpeg_turbo}
    return lambda what: ways[what]()


def _libjpeg_turbo():
    jpegs = [np.fromfile(path, np.uint8) for path in sorted(pathlib.Path(FLAGS.stored).rglob("*.jpg"))]
    tasks = [jpegs[start : start + AT_A_TIME] for start in range(0, len(jpegs), AT_A_TIME)] * FLAGS.epochs
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        start = time.perf_counter()
        decoded = sum(pool.map(lambda task: sum(cv2.imdecode(jpeg, 1) is not None for jpeg in task), tasks))
        return decoded / (time.perf_counter() - start)
