"""The figures of a benchmark as they are kept: a JSON file for each run, with what they hold for."""

import contextlib
import datetime
import importlib.metadata
import os
import pathlib
import platform
import re

PACKAGES = ("tensorflow", "keras", "jax", "torch", "numpy", "opencv-python-headless", "av")


def new_file(folder: str, name: str) -> pathlib.Path:
    """A path for the figures of this run, beside those of runs before."""
    return pathlib.Path(folder, f"{name}-{datetime.datetime.now():%Y-%m-%d-%H%M%S}.json")


def machine() -> dict[str, object]:
    """What the figures of a run hold for."""
    cpuinfo, found = pathlib.Path("/proc/cpuinfo"), {}
    model = re.search(r"^model name\s*: (.*)$", cpuinfo.read_text() if cpuinfo.is_file() else "", re.MULTILINE)
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return {
        "processor": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": found,
    }
