"""Copies the joints of a dataset to its records, see `scoringnet_tf.data.joints`."""

import collections
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from data_prep.datasets.sample import Problem, Sample, Source
from scoringnet_tf.data.dataset_info import INDEX_NAME
from scoringnet_tf.data.joints import FOLDER, INDEX, read_index, read_joints
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import RemotePath


class SourceJoints:
    """The joints beside a dataset's videos, if it has any: `joints/ID.npy`.

    A file name that belongs to one video alone may have `joints/STEM.npy` instead.

    Raises:
        InputError: the index of the joints is wrong or missing.
    """

    def __init__(self, source_dir: Path, samples: Sequence[Sample]) -> None:
        self.folder = source_dir / FOLDER
        self._exist = (self.folder / INDEX).is_file()
        self._stems = {sample.video_id: sample.path.stem for sample in samples}
        self._shared = collections.Counter(sample.path.stem for sample in samples)
        if self._exist:
            read_index(self.folder)
        elif any(self.folder.rglob("*.npy")):
            message = f"{self.folder / INDEX}: there is no such file beside the joints."
            raise InputError("not_found", message, "It names the joints: see docs/data.md.")

    def problems(self, sample: Sample, num_frames: int | None) -> list[Problem]:
        """A problem if the joints of a sample are missing, shared, not of `num_frames` frames, or its id is no file."""
        if not self._exist:
            return []
        try:
            read_joints(self.folder, self._name(sample.video_id), num_frames)
        except InputError as error:
            return [Problem(sample.where, str(error), code=error.code)]
        return []

    def copy(self, folder: Path, video_ids: Iterable[str]) -> None:
        """Copies the joints of these videos to `joints/ID.npy` in the folder of the records."""
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


def source_joints(source_dir: Path, source: Source) -> SourceJoints | None:
    """The joints beside the videos of a source; None with features, whose arrays may lie in any folder.

    Raises:
        InputError: see `SourceJoints`.
    """
    return None if source.has_features else SourceJoints(source_dir, source.samples)


def check_replaced_joints(output_dir: Path | RemotePath, source_dir: Path, source: Source) -> None:
    """InputError if replacing these records would lose joints that the source lacks.

    Joints without an index of records are left from an interrupted upload.
    """
    theirs, ours = output_dir / FOLDER / INDEX, source_dir / FOLDER / INDEX
    if not (output_dir / INDEX_NAME).is_file() or not theirs.parent.is_dir():
        return
    has_joints = not source.has_features and ours.is_file() and theirs.is_file()
    if not has_joints or theirs.read_bytes() != ours.read_bytes():
        message = f"{theirs.parent}: these joints are not those of {ours.parent}, and would be lost."
        raise InputError("would_lose_joints", message, "Move them elsewhere, or choose another --output_dir.")
