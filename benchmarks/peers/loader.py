"""A DataLoader on folders of JPEGs: two workers, OpenCV to decode, crop, flip and change colours, as ours does."""

import pathlib
import time

import cv2
import numpy as np
import torch

from benchmarks import data
from benchmarks.input_pipeline import BATCH, EPOCHS

SHIFT, COLORS = 6, 0.2  # pixels, strength: as ours by default
LUMA = np.float32([0.299, 0.587, 0.114])


class Videos(torch.utils.data.Dataset):
    """Videos as folders of JPEGs: uint8 (L, H, W, 3), cropped at random, mirrored one time in two, colours changed."""

    def __init__(self, folder):
        self.videos = [sorted(path.glob("*.jpg")) for path in sorted(folder.iterdir())]

    def __len__(self):
        return len(self.videos)

    def __getitem__(self, index):
        """Decodes a video."""
        (height, width), rng = data.SHOWN, np.random.default_rng(torch.randint(2**31, ()).item())
        middle = ((stored - shown) // 2 for stored, shown in zip(data.STORED, data.SHOWN, strict=True))
        top, left = (start + rng.integers(-SHIFT, SHIFT + 1) for start in middle)
        flip = rng.integers(2) == 1
        frames = np.empty((len(self.videos[index]), height, width, 3), np.uint8)
        for frame, path in zip(frames, self.videos[index], strict=True):
            image = cv2.imread(str(path))[top : top + height, left : left + width]
            cv2.cvtColor(cv2.flip(image, 1) if flip else image, cv2.COLOR_BGR2RGB, dst=frame)
        rows = frames.reshape(-1, width, 3)
        cv2.transform(rows, color_matrix(rows, rng), dst=rows)
        return torch.from_numpy(frames)


def color_matrix(frames, rng):
    """Random changes of brightness, contrast and saturation as one affine map of RGB, float32 (3, 4)."""
    brightness, contrast, saturation = rng.uniform(-COLORS, COLORS, 3)
    matrix = (1 + contrast) * ((1 + saturation) * np.eye(3) - saturation * LUMA)
    offset = 127.5 * brightness - contrast * (LUMA @ cv2.mean(frames)[:3])
    return np.column_stack((matrix, np.full(3, offset))).astype(np.float32)


def padded(videos):
    """Videos as one batch, and how many frames it has."""
    return torch.nn.utils.rnn.pad_sequence(videos, batch_first=True), sum(map(len, videos))


def augmented(folder, videos):
    """Microseconds of a frame."""
    loader = torch.utils.data.DataLoader(
        Videos(data.jpegs(pathlib.Path(folder), videos)),
        BATCH,
        shuffle=True,
        num_workers=2,
        collate_fn=padded,
        persistent_workers=True,
        worker_init_fn=lambda _: cv2.setNumThreads(0),
    )

    def measure():
        start = time.perf_counter()
        frames = sum(count for _ in range(EPOCHS) for _, count in loader)
        return 1e6 * (time.perf_counter() - start) / frames

    return measure
