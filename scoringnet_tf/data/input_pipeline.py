"""TFRecords → batches with tf.data: `videos` for scoring, `clips` and `video_clips` for pretraining.

Which frames are used is decided before any is decoded, and only those are. The order of the data and every random
choice are a pure function of (seed, epoch, video): a run that is resumed at epoch k sees what an uninterrupted run
would have seen, however many pipelines share the work.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from scoringnet_tf import defaults
from scoringnet_tf.data.augmentation import (
    PIXEL_OPTIONS,
    Augmentation,
    FrameDecoder,
    clip_indices,
    frame_range,
    random_clip,
    spaced_clips,
    spaced_indices,
    stage_span,
)
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.epoch_stream import EpochStream
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.data.service import check_shared
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath

__all__ = ["CLIP_SAMPLINGS", "Augmentation", "clips", "split_ids", "video_clips", "videos"]

CLIP_SAMPLINGS = ("whole", "consecutive")


def videos(
    records_dir: AnyPath,
    split: str,
    *,
    image_size: Sequence[int] = defaults.IMAGE_SIZE,
    batch_size: int,
    seed: int = 0,
    validation_fraction: float = 0.0,
    ids: Iterable[str] | None = None,
    augmentation: Augmentation | None = None,
    shuffle: bool = False,
    first_epoch: int = 0,
    epochs: int | None = None,
    drop_remainder: bool = False,
    max_frames: int | None = None,
    only_stages: Sequence[Sequence[str]] = (),
    margin: int = 0,
    num_frames: int | None = None,
    pad_to_multiple: int = 8,
    with_info: bool = False,
    num_input_pipelines: int = 1,
    input_pipeline_id: int = 0,
    service: str | None = None,
) -> tf.data.Dataset:
    """Whole videos with stages and scores, padded to the longest of their batch.

    If the records hold features, these take the place of frames, and a frame of the options is a step of them.

    Args:
        records_dir: folder made by `python -m data_prep build`.
        split: `"train"`, `"validation"` or `"test"`, see `split_ids`.
        image_size: (height, width) of the model's input, to which stored frames are cropped; unused for features.
        batch_size: videos per batch of this pipeline.
        seed: of the order and the augmentation.
        validation_fraction: share of the stored training split that is held out as `"validation"`.
        ids: the videos of the split to take, in place of a fraction, see `split_ids`. K of N records take O(N + K)
            steps, and K are read.
        augmentation: `Augmentation`, or None for evaluation: the first frames, centre crop, nothing random.
        shuffle: draw a new order in each epoch; else videos come as they are stored.
        first_epoch, epochs: the stream covers epochs [first_epoch, epochs). None: one epoch, and the next one on each
            further pass, as `fit(epochs=…)` makes them.
        drop_remainder: drop the last, smaller batch of each epoch.
        max_frames: longer videos are cut: with augmentation to a random window that contains all labelled stages but
            noise if it can, else to the first frames.
        only_stages: the names of the stages of each fragment. Only the frames from the first to the last of them are
            decoded, and `margin` more at both ends; all frames if a fragment has none.
        margin: frames.
        num_frames: K, to decode only K evenly spaced frames of those that the options above leave, the first and the
            last included, repeated if there are fewer: those that a fragment is resampled to
            (`models.fragments.resampling_indices`). L then is K. None: all.
        pad_to_multiple: L is rounded up to a multiple of this, for few distinct shapes; not with `num_frames`.
        with_info: add a third element {"id": string (B,), "frame_rate": float32 (B,)} for evaluation loops; Keras'
            `fit` would take it for sample weights.
        num_input_pipelines, input_pipeline_id: this pipeline takes every n-th video of the common order. All then give
            the same number of batches if `drop_remainder`.
        service: HOST:PORT of a tf.data service whose workers make the same batches, see `data.service`. None: this
            process.

    Returns:
        tf.data.Dataset of (inputs, targets): inputs {"frames": uint8 (B, L, H, W, 3), "mask": bool (B, L)}, or
        {"features": float32 (B, L, D), 0 where padded, "mask": bool (B, L)}, targets
        {"stages": int32 (B, L), -1 where padded or unlabelled; "difficulty", "execution", "final": float32 (B,), NaN
        where unknown}.

    Raises:
        RecordsError: the records are missing or damaged, or have no such split.
        InputError: the records' frames are smaller than `image_size`, the records lack some of `ids`, features are to
            be augmented as pixels are, the options contradict each other, records for a `service` are in an object
            store, or it is to draw without `epochs`.
        tf.errors.DataLossError, tf.errors.InvalidArgumentError: when a damaged record is read, or one whose id is not
            that of its place in the index.
    """
    info = DatasetInfo.load(records_dir)
    _check_lengths(info, max_frames, num_frames, only_stages, margin)
    draws = shuffle or augmentation is not None
    if service:
        check_shared(info, service)  # before anything is copied
        if epochs is None and draws:
            raise InputError(
                "missing_flag", "A data service needs a number of epochs: it makes the batches of all of them."
            )
    stream = EpochStream(
        info,
        split,
        split_ids(info, split, validation_fraction, ids),
        batch_size,
        seed=seed,
        shuffle=shuffle,
        drop_remainder=drop_remainder,
        num_input_pipelines=num_input_pipelines,
        input_pipeline_id=input_pipeline_id,
    )
    steps = _steps(info, image_size, augmentation)
    noise = info.stages.index(NOISE)
    fragments = [[info.stages.index(stage) for stage in fragment] for fragment in only_stages]

    def load(example, seeds):
        first, last = frame_range(example["stage/index"], noise, max_frames, augmentation, seeds)
        if fragments:
            begin, end = stage_span(example["stage/index"][first:last], fragments, margin)
            first, last = first + begin, first + end
        chosen = first + spaced_indices(last - first, num_frames) if num_frames else tf.range(first, last)
        multiple = 1 if num_frames else pad_to_multiple
        inputs, targets = _video_element(example, chosen, steps, seeds, multiple, num_frames)
        targets |= {name: example[f"score/{name}"] for name in info.scores}
        facts = {"id": example["example/id"], "frame_rate": example["image/frame_rate"]}
        return (inputs, targets, facts) if with_info else (inputs, targets)

    def batch(dataset):
        padding = (None, {"stages": UNLABELLED, **dict.fromkeys(info.scores)}, *[None] * with_info)
        return dataset.padded_batch(batch_size, padding_values=padding, drop_remainder=drop_remainder)

    batches = stream.batches(load, batch, first_epoch, _last_epoch(first_epoch, epochs, draws), service)
    batches.records = info  # for `dataset_info.records_of`
    return batches


def clips(
    records_dir: AnyPath,
    split: str,
    *,
    clip_length: int = defaults.CLIP_LENGTH,
    sampling: str = "whole",
    image_size: Sequence[int] = defaults.IMAGE_SIZE,
    batch_size: int,
    validation_fraction: float = 0.0,
    augmentation: Augmentation | None = None,
    shuffle: bool = False,
    first_epoch: int = 0,
    epochs: int | None = None,
    **stream_options: Any,
) -> tf.data.Dataset:
    """A clip of a fixed length of each video with its classes, for pretraining.

    Args:
        clip_length: T, frames.
        sampling: `"whole"`: the video resampled in time to T evenly spaced frames; augmentation first cuts off up to a
            tenth at each end. `"consecutive"`: T consecutive frames, at random with augmentation, else those in the
            middle; a shorter video repeats its last frame.
        records_dir, split, …: as of `videos`.
        stream_options: `seed`, `drop_remainder`, `num_input_pipelines` and `input_pipeline_id`, as of `videos`.

    Returns:
        tf.data.Dataset of (uint8 (B, T, H, W, 3), {head: int32 (B,)}).

    Raises:
        As `videos`; and InputError if the records have no classes, or for another `sampling`.
    """
    info = _load_with_classes(records_dir)
    if sampling not in CLIP_SAMPLINGS:
        raise InputError("unknown_name", f"No sampling {sampling!r}.", f"Use one of {', '.join(CLIP_SAMPLINGS)}.")
    ids = split_ids(info, split, validation_fraction)
    stream = EpochStream(info, split, ids, batch_size, shuffle=shuffle, **stream_options)
    decode = FrameDecoder(info.frame_size, image_size, augmentation)

    def choose(length, seeds):
        if sampling == "whole":
            return clip_indices(length, clip_length, augmentation, seeds)
        return random_clip(length, clip_length, seeds) if augmentation else spaced_clips(length, clip_length, 1)[0]

    def load(example, seeds):
        indices = choose(tf.size(example["image/encoded"]), seeds)
        frames = decode(tf.gather(example["image/encoded"], indices), seeds)
        return tf.ensure_shape(frames, (clip_length, *image_size, 3)), _classes(example, info)

    def batch(dataset):
        return dataset.batch(batch_size, drop_remainder=stream_options.get("drop_remainder", False))

    epochs = _last_epoch(first_epoch, epochs, shuffle or augmentation is not None)
    return stream.batches(load, batch, first_epoch, epochs)


def video_clips(
    records_dir: AnyPath,
    split: str,
    *,
    clip_length: int,
    clips_per_video: int,
    image_size: Sequence[int] = defaults.IMAGE_SIZE,
    batch_size: int,
    validation_fraction: float = 0.0,
) -> tf.data.Dataset:
    """Several evenly spaced clips of each video with its classes, to evaluate the video as a whole: nothing is random.

    Args:
        clip_length: T, consecutive frames of a clip; a shorter video repeats its last frame.
        clips_per_video: K, see `augmentation.spaced_clips`.
        records_dir, split, image_size, batch_size, validation_fraction: as of `videos`.

    Returns:
        tf.data.Dataset of (uint8 (B, K, T, H, W, 3), {head: int32 (B,)}), in the order of the records.

    Raises:
        As `clips`.
    """
    info = _load_with_classes(records_dir)
    stream = EpochStream(info, split, split_ids(info, split, validation_fraction), batch_size)
    decode = FrameDecoder(info.frame_size, image_size, augmentation=None)

    def load(example, seeds):
        indices = spaced_clips(tf.size(example["image/encoded"]), clip_length, clips_per_video)
        frames = decode(tf.gather(example["image/encoded"], tf.reshape(indices, [-1])), seeds)
        return tf.reshape(frames, (clips_per_video, clip_length, *image_size, 3)), _classes(example, info)

    return stream.batches(load, lambda dataset: dataset.batch(batch_size), first_epoch=0, epochs=1)


def _check_lengths(info, max_frames, num_frames, only_stages, margin):
    for name, value in (("max_frames", max_frames), ("num_frames", num_frames)):
        if value is not None and value < 1:
            raise InputError("out_of_range", f"{name} must be at least 1 frame, or None, not {value}.")
    if margin < 0:
        raise InputError("out_of_range", f"margin must be 0 frames or more, not {margin}.")
    asked = [stage for fragment in only_stages for stage in fragment]
    if not set(asked) <= set(info.stages) or not all(only_stages):
        raise InputError(
            "unknown_name",
            f"only_stages must name stages, not {', '.join(asked) or 'none'}.",
            f"The stages are {', '.join(info.stages)}.",
        )


def _last_epoch(first_epoch, epochs, draws):
    """The end of a stream; None if each pass is another epoch. If nothing is drawn, all epochs are the same."""
    return first_epoch + 1 if epochs is None and not draws else epochs


def _load_with_classes(records_dir):
    info = DatasetInfo.load(records_dir)
    if not info.classes:
        raise InputError(
            "no_classes", f"{records_dir}: records of {info.name} have no classes.", "Build --dataset=motion or ucf101."
        )
    return info


def _classes(example, info):
    """Label of every head of a parsed example, int32 ()."""
    return {head: tf.cast(example[f"class/{head}"], tf.int32) for head in info.classes}


# === Elements of videos ===


class _Steps(NamedTuple):
    """The input of a model for every step in time of a video: its frame, or its features."""

    name: str  # of the input
    key: str  # in the record
    decode: Callable  # (values of the record, function of a decision → seed pair) → values of the input
    shape: tuple[int, ...]  # of one


def _steps(info, image_size, augmentation):
    if not info.features:
        decode = FrameDecoder(info.frame_size, image_size, augmentation)
        return _Steps("frames", "image/encoded", decode, (*image_size, 3))
    pixel_options = [name for name in PIXEL_OPTIONS if augmentation and getattr(augmentation, name)]
    if pixel_options:
        raise InputError(
            "flags_conflict",
            f"{info.records_dir} holds features. They have no pixels to augment: {', '.join(pixel_options)}.",
        )
    return _Steps("features", "feature/floats", lambda values, _: values, (info.feature_size,))


def _video_element(example, chosen, steps, seeds, multiple, length):
    """(inputs, {"stages"}) of the `chosen` steps of one video, padded to a multiple; `length` is L if it is known."""
    values = steps.decode(tf.gather(example[steps.key], chosen), seeds)
    num_steps = tf.size(chosen)
    padding = -num_steps % multiple
    values = tf.pad(values, [[0, padding], *[[0, 0]] * len(steps.shape)])
    mask = tf.range(num_steps + padding) < num_steps
    stages = tf.cast(tf.gather(example["stage/index"], chosen), tf.int32)
    stages = tf.pad(stages, [[0, padding]], constant_values=UNLABELLED)
    inputs = {steps.name: tf.ensure_shape(values, (length, *steps.shape)), "mask": tf.ensure_shape(mask, (length,))}
    return inputs, {"stages": tf.ensure_shape(stages, (length,))}
