"""From a video file to stages with times and scores."""

import dataclasses
import functools
import pathlib

import numpy as np
import tensorflow as tf

from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.features import check_features, read_features
from scoringnet_tf.inference.evaluation import prediction_function
from scoringnet_tf.inference.windows import windowed_segmenter
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES, in_order, stage_runs
from scoringnet_tf.support.errors import InputError

ASSUMED_RATE = 25.0  # steps per second of features, where a model does not know
FRAME_RATE_TOLERANCE = 0.2  # share by which a video's frame rate may differ from training's without a word


@dataclasses.dataclass
class VideoScore:
    """What a model says of one video; the fields of `predict --json`.

    `stages` lists contiguous runs, noise included: `{"name", "start_frame", "end_frame", "start_s", "end_s"}`, frames
    (or steps of features) 0-based and ends exclusive, times in seconds; none of a model without KFS. `num_frames` and
    `fps` count steps, where features were scored. Scores are in points of the sport; None where the model predicts the
    final score alone. `deviations` are the standard deviations of those scores, of a model with a distribution head.
    """

    video: str
    num_frames: int
    fps: float
    stages: list
    difficulty: float | None
    execution: float | None
    final: float
    deviations: dict
    warnings: list

    def score_line(self) -> str:
        """The scores that the model predicts, with their standard deviations where it knows them, on one line."""
        found = []
        for name in SCORES:
            value, deviation = getattr(self, name), self.deviations.get(name)
            if value is not None:
                found.append(f"{name} {value:.2f}" + (f" ± {deviation:.2f}" if deviation is not None else ""))
        return "   ".join(found)


def load_model(path=None) -> ScoringNet:
    """The trained `ScoringNet` at `path`: a `.keras` file or a folder with one; None is the shipped diving model.

    Raises:
        InputError: there is no such model; it names the flag --model.
    """
    return load_scoring_net(path)


def score_video(path, model=None) -> VideoScore:
    """Decodes the video at `path` and scores it.

    Args:
        path: of a video file, or of a folder of images numbered in order; of a file of features for a model of those.
        model: `ScoringNet`, or the path of one (a `.keras` file, or a folder with one), which is loaded each time; None
            for the shipped diving model.

    Raises:
        InputError: there is no such model.
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    return scorer_of(model)(path)


def segment_video(path, model=None) -> list[tuple[int, int, int]]:
    """The stages that `score_video` would find in the video at `path`, by KFS alone.

    Args:
        path, model: as of `score_video`.

    Returns:
        Contiguous runs, noise included: a list of (index in the sport's stages, start, end), frames 0-based and ends
        exclusive.

    Raises:
        InputError: the model finds no stages, or sees no frames.
        VideoError: the file is missing, is not a video, has no frames, or is damaged half-way.
    """
    scorer = stage_finder(model)
    return stage_runs(scorer.labels(scorer.preprocessor.read(path)))


def stage_finder(model=None):
    """The `VideoScorer` of a model that finds stages in frames; InputError for another one."""
    scorer = scorer_of(model)
    if scorer.model.segmenter is None or scorer.model.content == "features":
        raise InputError(
            f"--model={model}: expected a model that finds stages in frames. Received: one for "
            f"{'whole videos' if scorer.model.segmenter is None else 'features'}."
        )
    return scorer


def scorer_of(model=None):
    """The `VideoScorer` of a model, or of the path of one; the same one for the same model."""
    if model is None:
        return _shipped_scorer()
    return _scorer(model if isinstance(model, ScoringNet) else load_scoring_net(model))


@functools.cache
def _shipped_scorer():
    return VideoScorer(load_scoring_net())


@functools.lru_cache(maxsize=2)  # so that one video after another is scored by what was traced once
def _scorer(model):
    return VideoScorer(model)


class VideoScorer:
    """Scores one video after another, of any length, with functions that are traced once.

    KFS runs in windows (`windowed_segmenter`); of the frames it keeps none, SP is given those of the key fragments, or
    of the even samples of a model without KFS. The scores are those of the model for the whole video, to rounding.

    Args:
        model: `ScoringNet`. Its weights are shared.
        window: of `WindowedSegmenter`.
    """

    def __init__(self, model, window: int | None = None):
        self.model, self.preprocessor = model, model.preprocessor
        if model.content == "features":
            self._whole = prediction_function(model)
        elif model.segmenter is not None:
            self._segmenter = windowed_segmenter(model.segmenter, window)
            self._decide = _decision_function(model)
        self._fragments = _fragments_function(model)
        self._scores = tf.function(lambda clips: model.score_predictor(clips, training=False))

    def __call__(self, path) -> VideoScore:
        """What `score_video` returns."""
        return self.score(self.read(path), path)

    def read(self, path):
        """What the model sees of the video at `path`: a `Video` in stored form, or a `FeatureSequence`.

        Raises:
            InputError: features of another kind than the model learned from.
            VideoError: as `score_video`.
        """
        if self.model.content == "frames":
            return self.preprocessor.read(path, partial=True)
        sequence = read_features(path)
        check_features(sequence, path, self.model.features)
        return sequence

    def labels(self, video) -> np.ndarray:
        """The stage of every frame of a `Video` in stored form, int32 (L,)."""

        def frames_of(start, stop):
            return self.preprocessor.frames(video.frames[start:stop])

        probabilities = self._segmenter(frames_of, len(video.frames))
        return self._decide(probabilities[np.newaxis]).numpy()[0]

    def score(self, video, path) -> VideoScore:
        """The same for what `read` read from `path`."""
        if self.model.content == "features":
            return self._score_features(video, path)
        if self.model.segmenter is None:
            labels, clipped = None, np.zeros((1, len(video.frames)), np.int32)
        else:
            labels = self.labels(video)
            clipped = labels[np.newaxis]
        indices, empty = self._fragments(clipped)
        clips = {
            f"{score}_clip": self.preprocessor.frames([video.frames[index] for index in chosen.numpy()])[np.newaxis]
            for score, chosen in indices.items()
        }
        times = [*video.timestamps, video.timestamps[-1] + 1 / video.fps]  # of every frame, then of the end
        outputs = self._scores(clips)
        warnings = [*video.warnings, *_warnings(self.model, video.fps, labels, empty.numpy())]
        return self._result(path, video.fps, times, labels, outputs, warnings)

    def _score_features(self, sequence, path):
        values = sequence.values[np.newaxis]
        length = values.shape[1]
        inputs = {"features": values, "mask": np.ones((1, length), bool)}
        outputs = self._whole(inputs, np.zeros((1, length), np.int32))
        known = (self.model.provenance or {}).get("frame_rate")
        steps_per_second = known or ASSUMED_RATE
        labels = outputs["labels"].numpy()[0] if "labels" in outputs else None
        empty = outputs["empty_fragments"][0].numpy() if labels is not None else [False] * len(self.model.scores)
        times = np.arange(length + 1) / steps_per_second
        warnings = _warnings(self.model, steps_per_second, labels, empty)
        if not known:
            warnings.append(f"The model does not say its features' steps per second: {ASSUMED_RATE:g} assumed.")
        return self._result(path, steps_per_second, times, labels, outputs, warnings)

    def _result(self, path, fps, times, labels, outputs, warnings):
        names = self.model.sport.stages
        runs = [] if labels is None else stage_runs(labels)
        parts = {name: float(outputs[name][0]) if name in outputs else None for name in PREDICTED_SCORES}
        return VideoScore(
            video=str(pathlib.Path(path)),
            num_frames=len(times) - 1,
            fps=round(fps, 3),
            stages=[_stage(names[stage], start, end, times) for stage, start, end in runs],
            **parts,
            final=float(outputs["final"][0]),
            deviations={name: float(outputs[f"{name}_std"][0]) for name in SCORES if f"{name}_std" in outputs},
            warnings=warnings,
        )


def _decision_function(model):
    """A function of stage probabilities (1, L, S): the stage of every frame as the model decides it, int32 (1, L)."""

    @tf.function(input_signature=[tf.TensorSpec((1, None, model.sport.num_stages), tf.float32)])
    def labels_of(probabilities):
        return model.stage_decision(probabilities, tf.ones(tf.shape(probabilities)[:2], tf.bool))

    return labels_of


def _fragments_function(model):
    """A function of stages int32 (1, L): the frames of each score's clip, {score: int32 (T,)}, and `empty` (n,).

    Without KFS the stages mean nothing but the length, and nothing is empty.
    """

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32)])
    def fragments(stages):
        # The model's own selectors, given the number of each frame instead of its pixels.
        numbers = tf.range(tf.shape(stages)[1])[tf.newaxis, :, tf.newaxis, tf.newaxis, tf.newaxis]
        mask = tf.ones_like(stages, tf.bool)
        if model.segmenter is None:
            found = [(selector(numbers, mask), tf.constant([False])) for selector in model.selectors]
        else:
            found = [selector(numbers, stages, mask) for selector in model.selectors]
        indices = {score: clip[0, :, 0, 0, 0] for score, (clip, _) in zip(model.scores, found, strict=True)}
        return indices, tf.stack([empty[0] for _, empty in found])

    return fragments


def _stage(name, start, end, times):
    seconds = {"start_s": round(float(times[start]), 3), "end_s": round(float(times[end]), 3)}
    return {"name": name, "start_frame": start, "end_frame": end, **seconds}


def _warnings(model, fps, labels, empty_fragments):
    """What whoever reads the scores must know; `labels` are None where the model finds no stages."""
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
    for score, empty in zip(model.scores, empty_fragments, strict=True):
        if empty:
            found.append(f"No key fragment for {score} was found: the whole video was scored instead.")
    if labels is not None and not in_order(labels):
        found.append("The stages found are not in the order of the sport, or one appears more than once.")
    return found
