"""Measures the `TrainingStatistics` of a model: its training videos, and its errors on held-out ones."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo, load_records, shown
from scoringnet_tf.inference.evaluation import input_specs, predict_records, prediction_function
from scoringnet_tf.inference.times import seconds_in
from scoringnet_tf.models.compatibility import check_fits
from scoringnet_tf.models.parameter_groups import STAGE_PARTS
from scoringnet_tf.models.presets import check_trained, load_scoring_net, with_settings
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
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath, RemotePath

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

MAX_VIDEOS = 2000  # more would tell little that these do not
MIN_VIDEOS = 4  # below that no deviation is worth anything
REQUIRED_SHARE = 0.95  # of the training videos show a stage: then one without it is no performance
DOUBTFUL_SHARE = 0.01  # of the training videos have a stage that is less certain than what is kept
NOTHING_HELD_OUT = (
    "No videos were held out of training, and errors on training videos are too small to measure intervals."
)


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Videos that a model did not learn from, whose errors make its `Intervals`: ids of a split, or all of it."""

    info: DatasetInfo
    split: str
    ids: Sequence[str] | None = None


def add_reference(
    model: AnyPath,
    info: DatasetInfo,
    held_out: HeldOut | str = NOTHING_HELD_OUT,
    batch_size: int = 4,
    views: int | None = None,
) -> tuple[Path | RemotePath, "ScoringNet"]:
    """Measures the model at a path, and replaces its file by the same model with its statistics.

    Args:
        model: as of `model_files.model_path`.
        info: `DatasetInfo` of the records of its training.
        held_out: videos that it did not learn from, or why there are none.
        batch_size: videos at a time.
        views: of a fragment that the model is to score from; None for as many as it has.

    Returns:
        (path of the file, the `ScoringNet`).

    Raises:
        InputError: as `with_reference`; the model cannot see so many views; another one was saved there meanwhile.
    """
    path = model_path(model)
    before = file_sha256(path)
    plain = load_scoring_net(path)
    _check_learned(plain, path)
    plain = plain if views is None else with_settings(plain, views=views)
    calibrated = _with(plain, measured(plain, info, held_out, batch_size))
    if file_sha256(path) != before:
        raise InputError(
            "changed", f"{path}: another model was saved while this one was measured. It is left as it is."
        )
    calibrated.save(path)
    return path, calibrated


def with_reference(
    model: "ScoringNet",
    records_dir: AnyPath,
    batch_size: int = 4,
    held_out_ids: Sequence[str] = (),
) -> "ScoringNet":
    """The same `ScoringNet` with the `TrainingStatistics` of its training videos, which are saved with it.

    Args:
        model: `ScoringNet` as it is trained; further training makes the statistics stale.
        records_dir: folder of the records of its training. At most `MAX_VIDEOS` of their training and validation splits
            are measured, none of the test split.
        batch_size: videos at a time.
        held_out_ids: videos of the training split that the model did not learn from. Their errors make its intervals,
            unless the records have a validation split. Without either it states none.

    Raises:
        InputError: the records are not of the sport and frames of the model, or have no training split; SP of the model
            has not learned; it sees samples of whole videos in frames, which cannot be compared; or `held_out_ids` are
            of no training videos.
    """
    info = load_records(records_dir)
    unknown = [video_id for video_id in held_out_ids if video_id not in info.split("train")["ids"]]
    if unknown:
        raise InputError("unknown_name", f"held_out_ids: {unknown[0]!r} is not in the training split of {records_dir}.")
    held_out: HeldOut | str = NOTHING_HELD_OUT
    trained_on = (model.provenance or {}).get("data_hash")
    if trained_on not in (None, info.data_hash):
        held_out = "The model was trained on other records, so nothing is known to be held out in these."
    elif "validation" in info.splits:
        held_out = HeldOut(info, "validation")
    elif held_out_ids:
        held_out = HeldOut(info, "validation", held_out_ids)
    return _with(model, measured(model, info, held_out, batch_size))


def _with(model, statistics):
    return model.with_dtype(model.get_config()["dtype"], reference=statistics.get_config())


def is_measured(model: AnyPath, info: DatasetInfo) -> bool:
    """Whether the model at a path has all statistics of these records, and of its weights as they are."""
    network = load_scoring_net(model)
    statistics = network.reference
    if statistics is None or None in (statistics.intervals, statistics.certainty, statistics.times):
        return False
    return statistics.data_hash == info.data_hash and is_current(network)


def measured(
    model: "ScoringNet", info: DatasetInfo, held_out: HeldOut | str = NOTHING_HELD_OUT, batch_size: int = 4
) -> TrainingStatistics:
    """The `TrainingStatistics` of a model for records (`DatasetInfo`), see `add_reference`."""
    _check_learned(model, None)
    for records in [info, *([held_out.info] if isinstance(held_out, HeldOut) else [])]:
        check_fits(model, records)
    if not can_be_measured(model):
        message = "The model scores samples of whole videos, which cannot be compared with training videos."
        raise InputError("no_stages", message)
    videos = _measure(model, info, batch_size)
    count, lengths = len(videos), [video.length for video in videos]
    seconds = _by_stage(model, [video.seconds for video in videos])
    certainty = _by_stage(model, [video.certainties for video in videos])
    intervals, times = _errors(model, held_out, batch_size)
    return TrainingStatistics(
        num_videos=count,
        data_hash=info.data_hash,
        weights=checksum(model),
        durations={stage: (min(each), max(each)) for stage, each in seconds.items()},
        required=tuple(stage for stage, each in seconds.items() if len(each) >= REQUIRED_SHARE * count),
        spread=Spread.of(np.stack([video.features for video in videos])) if count >= MIN_VIDEOS else None,
        intervals=intervals,
        certainty={stage: round(float(np.quantile(each, DOUBTFUL_SHARE)), 4) for stage, each in certainty.items()},
        num_steps=(min(lengths), max(lengths)) if model.segmenter is None else None,
        times=times,
    )


def _check_learned(model, path):
    """InputError for a model that has not learned what is measured: stages, or scores without them."""
    check_trained(model, path, parts=None if model.segmenter is None else STAGE_PARTS)


def chosen_ids(info: DatasetInfo, most: int = MAX_VIDEOS) -> dict[str, list[str]]:
    """Split → ids of at most `most` videos to measure, evenly chosen from the training and validation splits."""
    splits = [split for split in ("train", "validation") if split in info.splits or split == "train"]
    every = [(split, video_id) for split in splits for video_id in input_pipeline.split_ids(info, split)]
    step = max(1.0, len(every) / most)
    chosen: dict[str, list[str]] = {}
    for split, video_id in [every[int(index * step)] for index in range(int(len(every) / step))]:
        chosen.setdefault(split, []).append(video_id)
    return chosen


class _Video(NamedTuple):
    """Of a measured video: its steps, features (D,), and seconds and certainty of each stage that it shows."""

    length: int
    features: np.ndarray
    seconds: dict[str, float]
    certainties: dict[str, float]


def _by_stage(model, values):
    """Stage → its values in all videos that show it, of stages that any shows."""
    found = {stage: [of[stage] for of in values if stage in of] for stage in model.sport.stages if stage != NOISE}
    return {stage: each for stage, each in found.items() if each}


def _measure(model, info, batch_size):
    """`_Video` of each of the chosen videos of records."""
    videos, see, ids = [], _seeing_function(model), chosen_ids(info)
    with tqdm(total=sum(map(len, ids.values())), desc="Measuring the training videos", unit="video") as progress:
        for split, of_split in ids.items():
            for inputs, targets, facts in _batches(model, info, split, of_split, batch_size):
                mask, seen = inputs["mask"].numpy(), [each.numpy() for each in see(inputs)]
                for row, real in enumerate(mask):
                    labels, features, surely = (each[row] for each in seen)
                    truth, rate = targets["stages"].numpy()[row][real], facts["frame_rate"].numpy()[row]
                    stages = _stages(truth, labels[real], surely, rate, model.sport) if model.segmenter else ({}, {})
                    videos.append(_Video(int(real.sum()), features, *stages))
                progress.update(len(mask))
    return videos


def _stages(truth, decided, probabilities, frame_rate, sport):
    """Seconds and certainty, of (S − 1,), of each stage that a video shows."""
    shown = decided if (truth < 0).any() else truth  # labelled in part counts as unlabelled
    seconds: dict[str, Any] = {}
    certainties: dict[str, Any] = {}
    for index, stage in enumerate(sport.stages):
        if (shown == index).any():
            seconds[stage] = round(float((shown == index).sum() / frame_rate), 4)
        if (decided == index).any():
            certainties[stage] = float(probabilities[index - 1])
    return seconds, certainties


def _batches(model, info, split, ids, batch_size):
    return input_pipeline.videos(
        info.records_dir, split, ids=ids, image_size=model.image_size, batch_size=batch_size, with_info=True
    )


def _errors(model, held_out, batch_size):
    """The `Intervals` of a model's scores, and of its times, by its errors on held-out videos; or none and why."""
    if not isinstance(held_out, HeldOut):
        return Intervals.none(held_out), Intervals.none(held_out)
    batches = _batches(model, held_out.info, held_out.split, held_out.ids, batch_size)
    predictions = predict_records(prediction_function(model), batches, "Measuring errors on held-out videos")
    fingerprints = [shown(held_out.info.videos[video_id]) for video_id in predictions.ids]
    records, scores = (held_out.split, held_out.info.data_hash), Intervals.none("The model learned no scores.")
    if model.scores_learned:
        scores = Intervals.measured(predictions.truth, predictions.predicted, *records, shown=fingerprints)
    truth, predicted = _times(predictions, model.sport)
    return scores, Intervals.measured(truth, predicted, *records)


def _times(predictions, sport):
    """True and predicted seconds (V,) of each moment and duration of a sport; NaN in videos that lack it."""
    found = [
        [seconds_in(labels, sport, rate) for labels, rate in zip(stages, predictions.frame_rates, strict=True)]
        for stages in (predictions.stages_true, predictions.stages_predicted)
    ]
    names = [*(moment.name for moment in sport.moments), *dict(sport.durations)]
    truth, predicted = ({name: np.array([of.get(name, np.nan) for of in each]) for name in names} for each in found)
    for name in names:
        truth[name][np.isnan(predicted[name])] = np.nan  # `predict` tells no time of these
    return truth, predicted


def _seeing_function(model):
    """A compiled function of inputs: decided stages (B, L), `pooled` features (B, D), `certainties` (B, S − 1)."""
    segmenter = None if model.segmenter is None else model.segmenter.with_features()

    @tf.function(input_signature=[input_specs(model)])
    def see(inputs):
        mask, encoded = inputs["mask"], model.encode(inputs)
        if segmenter is None:
            features = pooled(encoded, None, mask)
            return tf.zeros_like(mask, tf.int32), features, features
        outputs = segmenter({model.encoded: encoded, "mask": mask}, training=False)
        labels = model.stage_decision(outputs["stages"], mask)
        return labels, pooled(outputs["features"], labels, mask), certainties(outputs["stages"], labels, mask)

    return see
