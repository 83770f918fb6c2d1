"""From a video file to stages with times and scores."""

import dataclasses
import pathlib

import numpy as np

from scoringnet_tf.frames import frames_for_model
from scoringnet_tf.report.plots import runs
from scoringnet_tf.sports import NOISE
from scoringnet_tf.video import read_video


@dataclasses.dataclass
class VideoScore:
    """What a model says of one video; the fields of `predict --json`.

    `stages` lists contiguous runs, noise included: `{"name", "start_frame", "end_frame", "start_s", "end_s"}`, frames
    0-based and ends exclusive, times in seconds. Scores are in points of the sport.
    """

    video: str
    num_frames: int
    fps: float
    stages: list
    difficulty: float
    execution: float
    final: float
    warnings: list


def score_video(model, path):
    """Decodes the video at `path` and scores it with a `ScoringNet`.

    Raises:
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    video = read_video(path, size=model.frame_size, partial=True)
    frames = frames_for_model(video.frames, model.frame_size, model.image_size)
    inputs = {"frames": frames[None], "mask": np.ones((1, len(frames)), bool)}
    outputs = {name: np.asarray(value)[0] for name, value in model(inputs, training=False).items()}
    labels = outputs["stages"].argmax(axis=-1)
    return VideoScore(
        video=str(pathlib.Path(path)),
        num_frames=len(frames),
        fps=round(video.fps, 3),
        stages=[_stage(model.sport.stages[stage], start, end, video.fps) for stage, start, end in runs(labels)],
        difficulty=float(outputs["difficulty"]),
        execution=float(outputs["execution"]),
        final=float(outputs["final"]),
        warnings=[*video.warnings, *_warnings(model, labels, outputs["empty_fragments"])],
    )


def _stage(name, start, end, fps):
    times = {"start_s": round(start / fps, 3), "end_s": round(end / fps, 3)}
    return {"name": name, "start_frame": start, "end_frame": end, **times}


def _warnings(model, labels, empty_fragments):
    """What whoever reads the scores must know."""
    found = []
    simulation = (model.provenance or {}).get("simulation")
    if simulation:
        found.append("The model was trained on simulated video: on filmed video its scores are not to be relied on.")
    for score, empty in zip(("difficulty", "execution"), empty_fragments, strict=True):
        if empty:
            found.append(f"No key fragment for {score} was found: the whole video was scored instead.")
    order = [stage for stage, _, _ in runs(labels) if model.sport.stages[stage] != NOISE]
    if order != sorted(set(order)):
        found.append("The stages found are not in the order of the sport, or one appears more than once.")
    return found
