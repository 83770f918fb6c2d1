"""What ends a command: bad input, which it prints with a code and without a traceback, and a signal."""

import signal
from collections.abc import Iterable


class InputError(ValueError):
    """A file, row or flag is wrong.

    Args:
        code: a stable name of the problem, in snake_case. Tests and programs compare it, never the message.
        message: what is wrong, and where: the file, row or flag.
        hint: what to do about it, where the message does not say so already.
    """

    _keras_call_info_injected = True  # else Keras adds every argument, arrays and all, to the message

    def __init__(self, code: str, message: str, hint: str = ""):
        super().__init__(code, message, hint)
        self.code, self.message, self.hint = code, message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


def unknown_name(what: str, name: object, known: Iterable[object]) -> InputError:
    """The error for a name that is not one of a list, which it shows (code `unknown_name`)."""
    return InputError("unknown_name", f"{what}: {name!r} is not one of {', '.join(map(str, known))}.")


class Stopped(KeyboardInterrupt):
    """A signal of this number came, SIGTERM or SIGINT (Ctrl-C).

    Attributes:
        hint: how to resume; whoever knows sets it.
        exit_status: 128 + the number, as in a shell.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.hint, self.exit_status = "", 128 + number

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.args[0]).name}. {self.hint}".rstrip()
