"""The error for what a user gave: commands print its message on one line, without a traceback, and exit 1."""


class InputError(ValueError):
    """A file, row or flag is not what it should be; the message names it, what was expected and what was found."""
