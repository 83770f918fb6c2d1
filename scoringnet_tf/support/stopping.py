"""SIGTERM and SIGINT (Ctrl-C) as an exception, so that work that is stopped is left in order."""

import contextlib
import signal
from collections.abc import Iterator


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGINT (Ctrl-C) came.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.hint = ""  # how to go on, from whoever knows
        self.exit_status = 128 + number  # what shells say of a process that a signal ended

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.args[0]).name}. {self.hint}".rstrip()


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises `Stopped` in the main thread where SIGTERM or SIGINT comes, so that the work is left in order."""
    # Who was started with one of them ignored, as by nohup, goes on to ignore it.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]

    def stop(number, _):
        for each in numbers:  # once is enough: what follows is tidying up
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
