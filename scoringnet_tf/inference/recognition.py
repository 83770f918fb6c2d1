"""What a backbone's own classes say about a video: whether and when it shows the sport (`recognised_as`), or what else.

I3D learned 400 classes from film. The sport's sum in a short window tells a performance from other clips, whatever
the stages are. A window is used, not a frame or the whole: a dive is a moment in most clips.
"""

from typing import Any

import numpy as np
from keras import ops

WINDOW = 64  # frames: what I3D learned its classes from
RECOGNISED = 1 / 6  # the least probability of a sport's classes in a window (saved_models/diving_film)
SURE = 0.4  # with less it may be something else
NEAR = 4.0  # seconds before and after such a window: a run-up, or the wait on the board
NAMED = 0.3  # of another class, to name it


def recognition(model: Any, classes: Any, labels: Any, mask: Any) -> Any:
    """The largest probability, (B,), with which a window in B performances looks like the sport.

    A window is `WINDOW` frames, or the whole video if that is shorter; its logits are averaged. It counts if it shows a
    frame with a stage, or if no frame has one. Arguments as in `checks.checks`.
    """
    mask = ops.convert_to_tensor(mask)
    likely, counted = _likely(model, classes, mask)
    if labels is not None:
        staged = ops.logical_and(labels > 0, mask)
        shown = _window_sums(ops.cast(staged, "float32")) > 0
        counted = ops.logical_and(counted, ops.logical_or(shown, ops.logical_not(ops.any(staged, 1, keepdims=True))))
    return ops.max(ops.where(counted, likely, 0.0), axis=1)


def recognised_windows(model: Any, classes: Any) -> Any:
    """Whether the window that ends at each frame looks like the sport, bool (B, L); classes (B, L, N), no padding."""
    likely, counted = _likely(model, classes, ops.ones(ops.shape(classes)[:2], "bool"))
    return ops.logical_and(counted, likely >= RECOGNISED)


def where_recognised(model: Any, stages: np.ndarray, classes: np.ndarray, rate: float | None) -> np.ndarray:
    """Stage probabilities (K, S) in one video, noise wherever nothing near looks like the sport by the logits (K, N).

    The rate is frames per second; None if it is not known.
    """
    likely = np.asarray(recognised_windows(model, classes[np.newaxis]))[0]
    around = round(NEAR * rate) if rate else WINDOW
    near = np.convolve(likely, np.ones(2 * around + 1), "full")[around : around + len(likely)] > 0
    return np.where(near[:, np.newaxis], stages, np.eye(stages.shape[1])[0])


def looks_like(model: Any, classes: np.ndarray) -> str:
    """What a performance looks like, if not like the sport, by its frames' logits (K, N)."""
    logits = classes.mean(axis=0)
    likely = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    best, wanted = int(likely.argmax()), model.sport.recognised_as[0]
    if likely[best] < NAMED or best in model.recognised:
        return f"does not look like {wanted}"
    return f"looks like {model.backbone.classes[best]}, not like {wanted}"


def _likely(model: Any, classes: Any, mask: Any) -> tuple[Any, Any]:
    """The sport's probability in the window that ends at each frame, and whether it is a whole one."""
    logits, counted = _window_means(classes, mask)
    return ops.sum(ops.take(ops.softmax(logits), list(model.recognised), axis=-1), axis=-1), counted


def _window_sums(values: Any) -> Any:
    """Sums over the last `WINDOW` steps up to each: (B, L, …) → (B, L, …)."""
    total = ops.cumsum(values, axis=1)
    padding = [[0, 0], [WINDOW, 0], *[[0, 0]] * (len(values.shape) - 2)]
    return total - ops.pad(total, padding)[:, : ops.shape(values)[1]]


def _window_means(logits: Any, mask: Any) -> tuple[Any, Any]:
    """Mean logits in each window (B, L, N), and which are whole windows with real frames, bool (B, L)."""
    real = ops.cast(mask, "float32")
    number = _window_sums(real)
    means = _window_sums(logits * real[:, :, None]) / ops.maximum(number, 1.0)[:, :, None]
    whole = number >= ops.minimum(ops.sum(real, axis=1, keepdims=True), WINDOW)
    return means, ops.logical_and(whole, mask)
