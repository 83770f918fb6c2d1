"""Which sports can be simulated. A new sport is one subclass of `performance.Simulator` and one entry here."""

import functools
import importlib

from data_prep.simulator.performance import Simulator
from scoringnet_tf.support.errors import InputError

SIMULATORS = {
    "diving": ("data_prep.simulator.diving.simulator", "DivingSimulator"),
    "vault": ("data_prep.simulator.vault.simulator", "VaultSimulator"),
}


@functools.cache
def get_simulator(sport: str) -> Simulator:
    """The simulator of a sport.

    Raises:
        InputError: it has none; those that have one are named.
    """
    if sport not in SIMULATORS:
        raise InputError("unknown_name", f"There is no simulator of {sport!r}, only of {', '.join(SIMULATORS)}.")
    module, name = SIMULATORS[sport]
    return getattr(importlib.import_module(module), name)()
