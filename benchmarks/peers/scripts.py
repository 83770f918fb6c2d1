"""What a user of PyTorch and OpenCV would write: scripts that `predict` and `extract` are measured against.

`scores WEIGHTS VIDEO…` prints stages and scores; `benchmarks.predicting` writes the file of weights. `features FOLDER
VIDEO…` writes I3D's features of each video; its weights are random, which changes no time.
"""

import itertools
import pathlib
import sys

import cv2
import numpy as np
import torch

from benchmarks import workload
from benchmarks.data import STORED
from benchmarks.pairs import Ask
from benchmarks.peers.i3d import I3D
from benchmarks.peers.network import ScoringNet, load

RESIZED, SHOWN, WIDTH = (73, 98), 64, 0.125  # of the shipped diving model: frames, their middle, and its width
STAGES = ("noise", "pre-starting", "take-flight", "entry")


def frames_of(video, size, shown=None):
    """Its frames, uint8 (1, L, H, W, 3), RGB, resized and cut to a square in their middle; and their rate."""
    capture, frames = cv2.VideoCapture(video), []
    top, left = ((stored - (shown or stored)) // 2 for stored in size)
    while (read := capture.read())[0]:
        small = cv2.resize(read[1], size[::-1], interpolation=cv2.INTER_AREA)
        cut = small[top : size[0] - top, left : size[1] - left][:shown, :shown]
        frames.append(cv2.cvtColor(cut, cv2.COLOR_BGR2RGB))
    return torch.from_numpy(np.stack(frames)[None]), capture.get(cv2.CAP_PROP_FPS)


def scores(weights, *videos):
    """Prints stages with their times, and scores."""
    found = dict(np.load(weights))
    statistics = {score: tuple(found.pop(f"statistics.{score}")) for score in ("difficulty", "execution")}
    network = load(ScoringNet(SHOWN, WIDTH, statistics=statistics), found).eval()
    network.to(memory_format=torch.channels_last_3d)
    for video in videos:
        frames, rate = frames_of(video, RESIZED, SHOWN)
        with torch.inference_mode():
            outputs = network(frames, torch.ones(frames.shape[:2], dtype=torch.bool))
        labels = outputs["stages"][0].argmax(-1).numpy()
        starts = [0, *(np.flatnonzero(np.diff(labels)) + 1), len(labels)]
        for start, end in itertools.pairwise(starts):
            print(f"{start / rate:7.2f}–{end / rate:.2f} s  {STAGES[labels[start]]}")
        print("  ".join(f"{score} {outputs[score].item():.2f}" for score in ("difficulty", "execution", "final")))


def features(folder, *videos):
    """Writes a file of means over places for every video: a vector for each step of both ends."""
    network = _i3d()
    for video in videos:
        np.savez(pathlib.Path(folder, pathlib.Path(video).stem), *_means(network, video))


def measurements(video: str) -> Ask:
    """Seconds for a video's features, once the network is there."""
    network = _i3d()
    return lambda what: workload.seconds(lambda: _means(network, video))


def _i3d():
    return I3D().to(memory_format=torch.channels_last_3d).eval()


def _means(network, video):
    with torch.inference_mode():
        ends = network.ends(frames_of(video, STORED)[0])
    return [end.mean((3, 4))[0].T.numpy() for end in ends]


if __name__ == "__main__":
    {"scores": scores, "features": features}[sys.argv[1]](*sys.argv[2:])
