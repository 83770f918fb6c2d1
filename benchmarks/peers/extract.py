"""Features of videos by PyTorch, PyAV and OpenCV alone, as a script of their user would make them: `extract`'s peer.

Called with a folder for the features and videos. The weights are random: they change no time.
"""

import sys
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from benchmarks.data import STORED
from benchmarks.peers.i3d import I3D


def frames_of(video):
    """Its frames, uint8 (L, H, W, 3), RGB, of the size that I3D takes."""
    with av.open(video) as container:
        container.streams.video[0].thread_type = "AUTO"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack([cv2.resize(frame, STORED[::-1], interpolation=cv2.INTER_AREA) for frame in frames])


def main(folder, *videos):
    """Writes a file of means over places for every video: a vector for each step of both ends."""
    network = I3D().to(memory_format=torch.channels_last_3d).eval()
    for video in videos:
        with torch.inference_mode():
            ends = network.ends(torch.from_numpy(frames_of(video)[None]))
        np.savez(Path(folder) / Path(video).stem, *[end.mean((3, 4))[0].T.numpy() for end in ends])


if __name__ == "__main__":
    main(*sys.argv[1:])
