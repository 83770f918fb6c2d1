"""Which sports can be simulated. A new sport is one module and one entry here.

Such a module offers
    `plan(settings) -> list[plan]`, where a plan has `path` (of the video, relative to the dataset) and `quantiser`;
    `film(plan, settings) -> iterator of frames (H, W, 3) uint8, blue green red`;
    `label_files(labels_dir) -> list[Path]`, the files of real labels that a plan depends on;
    `write_labels(plans, settings, folder)`, which writes every label file and the card.
"""

import importlib
from types import ModuleType

SIMULATORS = {"diving": "data_prep.simulator.diving.videos", "vault": "data_prep.simulator.vault.videos"}


def get_simulator(sport: str) -> ModuleType:
    """The simulator module of a sport.

    Raises:
        ValueError: it has none; those that have one are named.
    """
    if sport not in SIMULATORS:
        raise ValueError(f"Expected a sport that has a simulator, one of {', '.join(SIMULATORS)}. Received: {sport!r}")
    return importlib.import_module(SIMULATORS[sport])
