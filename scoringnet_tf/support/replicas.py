"""Replicas: model copies on several devices, each with part of a batch, that learn as one from the whole batch.

Without TensorFlow's distribution strategies, and under other backends, there is one: nothing here does anything.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras

TREE = Any  # nested tensors


def number() -> int:
    """How many replicas share a batch."""
    context = _context()
    return context.num_replicas_in_sync if context else 1


def gathered(values: TREE) -> TREE:
    """All replicas' tensors, one after the other: (B here, …) becomes (B everywhere, …).

    A gradient goes back to the replica that a value came from, from all that used it: if each computes the whole
    batch's loss, it is as many times too large as there are replicas.
    """
    context = _context()
    if not context:
        return values
    import tensorflow as tf

    here = context.strategy.extended.worker_devices

    def gather(value: Any) -> Any:
        if value is None:
            return None
        if len(here) == 1:  # one of several machines: TensorFlow asks where a tensor lies, and does not say so itself
            with tf.device(here[0]):
                value = tf.identity(value)
        whole = context.all_gather(value, axis=0)
        whole.set_shape((None, *value.shape[1:]))  # which TensorFlow forgets
        return whole

    return keras.tree.map_structure(gather, values)


def own_rows(draw: Callable[[Any], Any], rows: Any) -> Any:
    """This replica's rows when `draw`, which takes a number of rows, draws for a whole batch in `gathered`'s order.

    All replicas have the same random state: each that drew for itself would draw what the others do.
    """
    context = _context()
    if not context:
        return draw(rows)
    first = context.replica_id_in_sync_group * rows
    return draw(rows * number())[first : first + rows]


def summed(values: Sequence[Any]) -> Sequence[Any]:
    """Each tensor's sum over all replicas; None stays None."""
    context = _context()
    present = [value for value in values if value is not None]
    if not context or not present:
        return values
    import tensorflow as tf

    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, present))
    return [None if value is None else next(sums) for value in values]


def logged(values: TREE) -> TREE:
    """A step's figures, the same on all replicas, as Keras takes them: with a first axis on several machines."""
    context = _context()
    if not context or not context.strategy.extended._in_multi_worker_mode():
        return values
    return keras.tree.map_structure(lambda value: keras.ops.reshape(value, (1,)), values)


def _context() -> Any:
    """TensorFlow's context for this replica; None if there is but one."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context if context and context.num_replicas_in_sync > 1 else None
