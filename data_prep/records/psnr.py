"""Compares stored frames with the decoded source at the same size: peak signal-to-noise ratio (PSNR)."""

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_prep.records.encoding import remark_of
from data_prep.records.verifying import decode_frames, read_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import FeatureFile, read_features
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoStream
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted


@dataclasses.dataclass
class Comparison:
    """Records against their source.

    Attributes:
        psnr: {id: dB over all frames of the video}, infinite if they are equal.
        missing: ids whose source is missing.
        problems: sources that have changed, a `Remark` each.
    """

    psnr: dict = dataclasses.field(default_factory=dict)
    missing: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)

    def summary(self) -> str:
        """One sentence for a terminal."""
        total = counted(len(self.psnr) + len(self.missing) + len(self.problems), "record")
        if not self.psnr:
            return f"PSNR: no source of {total} could be compared, {len(self.problems)} are there."
        different = {video_id: value for video_id, value in self.psnr.items() if math.isfinite(value)}
        if not different:
            return f"Equal to the source in every number: {len(self.psnr)} of {total}."
        lowest, mean = min(different, key=different.__getitem__), np.mean(list(different.values()))
        return (
            f"PSNR against the decoded source, {len(self.psnr)} of {total}: mean {mean:.1f} dB, "
            f"lowest {different[lowest]:.1f} dB ({lowest}), {len(self.psnr) - len(different)} equal in every number."
        )


def compare_with_source(info: DatasetInfo, source_dir: str | Path) -> Comparison:
    """Compares every record with its source in `source_dir`, if it is there; features must be equal."""
    comparison, stored = Comparison(), StoredForm(info.frame_size, **info.stored)
    compare = functools.partial(_compared, info=info, source_dir=Path(source_dir), stored=stored)
    records = (compared for split in sorted(info.splits) for _, compared in read_records(info, split, compare))
    for video_id, compared in tqdm(records, "Comparing", total=len(info.videos), unit="video"):
        if compared is None:
            comparison.missing.append(video_id)
        elif isinstance(compared, Remark):
            comparison.problems.append(Remark(compared.code, f"{video_id}: {compared}"))
        else:
            comparison.psnr[video_id] = compared
    return comparison


def _compared(record, info, source_dir, stored):
    """(id, PSNR, None for a missing source, or a Remark for a problem) of a record."""
    video_id, path = record["example/id"].decode(), source_dir / record["clip/data_path"].decode()
    try:
        if info.features:
            file = FeatureFile.parse(path)
            return video_id, _psnr_of_features(record, file) if file.path.exists() else None
        # A folder may have a name that looks like a stretch of a video.
        clip = Clip(path) if path.exists() else Clip.parse(str(path))
        return video_id, _psnr_of_frames(record, clip, stored) if clip.path.exists() else None
    except (InputError, OSError) as error:
        return video_id, remark_of(error)


def psnr(frames: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio, dB, of uint8 arrays of one shape: 10 log₁₀(255² / mean squared error)."""
    error = np.mean((np.asarray(frames, np.float32) - np.asarray(reference, np.float32)) ** 2, dtype=np.float64)
    return 10 * math.log10(255**2 / error) if error else math.inf


def _psnr_of_features(record, file):
    """Infinite: features are stored unchanged."""
    if not np.array_equal(read_features(file).values, record["feature/floats"]):
        raise InputError("other_source", f"{file}: the record was made of other features.")
    return math.inf


def _psnr_of_frames(record, clip, stored):
    if clip.sha256() != record["clip/sha256"].decode():
        raise InputError("other_source", f"{clip}: the record was made of another file.")
    stream = VideoStream(clip, num_threads=1)
    source = np.array([stored.picture(frame, stream.pixel_aspect) for frame in stream])
    return psnr(np.array(decode_frames(record["image/encoded"])), source)
