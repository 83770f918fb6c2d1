"""What a simulated dataset says of itself, so that everything downstream can say so too."""

import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED, read_index
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.reading import read_json

LEVELS = 2  # folders above `source_dir` that are looked into: videos lie that deep in what the simulator writes


def read_simulation(source_dir: Path, samples: Iterable[Sample]) -> tuple[dict[str, Any] | None, list[str]]:
    """What the simulator left with videos, in `source_dir`, above it or anywhere between it and a video.

    Returns:
        (That, or None for filmed video; notes, where some of the videos are simulated and others not, or otherwise.)

    Raises:
        InputError: the simulation has not ended, or what it left is damaged, or only its joints are there.
    """
    above = [Path(source_dir), *Path(source_dir).absolute().parents[:LEVELS]]
    folders = [next((folder for folder in above if _has_simulation(folder)), None)]
    known: dict[Path, Path | None] = {}
    for folder in (sample.path.parent for sample in samples):
        known[folder] = known[folder] if folder in known else _between(folder, source_dir) or folders[0]
        folders.append(known[folder])
    found = [folder for folder in dict.fromkeys(folders) if folder is not None]
    simulations = [_read(folder) for folder in found]
    if not found:
        _refuse_simulated_joints(Path(source_dir) / FOLDER)
        return None, []
    of_videos = folders[1:]
    simulated = sum(folder is not None for folder in of_videos)
    notes = []
    if simulated < len(of_videos):
        what = f"Of {counted(len(of_videos), 'video')} {simulated} are simulated"
        notes.append(f"{what}: {found[0] / 'simulation.json'}.")
    if len(found) > 1:
        notes.append(f"Videos are of {len(found)} simulations; the records name the first, {found[0]}.")
    return simulations[0], notes


def _refuse_simulated_joints(folder):
    """InputError where joints say that videos are simulated which would pass for filmed ones."""
    try:
        is_simulated = (folder / INDEX).is_file() and read_index(folder)[1] == SIMULATED
    except InputError:
        return  # whoever reads the joints says so
    if is_simulated:
        what = f"expected simulation.json of videos with {SIMULATED}. Received: none"
        raise InputError(
            "todo", f"{folder / INDEX}: {what}; copy it from the folder of the simulation to that of the videos."
        )


def _between(folder, source_dir):
    """The nearest folder with a simulation from that of a video up to below `source_dir`."""
    if not folder.is_relative_to(source_dir):
        return None
    while folder != source_dir:
        if _has_simulation(folder):
            return folder
        folder = folder.parent
    return None


def _files(folder):
    return folder / "simulation.json", folder / "simulation.json.partial"


def _has_simulation(folder):
    return any(file.is_file() for file in _files(folder))


def _read(folder):
    path, under_way = _files(folder)
    if under_way.is_file():
        what = "expected a simulation that has ended. Received: one that is under way or was interrupted"
        raise InputError("todo", f"{under_way}: {what}; give its command again.")
    simulation = read_json(path)
    if not isinstance(simulation.get("settings", {}), dict):
        received = reprlib.repr(simulation)
        raise InputError(
            "todo", f"{path}: expected a JSON object, and an object of settings in it. Received: {received}"
        )
    return simulation
