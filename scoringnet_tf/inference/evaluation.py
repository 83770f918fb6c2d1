"""Runs a model over records and measures it with the paper's six figures and the frame accuracy (§4.2–4.4)."""

import dataclasses
import math

import numpy as np
from scipy import stats
from tqdm import tqdm

from scoringnet_tf import metrics
from scoringnet_tf.sports import SCORES

SEGMENTED = 64  # videos whose segments are compared at a time


@dataclasses.dataclass
class Predictions:
    """What a model said of N videos, and the truth.

    Attributes:
        ids: N names.
        truth, predicted: score name → float64 (N,), points of the sport; NaN truth = unknown.
        stages_true, stages_predicted: N integer arrays (L_n,); −1 = unlabelled.
        empty_fragments: bool (N, 2), see `ScoringNet`.
    """

    ids: list = dataclasses.field(default_factory=list)
    truth: dict = dataclasses.field(default_factory=dict)
    predicted: dict = dataclasses.field(default_factory=dict)
    stages_true: list = dataclasses.field(default_factory=list)
    stages_predicted: list = dataclasses.field(default_factory=list)
    empty_fragments: np.ndarray | None = None


def prediction_function(model, true_fragments=False):
    """A compiled function (inputs, true stages) → outputs of a `ScoringNet`, for batches of any size and length.

    With `true_fragments` the fragments are cut by the true stages instead of the predicted ones.
    """
    import tensorflow as tf

    signature = (
        {
            "frames": tf.TensorSpec((None, None, *model.image_size, 3), tf.uint8),
            "mask": tf.TensorSpec((None, None), tf.bool),
        },
        tf.TensorSpec((None, None), tf.int32),
    )

    @tf.function(input_signature=signature)
    def outputs_of(inputs, stages):
        outputs = model(inputs, training=False)
        if true_fragments:
            outputs = {**outputs, **model.score_fragments(inputs["frames"], stages, inputs["mask"], training=False)}
        return outputs

    return outputs_of


def predict_records(outputs_of, dataset, progress=None, total=None):
    """Predictions for the batches of `dataset`, under the ids that came with them.

    Args:
        outputs_of: from `prediction_function`.
        dataset: from `input_pipeline.videos` with `with_info`, one epoch.
        progress: label of a progress bar; None shows none.
        total: number of videos, for the bar.

    Returns:
        `Predictions`.
    """
    result = Predictions()
    columns: dict[str, list] = {
        name: [] for name in (*SCORES, *(f"true_{score}" for score in SCORES), "empty_fragments")
    }
    with tqdm(total=total, desc=progress, unit="video", disable=progress is None) as bar:
        for inputs, targets, info in dataset:
            outputs = outputs_of(inputs, targets["stages"])
            _collect(result, columns, inputs, targets, info, outputs)
            bar.update(len(inputs["mask"]))
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    result.predicted = {score: joined[score].astype(float) for score in SCORES}
    result.truth = {score: joined[f"true_{score}"].astype(float) for score in SCORES}
    result.empty_fragments = joined["empty_fragments"].astype(bool)
    return result


def _collect(result, columns, inputs, targets, info, outputs):
    result.ids += [video_id.decode() for video_id in info["id"].numpy()]
    for score in SCORES:
        columns[score].append(outputs[score].numpy())
        columns[f"true_{score}"].append(targets[score].numpy())
    columns["empty_fragments"].append(outputs["empty_fragments"].numpy())
    lengths = inputs["mask"].numpy().sum(axis=1)
    predicted = outputs["labels"].numpy()
    for row, length in enumerate(lengths):
        result.stages_true.append(targets["stages"].numpy()[row, :length])
        result.stages_predicted.append(predicted[row, :length])


def src(truth, predicted):
    """Spearman's ρ (Eq. 11, tie-aware) over the known scores; NaN where it is undefined."""
    known = ~np.isnan(truth)
    if known.sum() < 2 or np.ptp(truth[known]) == 0 or np.ptp(predicted[known]) == 0:
        return math.nan
    return float(stats.spearmanr(truth[known], predicted[known]).statistic)


def med(truth, predicted):
    """MED (Eq. 12): the mean absolute error over the known scores, in points; NaN where none is known."""
    known = ~np.isnan(truth)
    return float(np.abs(truth - predicted)[known].mean()) if known.any() else math.nan


def figures(predictions, stage_names):
    """The figures of `metrics.json`.

    Returns:
        A dictionary with `num_videos`, `frame_accuracy`, `frame_accuracy_per_class` (stage name → share; NaN for a
        stage that never occurs), `edit_score f1_10 f1_25 f1_50` (see `metrics`; NaN without stage labels), `d_src e_src
        f_src d_med e_med f_med` and `num_empty_fragments`.
    """
    truth = np.concatenate(predictions.stages_true)
    hit = truth == np.concatenate(predictions.stages_predicted)
    labelled = truth >= 0
    per_class = {
        name: float(hit[truth == index].mean()) if (truth == index).any() else math.nan
        for index, name in enumerate(stage_names)
    }
    measured = {
        "num_videos": len(predictions.ids),
        "frame_accuracy": float(hit[labelled].mean()) if labelled.any() else math.nan,
        "frame_accuracy_per_class": per_class,
        **_segment_figures(predictions, labelled.any()),
    }
    for name, measure in (("src", src), ("med", med)):
        for score in SCORES:
            measured[f"{score[0]}_{name}"] = measure(predictions.truth[score], predictions.predicted[score])
    measured["num_empty_fragments"] = int(predictions.empty_fragments.sum())
    return measured


def _segment_figures(predictions, labelled):
    """`metrics.segment_metrics` of all videos: name → share; NaN where no frame is labelled."""
    measures = metrics.segment_metrics()
    for first in range(0, len(predictions.ids), SEGMENTED):
        part = slice(first, first + SEGMENTED)
        stages = [_padded(rows[part]) for rows in (predictions.stages_true, predictions.stages_predicted)]
        for measure in measures:
            measure.update_state(*stages)
    return {measure.name: float(measure.result()) if labelled else math.nan for measure in measures}


def _padded(rows):
    """Integer arrays (L_n,) as one, int32 (N, L), −1 behind the end of each."""
    padded = np.full((len(rows), max(map(len, rows))), -1, np.int32)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return padded


def mean_predictor_figures(truth, training_means, fuse):
    """MED of the predictor that always answers the training means, of the scores that have one; SRC is undefined.

    Its final score is fused, as a model's is, where both of its parts are known.
    """
    means = dict(training_means)
    if {"difficulty", "execution"} <= means.keys():
        means["final"] = fuse(means["difficulty"], means["execution"])
    return {f"{score[0]}_med": med(truth[score], np.full(len(truth[score]), mean)) for score, mean in means.items()}


def table(rows):
    """A text table of figures: rows are (label, figures)."""
    columns = ("frame_accuracy", "edit_score", "f1_50", "d_src", "e_src", "f_src", "d_med", "e_med", "f_med")
    heads = ("frames", "edit", "F1@50", "D-SRC", "E-SRC", "F-SRC", "D-MED", "E-MED", "F-MED")
    width = max(len(label) for label, _ in rows)
    lines = [" " * width + "".join(f"{head:>9}" for head in heads)]
    for label, measured in rows:
        values = (measured.get(column, math.nan) for column in columns)
        lines.append(f"{label:<{width}}" + "".join(f"{'–' if math.isnan(v) else f'{v:.3f}':>9}" for v in values))
    return "\n".join(lines)
