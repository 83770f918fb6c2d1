"""From a video file to stages with times and scores."""

import dataclasses
import pathlib

import numpy as np

from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.preprocessing import frames_for_model
from scoringnet_tf.data.video import read_video
from scoringnet_tf.sports import NOISE, PREDICTED_SCORES, stage_runs

FRAME_RATE_TOLERANCE = 0.2  # share by which a video's frame rate may differ from training's without a word


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


def load_model(path=None):
    """The trained `ScoringNet` at `path`: a `.keras` file or a folder with one; None is the shipped diving model.

    Raises:
        InputError: there is no such model; it names the flag --model.
    """
    from scoringnet_tf.models.presets import load_scoring_net  # Keras, which --help should not wait for

    return load_scoring_net(path)


def score_video(model, path):
    """Decodes the video at `path` and scores it with a `ScoringNet`.

    Raises:
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    video = read_video(path, size=model.frame_size, partial=True)
    outputs = {name: np.asarray(value)[0] for name, value in model(_inputs(model, video), training=False).items()}
    labels = outputs["stages"].argmax(axis=-1)
    times = [*video.timestamps, video.timestamps[-1] + 1 / video.fps]  # of every frame, then of the end
    return VideoScore(
        video=str(pathlib.Path(path)),
        num_frames=len(labels),
        fps=round(video.fps, 3),
        stages=[_stage(model.sport.stages[stage], start, end, times) for stage, start, end in stage_runs(labels)],
        difficulty=float(outputs["difficulty"]),
        execution=float(outputs["execution"]),
        final=float(outputs["final"]),
        warnings=[*video.warnings, *_warnings(model, video.fps, labels, outputs["empty_fragments"])],
    )


def segment_video(model, path):
    """The stages that `score_video` would find in the video at `path`, by KFS of the `ScoringNet` alone.

    Returns:
        Contiguous runs, noise included: a list of (index in the sport's stages, start, end), frames 0-based and ends
        exclusive.

    Raises:
        VideoError: the file is missing, is not a video, has no frames, or is damaged half-way.
    """
    video = read_video(path, size=model.frame_size)
    probabilities = model.segmenter(_inputs(model, video), training=False)
    return stage_runs(np.asarray(probabilities)[0].argmax(axis=-1))


def _inputs(model, video):
    """A batch of one decoded video, as a `ScoringNet` and its KFS take it."""
    frames = frames_for_model(video.frames, model.frame_size, model.image_size)
    return {"frames": frames[None], "mask": np.ones((1, len(frames)), bool)}


def _stage(name, start, end, times):
    seconds = {"start_s": round(float(times[start]), 3), "end_s": round(float(times[end]), 3)}
    return {"name": name, "start_frame": start, "end_frame": end, **seconds}


def _warnings(model, fps, labels, empty_fragments):
    """What whoever reads the scores must know."""
    found = []
    provenance = model.provenance or {}
    if provenance.get("simulation"):
        pixels = described_pixels(provenance["simulation"])
        found.append(f"The model was trained on {pixels} video: on filmed video its scores are not to be relied on.")
    trained = provenance.get("frame_rate")
    if trained and abs(fps / trained - 1) > FRAME_RATE_TOLERANCE:
        found.append(
            f"The video has {fps:g} frames/s, the model was trained at {trained:g}: motion looks faster or slower."
        )
    for score, empty in zip(PREDICTED_SCORES, empty_fragments, strict=True):
        if empty:
            found.append(f"No key fragment for {score} was found: the whole video was scored instead.")
    order = [stage for stage, _, _ in stage_runs(labels) if model.sport.stages[stage] != NOISE]
    if order != sorted(set(order)):
        found.append("The stages found are not in the order of the sport, or one appears more than once.")
    return found
