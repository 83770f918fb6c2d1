"""What a simulated dataset says of itself, so that everything downstream can say so too."""

import reprlib
from pathlib import Path
from typing import Any

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import read_json


def read_simulation(source_dir: Path) -> dict[str, Any] | None:
    """What the simulator left beside its videos; None for filmed video.

    Raises:
        InputError: the simulation has not ended, or what it left is damaged.
    """
    path, under_way = source_dir / "simulation.json", source_dir / "simulation.json.partial"
    if under_way.is_file():
        what = "expected a simulation that has ended. Received: one that is under way or was interrupted"
        raise InputError(f"{under_way}: {what}; give its command again.")
    if not path.is_file():
        return None
    simulation = read_json(path)
    if not isinstance(simulation.get("settings", {}), dict):
        received = reprlib.repr(simulation)
        raise InputError(f"{path}: expected a JSON object, and an object of settings in it. Received: {received}")
    return simulation
