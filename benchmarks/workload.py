"""What benchmarks measure by: the clock, the processor's time, memory."""

import math
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def seconds(call: Callable[[], Any]) -> float:
    """Seconds that a call takes by the clock."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def seconds_of_command(*command: Any) -> float:
    """Seconds that a command takes by the clock."""
    words = [str(word) for word in command]
    return seconds(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True))


def processor_seconds_of(call: Callable[[], Any]) -> float:
    """User and system time that a call takes in this process; other work disturbs it less than the clock."""
    start = time.process_time()
    call()
    return time.process_time() - start


def peak_mib() -> float:
    """The most memory that this process has held since `forget_peak`, MiB; NaN without Linux.

    The resident set that `getrusage` gives is no less than that of the process which started this one.
    """
    path = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", path.read_text()) if path.exists() else None
    return int(found[1]) / 1024 if found else math.nan


def forget_peak() -> None:
    """Has the peak begin with what is held now, on Linux."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")
