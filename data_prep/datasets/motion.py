"""Simulated flights with their motion classes, for pretraining: which dive or vault, not how well.

`videos/NNNNN.avi` and `motion_classes.csv`: video, the sport's heads, split. Its first head tells the sport.
"""

from data_prep.datasets.sample import Problem, Sample, Source
from data_prep.labels import read_csv

HEADS = {
    "diving": ("group", "half_somersaults", "position", "half_twists"),
    "vault": ("family", "half_somersaults", "position", "half_twists"),
}
SPLITS = ("train", "validation", "test")


def read(source_dir):
    """Reads the layout; the classes of a head are its distinct values, in numeric or alphabetic order."""
    path = source_dir / "motion_classes.csv"
    rows = read_csv(path, ("video", "split"))
    sport = "vault" if rows and HEADS["vault"][0] in rows[0] else "diving"
    rows = read_csv(path, ("video", *HEADS[sport], "split"))
    classes = {head: sorted({row[head] for row in rows}, key=_natural) for head in HEADS[sport]}
    samples = [
        _sample(source_dir, f"{path.name}, row {number}", row, classes) for number, row in enumerate(rows, start=2)
    ]
    return Source(sport, tuple(samples), classes=classes)


def _sample(source_dir, where, row, classes):
    problems = ()
    if row["split"] not in SPLITS:
        problems = (Problem(where, f"expected a split, one of {', '.join(SPLITS)}. Received: {row['split']!r}"),)
    video_id = row["video"].removesuffix(".avi")
    labels = {head: names.index(row[head]) for head, names in classes.items()}
    return Sample(
        video_id, source_dir / "videos" / f"{video_id}.avi", row["split"], where, classes=labels, problems=problems
    )


def _natural(value):
    """Numbers before words, each in its own order."""
    return (0, int(value), "") if value.isdecimal() else (1, 0, value)
