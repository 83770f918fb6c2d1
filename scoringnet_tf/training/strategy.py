"""Which devices of a machine train, and how a batch is shared out among them."""

from typing import Any

import tensorflow as tf

from scoringnet_tf.support.errors import InputError


def strategy_of(replicas: int) -> tf.distribute.Strategy:
    """TensorFlow's strategy for a run; several replicas must be asked for before TensorFlow has made use of a device.

    Args:
        replicas: how many share a batch; 0 for one on each GPU, or one where there is none. Without GPUs the processor
            counts as so many devices, which is no faster: to see what several GPUs would do.

    Raises:
        InputError: there are fewer GPUs.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and replicas > len(gpus):
        raise InputError(f"--replicas={replicas}: expected at most a replica for each GPU. Received: {len(gpus)} GPUs.")
    number = replicas or max(1, len(gpus))
    if number == 1:
        return tf.distribute.get_strategy()
    if not gpus:
        (processor,) = tf.config.list_physical_devices("CPU")
        if len(tf.config.get_logical_device_configuration(processor) or ()) < number:
            devices = [tf.config.LogicalDeviceConfiguration()] * number
            tf.config.set_logical_device_configuration(processor, devices)
    return tf.distribute.MirroredStrategy([f"{'GPU' if gpus else 'CPU'}:{index}" for index in range(number)])


def shared(dataset: tf.data.Dataset, replicas: int) -> Any:
    """Batches that so many replicas can share: (inputs, targets, weights of the videos).

    A batch that does not divide is filled up with videos of weight 0, copies of its own, which take part in nothing.

    Args:
        dataset: batches (inputs, targets), of nested tensors (B, …).
        replicas: N; 1 leaves the dataset as it is.
    """
    if replicas == 1:
        return dataset

    def filled(inputs, targets):
        number = tf.shape(tf.nest.flatten(inputs)[0])[0]
        whole = -(-number // replicas) * replicas
        index = tf.range(whole) % number
        inputs, targets = tf.nest.map_structure(lambda value: tf.gather(value, index), (inputs, targets))
        return inputs, targets, tf.cast(tf.range(whole) < number, tf.float32)

    return dataset.map(filled)
