"""TFRecords → batches with tf.data: `videos` for scoring, `clips` for pretraining.

Frames are chosen before any is decoded. The order and every random choice are a pure function of (seed, epoch, video):
a resumed run sees what an uninterrupted one would have seen, however many pipelines share the work. A shuffled epoch is
one permutation of all its records; each is read where it lies (`shards`), without a buffer.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from scoringnet_tf import defaults
from scoringnet_tf.data.augmentation import (
    FILM,
    PIXEL_OPTIONS,
    SHUFFLE,
    Augmentation,
    FrameDecoder,
    Seeds,
    clip_indices,
    consecutive_clip,
    first_frame,
    fold,
    spaced_indices,
    stage_span,
    video_seeds,
)
from scoringnet_tf.data.body_noise import film_of
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.frame_cache import NONE, FrameCache, frame_cache
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.records import UNLABELLED, parse_example
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.data.splits import split_ids, stored_split
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath

__all__ = ["CLIP_SAMPLINGS", "Augmentation", "clips", "split_ids", "videos"]

CLIP_SAMPLINGS = ("whole", "consecutive")
FIRST_FRAME = "cache/first_frame"  # beside a parsed example: its place in a `FrameCache`
PREFETCHED = 2  # finished batches: one for the model and one more


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
    only_stages: Sequence[Sequence[str]] = (),
    margin: int = 0,
    num_frames: int | None = None,
    pad_to_multiple: int = 8,
    joint_noise: float = 1.0,
    with_info: bool = False,
    num_input_pipelines: int = 1,
    input_pipeline_id: int = 0,
    cache: str = NONE[0],
) -> tf.data.Dataset:
    """Whole videos with stages and scores, padded to the longest in their batch.

    Records of features give these in place of frames; a frame in the options is then a step. A simulator's joints come
    as film shows them, (x, y, confidence) of each, see `body_noise`: anew in each epoch with augmentation, else always
    the same.

    Args:
        records_dir: folder made by `python -m data_prep build`.
        split: `"train"`, `"validation"` or `"test"`, see `split_ids`.
        image_size: (height, width), pixels, to which stored frames are cropped; unused for features.
        batch_size: videos in a batch of this pipeline.
        seed: for order and augmentation.
        validation_fraction, ids: see `split_ids`; no other videos are read.
        augmentation: `Augmentation`, or None for evaluation: the first frames, centre crop, nothing random.
        shuffle: draw a new order in each epoch; else videos come as they are stored.
        first_epoch, epochs: the stream covers epochs [first_epoch, epochs). None: one epoch, and the next one on each
            further pass, as `fit(epochs=…)` makes them.
        drop_remainder: drop each epoch's last, smaller batch.
        only_stages: each fragment's stages. Only the frames from the first to the last of them are decoded, and
            `margin` more at both ends; all frames if a fragment has none.
        margin: frames.
        num_frames: L, to decode only as many evenly spaced frames (`spaced_indices`) of those left. None: all.
        pad_to_multiple: L is rounded up to a multiple, for few distinct shapes; not with `num_frames`.
        joint_noise: strength of film's errors on a simulator's joints; 0: exact, level, from the side, in metres.
        with_info: add a third element {"id": string (B,), "frame_rate": float32 (B,)}, which `fit` would take for
            sample weights.
        num_input_pipelines, input_pipeline_id: this pipeline takes every n-th video in the common order. All then give
            equally many batches if `drop_remainder`.
        cache: where decoded frames are kept, which changes no batch: `"none"`, `"memory"`, `"disk"` (a folder
            beside the records) or a folder. They are decoded before this returns; see `data.frame_cache`.

    Returns:
        tf.data.Dataset of (inputs, targets): inputs {"frames": uint8 (B, L, H, W, 3), "mask": bool (B, L)}, or
        {"features": float32 (B, L, D), 0 where padded, "mask": bool (B, L)}, targets
        {"stages": int32 (B, L), -1 where padded or unlabelled; "difficulty", "execution", "final": float32 (B,), NaN
        where unknown}.

    Raises:
        RecordsError: the records are missing or damaged, or have no such split.
        InputError: the stored frames are smaller than `image_size`, the records lack some of `ids`, the options
            contradict each other or the records, or the `cache` has no room.
        tf.errors.DataLossError, tf.errors.InvalidArgumentError: when a damaged record is read, or one at a place that
            the index gives another id.
    """
    info = DatasetInfo.load(records_dir)
    _check_lengths(info, num_frames, only_stages, margin)
    chosen_ids = split_ids(info, split, validation_fraction, ids)
    pipelines = num_input_pipelines, input_pipeline_id
    cached = _cached(info, split, ids, cache)
    stream = _EpochStream(info, split, chosen_ids, batch_size, seed, shuffle, drop_remainder, *pipelines, cached)
    name, shape, values_of = _steps(info, image_size, augmentation, cached, joint_noise)
    fragments = [[info.stages.index(stage) for stage in fragment] for fragment in only_stages]

    def load(example: dict[str, tf.Tensor], seeds: Seeds) -> tuple:
        last = tf.size(example["stage/index"])
        first = first_frame(last, augmentation, seeds)
        if fragments:
            begin, end = stage_span(example["stage/index"][first:last], fragments, margin)
            first, last = first + begin, first + end
        chosen = first + spaced_indices(last - first, num_frames) if num_frames else tf.range(first, last)
        num_steps = tf.size(chosen)
        padding = 0 if num_frames else -num_steps % pad_to_multiple
        values = tf.pad(values_of(example, chosen, seeds), [[0, padding], *[[0, 0]] * len(shape)])
        mask = tf.range(num_steps + padding) < num_steps
        inputs = {name: tf.ensure_shape(values, (num_frames, *shape)), "mask": tf.ensure_shape(mask, (num_frames,))}
        stages = tf.cast(tf.gather(example["stage/index"], chosen), tf.int32)
        stages = tf.pad(stages, [[0, padding]], constant_values=UNLABELLED)
        targets = {"stages": tf.ensure_shape(stages, (num_frames,))}
        targets |= {name: example[f"score/{name}"] for name in info.scores}
        facts = {"id": example["example/id"], "frame_rate": example["image/frame_rate"]}
        return (inputs, targets, facts) if with_info else (inputs, targets)

    padding_values = (None, {"stages": UNLABELLED, **dict.fromkeys(info.scores)}, *[None] * with_info)
    batches = stream.batches(load, first_epoch, epochs, shuffle or augmentation is not None, padding_values)
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
    cache: str = NONE[0],
    **stream_options: Any,
) -> tf.data.Dataset:
    """A clip from each video, with its classes, for pretraining.

    Args:
        clip_length: T, frames.
        sampling: `"whole"`: T evenly spaced frames; augmentation first cuts off up to a tenth at each end.
            `"consecutive"`: T frames in a row, random with augmentation, else the middle ones; a shorter video repeats
            its last frame.
        records_dir, split, …: as in `videos`.
        stream_options: `seed`, `drop_remainder`, `num_input_pipelines` and `input_pipeline_id`, as in `videos`.

    Returns:
        tf.data.Dataset of (uint8 (B, T, H, W, 3), {head: int32 (B,)}).

    Raises:
        As `videos`; InputError if the records have no classes, or for another `sampling`.
    """
    info = DatasetInfo.load(records_dir)
    if not info.classes:
        hint = "Build --dataset=motion or ucf101."
        raise InputError("no_classes", f"{records_dir}: records of {info.name} have no classes.", hint)
    if sampling not in CLIP_SAMPLINGS:
        raise InputError("unknown_name", f"No sampling {sampling!r}.", f"Use one of {', '.join(CLIP_SAMPLINGS)}.")
    ids = split_ids(info, split, validation_fraction)
    cached = _cached(info, split, None, cache)
    stream = _EpochStream(info, split, ids, batch_size, shuffle=shuffle, cache=cached, **stream_options)
    decode = FrameDecoder(info.frame_size, image_size, augmentation)

    def load(example: dict[str, tf.Tensor], seeds: Seeds) -> tuple:
        length = tf.size(example["stage/index"])
        if sampling == "whole":
            indices = clip_indices(length, clip_length, augmentation, seeds)
        else:
            indices = consecutive_clip(length, clip_length, seeds if augmentation else None)
        frames = _frames(decode, cached, example, indices, seeds)
        labels = {head: tf.cast(example[f"class/{head}"], tf.int32) for head in info.classes}
        return tf.ensure_shape(frames, (clip_length, *image_size, 3)), labels

    return stream.batches(load, first_epoch, epochs, shuffle or augmentation is not None)


def _check_lengths(
    info: DatasetInfo, num_frames: int | None, only_stages: Sequence[Sequence[str]], margin: int
) -> None:
    if num_frames is not None and num_frames < 1:
        raise InputError("out_of_range", f"num_frames must be at least 1 frame, or None, not {num_frames}.")
    if margin < 0:
        raise InputError("out_of_range", f"margin must be 0 frames or more, not {margin}.")
    asked = [stage for fragment in only_stages for stage in fragment]
    if not set(asked) <= set(info.stages) or not all(only_stages):
        hint = f"The stages are {', '.join(info.stages)}."
        raise InputError("unknown_name", f"only_stages must name stages, not {', '.join(asked) or 'none'}.", hint)


def _cached(info: DatasetInfo, split: str, ids: Iterable[str] | None, cache: str) -> FrameCache | None:
    """The `FrameCache` for the stored split, or for `ids`."""
    if cache in NONE:
        return None
    if info.features:
        message = f"{info.records_dir} holds features, of which nothing is decoded."
        raise InputError("flags_conflict", message, "Leave out the cache.")
    stored = stored_split(info, split)

    def decoded() -> Iterator[np.ndarray]:
        whole: dict[str, Any] = {"image_size": info.frame_size, "batch_size": 1, "pad_to_multiple": 1}
        for inputs, _ in videos(info.records_dir, stored, ids=ids, **whole).as_numpy_iterator():
            yield inputs["frames"][0]

    def decode(video_id: str) -> np.ndarray:
        # No pipeline within a pipeline: its threads would wait for each other.
        path, offset = locate_records(info, stored)[video_id]
        jpegs = parse_example(read_record(path, tf.constant(offset, tf.int64)))["image/encoded"].numpy()
        return np.stack([decode_jpeg(jpeg) for jpeg in jpegs])

    return frame_cache(info, split_ids(info, stored, ids=ids), cache, decoded, decode)


def _frames(
    decode: FrameDecoder, cached: FrameCache | None, example: dict[str, tf.Tensor], chosen: tf.Tensor, seeds: Seeds
) -> tf.Tensor:
    """The `chosen` frames from a `FrameCache` or a parsed example."""
    if not cached:
        return decode(tf.gather(example["image/encoded"], chosen), seeds)
    return decode.augmented(functools.partial(cached.crop, example[FIRST_FRAME], chosen), seeds)


def _steps(
    info: DatasetInfo,
    image_size: Sequence[int],
    augmentation: Augmentation | None,
    cached: FrameCache | None,
    joint_noise: float,
) -> tuple[str, tuple[int, ...], Callable]:
    """(input's name, a step's shape, a function: parsed example, indices, seeds → values)."""
    if joint_noise != 1 and not info.stores_joints:
        message = f"{info.records_dir} holds no simulated joints: joint_noise={joint_noise:g} has no effect."
        raise InputError("flags_conflict", message)
    if not info.features:
        decode = FrameDecoder(info.frame_size, image_size, augmentation)
        return "frames", (*image_size, 3), functools.partial(_frames, decode, cached)
    pixel_options = [name for name in PIXEL_OPTIONS if augmentation and getattr(augmentation, name)]
    if pixel_options:
        message = f"{info.records_dir} holds features, without pixels to augment: {', '.join(pixel_options)}."
        raise InputError("flags_conflict", message)
    shown = _on_film(info, augmentation is not None, joint_noise) if info.stores_joints else None

    def values(example: dict[str, tf.Tensor], chosen: tf.Tensor, seeds: Seeds) -> tf.Tensor:
        return tf.gather(shown(example, seeds) if shown else example["feature/floats"], chosen)

    return "features", (info.feature_size,), values


def _on_film(info: DatasetInfo, draws: bool, strength: float) -> Callable:
    """A function: parsed example, seeds → what film shows of its joints, (L, J · 3); one film if nothing is drawn."""

    def film(joints: np.ndarray, key: Any) -> np.ndarray:
        return film_of(joints, info.frame_rate, bytes(key), strength)

    def shown(example: dict[str, tf.Tensor], seeds: Seeds) -> tf.Tensor:
        key = seeds(FILM) if draws else example["example/id"]
        return tf.numpy_function(film, (example["feature/floats"], key), tf.float32, stateful=False)

    return shown


# === Epochs ===


@dataclasses.dataclass
class _EpochStream:
    """The records `ids` in each epoch's order, shared out over pipelines.

    Arguments as in `videos`; `ids` are in the order without shuffling. InputError for an unknown pipeline, or a batch
    size below 1.
    """

    info: DatasetInfo
    split: str
    ids: Sequence[str]
    batch_size: int
    seed: int = 0
    shuffle: bool = False
    drop_remainder: bool = False
    num_input_pipelines: int = 1
    input_pipeline_id: int = 0
    cache: FrameCache | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError("out_of_range", f"batch_size must be at least 1, not {self.batch_size}.")
        number, index = self.num_input_pipelines, self.input_pipeline_id
        if not 0 <= index < number:
            raise InputError("out_of_range", f"input_pipeline_id must be from 0 to {number - 1}, not {index}.")
        places = locate_records(self.info, stored_split(self.info, self.split))
        self._ids = tf.constant(self.ids)
        self._paths = tf.constant([places[video_id][0] for video_id in self.ids])
        self._offsets = tf.constant([places[video_id][1] for video_id in self.ids], tf.int64)
        self._first_frames = tf.constant([self.cache.first[name] for name in self.ids] if self.cache else [], tf.int32)
        global_batch = self.batch_size * number
        # Records that all pipelines together use in an epoch: all, or as many as fill each one's last batch.
        self._num_used = len(self.ids) // global_batch * global_batch if self.drop_remainder else len(self.ids)
        self._num_batches = -(-len(range(index, self._num_used, number)) // self.batch_size)

    def batches(
        self, load: Callable, first_epoch: int, epochs: int | None, draws: bool, padding: tuple | None = None
    ) -> tf.data.Dataset:
        """The batches in epochs [first_epoch, epochs); if `epochs` is None, one more epoch on each pass.

        `load` makes an element of (parsed example, decision → seed pair); `draws` tells whether epochs differ.
        """

        def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
            elements = self._loaded(load, epoch)
            return elements.padded_batch(self.batch_size, padding_values=padding, drop_remainder=self.drop_remainder)

        if epochs is None and not draws:
            epochs = first_epoch + 1
        if epochs is None:
            numbers, num_epochs = _one_more_each_time(first_epoch), 1
        else:
            num_epochs = max(0, epochs - first_epoch)
            numbers = tf.data.Dataset.range(first_epoch, first_epoch + num_epochs)
        dataset = numbers.flat_map(epoch_batches)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(self._num_batches * num_epochs))
        options = tf.data.Options()
        options.deterministic = True
        return dataset.with_options(options).prefetch(PREFETCHED)

    def _loaded(self, load: Callable, epoch: tf.Tensor) -> tf.data.Dataset:
        """The elements that `load` makes from this pipeline's records in an epoch, in order."""
        order = tf.range(len(self._ids))
        if self.shuffle:
            epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), epoch]), SHUFFLE)
            order = tf.random.experimental.stateless_shuffle(order, epoch_seed)
        used = order[: self._num_used][self.input_pipeline_id :: self.num_input_pipelines]

        def read_and_load(index: tf.Tensor) -> Any:
            example = self._read(index)
            return load(example, video_seeds(self.seed, epoch, example["example/id"]))

        records = tf.data.Dataset.from_tensor_slices(used)
        return records.map(read_and_load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _read(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """A parsed record; fails if the records are not in the order of their index."""
        serialized = read_record(self._paths[index], self._offsets[index])
        kind = tuple(self.info.classes), self.info.feature_size, self.info.stores_joints
        example: Any = parse_example(serialized, *kind)
        expected, received = self._ids[index], example["example/id"]
        message = [f"{self.info.records_dir}: the record of", expected, "is that of", received]
        tf.debugging.Assert(expected == received, [tf.strings.join(message, " ")])
        return example | {FIRST_FRAME: self._first_frames[index]} if self.cache else example


def _one_more_each_time(first: int) -> tf.data.Dataset:
    """One number, int64: `first`, and one more on each later pass."""
    with tf.device("CPU:0"):
        passes = tf.Variable(first, dtype=tf.int64, trainable=False)
    return tf.data.Dataset.from_tensors(0).map(lambda _: passes.assign_add(1) - 1)
