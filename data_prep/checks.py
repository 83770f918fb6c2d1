"""Checks of samples that hold for every dataset: scores against the sport, and ids against each other."""

import collections
import math

from data_prep.datasets.sample import Problem

TOLERANCE = 0.01  # points: scores are published with two decimals


def score_problems(sample, sport):
    """Problems of a sample's scores: not a number, out of the sport's range, or final ≠ the rule's."""
    ranges = {
        "difficulty": sport.difficulty_range,
        "execution": sport.execution_range,
        "final": sport.final_range,
    }
    problems = []
    for name, (low, high) in ranges.items():
        score = getattr(sample, name)
        # NaN compares false, so it is caught here as well.
        if score is not None and not low - TOLERANCE <= score <= high + TOLERANCE:
            problems.append(f"expected {name} of {sport.name} from {low:g} to {high:g}. Received: {score:g}")
    known = None not in (sample.difficulty, sample.execution, sample.final)
    if known and not problems:
        fused = sport.fuse(sample.difficulty, sample.execution)
        if not math.isclose(fused, sample.final, abs_tol=TOLERANCE):
            problems.append(
                f"expected a final score of {fused:.2f} ({sport.fusion} rule). Received: {sample.final:.2f}"
            )
    return [Problem(sample.where, problem) for problem in problems]


def id_problems(samples):
    """{index of a sample: problem} for ids that occur more than once, in one split or across splits."""
    entries = collections.defaultdict(list)
    for index, sample in enumerate(samples):
        entries[sample.video_id].append(index)
    problems = {}
    for indices in entries.values():
        splits = [samples[index].split for index in indices]
        if len(indices) == 1:
            continue
        received = f"{len(splits)} times in {splits[0]}" if len(set(splits)) == 1 else f"in {' and '.join(splits)}"
        for index in indices:
            sample = samples[index]
            problems[index] = Problem(
                sample.where, f"expected id {sample.video_id} once, in one split. Received: {received}"
            )
    return problems
