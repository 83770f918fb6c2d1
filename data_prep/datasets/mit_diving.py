"""MIT-Diving: 159 of the videos of UNLV-Diving, in the same layout, with splits of 100 and 59 of its own (§4.1)."""

from pathlib import Path

from data_prep.datasets import unlv_diving
from data_prep.datasets.published import Published
from data_prep.datasets.sample import Source

SPLIT_PATTERNS = ("split_100_59*", "random_splits_100_59/split_*")
PUBLISHED = Published({"train": 100, "test": 59}, "Pirsiavash et al. 2014, §4.1")


def read(source_dir: Path, split_dir: str | None = None) -> Source:
    """Reads UNLV-Diving's layout under a split of MIT-Diving.

    Raises:
        InputError: as in `unlv_diving.read`.
    """
    return unlv_diving.read(source_dir, split_dir, SPLIT_PATTERNS, PUBLISHED)
