"""Renders every video of a simulated dataset in parallel, then writes its labels: official files, true factors, a card.

Labels come last, so that an interrupted dataset does not look whole. Rerun the command to resume; settings, label files
and versions must be the same.
"""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from tqdm import tqdm

from data_prep.simulator.files import (
    joints_file,
    num_packets,
    replace_bytes,
    write_ids,
    write_joints,
    write_vector,
    write_video,
)
from data_prep.simulator.filming import Filming
from data_prep.simulator.performance import Performance, Simulator, total_deduction
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.figure import JOINTS
from data_prep.simulator.settings import VERSION, Settings
from data_prep.support.processes import in_processes
from scoringnet_tf import __version__
from scoringnet_tf.data.factors import DESERVED, FILE
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import file_sha256, read_json, write_csv, write_json
from scoringnet_tf.support.messages import InputError

DONE, UNDER_WAY = "simulation.json", "simulation.json.partial"


def simulate(settings: Settings, output_dir: Path, workers: int) -> None:
    """Writes the dataset that `settings` describe into `output_dir`, empty, new or that of an interrupted same run.

    Raises:
        InputError: the folder holds something else; the settings or label files are not usable, or changed meanwhile;
            or a process was killed.
        OSError: the folder cannot be written.
    """
    description = describe(settings)
    simulator = get_simulator(settings.sport)
    plans = plan_videos(simulator, settings)
    is_done = claim(output_dir, description)
    rendered = [plan for plan in plans if not settings.split or plan.split == settings.split]
    for folder in {(output_dir / plan.path).parent for plan in rendered}:
        folder.mkdir(parents=True, exist_ok=True)
    if settings.task == "scoring":
        write_json(output_dir / FOLDER / INDEX, {"source": SIMULATED, "names": JOINTS})
    _render_all(rendered, settings, output_dir, workers)
    if is_done:
        return
    if differing := _differing(description, describe(settings)):
        raise InputError("changed_inputs", f"{', '.join(differing)} changed while videos were rendered.")
    write_labels(simulator, plans, settings, output_dir)
    (output_dir / UNDER_WAY).replace(output_dir / DONE)


def claim(output_dir: Path, description: dict[str, Any]) -> bool:
    """Marks the folder as under way for this description; True if it already holds the finished dataset."""
    for name in (DONE, UNDER_WAY):
        file = output_dir / name
        if file.exists():
            if differing := _differing(_read_description(file), description):
                message = f"{file}: this simulation differs in {', '.join(differing)}."
                raise InputError("other_simulation", message, "Remove the folder, or choose another --output_dir.")
            return name == DONE
    if output_dir.exists() and any(output_dir.iterdir()):
        message = f"--output_dir={output_dir}: there are other files."
        raise InputError("exists", message, "Choose an empty or new folder.")
    output_dir.mkdir(parents=True, exist_ok=True)
    write_json(output_dir / UNDER_WAY, description)
    return False


def describe(settings: Settings) -> dict[str, Any]:
    """`simulation.json`: the settings, the versions of all that computes, and the hashes of real labels."""
    versions = {
        "scoringnet_tf": __version__,
        "simulator": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "av": av.__version__,
    }
    return {
        "simulated": True,
        "labels": "real label files" if settings.labels_dir else "drawn from the rules",
        "label_files": _hash_labels(settings),
        "settings": settings.to_json(),
        "versions": versions,
    }


def _hash_labels(settings: Settings) -> dict[str, str]:
    if not settings.labels_dir:
        return {}
    files = filter(Path.is_file, get_simulator(settings.sport).label_files(settings.labels_dir))
    return {file.relative_to(settings.labels_dir).as_posix(): file_sha256(file) for file in files}


def _read_description(file: Path) -> dict[str, Any]:
    try:
        return read_json(file)
    except InputError:
        return {}


def _differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Names of the entries that differ between two descriptions, one level down if both are tables."""
    names = []
    for key in {**found, **expected}:
        one, other = found.get(key), expected.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            names += [f"{key} {name}" for name in {**one, **other} if one.get(name) != other.get(name)]
        elif one != other:
            names.append(key)
    return names


def _render_all(plans: list[Any], settings: Settings, output_dir: Path, workers: int) -> None:
    jobs = [(plan, settings, output_dir) for plan in plans if not _is_whole(plan, settings, output_dir)]
    label = f"simulating {settings.sport}"
    # Any number of results may wait for a slow video: they are small.
    with in_processes(workers, ahead=None) as map_jobs:
        for _ in tqdm(map_jobs(_render, jobs), label, total=len(jobs), unit="video", disable=not jobs):
            pass


def _is_whole(plan: Any, settings: Settings, output_dir: Path) -> bool:
    joints_are_there = settings.task != "scoring" or joints_file(output_dir, plan.path).exists()
    return joints_are_there and num_packets(output_dir / plan.path) == plan.num_frames


def _render(job: tuple[Any, Settings, Path]) -> None:
    plan, settings, output_dir = job
    path, simulator = output_dir / plan.path, get_simulator(settings.sport)
    joints = np.full((plan.num_frames, len(JOINTS), 2), np.nan)
    write_video(path, Filming(simulator, plan, settings).video(joints), plan.quantiser, plan.codec)
    if settings.task == "scoring":
        write_joints(output_dir, plan.path, joints)


def write_labels(simulator: Simulator, performances: Sequence[Performance], settings: Settings, folder: Path) -> None:
    """Writes the label files of the official layout (clips: `motion_classes.csv`), the true factors, and the card."""
    write_factors(simulator, performances, folder)
    if settings.task == "scoring":
        _write_official_labels(simulator, performances, settings, folder)
        simulator.write_more_labels(performances, settings, folder)
    else:
        header = ("video", "sport", *simulator.heads, "split")
        classes = ([getattr(p.element, head) for head in simulator.heads] for p in performances)
        rows = [(p.path.name, simulator.sport, *c, p.split) for p, c in zip(performances, classes, strict=True)]
        write_csv(folder / "motion_classes.csv", [header, *rows])
    write_card(settings, folder)


def stage_segments(simulator: Simulator, performance: Performance) -> list[tuple[str, int, int]]:
    """(stage, first frame, end frame) that cover a video, in order."""
    noise, *stages = get_sport(simulator.sport).stages
    edges = simulator.stage_edges(performance)
    segments = zip((noise, *stages, noise), edges[:-1], edges[1:], strict=True)
    return [segment for segment in segments if segment[2] > segment[1]]


def _write_official_labels(
    simulator: Simulator, performances: Sequence[Performance], settings: Settings, folder: Path
) -> None:
    difficulty, _, final = _scores(performances, settings)
    for (file, variable), values in zip(simulator.vectors, (final, difficulty), strict=True):
        write_vector(folder / file, variable, values)
    ids = {split: [p.video_id for p in performances if p.split == split] for split in ("train", "test")}
    split_dir = folder / (simulator.split_name(settings) or f"split_{len(ids['train'])}_{len(ids['test'])}")
    split_dir.mkdir(exist_ok=True)
    for variable, split in (("training_idx", "train"), ("testing_idx", "test")):
        write_ids(split_dir, variable, ids[split])
    rows = [(p.path.stem, *segment) for p in performances for segment in stage_segments(simulator, p)]
    write_csv(folder / "stage_labels.csv", [("video_id", "stage", "start_frame", "end_frame"), *rows])


def _scores(performances: Sequence[Performance], settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    difficulty, execution = np.array([(p.difficulty, p.execution) for p in performances]).T
    return difficulty, execution, get_sport(settings.sport).fuse(difficulty, execution)


def write_factors(simulator: Simulator, performances: Sequence[Performance], folder: Path) -> None:
    """`factors.csv`: every performance's element, faults and marks."""
    severities = tuple(fault.name for fault in simulator.faults)
    header = ("video_id", simulator.element_column, "difficulty", "execution", *severities)
    header += (*simulator.factor_columns, DESERVED, "marks")
    rows = [
        (
            *(p.video_id, simulator.name_of(p.element), p.difficulty, round(p.execution, 4)),
            *(round(p.trait.severities[name], 4) for name in severities),
            *simulator.factors(p),
            round(simulator.max_execution - total_deduction(p.trait.severities, simulator.faults), 4),
            " ".join(map(str, p.marks)),
        )
        for p in performances
    ]
    write_csv(folder / FILE, [header, *rows])


def write_card(settings: Settings, folder: Path) -> None:
    """`README.md`: what this is, and the command that made it."""
    command = f"--sport={settings.sport} --task={settings.task} --seed={settings.seed}"
    command += f" --rendering={settings.rendering}" if settings.rendering else ""
    command, content = (f"{command} --joints", "body") if settings.joints else (command, "picture")
    text = (
        f"# Simulated {settings.sport} ({settings.task})\n\n"
        f"Every {content} in here is simulated: figures measured on it say nothing about real video.\n\n"
        f"Command: `python -m data_prep simulate {command}`. `simulation.json` has all settings and versions.\n"
    )
    replace_bytes(folder / "README.md", text.encode())
