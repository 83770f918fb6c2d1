"""Measures what the training videos of a model are like, so that it can tell what is unlike them."""

import collections

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.models.presets import check_fits, load_scoring_net, model_path
from scoringnet_tf.models.reference import MIN_VIDEOS, Reference, Spread, checksum, is_current, pooled
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.errors import InputError

MAX_VIDEOS = 256  # more would tell little that these do not
REQUIRED_SHARE = 0.95  # of the training videos show a stage: then one without it is no performance


def add_reference(model, info, batch_size: int = 4):
    """Measures the reference of the model at a path, and replaces the file by the same model with it.

    Args:
        model: as of `presets.model_path`.
        info: `DatasetInfo` of the records that it was trained on.
        batch_size: videos at a time.

    Returns:
        (path of the file, the `ScoringNet`).

    Raises:
        InputError: as `with_reference`.
    """
    path = model_path(model)
    plain = load_scoring_net(path)
    found = _with(plain, measured(plain, info, batch_size))
    found.save(path)
    return path, found


def with_reference(model, records_dir, batch_size: int = 4):
    """The same `ScoringNet` with the `Reference` of its training videos, for `save` and `save_to_preset` to keep.

    Args:
        model: `ScoringNet` as it is trained; further training puts the reference out of date.
        records_dir: folder of the records that it was trained on. Of their training and validation splits at most
            `MAX_VIDEOS` are looked at, never of the test split.
        batch_size: videos at a time.

    Raises:
        InputError: the records are not of the sport and frames of the model, or have no training split; or the model
            sees samples of whole videos in frames, of which nothing can be compared.
    """
    return _with(model, measured(model, load_records(records_dir), batch_size))


def _with(model, reference):
    return model.with_dtype(model.get_config()["dtype"], reference=reference.get_config())


def can_be_measured(model) -> bool:
    """Whether a `ScoringNet` sees something that can be compared: stages, or features."""
    return model.segmenter is not None or model.content == "features"


def is_measured(model, info) -> bool:
    """Whether the model at a path has the reference of these records, and of its weights as they are."""
    found = load_scoring_net(model)
    return found.reference is not None and found.reference.data_hash == info.data_hash and is_current(found)


def measured(model, info, batch_size: int = 4) -> Reference:
    """The `Reference` of a model for records (`DatasetInfo`), see `with_reference`."""
    check_fits(model, info)
    if not can_be_measured(model):
        raise InputError(
            "Expected a model that finds stages or sees features, which can be compared with those of training. "
            "Received: one that sees samples of whole videos (train --fragments=whole)."
        )
    seconds: dict[str, list[float]] = collections.defaultdict(list)
    features: list[np.ndarray] = []
    see, ids = _seeing_function(model), _chosen_ids(info)
    with tqdm(total=sum(map(len, ids.values())), desc="Measuring the training videos", unit="video") as progress:
        for split, of_split in ids.items():
            for inputs, targets, facts in input_pipeline.videos(
                info.records_dir,
                split,
                ids=of_split,
                image_size=model.image_size,
                batch_size=batch_size,
                with_info=True,
            ):
                labels, found = see(inputs)
                features += list(found.numpy())
                truth, mask, rates = targets["stages"].numpy(), inputs["mask"].numpy(), facts["frame_rate"].numpy()
                for row in range(len(mask)):
                    stages = truth[row][mask[row]]
                    if model.segmenter is not None:  # labelled in part counts as unlabelled
                        stages = labels.numpy()[row][mask[row]] if (stages < 0).any() else stages
                        _note_durations(seconds, stages, rates[row], model.sport)
                progress.update(len(mask))
    return Reference(
        num_videos=len(features),
        data_hash=info.data_hash,
        weights=checksum(model) or 0,
        durations={stage: (min(each), max(each)) for stage, each in seconds.items()},
        required=tuple(stage for stage, each in seconds.items() if len(each) >= REQUIRED_SHARE * len(features)),
        spread=Spread.of(np.stack(features)) if len(features) >= MIN_VIDEOS else None,
    )


def _chosen_ids(info):
    """Split → ids of the videos to look at, evenly chosen among those of training and validation."""
    splits = [split for split in ("train", "validation") if split in info.splits or split == "train"]
    every = [(split, video_id) for split in splits for video_id in input_pipeline.split_ids(info, split)]
    step = max(1.0, len(every) / MAX_VIDEOS)
    chosen = collections.defaultdict(list)
    for split, video_id in [every[int(index * step)] for index in range(int(len(every) / step))]:
        chosen[split].append(video_id)
    return chosen


def _note_durations(seconds, stages, frame_rate, sport):
    """Adds how long each stage of a video lasts to `seconds`, stage → list."""
    for index, stage in enumerate(sport.stages):
        if stage != NOISE and (stages == index).any():
            seconds[stage].append(round(float((stages == index).sum() / frame_rate), 4))


def _seeing_function(model):
    """A compiled function of inputs: the stages that a model decides, int32 (B, L), and `pooled` features (B, D)."""
    inputs = {
        name: tf.TensorSpec(given.shape, keras.backend.standardize_dtype(given.dtype))
        for name, given in model.input.items()
    }
    segmenter = None if model.segmenter is None else model.segmenter.with_features()

    @tf.function(input_signature=[inputs])
    def see(inputs):
        if segmenter is None:
            return tf.zeros_like(inputs["mask"], tf.int32), pooled(inputs["features"], None, inputs["mask"])
        found = segmenter(inputs, training=False)
        labels = model.stage_decision(found["stages"], inputs["mask"])
        return labels, pooled(found["features"], labels, inputs["mask"])

    return see
