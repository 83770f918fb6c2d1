"""What `benchmarks.table` measures: the rows, their sides and targets. Each part's module says what it answers to."""

import pathlib
from collections.abc import Iterator

from benchmarks import data, film
from benchmarks.pairs import Comparison, Row, Target, worker
from scoringnet_tf.support.messages import unknown_name

PHASES = ("segmentation", "scoring", "joint")  # what `benchmarks.training` is asked for
INFERENCE, MEMORY = "inference", "memory of a joint step"
SEPARATE, SHARED = "three C3Ds", ("C3D", "I3D", "I3D frozen")  # networks that read the frames of a model
SHAPES = {  # a model and a batch
    "small": {"width_multiplier": 0.125, "image_size": 64, "num_frames": 104, "batch_size": 4},
    "full": {"width_multiplier": 1.0, "image_size": 112, "num_frames": 32, "batch_size": 1, "steps": 1},
}
LEARNING = {"step of two blocks": 2, "step of all": None}  # the last endpoints of I3D that learn
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
CLOCK, PROCESSOR = "frames/s", "frames/CPU s"
EXTRACTED, AT_ONCE = 4, 10  # clips of a command
VECTORS = (120, 20)  # how many, and their size
SLOW = 3  # pairs of a row that takes many seconds
INPUT = {  # way of reading → the least ratio to a DataLoader
    "plain": None,
    "crop and flip": None,
    "crop and flip, cached": 3.0,
    "augmented": 2.0,
    "augmented, cached": 3.0,
}


def comparisons(folder: pathlib.Path, quick: bool) -> list[Comparison]:
    """All that is measured, on data that are kept in a folder."""
    count = 12 if quick else 48
    return [
        *training(("small",) if quick else ("small", "full")),
        sharing("small", SHARED[0]),
        *(() if quick else (sharing("full", backbone) for backbone in SHARED)),
        *trunk((112,) if quick else (112, 168, 224)),
        reading(folder, count, epochs=10),
        building(folder, count),
        predicting(folder),
        extracting(folder),
        *filmed(),
        joints(folder, 600 if quick else 2500),
        cross_validating(folder),
    ]


def chosen(found: list[Comparison], only: list[str]) -> list[Comparison]:
    """Those whose names begin like one of `only`; InputError for one that none begins like."""
    names = [comparison.name for comparison in found]
    for start in only:
        if not any(name.startswith(start) for name in names):
            raise unknown_name("--only", start, names)
    return [each for each in found if not only or each.name.startswith(tuple(only))]


def training(shapes: tuple[str, ...]) -> Iterator[Comparison]:
    """A step of every phase and inference against PyTorch, in these of `SHAPES`."""
    for shape in shapes:
        for precision, policy in PRECISIONS.items():
            given = {**SHAPES[shape], "precision": policy}
            sides = [worker(f"benchmarks.{module}", **given) for module in ("training", "peers.training")]
            measured = {**{f"{phase} step": phase for phase in PHASES}, "inference of a video": INFERENCE}
            rounds = SLOW if shape == "full" else Row.rounds
            rows = tuple(Row(name, "PyTorch", what, what, "s", Target(0.85), rounds) for name, what in measured.items())
            yield Comparison(f"training.{shape}.{precision}", *sides, rows)


def sharing(shape: str, backbone: str) -> Comparison:
    """A joint step with one of `SHARED` that reads each video once, against a C3D for each part."""
    sides = [worker("benchmarks.training", backbone=name, **SHAPES[shape]) for name in (backbone, SEPARATE)]
    time = Row("joint step", SEPARATE, "joint", "joint", "s", Target(1.0), SLOW)
    memory = Row("its memory", SEPARATE, MEMORY, MEMORY, "MiB", Target(1.0), rounds=1)
    return Comparison(f"backbone.{shape}.{backbone.replace(' ', '_')}", *sides, (time, memory))


def trunk(sizes: tuple[int, ...]) -> Iterator[Comparison]:
    """I3D alone against PyTorch, 16 frames of these sizes: inference, and steps that train its last blocks or all."""
    for size in sizes:
        for precision, policy in PRECISIONS.items():
            given = {"precision": policy, "image_size": size}
            sides = [worker(f"benchmarks.{module}", **given) for module in ("trunk", "peers.trunk")]
            names, rounds = (INFERENCE, *LEARNING), SLOW if size > sizes[0] else Row.rounds
            rows = tuple(Row(name, "PyTorch", name, name, "CPU s", Target(0.85), rounds) for name in names)
            yield Comparison(f"i3d.{size}.{precision}", *sides, rows)


def reading(folder: pathlib.Path, count: int, epochs: int) -> Comparison:
    """The input pipeline, on `count` simulated videos of 128×171, against a DataLoader and libjpeg-turbo alone.

    Each measurement reads several epochs, as a run does: ours starts anew each time, which takes as long as decoding a
    thousand frames, while the workers of the DataLoader stay.
    """
    ours = worker("benchmarks.input_pipeline", records_dir=lambda: data.records(folder, count), epochs=epochs)
    peer = worker("benchmarks.peers.loader", stored=lambda: data.jpegs(folder, count), epochs=epochs)
    rows = []
    for way, least in INPUT.items():
        target = Target(least, at_most=False) if least else None
        rows.append(Row(way, "DataLoader", way, way.removesuffix(", cached"), CLOCK, target, SLOW))
    share = Target(0.85, at_most=False)
    rows.append(Row("plain", "libjpeg-turbo alone", "plain", "libjpeg-turbo", CLOCK, share, SLOW))
    return Comparison("input", ours, peer, tuple(rows))


def building(folder: pathlib.Path, count: int) -> Comparison:
    """`build` of `count` simulated videos against OpenCV, both in two processes."""
    name, target = "in two processes", Target(1.0, at_most=False)
    rows = (Row(name, "OpenCV", f"build {unit}", f"OpenCV {unit}", unit, target) for unit in (CLOCK, PROCESSOR))
    side = worker("benchmarks.build", videos=lambda: data.videos(folder, count), workers=2)
    return Comparison("build", side, None, tuple(rows))


def predicting(folder: pathlib.Path) -> Comparison:
    """`predict` cold and warm; clips are kept in a folder."""
    many, script, in_time = f"cold, {AT_ONCE} videos", "PyTorch script", Target(1.5)
    rows = (
        Row("--help", "Python alone", "help", "Python", "s", Target(0.3, of="ours")),
        Row("cold, 120 frames", script, "cold", "cold PyTorch", "s", in_time),
        Row(many, script, many, f"{many} PyTorch", "s", in_time),
        Row("warm, per video", "decode + model", "warm", "decode + model", "s", Target(1.2)),
    )
    return Comparison("predict", worker("benchmarks.predicting", folder=folder), None, rows)


def extracting(folder: pathlib.Path) -> Comparison:
    """`extract` with I3D, the whole command, against a script of PyTorch, PyAV and OpenCV."""
    row = Row("I3D", "PyTorch script", "extract", "extract PyTorch", PROCESSOR, Target(1.0, at_most=False), SLOW)
    return Comparison("extract", worker("benchmarks.predicting", folder=folder), None, (row,))


def filmed() -> Iterator[Comparison]:
    """A filmed dive with `diving_film`: the command, its body, and its stages against PyTorch."""
    side, networks = worker("benchmarks.film"), "pose networks"
    cold = Row("cold", "PyTorch script", "cold", "cold PyTorch", "s", Target(1.5), SLOW)
    body = Row("body", f"{networks} alone", "body", networks, "s", Target(4.0, of="ours"), SLOW)
    yield Comparison("film", side, None, (cold, body))
    stages = Row("stages", "I3D in PyTorch", "stages", "features", "s", Target(1.2), SLOW)
    yield Comparison("film.stages", side, worker("benchmarks.peers.scripts", video=film.CLIP), (stages,))


def joints(folder: pathlib.Path, count: int) -> Comparison:
    """An epoch of joint records of `count` simulated dives, against the same steps on batches that lie in memory."""
    side = worker("benchmarks.joint_epoch", records_dir=lambda: data.joints(folder, count))
    names = {"an epoch of stages": "segmentation", "an epoch of scores": "scoring"}
    rows = (
        Row(name, "batches in memory", f"{phase} records", f"{phase} memory", "s", Target(1.1), SLOW)
        for name, phase in names.items()
    )
    return Comparison("joints", side, None, tuple(rows))


def cross_validating(folder: pathlib.Path) -> Comparison:
    """`cross_validate` without a network on `VECTORS`, against a scikit-learn script."""
    side = worker("benchmarks.predicting", folder=folder)
    row = Row(
        "{} × {}".format(*VECTORS), "scikit-learn script", "cross_validate", "scikit-learn", "s", Target(4.0), SLOW
    )
    return Comparison("cross_validate", side, None, (row,))
