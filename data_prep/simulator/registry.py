"""Which sports can be simulated. A new sport is one subclass of `performance.Simulator` and one entry here."""

import functools
import importlib

from data_prep.simulator.performance import Simulator

SIMULATORS = {
    "diving": ("data_prep.simulator.diving.simulator", "DivingSimulator"),
    "vault": ("data_prep.simulator.vault.simulator", "VaultSimulator"),
}


@functools.cache
def get_simulator(sport: str) -> Simulator:
    """The simulator of a sport.

    Raises:
        ValueError: it has none; those that have one are named.
    """
    if sport not in SIMULATORS:
        raise ValueError(f"Expected a sport that has a simulator, one of {', '.join(SIMULATORS)}. Received: {sport!r}")
    module, name = SIMULATORS[sport]
    return getattr(importlib.import_module(module), name)()
