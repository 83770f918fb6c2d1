"""Clips with classes, for pretraining: which motion, or how plainly each fault is seen. Knows no sport."""

import numpy as np

from data_prep.simulator import files
from data_prep.simulator.faults import Fault, draw_severities, grade, share_deduction
from data_prep.simulator.settings import Settings

FOLDER = "videos"
LEAD, TAIL = 2, 4  # frames of a clip before and after what it shows


def clip_severities(settings: Settings, faults: tuple[Fault, ...], deduction: float, rng: np.random.Generator) -> dict:
    """Severities of a clip: those of a performance that loses `deduction`, or every grade alike to learn the faults."""
    if settings.task == "faults":
        return draw_severities(faults, rng)
    return share_deduction(deduction, faults, rng)


def write_classes(plans, settings: Settings, motion_classes, folder) -> None:
    """Writes `motion_classes.csv`: video, sport, a column for every head, split.

    Args:
        plans: one for each clip, with `path`, `split` and `trait.severities`.
        settings: what was simulated.
        motion_classes: plan → {head: class} of its motion.
        folder: of the dataset.
    """

    def grades(plan):
        return {name: grade(severity) for name, severity in plan.trait.severities.items()}

    classes = [(motion_classes if settings.task == "motion" else grades)(plan) for plan in plans]
    header = ("video", "sport", *classes[0], "split")
    rows = [
        (plan.path.name, settings.sport, *of_plan.values(), plan.split)
        for plan, of_plan in zip(plans, classes, strict=True)
    ]
    files.write_csv(folder / "motion_classes.csv", header, rows)
