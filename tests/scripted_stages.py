"""Predictors whose KFS finds given stages; all that follows is the model's own."""

import copy
import dataclasses

import numpy as np

from scoringnet_tf.inference.reliability import reliability


def scripted(predictor, labels, probability=0.97, model=None):
    """A `Predictor` that shares what was traced with another one.

    Args:
        predictor: whose features it has.
        labels: int (K,), the stage of each sample of the whole video, then noise; they may be filled in later.
        probability: of each of these stages.
        model: whose statistics it has; None: those of the predictor.
    """
    copied = copy.copy(predictor)
    if model is not None:
        copied.model, copied.reliability = model, reliability(model)

    def see(video, force=False):
        seen = predictor.see(video, force)
        if seen.stages is None:
            return seen
        first, count = round(video.since * seen.rate), len(seen.samples)
        shown = np.pad(labels, (0, count))[first : first + count]
        rest = (1 - probability) / (seen.stages.shape[1] - 1)
        stages = np.where(np.eye(seen.stages.shape[1], dtype=bool)[shown], probability, rest)
        return dataclasses.replace(seen, stages=stages.astype("float32"))

    copied.see = see
    return copied


def labels_of(*runs):
    """Labels (L,) of (stage, number of frames) in a row."""
    return np.repeat([stage for stage, _ in runs], [count for _, count in runs])


def windowed(reader, frames):
    """What a `WindowedModel` or `WindowedBackbone` makes of frames, block by block."""
    length = len(frames)
    return reader((frames[start:stop] for start, stop in reader.pieces(length)), length)
