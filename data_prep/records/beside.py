"""What lies beside a dataset's videos and goes to its records: the joints, and what the simulator wrote."""

import collections
import reprlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from data_prep.datasets.sample import Problem, Sample, Source
from scoringnet_tf.data.dataset_info import INDEX_NAME
from scoringnet_tf.data.factors import FILE as FACTORS
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED, read_index, read_joints
from scoringnet_tf.data.preprocessing import ASPECT_TOLERANCE
from scoringnet_tf.support.files import read_json
from scoringnet_tf.support.messages import InputError, Remark, counted
from scoringnet_tf.support.paths import RecordsPath

LEVELS = 2  # folders above `source_dir` to search: the simulator writes its videos that deep
FEWEST = 4  # videos whose beginnings tell which way is down: an armstand begins upside down
FILE, UNFINISHED = "simulation.json", "simulation.json.partial"


def read_simulation(source_dir: Path, samples: Sequence[Sample]) -> tuple[dict[str, Any] | None, list[str]]:
    """Reads the `simulation.json` in, above or below `source_dir`.

    Returns:
        (its content, or None for filmed video; a warning if only some videos are simulated, or by several runs).
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
        is_simulated = (folder / INDEX).is_file() and read_index(folder).source == SIMULATED
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


class SourceJoints:
    """The joints beside a dataset's videos, if any: `joints/ID.npy`; InputError if their index is wrong or missing.

    A file name that belongs to one video alone may have `joints/STEM.npy` instead.
    """

    def __init__(self, source_dir: Path, samples: Sequence[Sample]) -> None:
        self.folder = source_dir / FOLDER
        self._exist = (self.folder / INDEX).is_file()
        self._upside_down: dict[str, bool] = {}  # ids of videos whose joints were read
        self._stems = {sample.video_id: sample.path.stem for sample in samples}
        self._shared = collections.Counter(sample.path.stem for sample in samples)
        if self._exist:
            read_index(self.folder)
        elif any(self.folder.rglob("*.npy")):
            message = f"{self.folder / INDEX}: there is no such file beside the joints."
            raise InputError("not_found", message, "It names the joints: see docs/data.md.")

    def problems(self, sample: Sample, num_frames: int | None, aspect: float | None = None) -> list[Problem]:
        """A problem if a sample's joints are missing, shared, not of `num_frames` frames, or its id is no file.

        Another one if the picture that they are of is upright and a video of this aspect (width over height) is not, or
        the other way.
        """
        if not self._exist:
            return []
        try:
            joints = read_joints(self.folder, self._name(sample.video_id), num_frames)
        except InputError as error:
            return [Problem(sample.where, str(error), code=error.code)]
        self._upside_down[sample.video_id] = joints.begins_upside_down
        if (
            joints.size
            and aspect
            and abs(joints.size[0] / joints.size[1] / aspect - 1) <= ASPECT_TOLERANCE < abs(aspect - 1)
        ):
            message = f"{self.folder / INDEX}: size is (height, width), but the video is {aspect:.3g}:1."
            return [Problem(sample.where, f"{message} Exchange its numbers.", code="wrong_value")]
        return []

    def remarks(self) -> list[Remark]:
        """A warning if most of the videos whose joints were read begin upside down."""
        number, total = sum(self._upside_down.values()), len(self._upside_down)
        if total < FEWEST or number <= total / 2:
            return []
        message = f"{self.folder}: {number} of {total} videos begin with the head below the body. Joints have y down."
        return [Remark("upside_down", f"{message} If yours points up, subtract it from the picture's height.")]

    def copy(self, folder: Path, video_ids: Iterable[str]) -> None:
        """Copies these videos' joints to `joints/ID.npy` in the records' folder."""
        if not self._exist:
            return
        target = folder / FOLDER
        target.mkdir()
        shutil.copyfile(self.folder / INDEX, target / INDEX)
        for video_id in video_ids:
            (target / video_id).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / f"{self._name(video_id)}.npy", target / f"{video_id}.npy")

    def _name(self, video_id: str) -> str:
        name = PurePosixPath(video_id)
        if name.is_absolute() or ".." in name.parts:
            raise InputError("outside_folder", f"{self.folder}: the id {video_id!r} names no file in it.")
        if (self.folder / f"{video_id}.npy").is_file():
            return video_id
        stem = self._stems[video_id]
        if self._shared[stem] > 1:
            message = f"{self.folder}: there is no {video_id}.npy, and several videos would share {stem}.npy."
            raise InputError("not_found", message)
        return stem


def check_replaced(output_dir: RecordsPath, source_dir: Path, source: Source) -> None:
    """InputError if replacing these records would lose joints, or true faults, that the source lacks.

    Joints without an index of records are left from an interrupted upload.
    """
    theirs, ours = output_dir / FOLDER / INDEX, source_dir / FOLDER / INDEX
    if not (output_dir / INDEX_NAME).is_file():
        return
    if (output_dir / FACTORS).is_file() and not (source_dir / FACTORS).is_file():
        message = f"{output_dir / FACTORS} is not in {source_dir}, and would be lost."
        raise InputError("would_lose_files", message, "Move it elsewhere, or choose another --output_dir.")
    if not theirs.parent.is_dir():
        return
    has_joints = not source.has_features and ours.is_file() and theirs.is_file()
    if not has_joints or theirs.read_bytes() != ours.read_bytes():
        message = f"{theirs.parent}: these joints are not those of {ours.parent}, and would be lost."
        raise InputError("would_lose_joints", message, "Move them elsewhere, or choose another --output_dir.")
