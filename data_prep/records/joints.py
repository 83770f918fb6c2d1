"""Joints of a dataset go with its records, see `scoringnet_tf.data.joints`."""

import collections
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from data_prep.datasets.sample import Problem, Sample, Source
from scoringnet_tf.data.joints import FOLDER, INDEX, read_index, read_joints
from scoringnet_tf.data.records import INDEX_NAME
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import RemotePath


class SourceJoints:
    """The joints that lie beside a dataset's videos, where it has any, in `joints/ID.npy`.

    Of a file that no other video comes from or is called like they may lie in `joints/STEM.npy`.

    Args:
        source_dir: of the dataset.
        samples: all of it.

    Raises:
        InputError: the index of the joints is not right, or not there.
    """

    def __init__(self, source_dir: Path, samples: Sequence[Sample]) -> None:
        self.folder = source_dir / FOLDER
        self._exist = (self.folder / INDEX).is_file()
        self._stems = {sample.video_id: sample.path.stem for sample in samples}
        self._shared = collections.Counter(sample.path.stem for sample in samples)
        if self._exist:
            read_index(self.folder)
        elif any(self.folder.rglob("*.npy")):
            what = "expected the names of the joints, as docs/data.md describes them. Received: no such file"
            raise InputError("todo", f"{self.folder / INDEX}: {what}, though there are joints beside it.")

    def are_elsewhere(self, sample: Sample, frame_size: tuple[int, int]) -> bool:
        """Whether most joints of a video lie outside its frames, or all in one pixel: they are on another scale.

        Args:
            sample: whose joints, without a problem.
            frame_size: (height, width) of its video.
        """
        if not self._exist:
            return False
        positions = read_joints(self.folder, self._name(sample.video_id), None).positions
        seen = positions[np.isfinite(positions).all(axis=-1)]
        outside = ((seen < 0) | (seen > frame_size[::-1])).any(axis=-1)
        return len(seen) > 0 and bool(np.abs(seen).max() <= 1 or 2 * outside.sum() > len(seen))

    def problems(self, sample: Sample, num_frames: int | None) -> list[Problem]:
        """A problem if a video has none of its own, or they are not of its frames, or its id is no name in a folder.

        Args:
            sample: whose.
            num_frames: of its video; None where that is not known yet.
        """
        if not self._exist:
            return []
        try:
            read_joints(self.folder, self._name(sample.video_id), num_frames)
        except InputError as error:
            return [Problem(sample.where, str(error))]
        return []

    def copy(self, folder: Path, video_ids: Iterable[str]) -> None:
        """Copies those of videos without a problem to `joints/ID.npy` in the folder of the records."""
        if not self._exist:
            return
        target = folder / FOLDER
        target.mkdir()
        shutil.copyfile(self.folder / INDEX, target / INDEX)
        for video_id in video_ids:
            (target / video_id).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / f"{self._name(video_id)}.npy", target / f"{video_id}.npy")

    def _name(self, video_id):
        name = PurePosixPath(video_id)
        if name.is_absolute() or ".." in name.parts:
            raise InputError(
                "todo", f"{self.folder}: expected ids that name files in a folder. Received: {video_id!r}."
            )
        if (self.folder / f"{video_id}.npy").is_file():
            return video_id
        stem = self._stems[video_id]
        if self._shared[stem] > 1:
            what = f"{video_id}.npy, as {counted(self._shared[stem], 'video')} would have {stem}.npy"
            raise InputError("todo", f"{self.folder}: expected joints in {what}. Received: no such file.")
        return stem


def source_joints(source_dir: Path, source: Source) -> SourceJoints | None:
    """The joints that lie beside the videos of a source; None of features, whose arrays may lie in any folder.

    Raises:
        InputError: as of `SourceJoints`.
    """
    return None if source.has_features else SourceJoints(source_dir, source.samples)


def check_replaced_joints(output_dir: Path | RemotePath, source_dir: Path, source: Source) -> None:
    """InputError where records that are to be replaced have joints that the source does not have: they would be lost.

    What an upload left that was killed, joints without the index of the records, is nobody's.
    """
    theirs, ours = output_dir / FOLDER, source_dir / FOLDER / INDEX
    if not (output_dir / INDEX_NAME).is_file() or not theirs.is_dir():
        return
    index = theirs / INDEX
    of_source = not source.has_features and ours.is_file()
    if not (of_source and index.is_file() and index.read_bytes() == ours.read_bytes()):
        what = f"expected joints of {ours.parent}, to replace them. Received: others"
        raise InputError("todo", f"{theirs}: {what}; move that folder elsewhere, or choose another --output_dir.")
