"""The figures of a benchmark as they are kept: a JSON file of runs, to which every run adds itself."""

import datetime
import importlib.metadata
import os
import pathlib
import platform

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import read_json

PACKAGES = ("tensorflow", "keras", "jax", "torch", "numpy", "opencv-python-headless", "av")


def earlier_runs(output: pathlib.Path) -> list:
    """The runs in a file of figures, to be written again before the next; none where there is no file.

    Raises:
        InputError: it holds something else, such as what this command wrote when it kept the newest run alone.
    """
    runs = read_json(output).get("runs") if output.is_file() else []
    if not isinstance(runs, list):
        raise InputError("wrong_format", f'--output={output}: the file holds no "runs" to add one to.')
    return runs


def machine() -> dict[str, object]:
    """What the figures of a run hold for."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    found = {name: _version(name) for name in PACKAGES}
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: version for name, version in found.items() if version},
    }


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
