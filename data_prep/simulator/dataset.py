"""Renders every video of a simulated dataset in parallel, then writes its labels.

Labels come last, so that an interrupted dataset does not look whole. Rerun the command to resume; settings, label files
and versions must be the same.
"""

import functools
import hashlib
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from tqdm import tqdm

from data_prep.simulator.encoding import num_packets, write_video
from data_prep.simulator.files import joints_file, replace_bytes, write_joints, write_joints_index
from data_prep.simulator.filming import film_video
from data_prep.simulator.labels import write_labels
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.figure import JOINTS
from data_prep.simulator.scene.noise import check_clips
from data_prep.simulator.session import plan_sessions, write_session, write_session_labels
from data_prep.simulator.settings import VERSION, Settings, listed_clips
from data_prep.simulator.shortcuts import LEAST_VIDEOS, MOST_VIDEOS, glance
from data_prep.support.processes import in_processes
from scoringnet_tf import __version__
from scoringnet_tf.data.video import Clip
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import shown
from scoringnet_tf.support.reading import read_json

DONE, UNDER_WAY = "simulation.json", "simulation.json.partial"


def simulate(settings: Settings, output_dir: Path, workers: int) -> None:
    """Writes the dataset that `settings` describe into `output_dir`.

    Args:
        settings: what to simulate.
        output_dir: an empty or new folder, or that of an interrupted run with the same settings.
        workers: number of processes.

    Raises:
        InputError: the folder holds something else; the settings, label files or clips are not usable, or changed
            meanwhile; or a process was killed.
        OSError: the folder cannot be written.
    """
    description = _describe(settings)
    simulator = get_simulator(settings.sport)
    plans: list[Any] = (
        plan_sessions(simulator, settings) if settings.task == "session" else plan_videos(simulator, settings)
    )
    if settings.noise_clips:
        check_clips(listed_clips(settings.noise_clips))
    is_done = _claim(output_dir, description)
    for folder in {(output_dir / plan.path).parent for plan in plans}:
        folder.mkdir(parents=True, exist_ok=True)
    if settings.task == "scoring":
        write_joints_index(output_dir)
    if is_done:
        _check_labels(simulator, plans, settings, output_dir)
        plans = [plan for plan in plans if not _is_whole(plan, settings, output_dir)]
    glances = _render_all(plans, settings, output_dir, workers)
    if is_done:
        return
    _check_unchanged(description, settings)
    _write_labels(simulator, plans, glances, settings, output_dir)
    _check_unchanged(description, settings)
    (output_dir / UNDER_WAY).replace(output_dir / DONE)


def _write_labels(simulator, plans, glances, settings, folder):
    if settings.task == "session":
        write_session_labels(simulator, plans, folder)
    else:
        write_labels(simulator, plans, glances, settings, folder)


def _check_labels(simulator, plans, settings, output_dir):
    """InputError if the label files of a finished dataset, except its card, have changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_labels(simulator, plans, [], settings, folder)
        written = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
        changed = [
            path.as_posix()
            for path in written
            if path.name != "README.md" and not _same_bytes(folder / path, output_dir / path)
        ]
    if changed:
        message = f"{output_dir}: {shown(changed)} changed or missing since the simulation."
        raise InputError("changed_labels", message, "Remove the folder to simulate again.")


def _same_bytes(path, other):
    return other.is_file() and path.read_bytes() == other.read_bytes()


def _check_unchanged(description, settings):
    """InputError if label files or clips have changed since the videos were rendered."""
    if differing := _differing(description, _describe(settings)):
        message = f"{', '.join(differing)} changed while videos were rendered."
        raise InputError("changed_inputs", message)


def _claim(output_dir, description):
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
    replace_bytes(output_dir / UNDER_WAY, (json.dumps(description, indent=2) + "\n").encode())
    return False


def _describe(settings):
    """Everything that the bytes of a dataset depend on."""
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
        "noise_clips": _hash_clips(settings),
        "settings": settings.to_json(),
        "versions": versions,
    }


def _hash_labels(settings):
    """Name in the labels folder → sha256 of each label file."""
    if not settings.labels_dir:
        return {}
    files = get_simulator(settings.sport).label_files(settings.labels_dir)
    return {
        file.relative_to(settings.labels_dir).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def _hash_clips(settings):
    """The number of clips, and a sha256 of their names and contents."""
    if not settings.noise_clips:
        return {}
    files = listed_clips(settings.noise_clips)
    listed = "".join(
        f"{file.relative_to(settings.noise_clips).as_posix()} {_sha256(file)}\n"
        for file in tqdm(files, "Reading the clips", unit="clip", delay=2.0, leave=False, disable=None)
    )
    return {"clips": len(files), "names and contents": hashlib.sha256(listed.encode()).hexdigest()}


def _sha256(clip):
    """The sha256 of a clip, cached: there may be gigabytes of them."""
    facts = clip.stat()
    return _sha256_as_of(clip, facts.st_size, facts.st_mtime_ns)


@functools.cache
def _sha256_as_of(clip, size, changed):
    return Clip(clip).sha256()


def _read_description(file):
    """The description in a folder; {} if the file is none."""
    try:
        return read_json(file)
    except InputError:
        return {}


def _differing(found, expected):
    """Names of the entries that differ between two descriptions, one level down if both are tables."""
    names = []
    for key in {**found, **expected}:
        one, other = found.get(key), expected.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            names += [f"{key} {name}" for name in {**one, **other} if one.get(name) != other.get(name)]
        elif one != other:
            names.append(key)
    return names


def _render_all(plans, settings, output_dir, workers):
    """Renders the missing videos; returns the glances at those that are measured, in order."""
    measured = plans[:MOST_VIDEOS] if settings.task == "scoring" and len(plans) >= LEAST_VIDEOS else []
    jobs = [(plan, settings, output_dir, index < len(measured)) for index, plan in enumerate(plans)]
    # Any number of results may wait for a slow video: they are small.
    with in_processes(workers, ahead=None) as map_jobs:
        rendered = tqdm(
            map_jobs(_render, jobs),
            f"simulating {settings.sport}",
            total=len(jobs),
            unit="video",
            disable=not jobs,
        )
        return list(rendered)[: len(measured)]


def _is_whole(plan, settings, output_dir):
    """Whether the video has all its frames, and for the task scoring its joints."""
    joints_are_there = settings.task != "scoring" or joints_file(output_dir, plan.path).exists()
    return joints_are_there and num_packets(output_dir / plan.path) == plan.num_frames


def _render(job):
    plan, settings, output_dir, is_measured = job
    path, is_whole = output_dir / plan.path, _is_whole(plan, settings, output_dir)
    if settings.task == "session":
        if not is_whole:
            write_session(get_simulator(settings.sport), plan, output_dir)
        return None
    if not is_whole:
        joints = np.full((plan.num_frames, len(JOINTS), 2), np.nan)
        frames = film_video(get_simulator(settings.sport), plan, settings, joints)
        write_video(path, frames, plan.quantiser, plan.codec)
        if settings.task == "scoring":
            write_joints(output_dir, plan.path, joints)
    return glance(path, plan) if is_measured else None
