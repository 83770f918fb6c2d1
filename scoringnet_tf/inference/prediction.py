"""From a video file to stages with times and scores."""

import dataclasses
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from scoringnet_tf.data.features import check_features, read_features
from scoringnet_tf.data.video import Clip
from scoringnet_tf.inference.evaluation import prediction_function
from scoringnet_tf.inference.inputs import local_video
from scoringnet_tf.inference.performances import stretches
from scoringnet_tf.inference.refusal import SEVERAL, doubts, is_whole, reasons_against, reasons_of_source
from scoringnet_tf.inference.trust import Likeness, Trust
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.inference.windows import windowed_segmenter
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.presets import SHIPPED, load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.report.video_page import key_frames
from scoringnet_tf.sports import SCORES, stage_runs
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.support.remarks import Remark

ASSUMED_RATE = 25.0  # steps per second of features, where a model does not know


def load_model(path=None) -> ScoringNet:
    """The trained `ScoringNet` at `path`: a `.keras` file or a folder with one; None is the shipped diving model.

    Raises:
        InputError: there is no such model; it names the flag --model.
    """
    return load_scoring_net(path)


def score_video(path, model=None, *, force: bool = False) -> VideoScore:
    """Decodes the video at `path` and scores it.

    Args:
        path: of a video file, or of a folder of images numbered in order; of a file of features for a model of those;
            or a `Clip`. A file may lie where fsspec reads (`https://…`, `s3://…`, `gs://…`).
        model: `ScoringNet`, or the path of one (a `.keras` file, or a folder with one), which is loaded each time; None
            for the shipped diving model.
        force: give the scores also where `VideoScore.reasons` speak against them.

    Raises:
        InputError: there is no such model.
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    return scorer_of(model)(path, force=force)


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
    return _scorer(model) if isinstance(model, ScoringNet) else _scorer(load_scoring_net(model), str(model))


@functools.cache
def _shipped_scorer():
    return VideoScorer(load_scoring_net(), name=SHIPPED)


@functools.lru_cache(maxsize=2)  # so that one video after another is scored by what was traced once
def _scorer(model, name=None):
    return VideoScorer(model, name=name)


class VideoScorer:
    """Scores one video after another, of any length, with functions that are traced once.

    KFS runs in windows (`windowed_segmenter`); of the frames it keeps none, SP is given those of the key fragments, or
    of the even samples of a model without KFS. The scores are those of the model for the whole video, to rounding; of
    a video of several performances they are those of each.

    Args:
        model: `ScoringNet`. Its weights are shared.
        window: of `WindowedSegmenter`.
        name: what the results call the model.
        as_recorded: every frame of a video counts, at whatever rate, and it shows one performance: as records of videos
            are evaluated.
    """

    def __init__(self, model, window: int | None = None, name: str | None = None, as_recorded: bool = False):
        self.model, self.preprocessor, self.name = model, model.preprocessor, name
        if as_recorded:
            self.preprocessor = type(self.preprocessor)(**{**self.preprocessor.get_config(), "frame_rate": None})
        self._as_recorded = as_recorded
        if model.content == "features":
            self._whole = prediction_function(model)
        elif model.segmenter is not None:
            self._segmenter = windowed_segmenter(model.segmenter, window)
        if model.segmenter is not None:
            self._decide = _decision_function(model, model.stage_decision)
            self._decide_for_several = _decision_function(model, StageDecision("cyclic"))
        self._fragments = _fragments_function(model)
        self._scores = tf.function(lambda clips: model.score_predictor(clips, training=False))
        self._doubts = doubts(model)
        self._trust = Trust(model, self._doubts)

    def __call__(self, path, *, force: bool = False) -> VideoScore:
        """What `score_video` returns."""
        return self.score(self.read(path), path, force=force)

    def read(self, path, stream: int | None = None):
        """What the model sees of the video at `path`: a `Video` in stored form, or a `FeatureSequence`.

        Args:
            path: as of `score_video`.
            stream: of the file, as of `VideoStream`.

        Raises:
            InputError: features of another kind than the model learned from.
            VideoError: as `score_video`.
        """
        if self.model.content == "features":
            sequence = read_features(path)
            check_features(sequence, path, self.model.features)
            return sequence
        if isinstance(path, Clip):
            return self.preprocessor.read(path, partial=True, stream=stream)
        with local_video(path) as local:
            return self.preprocessor.read(local, partial=True, stream=stream)

    def labels(self, video) -> np.ndarray:
        """The stage of every frame of a `Video` in stored form, int32 (L,)."""
        rate = self.preprocessor.frame_rate
        probabilities, _ = self._segmented(video, video.samples(rate))
        return self._decide(probabilities[np.newaxis]).numpy()[0][video.sample_of(rate)]

    def probabilities(self, video) -> np.ndarray:
        """How probable every stage is in every frame of a `Video` in stored form, float (L, S)."""
        rate = self.preprocessor.frame_rate
        probabilities, _ = self._segmented(video, video.samples(rate))
        return probabilities[video.sample_of(rate)]

    def score(self, video, path, *, force: bool = False) -> VideoScore:
        """The same for what `read` read from `path`."""
        if self.model.content == "features":
            return self._score_features(video, path, force)
        rate = self.preprocessor.frame_rate
        samples, of_source = video.samples(rate), reasons_of_source(self.model, video)
        hopeless = of_source and not force  # whatever it shows
        probabilities, features = None, None
        if self.model.segmenter is not None and not hopeless:
            probabilities, features = self._segmented(video, samples)
        found = []
        for start, stop in self._stretches(probabilities, len(samples)):
            labels = None if probabilities is None else self._decide(probabilities[np.newaxis, start:stop]).numpy()[0]
            of_stretch = None if features is None else features[start:stop]
            reasons = of_source + reasons_against(self.model, labels, of_stretch, rate or video.fps, stop - start)
            outputs, said = self._scores_of(video, samples[start:stop], labels) if force or not reasons else ({}, [])
            likeness = self._trust.likeness(labels, of_stretch)
            found.append(_Stretch(stop - start, labels, reasons, outputs, said, likeness))
        times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
        sample_of = video.sample_of(rate)
        result = self._result(path, found, sample_of, times, video.first_frame, video.fps, video.warnings)
        frames = key_frames(result.stages, len(video.frames), video.first_frame)
        result.shown = [(index + video.first_frame, float(times[index]), video.frames[index]) for index in frames]
        return result

    def _segmented(self, video, samples):
        """Stage probabilities (K, S) and features (K, D) of frames of a `Video`; `samples` (K,) are their numbers."""

        def frames_of(start, stop):
            return self.preprocessor.frames([video.frames[index] for index in samples[start:stop]])

        return self._segmenter(frames_of, len(samples))

    def _stretches(self, probabilities, length):
        """The stretches (start, stop) of each performance; all L frames where there are fewer than two."""
        if probabilities is None or self._as_recorded:
            return [(0, length)]
        labels = self._decide_for_several(probabilities[np.newaxis]).numpy()[0]
        rate = self.model.frame_rate or ASSUMED_RATE
        return stretches(labels, lambda of_one: is_whole(self.model, of_one, rate))

    def _scores_of(self, video, samples, labels):
        """The outputs of SP for the frames whose numbers are `samples`, and warnings."""
        stages = np.zeros(len(samples), np.int32) if labels is None else labels
        indices, empty = self._fragments(stages[np.newaxis])
        clips = {
            f"{score}_clip": self.preprocessor.frames([video.frames[samples[index]] for index in chosen.numpy()])
            for score, chosen in indices.items()
        }
        outputs = self._scores({name: clip[np.newaxis] for name, clip in clips.items()})
        return outputs, _empty_fragments(self.model, empty.numpy())

    def _score_features(self, sequence, path, force):
        values = sequence.values[np.newaxis]
        length = values.shape[1]
        outputs = self._whole({"features": values, "mask": np.ones((1, length), bool)}, np.zeros((1, length), np.int32))
        rate = self.model.frame_rate or ASSUMED_RATE
        labels, warnings = None, []
        if "labels" in outputs:
            labels = outputs["labels"].numpy()[0]
            warnings = _empty_fragments(self.model, outputs["empty_fragments"].numpy()[0])
        reasons = reasons_against(self.model, labels, sequence.values, rate, length)
        if labels is not None and len(self._stretches(outputs["stages"].numpy()[0], length)) > 1:
            reasons.append(SEVERAL)
        likeness = self._trust.likeness(labels, sequence.values)
        found = _Stretch(length, labels, reasons, outputs if force or not reasons else {}, warnings, likeness)
        if not self.model.frame_rate:
            said = f"The model does not say its features' steps per second: {ASSUMED_RATE:g} assumed."
            found.warnings.append(Remark("frame_rate_assumed", said))
        return self._result(path, [found], np.arange(length), np.arange(length + 1) / rate, 0, rate)

    def _result(self, path, found, sample_of, times, first_frame, fps, said=()):
        """The `VideoScore` of the stretches `found`.

        Args:
            path: of the video.
            found: `_Stretch` of each performance, of the frames as the model saw them.
            sample_of: (L,), which of those frames shows each frame of the file.
            times: (L + 1,), seconds, of every frame of the file and of the end.
            first_frame: number of the first of them.
            fps: of the file.
            said: the warnings of whoever read it.
        """
        numbers = np.repeat(np.arange(len(found)), [each.length for each in found])[sample_of]
        runs, has_stages = [], found[0].labels is not None
        labels = np.concatenate([each.labels for each in found])[sample_of] if has_stages else np.zeros(len(sample_of))
        if has_stages:
            names = self.model.sport.stages
            runs = [_stage(names[stage], start, end, times, first_frame) for stage, start, end in stage_runs(labels)]
        warnings = [*said, *dict.fromkeys([*self._doubts, *(warning for each in found for warning in each.warnings)])]
        return VideoScore(
            video=_as_given(path),
            sport=self.model.sport,
            num_frames=len(sample_of),
            fps=round(fps, 3),
            stages=runs,
            performances=[
                _performance(each, _span(labels, numbers, number), times, first_frame, self._trust, warnings)
                for number, each in enumerate(found)
            ],
            warnings=warnings,
            model=self.name,
            interval_level=self._trust.level,
            further_reasons=[SEVERAL] if len(found) > 1 else [],
        )


@dataclasses.dataclass
class _Stretch:
    """What was found in a stretch of L frames: stages int (L,), reasons against, outputs of SP, warnings, likeness."""

    length: int
    labels: np.ndarray | None
    reasons: list[Remark]
    outputs: dict
    warnings: list[Remark]
    likeness: Likeness


def _span(labels, numbers, number):
    """(start, end) of the stages in a stretch; of all its frames where there are no stages.

    Args:
        labels: (L,), the stage of every frame of the file.
        numbers: (L,), in order, which stretch each is in.
        number: of the stretch. Where frames were repeated, none of them may be in it: then the next one counts.
    """
    found = np.flatnonzero(numbers == number)
    shown = found[labels[found] > 0]
    shown = shown if len(shown) else found
    if not len(shown):
        shown = [min(np.searchsorted(numbers, number), len(numbers) - 1)]
    return int(shown[0]), int(shown[-1]) + 1


def _performance(stretch, span, times, first_frame, trust, warnings):
    (start, end), outputs = span, stretch.outputs
    scores: dict[str, Any] = {score: float(outputs[score][0]) for score in SCORES if score in outputs}
    codes = [[remark.code for remark in remarks] for remarks in (stretch.reasons, warnings)]
    return Performance(
        start_frame=start + first_frame,
        end_frame=end + first_frame,
        start_s=round(float(times[start]), 3),
        end_s=round(float(times[end]), 3),
        **scores,
        deviations={score: float(outputs[f"{score}_std"][0]) for score in SCORES if f"{score}_std" in outputs},
        reasons=stretch.reasons,
        **trust.said_of(scores, *codes, stretch.likeness),
    )


def _stage(name, start, end, times, first_frame):
    seconds = {"start_s": round(float(times[start]), 3), "end_s": round(float(times[end]), 3)}
    return {"name": name, "start_frame": start + first_frame, "end_frame": end + first_frame, **seconds}


def _as_given(path):
    """What the result calls a video: its path, without the stretch of a `Clip`."""
    return str(path.path if isinstance(path, Clip) else as_path(path))


def _empty_fragments(model, empty_fragments):
    said = "No key fragment for {} was found: the whole video was scored instead."
    return [
        Remark("empty_fragment", said.format(score))
        for score, empty in zip(model.scores, empty_fragments, strict=True)
        if empty
    ]


def _decision_function(model, decision):
    """A function of stage probabilities (1, L, S): the stage of every frame by a `StageDecision`, int32 (1, L)."""

    @tf.function(input_signature=[tf.TensorSpec((1, None, model.sport.num_stages), tf.float32)])
    def labels_of(probabilities):
        return decision(probabilities, tf.ones(tf.shape(probabilities)[:2], tf.bool))

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
