"""MIT-Diving: 159 of the videos of UNLV-Diving, in the same layout, with splits of 100 and 59 of its own (§4.1)."""

import collections
import dataclasses
from pathlib import Path

from data_prep.datasets import unlv_diving
from data_prep.datasets.sample import Source

SPLIT_PATTERNS = ("split_100_59*", "random_splits_100_59/split_*")
SPLIT_SIZES = {"train": 100, "test": 59}


def read(source_dir: Path, split_dir: str | None = None) -> Source:
    """Reads UNLV-Diving's layout under a split of MIT-Diving.

    Raises:
        InputError: as in `unlv_diving.read`.
    """
    source = unlv_diving.read(source_dir, split_dir, SPLIT_PATTERNS)
    sizes = collections.Counter(sample.split for sample in source.samples)
    if sizes == SPLIT_SIZES:
        return source
    note = f"MIT-Diving has 100 videos to train and 59 to test; this split has {sizes['train']} and {sizes['test']}."
    return dataclasses.replace(source, notes=(*source.notes, note))
