"""Measures shortcuts: how well file sizes, durations and single small frames predict the scores.

A simulator whose scores show in anything but the movement teaches nothing. Knows no sport.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from data_prep.simulator.performance import Performance

FOLDS = 10
LEAST_VIDEOS, MOST_VIDEOS = 100, 600  # fewer say nothing; more say no more and take time to decode
SMALL = (16, 12)  # width and height of a small frame
PENALTIES = 10.0 ** np.arange(-1, 6)  # of ridge regression, on standardised features
AFTER = 3  # frames after the last but one boundary, when a splash stands, or a gymnast


@dataclasses.dataclass(frozen=True)
class Glance:
    """What a glance at a video shows.

    Attributes:
        num_bytes: of the file.
        colour: (3,), mean luma and chroma of the frames at `moments`.
        frames: float32 (moments, 12, 16), grey.
        deviation: float32 (12, 16), of the grey over the last stage.
    """

    num_bytes: int
    colour: np.ndarray
    frames: np.ndarray
    deviation: np.ndarray


def moments(performance: Performance) -> tuple[int, ...]:
    """The frames of a glance: the boundaries, the middle of the flight, and shortly after its end."""
    b0, b1, b2, b3 = performance.boundaries
    last = performance.num_frames - 1
    return b0, b1, (b1 + b2) // 2, b2, min(b2 + AFTER, last), min(b3, last)


def glance(path: Path, performance: Performance) -> Glance:
    """Looks at a video that was written for a performance."""
    seen, colours = {}, []
    wanted, (_, _, b2, b3) = moments(performance), performance.boundaries
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                colours.append([_plane(frame, plane).mean() for plane in range(3)])
            if index in wanted or b2 <= index < b3:
                seen[index] = cv2.resize(_plane(frame, 0), SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
            if index >= max(wanted):
                break
    entry = [seen[index] for index in range(b2, b3) if index in seen]
    frames = np.stack([seen[index] for index in wanted])
    return Glance(path.stat().st_size, np.mean(colours, axis=0), frames, np.std(entry, axis=0))


def _plane(frame, index):
    """Luma (0) or chroma (1, 2) of a decoded frame, uint8 (H, W), as it lies in memory."""
    plane = frame.planes[index]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def shortcut_table(
    performances: Sequence[Performance], glances: Sequence[Glance], boundary_names: Sequence[str]
) -> list[str]:
    """Rows of a Markdown table: Spearman's ρ of the scores with ridge regressions on each shortcut.

    Args:
        performances: N.
        glances: one for each.
        boundary_names: of the four boundaries.
    """
    scores = np.array([(p.difficulty, p.execution) for p in performances])
    lines = ["| known of a video | difficulty | execution |", "|---|---|---|"]
    for name, values in _known(performances, glances, boundary_names).items():
        predicted = cross_validated(np.asarray(values, float).reshape(len(performances), -1), scores)
        rho = [rank_correlation(*pair) for pair in zip(predicted.T, scores.T, strict=True)]
        lines.append(f"| {name} | {rho[0]:.2f} | {rho[1]:.2f} |")
    return lines


def _known(performances, glances, names):
    lengths = np.array([p.num_frames for p in performances])
    sizes = np.array([g.num_bytes for g in glances])
    boundaries = np.array([p.boundaries for p in performances])
    leads = np.array([p.lead for p in performances])
    frames = np.array([g.frames for g in glances])
    labels = (names[0], names[1], "mid-flight", names[2], f"{AFTER} frames later", names[3])
    return {
        "length, bytes, bytes a frame": np.stack((lengths, sizes, sizes / lengths), axis=1),
        "mean colour": [g.colour for g in glances],
        "durations of the stages": np.diff(np.column_stack((leads, boundaries)), axis=1),
        **{f"one grey frame of 16×12: {label}": frames[:, index] for index, label in enumerate(labels)},
        "deviation of the grey over the last stage, 16×12": [g.deviation for g in glances],
    }


def rank_correlation(predicted: np.ndarray, true: np.ndarray) -> float:
    """Spearman's ρ; 0 if one of them is constant."""
    if np.ptp(predicted) == 0 or np.ptp(true) == 0:
        return 0.0
    from scipy.stats import spearmanr  # takes a second that no worker should wait

    return float(spearmanr(predicted, true).statistic)


def cross_validated(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Targets (N,) or (N, T) predicted from features (N, K) by ridge regression, in `FOLDS` folds.

    The penalty of each fold and target is the one of `PENALTIES` with the least leave-one-out error within the rest.
    """
    fold = np.random.default_rng(0).permutation(len(targets)) % FOLDS
    columns = targets.reshape(len(targets), -1)
    predicted = np.empty(columns.shape)
    for held_out in range(FOLDS):
        inside, outside = fold != held_out, fold == held_out
        centre, scale = features[inside].mean(axis=0), features[inside].std(axis=0) + 1e-9
        fits = ridge((features[inside] - centre) / scale, columns[inside])
        for column, (weights, mean) in enumerate(fits):
            predicted[outside, column] = mean + (features[outside] - centre) / scale @ weights
    return predicted.reshape(targets.shape)


def ridge(design: np.ndarray, targets: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Ridge regression: (weights (K,), mean) for each column of targets (N, T), the penalty by leave-one-out errors."""
    # The eigenvectors of the Gram matrix instead of a singular value decomposition: a tenth of the time.
    energy, axes = np.linalg.eigh(design.T @ design)
    energy, axes = energy[energy > 1e-9 * energy[-1]], axes[:, energy > 1e-9 * energy[-1]]
    left = design @ axes / np.sqrt(energy)
    return [_best_fit(left, energy, axes, target) for target in targets.T]


def _best_fit(left, energy, axes, target):
    """Leave-one-out errors come from the hat matrix's diagonal (Allen's PRESS)."""
    mean = target.mean()
    along = left.T @ (target - mean)
    squared = left**2
    best, best_error = None, np.inf
    for penalty in PENALTIES:
        shrink = energy / (energy + penalty)
        leverage = squared @ shrink + 1 / len(target)
        residual = target - mean - left @ (shrink * along)
        error = np.mean((residual / np.maximum(1 - leverage, 1e-6)) ** 2)
        if error < best_error:
            best, best_error = axes @ (np.sqrt(energy) / (energy + penalty) * along), error
    return best, mean
