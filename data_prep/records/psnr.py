"""How much of the source the records keep: PSNR of stored frames against the decoded video at the same size."""

import dataclasses
import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep.records.verifying import decode_frames, read_records
from scoringnet_tf.data.features import FeatureFile, read_features
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.video import Clip, VideoError, VideoStream
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted


@dataclasses.dataclass
class Comparison:
    """What comparing records with their source found.

    Attributes:
        psnr: {id: dB over all frames of the video}, infinite where they are equal.
        missing: ids whose source is not at hand.
        problems: sources that are not what the record was made of, one sentence each.
    """

    psnr: dict = dataclasses.field(default_factory=dict)
    missing: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)

    def summary(self) -> str:
        """One sentence for a terminal."""
        total = len(self.psnr) + len(self.missing) + len(self.problems)
        if not self.psnr:
            return f"PSNR: no source of {counted(total, 'record')} could be compared, {len(self.problems)} are at hand."
        different = {video_id: value for video_id, value in self.psnr.items() if math.isfinite(value)}
        if not different:
            return f"Equal to the source in every number: {len(self.psnr)} of {counted(total, 'record')}."
        lowest = min(different, key=different.__getitem__)
        equal = len(self.psnr) - len(different)
        return (
            f"PSNR against the decoded source, {len(self.psnr)} of {counted(total, 'record')}: "
            f"mean {np.mean(list(different.values())):.1f} dB, lowest {different[lowest]:.1f} dB ({lowest})"
            f"{f', {equal} equal in every number' if equal else ''}."
        )


def compare_with_source(info: DatasetInfo, source_dir: str | Path) -> Comparison:
    """Decodes the source of every record in `source_dir`, where it is at hand, and compares; features must be equal."""
    comparison, stored = Comparison(), StoredForm(info.frame_size, **info.stored)
    compare = functools.partial(_compared, info=info, source_dir=Path(source_dir), stored=stored)
    records = (found for split in sorted(info.splits) for _, found in read_records(info, split, compare))
    for video_id, found in tqdm(records, "Comparing", total=len(info.videos), unit="video"):
        if found is None:
            comparison.missing.append(video_id)
        elif isinstance(found, Exception):
            comparison.problems.append(f"{video_id}: {found}")
        else:
            comparison.psnr[video_id] = found
    return comparison


def _compared(record, info, source_dir, stored):
    """(id, PSNR) of a record; in place of the latter None where its source is not at hand, or what is wrong with it."""
    video_id, data_path = record["example/id"].decode(), record["clip/data_path"].decode()
    try:
        if info.features:
            source: Any = FeatureFile.parse(source_dir / data_path)
            return video_id, _psnr_of_features(record, source) if source.path.exists() else None
        source = _source_clip(source_dir, data_path)
        return video_id, _psnr_of_record(record, source, stored) if source.path.exists() else None
    except (InputError, OSError) as error:
        return video_id, error


def psnr(frames: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio, dB, of uint8 arrays of one shape: 10 log₁₀(255² / mean squared error)."""
    error = np.mean((np.asarray(frames, np.float32) - np.asarray(reference, np.float32)) ** 2, dtype=np.float64)
    return 10 * math.log10(255**2 / error) if error else math.inf


def _source_clip(source_dir, data_path):
    """A folder may be called as a stretch of another is written: what exists is meant."""
    whole = Clip(source_dir / data_path)
    return whole if whole.path.exists() else Clip.parse(str(whole.path))


def _psnr_of_features(record, file):
    """Infinite: features are stored as they are, or are others."""
    if not np.array_equal(read_features(file).values, record["feature/floats"]):
        raise InputError("todo", f"{file}: expected the features that the record was made of. Received: others.")
    return math.inf


def _psnr_of_record(record, clip, stored):
    if clip.sha256() != record["clip/sha256"].decode():
        raise VideoError("todo", f"{clip}: expected the bytes that the record was made of. Received: others.")
    stream = VideoStream(clip, num_threads=1)
    source = np.array([stored.picture(frame, stream.pixel_aspect) for frame in stream])
    return psnr(np.array(decode_frames(record["image/encoded"])), source)
