"""Runs a model over records and measures it: the paper's six figures, frame accuracy (§4.2–4.4), segment figures."""

import collections
import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from tqdm import tqdm

from scoringnet_tf import metrics
from scoringnet_tf.bootstrap import Groups, draws_of, interval
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.sports import (
    FINAL_ALONE,
    MEASURES,
    PREDICTED_SCORES,
    SCORES,
    Sport,
    as_points,
    decimals,
    in_order,
    med,
)

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet


@dataclasses.dataclass
class Predictions:
    """Predictions for N videos, and the truth.

    Attributes:
        ids: N names.
        truth: score name → float64 (N,), points, for each score in the sport; NaN is unknown.
        predicted: the same for the scores that the model predicts.
        deviations: the same, standard deviations of a distribution head.
        stages_true, stages_predicted: N integer arrays (L_n,); −1 is unlabelled, or no segmenter.
        empty_fragments: bool (N, n), see `ScoringNet`; n is 0 without a segmenter.
        bounds: score name → float64 (N, 2), ends of the model's intervals, points, see `interval_bounds`.
        frame_rates: (N,), frames per second.
    """

    ids: list = dataclasses.field(default_factory=list)
    truth: dict = dataclasses.field(default_factory=dict)
    predicted: dict = dataclasses.field(default_factory=dict)
    deviations: dict = dataclasses.field(default_factory=dict)
    stages_true: list = dataclasses.field(default_factory=list)
    stages_predicted: list = dataclasses.field(default_factory=list)
    empty_fragments: np.ndarray | None = None
    bounds: dict = dataclasses.field(default_factory=dict)
    frame_rates: np.ndarray | None = None


def input_specs(model: "ScoringNet") -> dict[str, Any]:
    """Name → `tf.TensorSpec` of the inputs of a model, for batches of any size and length."""
    import tensorflow as tf

    return {
        name: tf.TensorSpec(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
        for name, tensor in model.input.items()
    }


def prediction_function(
    model: "ScoringNet", true_fragments: bool = False
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A compiled function (inputs, true stages) → outputs of a `ScoringNet`, for batches of any size and length.

    With `true_fragments` it cuts the fragments by the true stages instead of the predicted ones.
    """
    import tensorflow as tf

    @tf.function(input_signature=(input_specs(model), tf.TensorSpec((None, None), tf.int32)))
    def outputs_of(inputs: dict[str, Any], stages: Any) -> dict[str, Any]:
        outputs = model(inputs, training=False)
        if true_fragments:
            outputs |= model.score_fragments(model.encode(inputs), stages, inputs["mask"], training=False)
        return outputs

    return outputs_of


def predict_records(
    outputs_of: Callable[[dict[str, Any], Any], dict[str, Any]],
    dataset: Iterable[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
    progress: str | None = None,
    total: int | None = None,
) -> Predictions:
    """Predictions for the batches of `dataset`.

    Args:
        outputs_of: from `prediction_function`.
        dataset: from `input_pipeline.videos` with `with_info`, one epoch.
        progress: label of a progress bar; None for no bar.
        total: number of videos, for the bar.

    Returns:
        `Predictions` sorted by id: sums and draws of every table depend on the order.
    """
    result = Predictions()
    columns: dict[str, list] = collections.defaultdict(list)
    with tqdm(total=total, desc=progress, unit="video", disable=progress is None) as bar:
        for inputs, targets, info in dataset:
            _collect(result, columns, inputs, targets, info, outputs_of(inputs, targets["stages"]))
            bar.update(len(inputs["mask"]))
    order = sorted(range(len(result.ids)), key=result.ids.__getitem__)
    for rows in (result.ids, result.stages_true, result.stages_predicted):
        rows[:] = [rows[index] for index in order]
    joined = {name: np.concatenate(parts)[order] for name, parts in columns.items()}
    result.predicted = {score: as_points(joined[score]) for score in SCORES if score in joined}
    result.deviations = {score: as_points(joined[f"{score}_std"]) for score in SCORES if f"{score}_std" in joined}
    result.truth = {score: as_points(joined[f"true_{score}"]) for score in SCORES if f"true_{score}" in joined}
    result.frame_rates = joined["frame_rate"]
    result.empty_fragments = joined.get("empty_fragments", np.zeros((len(result.ids), 0), bool))
    return result


def _collect(
    result: Predictions,
    columns: dict[str, list],
    inputs: dict[str, Any],
    targets: dict[str, Any],
    info: dict[str, Any],
    outputs: dict[str, Any],
) -> None:
    result.ids += [video_id.decode() for video_id in info["id"].numpy()]
    for name in (*(f"{score}{kind}" for score in SCORES for kind in ("", "_std")), "empty_fragments"):
        if name in outputs:
            columns[name].append(outputs[name].numpy())
    columns["frame_rate"].append(info["frame_rate"].numpy())
    for score in (score for score in SCORES if score in targets):
        columns[f"true_{score}"].append(targets[score].numpy())
    lengths = inputs["mask"].numpy().sum(axis=1)
    predicted = outputs["labels"].numpy() if "labels" in outputs else np.full(inputs["mask"].shape, -1)
    for row, length in enumerate(lengths):
        result.stages_true.append(targets["stages"].numpy()[row, :length])
        result.stages_predicted.append(predicted[row, :length])


def figures(predictions: Predictions, stage_names: Sequence[str]) -> dict[str, Any]:
    """The figures of `metrics.json`; NaN if a figure is undefined.

    Returns:
        `num_videos`, `frame_accuracy`, `frame_accuracy_per_class` (stage name → share), `edit_score f1_10 f1_25 f1_50`
        (see `metrics`), `d_src e_src f_src d_med e_med f_med d_rl2 e_rl2 f_rl2` for the scores in the sport,
        `share_out_of_order` (of videos whose predicted stages are not those of one performance) and
        `num_empty_fragments`.
    """
    truth, predicted = (np.concatenate(stages) for stages in (predictions.stages_true, predictions.stages_predicted))
    hit, segments = truth == predicted, _segment_figures(predictions.stages_true, predictions.stages_predicted)
    labelled = (truth >= 0) & (predicted >= 0).any()  # without a segmenter nothing is right or wrong
    measured = {
        "num_videos": len(predictions.ids),
        "frame_accuracy": _share(hit[labelled]),
        "frame_accuracy_per_class": {
            name: _share(hit[labelled & (truth == index)]) for index, name in enumerate(stage_names)
        },
        **{name: float(share) if labelled.any() else math.nan for name, share in segments.items()},
    }
    for name, measure in MEASURES.items():
        for score, truths in predictions.truth.items():
            scores = predictions.predicted.get(score)
            measured[f"{score[0]}_{name}"] = math.nan if scores is None else measure(truths, scores)
    with_stages = [stages for stages in predictions.stages_predicted if (stages >= 0).any()]
    measured["share_out_of_order"] = _share(np.array([not in_order(stages) for stages in with_stages]))
    measured["num_empty_fragments"] = int(predictions.empty_fragments.sum())  # type: ignore[union-attr]
    return measured


def _segment_figures(truth: list[np.ndarray], predicted: list[np.ndarray]) -> dict[str, Any]:
    """Of many videos at once, padded with frames that have no label; the overlaps need frames × frames of each."""
    figures, padded = metrics.SegmentFigures(), metrics.padded_labels(zip(truth, predicted, strict=True))
    at_once = max(1, 2**24 // padded.shape[2] ** 2)
    for start in range(0, len(truth), at_once):
        figures.update_state(*padded[:, start : start + at_once])
    return figures.result()


def _share(hits: np.ndarray) -> float:
    return float(hits.mean()) if hits.size else math.nan


def bootstrap(predictions: Predictions, groups: Groups = ()) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each figure of the predicted scores, `d_src`, …, `f_rl2`, over draws of the videos.

    It covers the choice of test videos alone, not another training. NaN for too few videos. `groups` are those of the
    videos, as in `bootstrap.draws_of`.
    """
    intervals = {}
    for name in MEASURES:
        for score, predicted in predictions.predicted.items():
            draws = draws_of(name, predictions.truth[score], {"model": predicted[None, None]}, None, groups)["model"]
            intervals[f"{score[0]}_{name}"] = interval(draws)
    return intervals


def mean_predictor_figures(
    truth: Mapping[str, np.ndarray],
    training_means: Mapping[str, float],
    fuse: Callable[[float, float], float],
    predicted: Iterable[str] = PREDICTED_SCORES,
) -> dict[str, float]:
    """MED of a predictor that always answers the training means; its SRC is undefined.

    Args:
        truth: score → (V,), points.
        training_means: score → points, as far as they are known.
        fuse: of the sport.
        predicted: the scores of the model's towers. If both parts are known, the final score is fused from them; for a
            model of the final score alone it is the mean final score.
    """
    alone = tuple(predicted) == FINAL_ALONE
    means = {score: mean for score, mean in training_means.items() if not alone or score in FINAL_ALONE}
    if set(PREDICTED_SCORES) <= means.keys():
        means["final"] = fuse(means["difficulty"], means["execution"])
    return {f"{score[0]}_med": med(truth[score], np.full(len(truth[score]), mean)) for score, mean in means.items()}


def table(rows: Sequence[tuple[str, Mapping[str, Any]]], sport: Sport) -> str:
    """A text table of figures of the scores in a sport. Errors have one decimal more than the scores.

    Args:
        rows: (label, figures); a figure is a number or the two ends of an interval.
        sport: of the figures.
    """
    columns = {"frame_accuracy": "frames", "edit_score": "edit", "f1_50": "F1@50"}
    columns |= {f"{score[0]}_{name}": f"{score[0]}-{name}".upper() for name in ("src", "med") for score in sport.scores}
    places = dict.fromkeys(columns, 2) | {f"{score[0]}_med": decimals(sport.range_of(score)) for score in sport.scores}
    width = max(len(label) for label, _ in rows)
    lines = [" " * width + "".join(f"{head:>12}" for head in columns.values())]
    for label, measured in rows:
        cells = (_cell(measured.get(column), places[column]) for column in columns)
        lines.append(f"{label:<{width}}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def _cell(value: Any, places: int) -> str:
    if isinstance(value, tuple):
        low, high = (round(end, places) + 0.0 for end in value)  # no −0.00
        return "–" if math.isnan(low) else f"{low:.{places}f}–{high:.{places}f}"
    return "–" if value is None or math.isnan(value) else f"{value:.{places + 1}f}"


# === How often intervals hold ===


def interval_bounds(predictions: Predictions, intervals: Intervals, sport: Sport) -> dict[str, np.ndarray]:
    """Score → float (N, 2), ends in points, within the sport's ranges, of the model's intervals for N videos."""
    return {
        score: np.array([intervals.around(score, value, sport.range_of(score)) or (np.nan, np.nan) for value in values])
        for score, values in predictions.predicted.items()
        if score in intervals.half_widths
    }


def coverage(
    predictions: Predictions, intervals: Intervals, split: str, data_hash: str, shown: Collection[str] = ()
) -> dict[str, Any]:
    """What metrics.json says of the intervals.

    Args:
        predictions: with `bounds`.
        intervals: that the model states.
        split, data_hash: of the videos that were evaluated.
        shown: what each of these shows, as in `Intervals`.

    Returns:
        `claimed`, the level; `measured_on`, the split, and `same_videos`, whether it is these videos by which the
        intervals were set: then they hold by construction; `shared_videos`, how many of them, in whatever records
        they lie; `scores`: score → `held`, the share of true scores within,
        `num_videos` whose true score is known, and `half_width` in points; `lacking`, as in `Intervals`.
    """
    shared = len({*intervals.shown} & {*shown})
    return {
        "claimed": intervals.level,
        "measured_on": intervals.split,
        "same_videos": (intervals.split, intervals.data_hash) == (split, data_hash) or 0 < shared == len(shown),
        "shared_videos": shared,
        "scores": {
            score: {**held(predictions, score), "half_width": intervals.half_widths[score]}
            for score in predictions.bounds
        },
        "lacking": intervals.lacking,
    }


def held(predictions: Predictions, score: str) -> dict[str, Any]:
    """`held`, the share of the true scores that lie within the bounds, NaN of none, and their number `num_videos`."""
    truth, (low, high) = predictions.truth[score], predictions.bounds[score].T
    known = ~np.isnan(truth)
    within = (low <= truth) & (truth <= high)
    return {"held": float(within[known].mean()) if known.any() else np.nan, "num_videos": int(known.sum())}


def coverage_line(measured: dict[str, Any]) -> str:
    """One line for people about a `coverage`."""
    if not measured["scores"]:
        return f"No intervals. {measured['lacking']}"
    counted = {score: one for score, one in measured["scores"].items() if one["num_videos"]}
    if not counted:
        return f"intervals: claimed {100 * measured['claimed']:.0f} %; no true scores are known."
    shares = (f"{score} {100 * one['held']:.1f} % of {one['num_videos']}" for score, one in counted.items())
    line = f"intervals: claimed {100 * measured['claimed']:.0f} %; held {', '.join(shares)}"
    if measured["same_videos"]:
        return f"{line} (on the videos that set them: no evidence)"
    return f"{line} ({measured['shared_videos']} of the videos set them)" if measured["shared_videos"] else line
