"""How many videos a dataset has by what was published of it, held against a copy: a lost row leaves no other trace."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping

ALL = "in all"  # where the numbers of the splits are not published


@dataclasses.dataclass(frozen=True)
class Published:
    """Numbers of videos.

    Attributes:
        videos: {split: number}, or {`ALL`: number}.
        source: who published them.
    """

    videos: Mapping[str, int]
    source: str

    def in_all(self) -> "Published":
        """The same of all splits together, which holds under any split of one's own."""
        return Published({ALL: sum(self.videos.values())}, self.source)


def count_note(splits: Iterable[str], published: Published) -> str:
    """A sentence with the numbers of a copy's labelled videos, and the published ones where they differ.

    Args:
        splits: the split of each labelled video.
        published: what they are held against.
    """
    found = collections.Counter(splits)
    counts = _shown({split: found[split] for split in {**published.videos, **found} if split != ALL})
    found[ALL] = found.total()
    if all(found[split] == number for split, number in published.videos.items()):
        return f"Labelled: {counts}, as published ({published.source})."
    return f"Labelled: {counts}. Published: {_shown(published.videos)} ({published.source})."


def _shown(videos):
    return ", ".join(f"{split} {number:,}" for split, number in videos.items())
