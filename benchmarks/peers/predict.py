"""Scores videos with PyTorch and OpenCV alone, as a script of their user would: `predict`'s peer in `benchmarks`.

Called with a file of weights (`benchmarks.predicting` writes it) and videos.
"""

import itertools
import sys

import cv2
import numpy as np
import torch

from benchmarks.peers.network import ScoringNet, load

STORED, SHOWN = (73, 98), 64  # of the shipped diving model: height and width that frames are resized to, and its input
WIDTH = 0.125
STAGES = ("noise", "pre-starting", "take-flight", "entry")


def frames_of(video):
    """Its frames, uint8 (L, H, W, 3), RGB, as the model takes them."""
    capture, frames = cv2.VideoCapture(video), []
    top, left = ((stored - SHOWN) // 2 for stored in STORED)
    while (read := capture.read())[0]:
        small = cv2.resize(read[1], STORED[::-1], interpolation=cv2.INTER_AREA)
        frames.append(cv2.cvtColor(small[top : top + SHOWN, left : left + SHOWN], cv2.COLOR_BGR2RGB))
    return np.stack(frames), capture.get(cv2.CAP_PROP_FPS)


def loaded(weights):
    """The model."""
    found = dict(np.load(weights))
    statistics = {score: tuple(found.pop(f"statistics.{score}")) for score in ("difficulty", "execution")}
    network = load(ScoringNet(SHOWN, WIDTH, statistics=statistics), found).eval()
    return network.to(memory_format=torch.channels_last_3d)


def scored(network, video):
    """The outputs of the model, and the frame rate."""
    frames, rate = frames_of(video)
    with torch.inference_mode():
        return network(torch.from_numpy(frames)[None], torch.ones(1, len(frames), dtype=torch.bool)), rate


def main(weights, *videos):
    """Prints stages with their times, and scores."""
    network = loaded(weights)
    for video in videos:
        show(*scored(network, video))


def show(outputs, rate):
    """Prints what the model says of a video."""
    labels = outputs["stages"][0].argmax(-1).numpy()
    starts = [0, *(np.flatnonzero(np.diff(labels)) + 1), len(labels)]
    for start, end in itertools.pairwise(starts):
        print(f"{start / rate:7.2f}–{end / rate:.2f} s  {STAGES[labels[start]]}")
    print("  ".join(f"{score} {outputs[score].item():.2f}" for score in ("difficulty", "execution", "final")))


if __name__ == "__main__":
    main(*sys.argv[1:])
