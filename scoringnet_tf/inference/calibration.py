"""Measures what the training videos of a model are like, to tell what is unlike them, and how far it errs."""

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo, load_records, shown
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.models.bank import Bank
from scoringnet_tf.models.compatibility import check_fits
from scoringnet_tf.models.intervals import Intervals
from scoringnet_tf.models.presets import check_trained, load_scoring_net, with_views
from scoringnet_tf.models.reference import (
    MIN_VIDEOS,
    Reference,
    Spread,
    can_be_measured,
    certainties,
    checksum,
    is_current,
    pooled,
)
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath, RemotePath

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

MAX_VIDEOS = 2000  # more would tell little that these do not; their `Bank` is bounded, too
REQUIRED_SHARE = 0.95  # of the training videos show a stage: then one without it is no performance
DOUBTFUL_SHARE = 0.01  # of the training videos whose stages are found less surely than what is kept
NOTHING_HELD_OUT = (
    "No videos were held out of training, and errors on training videos are too small to measure intervals."
)


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Videos that a model did not learn from, whose errors make its `Intervals`.

    Attributes:
        info: `DatasetInfo` of their records.
        split: that they are in.
        ids: of it; None for all.
    """

    info: DatasetInfo
    split: str
    ids: Sequence[str] | None = None


def add_reference(
    model: AnyPath,
    info: DatasetInfo,
    held_out: HeldOut | str = NOTHING_HELD_OUT,
    batch_size: int = 4,
    training_ids: bool = True,
    views: int | None = None,
    apart: Sequence[str] = (),
) -> tuple[Path | RemotePath, "ScoringNet"]:
    """Measures the reference of the model at a path, and replaces the file by the same model with it.

    Args:
        model: as of `model_files.model_path`.
        info: `DatasetInfo` of the records that it was trained on.
        held_out: videos that it did not learn from, or why there are none.
        batch_size: videos at a time.
        training_ids: whether to keep the `Bank` of training videos, which names them.
        views: of a fragment that the model is to score from; None for as many as it has.
        apart: ids of videos of the training split that it did not learn from either.

    Returns:
        (path of the file, the `ScoringNet`).

    Raises:
        InputError: as `with_reference`; the model cannot see so many views; another one was saved there meanwhile.
    """
    path = model_path(model)
    before = file_sha256(path)
    plain = load_scoring_net(path)
    check_trained(plain, path)
    plain = plain if views is None else with_views(plain, views)
    found = _with(plain, measured(plain, info, held_out, batch_size, training_ids, apart))
    if file_sha256(path) != before:
        raise InputError(
            "changed", f"{path}: another model was saved while this one was measured. It is left as it is."
        )
    found.save(path)
    return path, found


def with_reference(
    model: "ScoringNet",
    records_dir: AnyPath,
    batch_size: int = 4,
    held_out_ids: Sequence[str] = (),
    training_ids: bool = True,
) -> "ScoringNet":
    """The same `ScoringNet` with the `Reference` of its training videos, for `save` and `save_to_preset` to keep.

    Args:
        model: `ScoringNet` as it is trained; further training puts the reference out of date.
        records_dir: folder of the records that it was trained on. Of their training and validation splits at most
            `MAX_VIDEOS` are looked at, never of the test split.
        batch_size: videos at a time.
        held_out_ids: videos of the training split that the model did not learn from. Their errors make its intervals;
            where the records have a validation split, those of that. Without either it states none.
        training_ids: keep ids and true scores of training videos, to tell which are most alike.

    Raises:
        InputError: the records are not of the sport and frames of the model, or have no training split; or SP of the
            model has not learned; or it sees samples of whole videos in frames, of which nothing can be compared; or
            `held_out_ids` are of no training videos.
    """
    info = load_records(records_dir)
    unknown = [video_id for video_id in held_out_ids if video_id not in info.split("train")["ids"]]
    if unknown:
        raise InputError("unknown_name", f"held_out_ids: {unknown[0]!r} is not in the training split of {records_dir}.")
    held_out: HeldOut | str = NOTHING_HELD_OUT
    known = (model.provenance or {}).get("data_hash")
    if known not in (None, info.data_hash):
        held_out = "The model was trained on other records, so nothing is known to be held out in these."
    elif "validation" in info.splits:
        held_out = HeldOut(info, "validation")
    elif held_out_ids:
        held_out = HeldOut(info, "validation", held_out_ids)
    return _with(model, measured(model, info, held_out, batch_size, training_ids, held_out_ids))


def _with(model, reference):
    return model.with_dtype(model.get_config()["dtype"], reference=reference.get_config())


def is_measured(model: AnyPath, info: DatasetInfo, training_ids: bool = True) -> bool:
    """Whether the model at a path has a whole reference of these records, and of its weights as they are.

    Args:
        model: as of `model_files.model_path`.
        info: `DatasetInfo` of the records.
        training_ids: whether that has a `Bank`.
    """
    found = load_scoring_net(model)
    reference = found.reference
    if reference is None or reference.data_hash != info.data_hash or reference.intervals is None:
        return False
    if reference.certainty is None:
        return False
    return is_current(found) and (reference.bank is not None) == (training_ids and reference.spread is not None)


def measured(
    model: "ScoringNet",
    info: DatasetInfo,
    held_out: HeldOut | str = NOTHING_HELD_OUT,
    batch_size: int = 4,
    training_ids: bool = True,
    apart: Sequence[str] = (),
) -> Reference:
    """The `Reference` of a model for records (`DatasetInfo`), see `add_reference`."""
    check_trained(model, None)
    for records in [info, *([held_out.info] if isinstance(held_out, HeldOut) else [])]:
        check_fits(model, records)
    if not can_be_measured(model):
        raise InputError(
            "no_stages", "The model scores samples of whole videos, which cannot be compared with training videos."
        )
    seen = _seen(model, info, batch_size)
    count = len(seen.ids)
    spread = Spread.of(np.stack(seen.features)) if count >= MIN_VIDEOS else None
    of_intervals = (held_out.ids or ()) if isinstance(held_out, HeldOut) else ()
    learned = _learned(seen, {*of_intervals, *apart})
    return Reference(
        num_videos=count,
        data_hash=info.data_hash,
        weights=checksum(model),
        durations={stage: (min(each), max(each)) for stage, each in seen.seconds.items()},
        required=tuple(stage for stage, each in seen.seconds.items() if len(each) >= REQUIRED_SHARE * count),
        spread=spread,
        intervals=_intervals(model, held_out, batch_size, training_ids),
        bank=_bank(seen, spread, learned) if training_ids and spread and learned else None,
        certainty={stage: round(float(np.quantile(each, DOUBTFUL_SHARE)), 4) for stage, each in seen.surely.items()},
        num_steps=(min(seen.lengths), max(seen.lengths)) if model.segmenter is None else None,
    )


@dataclasses.dataclass
class _Seen:
    """What a model saw of N videos: ids, splits, steps, features (D,), true scores; stages' seconds and certainties."""

    ids: list[str] = dataclasses.field(default_factory=list)
    splits: list[str] = dataclasses.field(default_factory=list)
    lengths: list[int] = dataclasses.field(default_factory=list)
    features: list[np.ndarray] = dataclasses.field(default_factory=list)
    scores: dict[str, list[float]] = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    seconds: dict[str, list[float]] = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    surely: dict[str, list[float]] = dataclasses.field(default_factory=lambda: collections.defaultdict(list))


def _seen(model, info, batch_size):
    """`_Seen` of the chosen videos of records."""
    found, see, ids = _Seen(), _seeing_function(model), chosen_ids(info)
    with tqdm(total=sum(map(len, ids.values())), desc="Measuring the training videos", unit="video") as progress:
        for split, of_split in ids.items():
            for inputs, targets, facts in _videos(model, info, split, of_split, batch_size):
                labels, features, surely = see(inputs)
                found.ids += [video_id.decode() for video_id in facts["id"].numpy()]
                found.features += list(features.numpy())
                truth, mask, rates = targets["stages"].numpy(), inputs["mask"].numpy(), facts["frame_rate"].numpy()
                found.splits += [split] * len(mask)
                found.lengths += mask.sum(axis=1).tolist()
                for score in info.scores:
                    found.scores[score] += targets[score].numpy().tolist()
                for row in range(len(mask)):
                    stages = truth[row][mask[row]]
                    if model.segmenter is not None:
                        decided = labels.numpy()[row][mask[row]]
                        stages = decided if (stages < 0).any() else stages  # labelled in part counts as unlabelled
                        _note_durations(found.seconds, stages, rates[row], model.sport)
                        _note_certainties(found.surely, decided, surely.numpy()[row], model.sport)
                progress.update(len(mask))
    return found


def _videos(model, info, split, ids, batch_size):
    return input_pipeline.videos(
        info.records_dir,
        split,
        ids=ids,
        image_size=model.image_size,
        batch_size=batch_size,
        with_info=True,
    )


def _intervals(model, held_out, batch_size, with_videos):
    """The `Intervals` of a model by its errors on held-out videos, which they may know again; or none and why."""
    if not isinstance(held_out, HeldOut):
        return Intervals.none(held_out)
    found = predict_records(
        prediction_function(model),
        _videos(model, held_out.info, held_out.split, held_out.ids, batch_size),
        progress="Measuring errors on held-out videos",
    )
    videos = held_out.info.videos
    known = [shown(videos[video_id]) for video_id in found.ids] if with_videos else []
    return Intervals.measured(found.truth, found.predicted, held_out.split, held_out.info.data_hash, shown=known)


def _learned(seen, apart):
    """Which videos a model learned from: without those that were held `apart`."""
    return [n for n, split in enumerate(seen.splits) if split == "train" and seen.ids[n] not in apart]


def _bank(seen, spread, learned):
    """The `Bank` of the videos that a model learned from."""
    scores = {score: [values[number] for number in learned] for score, values in seen.scores.items()}
    coordinates = spread.coordinates(np.stack([seen.features[number] for number in learned]))
    return Bank.of([seen.ids[number] for number in learned], scores, coordinates)


def chosen_ids(info: DatasetInfo, most: int = MAX_VIDEOS) -> dict[str, list[str]]:
    """Split → ids of at most `most` videos to measure, evenly chosen from the training and validation splits."""
    splits = [split for split in ("train", "validation") if split in info.splits or split == "train"]
    every = [(split, video_id) for split in splits for video_id in input_pipeline.split_ids(info, split)]
    step = max(1.0, len(every) / most)
    chosen: dict[str, list[str]] = collections.defaultdict(list)
    for split, video_id in [every[int(index * step)] for index in range(int(len(every) / step))]:
        chosen[split].append(video_id)
    return chosen


def _note_durations(seconds, stages, frame_rate, sport):
    """Adds how long each stage of a video lasts to `seconds`, stage → list."""
    for index, stage in enumerate(sport.stages):
        if stage != NOISE and (stages == index).any():
            seconds[stage].append(round(float((stages == index).sum() / frame_rate), 4))


def _note_certainties(surely, labels, probabilities, sport):
    """Adds how surely each stage is found in a video, (S − 1,), to `surely`, stage → list."""
    for index, stage in enumerate(sport.stages):
        if stage != NOISE and (labels == index).any():
            surely[stage].append(float(probabilities[index - 1]))


def _seeing_function(model):
    """A compiled function of inputs: decided stages (B, L), `pooled` features (B, D), `certainties` (B, S − 1)."""
    inputs = {
        name: tf.TensorSpec(given.shape, keras.backend.standardize_dtype(given.dtype))
        for name, given in model.input.items()
    }
    segmenter = None if model.segmenter is None else model.segmenter.with_features()

    @tf.function(input_signature=[inputs])
    def see(inputs):
        if segmenter is None:
            labels = tf.zeros_like(inputs["mask"], tf.int32)
            return labels, pooled(inputs["features"], None, inputs["mask"]), None
        found = segmenter(inputs, training=False)
        labels = model.stage_decision(found["stages"], inputs["mask"])
        surely = certainties(found["stages"], labels, inputs["mask"])
        return labels, pooled(found["features"], labels, inputs["mask"]), surely

    return see
