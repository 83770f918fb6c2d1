"""Stages along time: contiguous runs of them, and whether they are those of one performance."""

import itertools
from collections.abc import Iterable
from typing import SupportsInt


def stage_runs(stages: Iterable[SupportsInt]) -> list[tuple[int, int, int]]:
    """Contiguous runs of stage labels along time, ints (L,): a list of (stage, start, end), end exclusive."""
    found, start = [], 0
    for stage, group in itertools.groupby(stages):
        end = start + sum(1 for _ in group)
        found.append((int(stage), start, end))
        start = end
    return found


def in_order(stages: Iterable[SupportsInt]) -> bool:
    """Whether labels along time, ints (L,), are those of one performance: each stage at most once, and in order."""
    found = [stage for stage, _, _ in stage_runs(stages) if stage > 0]  # 0 is noise, negative no label
    return found == sorted(set(found))
