"""Finds what the simulator wrote about its videos, so that records made of them say so too."""

import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data_prep.datasets.sample import Sample
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED, read_index
from scoringnet_tf.support.files import read_json
from scoringnet_tf.support.messages import InputError, Remark, counted

LEVELS = 2  # folders above `source_dir` to search: the simulator writes its videos that deep
FILE, UNFINISHED = "simulation.json", "simulation.json.partial"


def read_simulation(source_dir: Path, samples: Sequence[Sample]) -> tuple[dict[str, Any] | None, list[str]]:
    """Reads the `simulation.json` in, above or below `source_dir`.

    Returns:
        (its content, or None for filmed video; a warning if only some videos are simulated, or by several runs).

    Raises:
        InputError: the simulation has not ended, its file is damaged, or only its joints were copied.
    """
    source_dir = Path(source_dir)
    above = next(filter(_is_simulation, [source_dir, *source_dir.absolute().parents[:LEVELS]]), None)
    nearest = {folder: _simulation_of(folder, source_dir) or above for folder in {s.path.parent for s in samples}}
    of_videos = [nearest[sample.path.parent] for sample in samples]
    folders = [folder for folder in dict.fromkeys([above, *of_videos]) if folder is not None]
    if not folders:
        _refuse_simulated_joints(source_dir / FOLDER)
        return None, []
    simulations = [_read(folder) for folder in folders]
    warnings: list[str] = []
    if num_filmed := of_videos.count(None):
        total = counted(len(of_videos), "video")
        message = f"{len(of_videos) - num_filmed} of {total} are simulated ({folders[0] / FILE})."
        warnings.append(Remark("partly_simulated", message))
    if len(folders) > 1:
        message = f"The videos come from {len(folders)} simulations. The records name the first, {folders[0]}."
        warnings.append(Remark("several_simulations", message))
    return simulations[0], warnings


def _simulation_of(folder: Path, source_dir: Path) -> Path | None:
    if not folder.is_relative_to(source_dir):
        return None
    below = len(folder.relative_to(source_dir).parts)
    return next(filter(_is_simulation, [folder, *folder.parents][:below]), None)


def _refuse_simulated_joints(folder: Path) -> None:
    try:
        is_simulated = (folder / INDEX).is_file() and read_index(folder)[1] == SIMULATED
    except InputError:
        return  # the reader of the joints reports it
    if is_simulated:
        message = f"{folder / INDEX}: these are joints of simulated videos, but {FILE} is missing."
        raise InputError("missing_simulation", message, "Copy it from the folder of the simulation.")


def _is_simulation(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (FILE, UNFINISHED))


def _read(folder: Path) -> dict[str, Any]:
    if (folder / UNFINISHED).is_file():
        message = f"{folder / UNFINISHED}: this simulation is running or was interrupted."
        raise InputError("unfinished_simulation", message, "Rerun its command.")
    simulation = read_json(folder / FILE)
    if not isinstance(simulation.get("settings", {}), dict):
        raise InputError("wrong_format", f"{folder / FILE}: 'settings' is not an object: {reprlib.repr(simulation)}.")
    return simulation
