"""Clips with the classes of their motion, for pretraining. Knows no sport."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from data_prep.simulator import files
from data_prep.simulator.settings import Settings

FOLDER = "videos"
LEAD, TAIL = 2, 4  # frames of a clip before and after what it shows


def write_classes(
    plans: Sequence[Any], settings: Settings, classes_of: Callable[[Any], dict[str, Any]], folder: Path
) -> None:
    """Writes `motion_classes.csv`: video, sport, a column for every head, split.

    Args:
        plans: one for each clip, with `path` and `split`.
        settings: what was simulated.
        classes_of: plan → {head: class}.
        folder: of the dataset.
    """
    classes = [classes_of(plan) for plan in plans]
    header = ("video", "sport", *classes[0], "split")
    rows = [
        (plan.path.name, settings.sport, *of_plan.values(), plan.split)
        for plan, of_plan in zip(plans, classes, strict=True)
    ]
    files.write_csv(folder / "motion_classes.csv", header, rows)
