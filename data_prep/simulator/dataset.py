"""Renders every video of a simulated dataset in parallel, then writes its labels.

Labels come last, so that what was interrupted does not look whole. A run that is started again goes on where it
stopped.
"""

import json
import multiprocessing
import platform
from pathlib import Path

import av
import cv2
import numpy as np
from tqdm import tqdm

from data_prep.simulator.encoding import write_video
from data_prep.simulator.registry import get_simulator
from data_prep.simulator.settings import Settings

DONE, UNDER_WAY = "simulation.json", "simulation.json.partial"


def simulate(settings: Settings, output_dir: Path, workers: int) -> None:
    """Writes the dataset that `settings` describe into `output_dir`.

    Args:
        settings: what to simulate.
        output_dir: an empty or new folder, or that of an interrupted run with the same settings.
        workers: number of processes.

    Raises:
        FileExistsError: the folder holds something else.
        ValueError: the settings or label files are not usable.
    """
    simulator = get_simulator(settings.sport)
    plans = simulator.plan(settings)
    if not _claim(output_dir, settings):
        return
    for folder in {(output_dir / plan.path).parent for plan in plans}:
        folder.mkdir(parents=True, exist_ok=True)
    _render_all([plan for plan in plans if not (output_dir / plan.path).exists()], settings, output_dir, workers)
    simulator.write_labels(plans, settings, output_dir)
    (output_dir / UNDER_WAY).replace(output_dir / DONE)


def _claim(output_dir, settings):
    """Marks the folder as under way for these settings; False where it already holds the finished dataset."""
    text = json.dumps(_describe(settings), indent=2) + "\n"
    for name in (DONE, UNDER_WAY):
        file = output_dir / name
        if file.exists():
            if file.read_text() != text:
                raise FileExistsError(
                    f"Expected an empty folder, or one simulated with the same settings and versions. "
                    f"Received: {file}, which differs; remove the folder or choose another --output_dir"
                )
            return name == UNDER_WAY
    if output_dir.exists() and any(output_dir.iterdir()):
        raise FileExistsError(f"Expected an empty or new folder. Received: {output_dir}, which holds other files")
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / UNDER_WAY).write_text(text)
    return True


def _describe(settings):
    labels = "real label files" if settings.labels_dir else "drawn from the rules"
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "av": av.__version__,
    }
    return {"simulated": True, "labels": labels, "settings": settings.to_json(), "versions": versions}


def _render_all(plans, settings, output_dir, workers):
    jobs = [(plan, settings, output_dir) for plan in plans]
    progress = tqdm(total=len(jobs), desc=f"simulating {settings.sport}", unit="video")
    if workers == 1:
        for job in jobs:
            _render(job)
            progress.update()
    else:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for _ in pool.imap_unordered(_render, jobs):
                progress.update()
    progress.close()


def _render(job):
    plan, settings, output_dir = job
    cv2.setNumThreads(1)  # one process a core: threads of their own would only fight
    write_video(output_dir / plan.path, get_simulator(settings.sport).film(plan, settings), plan.quantiser)
