"""Runs a model over records and measures it: the paper's six figures, frame accuracy (§4.2–4.4), segment figures."""

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf import metrics
from scoringnet_tf.bootstrap import Groups, draws_of, interval, num_units
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.sports import FINAL_ALONE, MEASURES, PREDICTED_SCORES, SCORES, Sport, as_points, in_order, med


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


def input_specs(model: ScoringNet) -> dict[str, Any]:
    """Name → `tf.TensorSpec` of the inputs of a model, for batches of any size and length."""
    return {
        name: tf.TensorSpec(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
        for name, tensor in model.input.items()
    }


def prediction_function(
    model: ScoringNet, true_fragments: bool = False
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A compiled function (inputs, true stages) → outputs of a `ScoringNet`, for batches of any size and length.

    With `true_fragments` the true stages cut the fragments.
    """

    @tf.function(input_signature=(input_specs(model), tf.TensorSpec((None, None), tf.int32)), autograph=False)
    def outputs_of(inputs: dict[str, Any], stages: Any) -> dict[str, Any]:
        outputs = model(inputs, training=False)
        if true_fragments:
            outputs |= model.score_fragments(model.encode(inputs), stages, inputs["mask"], training=False)
        return outputs

    return outputs_of


def each_video(
    outputs_of: Callable[[dict[str, Any], Any], dict[str, Any]],
    dataset: Iterable[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
    progress: str | None = None,
    total: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yields arrays for every video: the outputs, `mask`, `true_stages`, `true_final` …, `id` and `frame_rate`.

    `outputs_of` is a `prediction_function`, `dataset` an epoch of `input_pipeline.videos` with `with_info`. A bar is
    called `progress`, and counts to `total` videos.
    """
    with tqdm(total=total, desc=progress, unit="video", disable=progress is None) as bar:
        for inputs, targets, info in dataset:
            truth = {f"true_{name}": targets[name] for name in ("stages", *SCORES) if name in targets}
            batch = {**outputs_of(inputs, targets["stages"]), **truth, **info, "mask": inputs["mask"]}
            batch = {name: np.asarray(values) for name, values in batch.items()}
            for row in range(len(batch["mask"])):
                yield {name: values[row] for name, values in batch.items()}
                bar.update()


def predict_records(*arguments: Any, **options: Any) -> Predictions:
    """`Predictions` for `each_video`, sorted by id: sums and draws of every table depend on the order."""
    videos = sorted(each_video(*arguments, **options), key=lambda video: video["id"])
    lengths = [int(video["mask"].sum()) for video in videos]

    def points(form: str) -> dict[str, np.ndarray]:
        named = {score: form.format(score) for score in SCORES}
        columns = {score: [video[name] for video in videos] for score, name in named.items() if name in videos[0]}
        return {score: as_points(np.array(values)) for score, values in columns.items()}

    return Predictions(
        ids=[video["id"].decode() for video in videos],
        truth=points("true_{}"),
        predicted=points("{}"),
        deviations=points("{}_std"),
        stages_true=[video["true_stages"][:length] for video, length in zip(videos, lengths, strict=True)],
        stages_predicted=[
            video.get("labels", np.full(length, -1))[:length] for video, length in zip(videos, lengths, strict=True)
        ],
        empty_fragments=np.array([video.get("empty_fragments", np.zeros(0, bool)) for video in videos]),
        frame_rates=np.array([video["frame_rate"] for video in videos]),
    )


def evaluated(
    predictions: Predictions, model: ScoringNet, info: DatasetInfo, split: str, intervals: Intervals
) -> dict[str, Any]:
    """What metrics.json says of a model's predictions for a split of records; adds the ends of `intervals` to them."""
    predictions.bounds = interval_bounds(predictions, intervals, model.sport)
    groups, statistics = info.groups_of(predictions.ids), info.score_statistics.get("train", {})
    means = {score: statistics[score]["mean"] for score in SCORES if statistics.get(score)}
    videos = {shown(info.videos[video_id]) for video_id in predictions.ids}
    return {
        **figures(predictions, model.sport.stages),
        "bootstrap": bootstrap(predictions, groups),
        "groups": num_units(groups) if groups else None,
        "mean_predictor": mean_predictor_figures(predictions.truth, means, model.sport.fuse, model.scores),
        "intervals": coverage(predictions, intervals, split, info.data_hash, videos),
    }


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
    """The 95 % interval of each figure of the predicted scores, `d_src`, …, `f_rl2`, over draws of videos or groups.

    It covers the choice of test videos alone, not another training. NaN for too few videos.
    """
    intervals = {}
    for name in MEASURES:
        for score, predicted in predictions.predicted.items():
            draws = draws_of(name, predictions.truth[score], {"model": predicted[None, None]}, groups)["model"]
            intervals[f"{score[0]}_{name}"] = interval(draws)
    return intervals


def mean_predictor_figures(
    truth: Mapping[str, np.ndarray],
    training_means: Mapping[str, float],
    fuse: Callable[[float, float], float],
    predicted: Iterable[str] = PREDICTED_SCORES,
) -> dict[str, float]:
    """MED of a predictor that always answers the training means, score → points; its SRC is undefined.

    If both parts are known, the final score is fused from them; for a model of the final score alone it is the mean.
    """
    alone = tuple(predicted) == FINAL_ALONE
    means = {score: mean for score, mean in training_means.items() if not alone or score in FINAL_ALONE}
    if set(PREDICTED_SCORES) <= means.keys():
        means["final"] = fuse(means["difficulty"], means["execution"])
    return {f"{score[0]}_med": med(truth[score], np.full(len(truth[score]), mean)) for score, mean in means.items()}


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
    """What metrics.json says of a model's intervals, for videos of a split that show `shown` (see `Intervals`)."""
    shared = len({*intervals.shown} & {*shown})
    return {
        "claimed": intervals.level,
        "measured_on": intervals.split,
        # Then they hold by construction.
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
