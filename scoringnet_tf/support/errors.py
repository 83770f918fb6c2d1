"""The error for what a user gave: commands print its message on one line, without a traceback, and exit 1."""


class InputError(ValueError):
    """A file, row or flag is not what it should be.

    Args:
        message: what is wrong, where, and what to do.
        code: a word that stays the same however the message is put; tests and programs look at it.
    """

    def __init__(self, message: str = "", *, code: str = "invalid_input"):
        super().__init__(message)
        self.code = code
