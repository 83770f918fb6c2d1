"""The error for options, which commands tell from errors in the data."""

from scoringnet_tf.support.errors import InputError


class OptionError(InputError):
    """An option that a dataset needs is missing, has no meaning for it, or names nothing that is there."""
