"""From a video or a record to batches: decoding, preprocessing, augmentation, tf.data."""
