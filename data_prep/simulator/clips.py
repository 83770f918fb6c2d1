"""Clips with classes, for pretraining: which motion, and how plainly each fault is seen. Knows no sport."""

import numpy as np

from data_prep.simulator import files
from data_prep.simulator.faults import Fault, draw_severities, grade, share_deduction
from data_prep.simulator.settings import Settings

FOLDER = "videos"
LEAD, TAIL = 2, 4  # frames of a clip before and after what it shows


def clip_severities(faults: tuple[Fault, ...], deduction: float, rng: np.random.Generator) -> dict[str, float]:
    """Severities of a clip: as often those of a performance that loses `deduction` as every grade alike.

    The first shows motion as it will be seen; the second shows every fault often enough to be learnt.
    """
    return share_deduction(deduction, faults, rng) if rng.random() < 0.5 else draw_severities(faults, rng)


def shows_end(rng: np.random.Generator) -> bool:
    """Whether a clip goes on to the end of the last key stage: half do, as execution is read from, half stop before."""
    return bool(rng.random() < 0.5)


def write_classes(plans, settings: Settings, motion_classes, folder) -> None:
    """Writes `motion_classes.csv`: video, sport, a column for every head, split.

    Args:
        plans: one for each clip, with `path`, `split` and `trait.severities`.
        settings: what was simulated.
        motion_classes: plan → {head: class} of its motion; a head of grades for every fault follows.
        folder: of the dataset.
    """

    def grades(plan):
        return {name: grade(severity) for name, severity in plan.trait.severities.items()}

    classes = [motion_classes(plan) | grades(plan) for plan in plans]
    header = ("video", "sport", *classes[0], "split")
    rows = [
        (plan.path.name, settings.sport, *of_plan.values(), plan.split)
        for plan, of_plan in zip(plans, classes, strict=True)
    ]
    files.write_csv(folder / "motion_classes.csv", header, rows)
