"""Epoch after epoch of the records of a split: which record comes when, for every pipeline that shares the work.

A shuffled epoch is one permutation of all its records, whatever their order on disk, and needs no buffer of them: each
is read where it lies (`shards`) by the call that decodes it. So there are in memory: a video, encoded and decoded, for
each parallel call (as many as cores), the batch that is being filled, and PREFETCHED batches. Decoded uint8, a batch is
B · L · H · W · 3 bytes: 8 videos of 150 frames at 112×112 are 45 MB.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from scoringnet_tf.data.augmentation import SHUFFLE, fold, video_seeds
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.records import parse_example
from scoringnet_tf.data.service import served
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.data.splits import stored_split
from scoringnet_tf.support.errors import InputError

PREFETCHED = 2  # finished batches: one for the model and one more


class EpochStream:
    """The records of `ids` in the order of each epoch, shared out over pipelines.

    Args:
        info: of the records.
        split: that has `ids`.
        ids: of the records, in the order of an epoch that is not shuffled.
        batch_size, seed, shuffle, drop_remainder, num_input_pipelines, input_pipeline_id: as of
            `input_pipeline.videos`.

    Raises:
        InputError: there is no such pipeline, or a batch size below 1.
    """

    def __init__(
        self,
        info: DatasetInfo,
        split: str,
        ids: Sequence[str],
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = False,
        drop_remainder: bool = False,
        num_input_pipelines: int = 1,
        input_pipeline_id: int = 0,
    ) -> None:
        if batch_size < 1:
            raise InputError("out_of_range", f"batch_size must be at least 1, not {batch_size}.")
        if not 0 <= input_pipeline_id < num_input_pipelines:
            raise InputError(
                "out_of_range",
                f"input_pipeline_id must be from 0 to {num_input_pipelines - 1}, not {input_pipeline_id}.",
            )
        self.info, self.batch_size = info, batch_size
        self._seed, self._shuffle, self._drop_remainder = seed, shuffle, drop_remainder
        self._num_pipelines, self._pipeline_id = num_input_pipelines, input_pipeline_id
        places = locate_records(info, stored_split(info, split))
        self._ids = tf.constant(ids)
        self._paths = tf.constant([places[video_id][0] for video_id in ids])
        self._offsets = tf.constant([places[video_id][1] for video_id in ids], tf.int64)
        global_batch = batch_size * num_input_pipelines
        # Records that all pipelines together use in an epoch: all, or as many as fill the last batch of each.
        self._num_used = len(ids) // global_batch * global_batch if drop_remainder else len(ids)
        own = len(range(input_pipeline_id, self._num_used, num_input_pipelines))
        self._num_batches = -(-own // batch_size)

    def batches(
        self, load: Callable, batch: Callable, first_epoch: int, epochs: int | None, service: str | None = None
    ) -> tf.data.Dataset:
        """The batches of epochs [first_epoch, epochs), or if `epochs` is None, of one more epoch on each pass.

        Args:
            load: (parsed example, function of a decision → seed pair) → an element.
            batch: dataset of elements → dataset of batches.
            first_epoch, epochs, service: as of `input_pipeline.videos`.
        """
        if epochs is None:
            numbers, num_epochs = _one_more_each_time(first_epoch), 1
        else:
            num_epochs = max(0, epochs - first_epoch)
            numbers = tf.data.Dataset.range(first_epoch, first_epoch + num_epochs)
        if service:
            first = first_epoch * self._num_batches
            stop = first + num_epochs * self._num_batches
            return served(service, self._numbered(load, batch), self.info, first, stop).prefetch(PREFETCHED)
        dataset = numbers.flat_map(lambda epoch: batch(self._loaded(load, epoch, self._used(epoch))))
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(self._num_batches * num_epochs))
        options = tf.data.Options()
        options.deterministic = True
        return dataset.with_options(options).prefetch(PREFETCHED)

    def _numbered(self, load, batch):
        """A function: numbers of batches → (number, batch); batch k of an epoch is made of its k-th records."""

        def one_batch(number):
            epoch, start = number // self._num_batches, number % self._num_batches * self.batch_size
            used = self._used(epoch)[start : start + self.batch_size]
            return batch(self._loaded(load, epoch, used)).map(lambda *elements: (number, elements))

        return lambda numbers: numbers.flat_map(one_batch).prefetch(PREFETCHED)

    def _used(self, epoch):
        """Indices into the ids of this pipeline's records of an epoch, in order."""
        order = tf.range(len(self._ids))
        if self._shuffle:
            epoch_seed = fold(tf.stack([tf.cast(self._seed, tf.int64), epoch]), SHUFFLE)
            order = tf.random.experimental.stateless_shuffle(order, epoch_seed)
        return order[: self._num_used][self._pipeline_id :: self._num_pipelines]

    def _loaded(self, load, epoch, indices):
        """Dataset of the elements that `load` makes of these records."""

        def read_and_load(index):
            example = self._read(index)
            return load(example, video_seeds(self._seed, epoch, example["example/id"]))

        records = tf.data.Dataset.from_tensor_slices(indices)
        return records.map(read_and_load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _read(self, index):
        """A parsed record; fails if the records are not in the order of their index."""
        serialized = read_record(self._paths[index], self._offsets[index])
        example: Any = parse_example(serialized, tuple(self.info.classes), self.info.feature_size)
        expected, received = self._ids[index], example["example/id"]
        message = [f"{self.info.records_dir}: the record of", expected, "is that of", received]
        tf.debugging.Assert(expected == received, [tf.strings.join(message, " ")])
        return example


def _one_more_each_time(first):
    """A dataset of one number, int64: `first`, and one more on each later pass."""
    with tf.device("CPU:0"):
        passes = tf.Variable(first, dtype=tf.int64, trainable=False)
    return tf.data.Dataset.from_tensors(0).map(lambda _: passes.assign_add(1) - 1)
