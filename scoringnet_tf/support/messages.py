"""What people read, with a code for programs: errors, remarks, a signal; counts, times, names in a sentence."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator

MAX_NAMES = 10  # in a sentence


class InputError(ValueError):
    """A file, row or flag is wrong.

    Args:
        code: the problem's stable name, in snake_case. Tests and programs compare it, never the message.
        message: what is wrong, and where: the file, row or flag.
        hint: what to do about it, where the message does not say so already.
    """

    # Else Keras makes a RuntimeError of it, with every argument in its message; of exceptions with arguments of their
    # own it has no public way to keep them (keras-team/keras#21725).
    _keras_call_info_injected = True

    def __init__(self, code: str, message: str, hint: str = ""):
        super().__init__(code, message, hint)
        self.code, self.message, self.hint = code, message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


def unknown_name(what: str, name: object, known: Iterable[object]) -> InputError:
    """The error for a name that is not in a list, which it shows (code `unknown_name`)."""
    return InputError("unknown_name", f"{what}: {name!r} is not one of {', '.join(map(str, known))}.")


@contextlib.contextmanager
def about(where: str) -> Iterator[None]:
    """Puts `where`, a file or flag, before the message of the block's InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(error.code, f"{where}: {error.message}", error.hint) from error


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGINT (Ctrl-C) came. Whoever knows how to resume sets `hint`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.hint, self.exit_status = "", 128 + number  # as in a shell

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.args[0]).name}. {self.hint}".rstrip()


class Remark(str):
    """A sentence with a `code` for programs, see docs/serving.md."""

    code: str

    def __new__(cls, code: str, sentence: str) -> "Remark":  # noqa: D102
        remark = super().__new__(cls, sentence)
        remark.code = code
        return remark

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """For copies and pickles."""
        return self.code, str(self)

    def to_dict(self) -> dict[str, str]:
        """`{"code", "message"}`."""
        return {"code": self.code, "message": str(self)}

    @classmethod
    def from_dict(cls, values: dict[str, str]) -> "Remark":
        """The remark that `to_dict` gave."""
        return cls(values["code"], values["message"])


def error_remark(error: Exception) -> Remark:
    """An error as a remark with its code; `unreadable` for the file system's."""
    return Remark(getattr(error, "code", "unreadable"), str(error))


# === Words in a sentence ===


def counted(number: int, noun: str, style: str = "", plural: str = "") -> str:
    """A number with its noun: 1 frame, 2 frames, 0 frames.

    `style` formats the number, such as `","`; `plural` is the noun's if it does not end in s.
    """
    return f"{number:{style}} {noun if number == 1 else plural or f'{noun}s'}"


def clock(seconds: float) -> str:
    """A moment as video players show it, to a tenth: 0:07.5, 12:31.0, 1:02:03.0."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{tenths // 10:02d}.{tenths % 10}"


def shown(names: Iterable[str]) -> str:
    """Names in order, for a sentence; ten at most, and how many more."""
    names = sorted(names)
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Keeps what libraries write to stderr as they are loaded off it."""
    with tempfile.TemporaryFile() as notices:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(notices.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
