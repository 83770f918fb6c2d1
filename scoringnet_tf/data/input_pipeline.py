"""TFRecords → batches with tf.data: `videos` for scoring, `clips` and `video_clips` for pretraining.

Which frames are used is decided before any is decoded, and only those are. The order of the data and every random
choice are a pure function of (seed, epoch, video): a run that is resumed at epoch k sees what an uninterrupted run
would have seen, however many pipelines share the work.

A shuffled epoch is one permutation of all its records, whatever their order on disk, and needs no buffer of them: each
is read where it lies (`shards`) by the call that decodes it. So there are in memory: a video, encoded and decoded, for
each parallel call (as many as cores), the batch that is being filled (with buckets, one of each), and PREFETCHED
batches. Decoded uint8, a batch is B · L · H · W · 3 bytes: 8 videos of 150 frames at 112×112 are 45 MB.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import tensorflow as tf

from scoringnet_tf import defaults
from scoringnet_tf.data.augmentation import (
    PIXEL_OPTIONS,
    SHUFFLE,
    Augmentation,
    FrameDecoder,
    clip_indices,
    fold,
    frame_range,
    random_clip,
    spaced_clips,
    spaced_indices,
    stage_span,
    video_seeds,
)
from scoringnet_tf.data.records import UNLABELLED, DatasetInfo, parse_example
from scoringnet_tf.data.service import check_shared, served
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.data.splits import split_ids, stored_split
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath

__all__ = ["CLIP_SAMPLINGS", "Augmentation", "clips", "split_ids", "video_clips", "videos"]

CLIP_SAMPLINGS = ("whole", "consecutive")
PREFETCHED = 2  # finished batches: one for the model and one more, whatever their size


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
    bucket_boundaries: Sequence[int] = (),
    with_info: bool = False,
    num_input_pipelines: int = 1,
    input_pipeline_id: int = 0,
    service: str | None = None,
) -> tf.data.Dataset:
    """Whole videos with stages and scores, padded to the longest of their batch.

    Of records of features (`DatasetInfo.features`) the features take the place of the frames, and a frame of these
    options is a step of them.

    Args:
        records_dir: folder made by `python -m data_prep build`.
        split: `"train"`, `"validation"` or `"test"`, see `split_ids`.
        image_size: (height, width) of the model's input; stored frames are cropped to it. Without meaning for features.
        batch_size: videos per batch of this pipeline.
        seed: of the order and the augmentation.
        validation_fraction: share of the stored training split that is held out as `"validation"`.
        ids: the videos of the split to take, in place of a fraction, see `split_ids`. Choosing K of N records takes
            O(N + K) steps and reads K.
        augmentation: `Augmentation`, or None for evaluation: the first frames, centre crop, nothing random.
        shuffle: draw a new order in each epoch, one permutation of all its videos; else they come as they are stored.
        first_epoch, epochs: the stream covers epochs [first_epoch, epochs). None: one epoch, and each time that it is
            gone through anew, as `fit(epochs=…)` does, the next one.
        drop_remainder: drop the last, smaller batch of each epoch.
        max_frames: longer videos are cut: to a random window that contains all labelled stages but noise where it can
            (with augmentation), else to the first frames.
        only_stages: the names of the stages of each fragment, to decode nothing but these: of each video the frames
            from the first to the last of them are kept, with `margin` more at both ends; all frames where it has none
            of one of the fragments.
        margin: frames.
        num_frames: K, to take and decode of each video only K evenly spaced frames of what the options above leave of
            it, the first and the last included, repeated where there are fewer: those that a fragment is resampled to
            (`models.fragments.resampling_indices`). L then is K. None: all.
        pad_to_multiple: L is rounded up to a multiple of this, for few distinct shapes; not with `num_frames`.
        bucket_boundaries: lengths that separate buckets; a batch then holds videos of one bucket only, which saves
            padding, and the last batch of each bucket may be smaller. Empty: no buckets.
        with_info: add a third element {"id": string (B,), "frame_rate": float32 (B,)}, read from the videos' own
            records, for evaluation loops; Keras' `fit` would take it for sample weights.
        num_input_pipelines, input_pipeline_id: this pipeline takes every n-th video of the common order. All then give
            the same number of batches if `drop_remainder`.
        service: HOST:PORT of a tf.data service whose workers make the batches, see `data.service`: the same ones in the
            same order. None: this process.

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
    if service:
        check_shared(info, service)  # before anything is copied
    ids = split_ids(info, split, validation_fraction, ids)
    stream = _Stream(info, split, ids, seed, shuffle, num_input_pipelines, input_pipeline_id)
    draws = shuffle or augmentation is not None
    stream.check(batch_size, bool(bucket_boundaries), service, epochs is None and draws)
    for name, value in (("max_frames", max_frames), ("num_frames", num_frames)):
        if value is not None and value < 1:
            raise InputError("out_of_range", f"{name} must be at least 1 frame, or None, not {value}.")
    asked = [stage for fragment in only_stages for stage in fragment]
    if not set(asked) <= set(info.stages) or not all(only_stages) or margin < 0:
        raise InputError(
            "wrong_value",
            f"only_stages must name stages, not {', '.join(asked) or 'none'}; margin must be 0 or more, not {margin}.",
            f"The stages are {', '.join(info.stages)}.",
        )
    steps = _steps(info, image_size, augmentation)
    noise = info.stages.index(NOISE)
    fragments = [[info.stages.index(stage) for stage in fragment] for fragment in only_stages]

    def load(example, seeds):
        first, last = frame_range(example["stage/index"], noise, max_frames, augmentation, seeds)
        if fragments:
            begin, end = stage_span(example["stage/index"][first:last], fragments, margin)
            first, last = first + begin, first + end
        if num_frames is None:
            return _video_element(example, tf.range(first, last), steps, seeds, pad_to_multiple, info.scores, with_info)
        chosen = first + spaced_indices(last - first, num_frames)
        return _video_element(example, chosen, steps, seeds, 1, info.scores, with_info)

    def batch(dataset):
        options = (batch_size, drop_remainder, bucket_boundaries, info.scores, with_info)
        return _batch_videos(dataset, steps, num_frames, *options)

    epochs = _last_epoch(first_epoch, epochs, draws)
    if service:
        batches = stream.served_batches(service, load, batch, batch_size, drop_remainder, first_epoch, epochs)
    else:
        known = not bucket_boundaries
        batches = stream.batches(load, batch, batch_size, drop_remainder, first_epoch, epochs, known)
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
    seed: int = 0,
    validation_fraction: float = 0.0,
    augmentation: Augmentation | None = None,
    shuffle: bool = False,
    first_epoch: int = 0,
    epochs: int | None = None,
    drop_remainder: bool = False,
    num_input_pipelines: int = 1,
    input_pipeline_id: int = 0,
) -> tf.data.Dataset:
    """A clip of a fixed length of each video with its classes, for pretraining.

    Args:
        clip_length: T, frames.
        sampling: `"whole"`: the video resampled in time to T evenly spaced frames; with augmentation up to a tenth is
            first cut off at each end. `"consecutive"`: T consecutive frames, at random with augmentation, else those in
            the middle; a shorter video repeats its last frame.
        records_dir, split, …: as of `videos`.

    Returns:
        tf.data.Dataset of (uint8 (B, T, H, W, 3), {head: int32 (B,)}).

    Raises:
        As `videos`; and InputError where the records have no classes, or for another `sampling`.
    """
    info = _load_with_classes(records_dir)
    if sampling not in CLIP_SAMPLINGS:
        raise InputError("unknown_name", f"No sampling {sampling!r}.", f"Use one of {', '.join(CLIP_SAMPLINGS)}.")
    ids = split_ids(info, split, validation_fraction)
    stream = _Stream(info, split, ids, seed, shuffle, num_input_pipelines, input_pipeline_id)
    stream.check(batch_size, bucketed=False)
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
        return dataset.batch(batch_size, drop_remainder=drop_remainder)

    epochs = _last_epoch(first_epoch, epochs, shuffle or augmentation is not None)
    return stream.batches(load, batch, batch_size, drop_remainder, first_epoch, epochs, known=True)


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
    ids = split_ids(info, split, validation_fraction)
    stream = _Stream(info, split, ids, seed=0, shuffle=False, num_pipelines=1, pipeline_id=0)
    stream.check(batch_size, bucketed=False)
    decode = FrameDecoder(info.frame_size, image_size, augmentation=None)

    def load(example, seeds):
        indices = spaced_clips(tf.size(example["image/encoded"]), clip_length, clips_per_video)
        frames = decode(tf.gather(example["image/encoded"], tf.reshape(indices, [-1])), seeds)
        return tf.reshape(frames, (clips_per_video, clip_length, *image_size, 3)), _classes(example, info)

    def batch(dataset):
        return dataset.batch(batch_size)

    return stream.batches(load, batch, batch_size, drop_remainder=False, first_epoch=0, epochs=1, known=True)


def _last_epoch(first_epoch, epochs, draws):
    """Where a stream ends; None where each pass is another epoch. Where nothing is drawn all epochs are the same."""
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


class _Stream:
    """The records of `ids` in the order of each epoch, shared out over pipelines."""

    def __init__(self, info, split, ids, seed, shuffle, num_pipelines, pipeline_id):
        self.info, self.ids, self.seed, self.shuffle = info, ids, seed, shuffle
        self.num_pipelines, self.pipeline_id = num_pipelines, pipeline_id
        places = locate_records(info, stored_split(info, split))
        self.id_tensor = tf.constant(ids)
        self.paths = tf.constant([places[video_id][0] for video_id in ids])
        self.offsets = tf.constant([places[video_id][1] for video_id in ids], tf.int64)

    def check(self, batch_size, bucketed, service=None, endless=False):
        if batch_size < 1:
            raise InputError("out_of_range", f"batch_size must be at least 1, not {batch_size}.")
        if not 0 <= self.pipeline_id < self.num_pipelines:
            raise InputError(
                "out_of_range", f"input_pipeline_id must be from 0 to {self.num_pipelines - 1}, not {self.pipeline_id}."
            )
        if service and endless:
            raise InputError(
                "missing_flag", "A data service needs a number of epochs: it makes the batches of all of them."
            )
        if bucketed and service:
            raise InputError(
                "flags_conflict",
                "A data service needs a known number of batches, which bucket_boundaries does not give.",
            )
        if bucketed and self.num_pipelines > 1:
            raise InputError(
                "flags_conflict",
                f"With bucket_boundaries, {self.num_pipelines} input pipelines would give unequal numbers of batches.",
            )

    def batches(self, load, batch, batch_size, drop_remainder, first_epoch, epochs, known):
        """Epoch after epoch of `batch(map(load))`; `load` takes (parsed example, function of a stream → seed pair)."""

        def one_epoch(epoch):
            return batch(self._loaded(load, epoch, self._used(epoch, batch_size, drop_remainder)))

        if epochs is None:
            numbers, num_epochs = _one_more_each_time(first_epoch), 1
        else:
            num_epochs = max(0, epochs - first_epoch)
            numbers = tf.data.Dataset.range(first_epoch, first_epoch + num_epochs)
        dataset = numbers.flat_map(one_epoch)
        if known:
            total = self._num_batches(batch_size, drop_remainder) * num_epochs
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(total))
        options = tf.data.Options()
        options.deterministic = True
        return dataset.with_options(options).prefetch(PREFETCHED)

    def served_batches(self, service, load, batch, batch_size, drop_remainder, first_epoch, epochs):
        """The same from the workers of a tf.data service: batch number k of an epoch is made of its k-th records."""
        per_epoch = self._num_batches(batch_size, drop_remainder)

        def numbered(numbers):
            def one_batch(number):
                epoch, start = number // per_epoch, number % per_epoch * batch_size
                used = self._used(epoch, batch_size, drop_remainder)[start : start + batch_size]
                return batch(self._loaded(load, epoch, used)).map(lambda *elements: (number, elements))

            return numbers.flat_map(one_batch).prefetch(PREFETCHED)

        first, stop = first_epoch * per_epoch, max(first_epoch, epochs) * per_epoch
        dataset = served(service, numbered, self.info, first, stop)
        return dataset.prefetch(PREFETCHED)

    def _used(self, epoch, batch_size, drop_remainder):
        """Indices into `ids` of the records of an epoch that are this pipeline's, in order."""
        used = self._order(epoch)[: self._num_used(batch_size, drop_remainder)]
        return used[self.pipeline_id :: self.num_pipelines]

    def _loaded(self, load, epoch, indices):
        """Dataset of what `load` makes of each of these records."""

        def read_and_load(index):
            example = self._read(index)
            return load(example, video_seeds(self.seed, epoch, example["example/id"]))

        records = tf.data.Dataset.from_tensor_slices(indices)
        return records.map(read_and_load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _num_batches(self, batch_size, drop_remainder):
        own = len(range(self.pipeline_id, self._num_used(batch_size, drop_remainder), self.num_pipelines))
        return -(-own // batch_size)

    def _num_used(self, batch_size, drop_remainder):
        """How many records all pipelines together use of an epoch: all, or as many as fill the last batch of each."""
        global_batch = batch_size * self.num_pipelines
        return len(self.ids) // global_batch * global_batch if drop_remainder else len(self.ids)

    def _order(self, epoch):
        """Indices into `ids` in the order of one epoch, int32 (N,)."""
        indices = tf.range(len(self.ids))
        if not self.shuffle:
            return indices
        epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), epoch]), SHUFFLE)
        return tf.random.experimental.stateless_shuffle(indices, epoch_seed)

    def _read(self, index):
        """The parsed record of `ids[index]`; fails where the records are not in the order of their index."""
        serialized = read_record(self.paths[index], self.offsets[index])
        example = parse_example(serialized, tuple(self.info.classes), self.info.feature_size)
        expected, found = self.id_tensor[index], example["example/id"]
        message = [f"{self.info.records_dir}: the record of", expected, "is that of", found]
        tf.debugging.Assert(expected == found, [tf.strings.join(message, " ")])
        return example


def _one_more_each_time(first):
    """A dataset of one number, int64: `first`, and one more each time that it is gone through anew."""
    with tf.device("CPU:0"):
        passes = tf.Variable(first, dtype=tf.int64, trainable=False)
    return tf.data.Dataset.from_tensors(0).map(lambda _: passes.assign_add(1) - 1)


class _Steps(NamedTuple):
    """What a model is given of every step in time of a video: its frame, or its features."""

    name: str  # of the input
    key: str  # in the record
    decode: Callable  # (those of the record, function of a decision → seed pair) → those of the model
    shape: tuple[int, ...]  # of one
    padding: tf.Tensor  # where a video is shorter


def _steps(info, image_size, augmentation):
    if not info.features:
        decode = FrameDecoder(info.frame_size, image_size, augmentation)
        return _Steps("frames", "image/encoded", decode, (*image_size, 3), tf.constant(0, tf.uint8))
    pixel_options = [name for name in PIXEL_OPTIONS if augmentation and getattr(augmentation, name)]
    if pixel_options:
        raise InputError(
            "flags_conflict",
            f"{info.records_dir} holds features. They have no pixels to augment: {', '.join(pixel_options)}.",
        )
    return _Steps("features", "feature/floats", lambda values, _: values, (info.feature_size,), tf.constant(0.0))


def _video_element(example, chosen, steps, seeds, multiple, scores, with_info):
    """(inputs, targets[, info]) of the `chosen` steps of one video, int32 (L,), padded to a multiple of them."""
    values = steps.decode(tf.gather(example[steps.key], chosen), seeds)
    length = tf.size(chosen)
    padding = -length % multiple
    inputs = {
        steps.name: tf.pad(values, [[0, padding], *[[0, 0]] * len(steps.shape)]),
        "mask": tf.range(length + padding) < length,
    }
    stages = tf.cast(tf.gather(example["stage/index"], chosen), tf.int32)
    targets = {"stages": tf.pad(stages, [[0, padding]], constant_values=UNLABELLED)}
    targets |= {name: example[f"score/{name}"] for name in scores}
    if not with_info:
        return inputs, targets
    return inputs, targets, {"id": example["example/id"], "frame_rate": example["image/frame_rate"]}


def _batch_videos(dataset, steps, length, batch_size, drop_remainder, bucket_boundaries, scores, with_info):
    per_step, scalar = tf.TensorShape([length]), tf.TensorShape([])
    values_shape = tf.TensorShape([length, *steps.shape])
    shapes: tuple[dict, ...] = (
        {steps.name: values_shape, "mask": per_step},
        {"stages": per_step, **dict.fromkeys(scores, scalar)},
    )
    values: tuple[dict, ...] = (
        {steps.name: steps.padding, "mask": False},
        {"stages": tf.constant(UNLABELLED), **dict.fromkeys(scores, 0.0)},
    )
    if with_info:
        shapes += ({"id": scalar, "frame_rate": scalar},)
        values += ({"id": "", "frame_rate": 0.0},)
    if not bucket_boundaries:
        return dataset.padded_batch(batch_size, shapes, values, drop_remainder=drop_remainder)
    return dataset.bucket_by_sequence_length(
        lambda inputs, *_: tf.size(inputs["mask"]),
        list(bucket_boundaries),
        [batch_size] * (len(bucket_boundaries) + 1),
        padded_shapes=shapes,
        padding_values=values,
        drop_remainder=drop_remainder,
    )
