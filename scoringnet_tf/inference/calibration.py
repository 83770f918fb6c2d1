"""Calibrates a model: measures what its training videos are like, and its errors on held-out ones."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import tensorflow as tf

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.inference import evaluation
from scoringnet_tf.inference.finding import edges_in
from scoringnet_tf.inference.times import durations_of, moments_of
from scoringnet_tf.models.compatibility import check_fits
from scoringnet_tf.models.parameter_groups import STAGE_PARTS
from scoringnet_tf.models.presets import check_trained
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import (
    Intervals,
    Spread,
    TrainingStatistics,
    can_be_measured,
    certainties,
    checksum,
    is_current,
    pooled,
)
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath

MAX_VIDEOS = 2000  # more would tell little that these do not
MIN_VIDEOS = 4  # below that no deviation is worth anything
REQUIRED_SHARE = 0.95  # of the training videos show a stage: then one without it is no performance
DOUBTFUL_SHARE = 0.01  # of the training videos have a stage that is less certain than what is kept
NOTHING_HELD_OUT = (
    "No videos were held out of training, and errors on training videos are too small to measure intervals."
)


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Videos that a model did not learn from, whose errors make its `Intervals`: ids in a split, or all."""

    info: DatasetInfo
    split: str
    ids: Sequence[str] | None = None


def calibrate(
    model: ScoringNet, info: DatasetInfo, held_out: HeldOut | str = NOTHING_HELD_OUT, batch_size: int = 4
) -> ScoringNet:
    """The same `ScoringNet` with its training videos' `TrainingStatistics`, which are saved with it.

    Args:
        model: `ScoringNet` as it is trained; further training makes the statistics stale.
        info: `DatasetInfo` for its training records. At most `MAX_VIDEOS` of their training and validation splits
            are measured, none in the test split.
        held_out: videos that it did not learn from, whose errors make its intervals; or why there are none.
        batch_size: videos at a time.

    Raises:
        InputError: the records' sport or frames are not the model's, or there is no training split; the model has
            not learned what is measured; or it scores frames sampled from whole videos, which cannot be compared.
    """
    # 1. Check the model and the records
    check_trained(model, None, parts=None if model.segmenter is None else STAGE_PARTS)
    for records in [info, *([held_out.info] if isinstance(held_out, HeldOut) else [])]:
        check_fits(model, records)
    if not can_be_measured(model):
        message = "The model scores samples of whole videos, which cannot be compared with training videos."
        raise InputError("no_stages", message)

    # 2. Measure its training videos, and its errors on others
    videos = _measure(model, info, batch_size)
    intervals, times = _errors(model, held_out, batch_size)

    # 3. Sum up
    count, lengths = len(videos), [int(video["mask"].sum()) for video in videos]
    stages = [_stages(video, model.sport) for video in videos] if model.segmenter else []
    seconds, certainty = (_by_stage(model.sport, each) for each in (zip(*stages, strict=True) if stages else ((), ())))
    statistics = TrainingStatistics(
        num_videos=count,
        data_hash=info.data_hash,
        weights=checksum(model),
        durations={stage: (min(each), max(each)) for stage, each in seconds.items()},
        required=tuple(stage for stage, each in seconds.items() if len(each) >= REQUIRED_SHARE * count),
        spread=Spread.of(np.stack([video["features"] for video in videos])) if count >= MIN_VIDEOS else None,
        intervals=intervals,
        certainty={stage: round(float(np.quantile(each, DOUBTFUL_SHARE)), 4) for stage, each in certainty.items()},
        num_steps=(min(lengths), max(lengths)) if model.segmenter is None else None,
        times=times,
    )
    return model.with_dtype(model.get_config()["dtype"], reference=statistics.get_config())


def check_kept(before: ScoringNet, after: ScoringNet) -> None:
    """InputError (`few_held_out`) if `after`, with the same weights, lacks intervals that `before` has."""
    known, now = _half_widths(before), _half_widths(after)
    if (lost := sorted(known.keys() - now.keys())) and is_current(before):
        message = f"The model would lose the intervals that it has: {', '.join(lost)}."
        raise InputError("few_held_out", message, "Name a split with more videos: --held_out_split.")


def _half_widths(model: ScoringNet) -> dict[str, float]:
    measured = (model.reference.intervals, model.reference.times) if model.reference else ()
    return {name: width for each in measured if each for name, width in each.half_widths.items()}


def replace_file(path: AnyPath, model: ScoringNet, before: str) -> None:
    """Saves a model at a path, unless the file there is another one than that with the sha256 `before` (`changed`)."""
    if file_sha256(path) != before:
        message = f"{path}: another model was saved while this one was measured. It is left as it is."
        raise InputError("changed", message)
    model.save(path)


def is_calibrated(model: ScoringNet, info: DatasetInfo) -> bool:
    """Whether a model has all statistics, for these records and for its weights as they are."""
    statistics = model.reference
    if statistics is None or None in (statistics.intervals, statistics.certainty, statistics.times):
        return False
    return statistics.data_hash == info.data_hash and is_current(model)


def chosen_ids(info: DatasetInfo, most: int = MAX_VIDEOS) -> dict[str, list[str]]:
    """Split → ids for at most `most` videos to measure, evenly chosen from the training and validation splits."""
    splits = [split for split in ("train", "validation") if split in info.splits or split == "train"]
    every = [(split, video_id) for split in splits for video_id in input_pipeline.split_ids(info, split)]
    step = max(1.0, len(every) / most)
    chosen: dict[str, list[str]] = {}
    for split, video_id in [every[int(index * step)] for index in range(int(len(every) / step))]:
        chosen.setdefault(split, []).append(video_id)
    return chosen


def _measure(model: ScoringNet, info: DatasetInfo, batch_size: int) -> list[dict[str, Any]]:
    """What the model sees in the chosen videos, as from `_seeing_function`, with their true stages and frame rates."""
    ids = chosen_ids(info)
    batches = (_batches(model, info, split, split_ids, batch_size) for split, split_ids in ids.items())
    total, videos = sum(map(len, ids.values())), itertools.chain.from_iterable(batches)
    return [*evaluation.each_video(_seeing_function(model), videos, "Measuring the training videos", total)]


def _stages(video: dict[str, Any], sport: Sport) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds and certainty for each stage that a video shows."""
    truth, decided = (video[name][video["mask"]] for name in ("true_stages", "labels"))
    shown = decided if (truth < 0).any() else truth  # labelled in part counts as unlabelled
    staged = [(index, stage) for index, stage in enumerate(sport.stages) if stage != NOISE]
    seconds = {
        stage: round(float((shown == index).sum() / video["frame_rate"]), 4)
        for index, stage in staged
        if (shown == index).any()
    }
    return seconds, {
        stage: float(video["certainties"][index - 1]) for index, stage in staged if (decided == index).any()
    }


def _by_stage(sport: Sport, videos: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """Stage → its values in all videos that show it, for stages that any shows."""
    values = {stage: [video[stage] for video in videos if stage in video] for stage in sport.stages}
    return {stage: each for stage, each in values.items() if each}


def _batches(
    model: ScoringNet, info: DatasetInfo, split: str, ids: Sequence[str] | None, batch_size: int
) -> tf.data.Dataset:
    return input_pipeline.videos(
        info.records_dir, split, ids=ids, image_size=model.image_size, batch_size=batch_size, with_info=True
    )


def _errors(model: ScoringNet, held_out: HeldOut | str, batch_size: int) -> tuple[Intervals, Intervals]:
    """The `Intervals` for scores and for times, by a model's errors on held-out videos; or none and why."""
    if not isinstance(held_out, HeldOut):
        return Intervals.none(held_out), Intervals.none(held_out)
    batches = _batches(model, held_out.info, held_out.split, held_out.ids, batch_size)
    predictions = evaluation.predict_records(
        evaluation.prediction_function(model), batches, "Measuring errors on held-out videos"
    )
    fingerprints = [shown(held_out.info.videos[video_id]) for video_id in predictions.ids]
    records, scores = (held_out.split, held_out.info.data_hash), Intervals.none("The model learned no scores.")
    if model.scores_learned:
        scores = Intervals.measured(predictions.truth, predictions.predicted, *records, shown=fingerprints)
    return scores, Intervals.measured(*true_and_predicted_times(predictions, model.sport), *records)


def seconds_in(labels: np.ndarray, sport: Sport, frame_rate: float) -> dict[str, float]:
    """Moments and durations in a video's labels (L,), by name, seconds; none if a label is unknown."""
    edges, times = {} if (labels < 0).any() else edges_in(labels, sport), np.arange(len(labels) + 1) / frame_rate
    moments, durations = moments_of(sport, edges, times), durations_of(sport, edges, times)
    return {name: each.seconds for name, each in moments.items()} | {name: e.value for name, e in durations.items()}


def true_and_predicted_times(
    predictions: evaluation.Predictions, sport: Sport
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Seconds (V,) for each moment and duration in a sport; NaN in videos that lack it, and for truth not found."""
    names = [*(moment.name for moment in sport.moments), *dict(sport.durations)]

    def seconds(stages: list[np.ndarray]) -> dict[str, np.ndarray]:
        rates = cast(np.ndarray, predictions.frame_rates)
        videos = [seconds_in(labels, sport, rate) for labels, rate in zip(stages, rates, strict=True)]
        return {name: np.array([video.get(name, np.nan) for video in videos]) for name in names}

    truth, predicted = seconds(predictions.stages_true), seconds(predictions.stages_predicted)
    for name in names:
        truth[name][np.isnan(predicted[name])] = np.nan  # `predict` tells no time of these
    return truth, predicted


def _seeing_function(model: ScoringNet) -> Callable:
    """A compiled function: `pooled` features (B, D), and with KFS decided stages (B, L), `certainties` (B, S − 1)."""
    segmenter = None if model.segmenter is None else model.segmenter.with_features()

    specs = [evaluation.input_specs(model), tf.TensorSpec((None, None), tf.int32)]

    @tf.function(input_signature=specs, autograph=False)
    def see(inputs: dict[str, tf.Tensor], _: tf.Tensor) -> dict[str, tf.Tensor]:
        mask, encoded = inputs["mask"], model.encode(inputs)
        if segmenter is None:
            return {"features": pooled(encoded, None, mask)}
        outputs = segmenter({model.encoded: encoded, "mask": mask}, training=False)
        labels = model.stage_decision(outputs["stages"], mask)
        features, surely = pooled(outputs["features"], labels, mask), certainties(outputs["stages"], labels, mask)
        return {"labels": labels, "features": features, "certainties": surely}

    return see
