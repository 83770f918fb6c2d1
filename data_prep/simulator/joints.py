"""Writes simulated performances as records of joints, in metres, without pictures: `simulate --joints`.

Parts of a split are performed in parallel and kept, so that an interrupted run goes on; in the end they are its shards.
"""

import dataclasses
import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep.records.encoding import features_hash
from data_prep.records.writing import RecordsWriter
from data_prep.simulator.dataset import DONE, UNDER_WAY, claim, describe, write_card, write_factors
from data_prep.simulator.files import FPS, joints_file
from data_prep.simulator.filming import random_athlete
from data_prep.simulator.performance import Performance, Simulator
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.figure import JOINT
from data_prep.simulator.settings import Settings
from data_prep.support.processes import in_processes
from scoringnet_tf import __version__
from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.data.features import JOINTS_ORIGIN, JOINTS_SIZE
from scoringnet_tf.data.records import MILLIMETRE, VideoExample
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import read_json, replacing_folder, write_json
from scoringnet_tf.support.messages import without_notices

NAME = "joints"  # of the dataset
PARTS, PART = "parts", "part.json"
PART_SIZE = 1000  # performances
TAIL = 12  # frames after the end of the last stage, at most
FEATURES = {"size": JOINTS_SIZE, "stride": 1, "origin": JOINTS_ORIGIN, "joints": len(JOINTS)}
ORDER = [JOINT[name] for name in JOINTS]


def simulate_joints(settings: Settings, output_dir: Path, workers: int) -> None:
    """Writes the records that `settings` describe into `output_dir`, empty, new or that of an interrupted same run.

    Raises:
        InputError: as `dataset.simulate`.
        OSError: the folder cannot be written.
    """
    description, simulator = describe(settings), get_simulator(settings.sport)
    plans = plan_videos(simulator, settings)
    if not claim(output_dir, description):
        # 1. The parts of each split, kept as they are done
        jobs = []
        for split in sorted({plan.split for plan in plans}):
            of_split = [plan for plan in plans if plan.split == split]
            for start in range(0, len(of_split), PART_SIZE):
                folder = output_dir / PARTS / f"{split}-{start // PART_SIZE:05d}"
                jobs.append((folder, of_split[start : start + PART_SIZE], settings))
        bar = tqdm(None, f"simulating {settings.sport}", len(plans), unit="video")
        with in_processes(workers, ahead=None) as map_jobs, bar as progress:
            for number in map_jobs(_write_part, jobs):
                progress.update(number)
        # 2. Their shards under one index, which comes last
        write_factors(simulator, plans, output_dir)
        write_card(settings, output_dir)
        _joined([folder for folder, *_ in jobs], output_dir, simulator, description).save(output_dir)
        (output_dir / UNDER_WAY).replace(output_dir / DONE)
    shutil.rmtree(output_dir / PARTS, ignore_errors=True)


def perform(simulator: Simulator, performance: Performance, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """A performance's joints (T, J, 3), metres, and the stage of each frame, int (T,), by a clock as in life."""
    athlete = random_athlete(simulator, performance, settings)
    boundaries = simulator.true_boundaries(performance, athlete)
    after = min(TAIL, performance.speed * (performance.num_frames - performance.boundaries[3]))
    times = np.arange(performance.speed * performance.lead, boundaries[3] + after)
    in_life: Any = {"boundaries": boundaries, "lead": times[0], "num_frames": times[-1] + 1}
    _, *edges, _ = simulator.stage_edges(dataclasses.replace(performance, **in_life))
    stages = np.searchsorted(edges, times, side="right") % len(get_sport(simulator.sport).stages)
    motion = simulator.perform(performance.element, performance.trait, athlete, boundaries, times)
    return motion.joints[:, ORDER], stages


def _write_part(job: tuple[Path, list[Performance], Settings]) -> int:
    """Writes a part's folder, unless it is there; returns the number of performances."""
    folder, plans, settings = job
    if not folder.exists():
        with without_notices():  # in a process of its own
            import tensorflow  # noqa: F401
        simulator, split = get_simulator(settings.sport), plans[0].split
        stages = get_sport(simulator.sport).stages
        with replacing_folder(folder) as temporary:
            writer = RecordsWriter(temporary, {split: len(plans)}, stages, num_shards=1)
            for plan in plans:
                writer.write(split, _example(simulator, plan, settings))
            splits, _ = writer.close()
            entries = {"videos": writer.videos, "stage_frames": writer.stage_frames[split], **splits[split]}
            write_json(temporary / PART, entries)
    return len(plans)


def _example(simulator: Simulator, plan: Performance, settings: Settings) -> VideoExample:
    joints, stages = perform(simulator, plan, settings)
    stored = np.rint(joints / MILLIMETRE).astype(np.int16).astype(np.float32) * MILLIMETRE
    return VideoExample(
        video_id=plan.path.stem,
        dataset_name=NAME,
        sport=simulator.sport,
        data_path=joints_file(Path(), plan.path).as_posix(),
        sha256=features_hash(stored.reshape(len(stored), -1)),
        jpegs=[],
        frame_size=(0, 0),
        source_size=(0, 0),
        frame_rate=FPS,
        timestamps=np.arange(len(stored)) / FPS,
        stages=stages,
        difficulty=plan.difficulty,
        execution=plan.execution,
        final=float(get_sport(simulator.sport).fuse(plan.difficulty, plan.execution)),
        features=stored,
    )


def _joined(parts: Sequence[Path], output_dir: Path, simulator: Simulator, description: dict[str, Any]) -> DatasetInfo:
    """The index of all parts, whose shards go to `output_dir`."""
    splits: dict[str, dict[str, Any]] = {}
    videos: dict[str, dict[str, Any]] = {}
    stage_frames: dict[str, Counter[str]] = {}
    numbers = Counter(part.name.split("-")[0] for part in parts)
    for part in parts:
        split, number = part.name.split("-")
        entries = read_json(part / PART)
        (shard,) = entries["shards"]
        name = f"{split}-{number}-of-{numbers[split]:05d}.tfrecord"
        if (part / shard["file"]).exists():  # else an interrupted run has moved it
            (part / shard["file"]).replace(output_dir / name)
        videos |= entries["videos"]
        stage_frames.setdefault(split, Counter()).update(entries["stage_frames"])
        joined = splits.setdefault(split, {"ids": [], "num_videos": 0, "num_frames": 0, "shards": []})
        joined["shards"].append({**shard, "file": name})
        for key in ("ids", "num_videos", "num_frames"):
            joined[key] += entries[key]
    return DatasetInfo(
        name=NAME,
        sport=simulator.sport,
        stages=[*get_sport(simulator.sport).stages],
        frame_size=(0, 0),
        frame_rate=float(FPS),
        splits=splits,
        videos=videos,
        score_statistics=score_statistics(videos),
        stage_frames={split: dict(counts) for split, counts in stage_frames.items()},
        classes={},
        skipped=[],
        simulation=description,
        settings={},
        package_version=__version__,
        data_hash=_data_hash(splits, output_dir),
        features=FEATURES,
    )


def _data_hash(splits: dict[str, dict[str, Any]], folder: Path) -> str:
    """As `RecordsWriter.close` gives it."""
    import tensorflow as tf

    digest = hashlib.sha256()
    for split in sorted(splits):
        of_split = hashlib.sha256()
        files = [str(folder / shard["file"]) for shard in splits[split]["shards"]]
        for serialized in tf.data.TFRecordDataset(files).as_numpy_iterator():
            of_split.update(serialized)
        digest.update(split.encode() + of_split.digest())
    return digest.hexdigest()
