"""FineDiving: a folder in its official layout. `data_prep.datasets.finediving` makes stages of its step transitions."""

from pathlib import Path

from data_prep.datasets.finediving import FINE_FILE, LABEL_DIRS
from data_prep.datasets.finediving import read as read_dataset
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf


def recognises(path: Path, text: str) -> bool:
    """A folder with the fine-grained annotations."""
    return any((path / folder / FINE_FILE).is_file() for folder in LABEL_DIRS)


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """One `LabelledVideo` per clip of either split, called VIDEO_CLIP as in `build`.

    Raises:
        InputError: as of the dataset's `read`.
    """
    return [
        LabelledVideo(sample.video_id, sample.where, sample.segments or (), tuple(map(str, sample.problems)))
        for sample in read_dataset(path).samples
    ]
