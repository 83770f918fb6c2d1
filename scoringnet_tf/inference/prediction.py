"""From a video file to stages with times and scores."""

import concurrent.futures
import contextlib
import functools
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from scoringnet_tf.data.features import FeatureSequence, check_features, read_features
from scoringnet_tf.data.preprocessor import OVERLAP, PART
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.evaluation import prediction_function
from scoringnet_tf.inference.findings import Findings, Found
from scoringnet_tf.inference.inputs import local_video, stretched
from scoringnet_tf.inference.performances import Stretch, stretches, without_unseen
from scoringnet_tf.inference.refusal import (
    SEVERAL_OF_FEATURES,
    doubts,
    is_whole,
    missing_beginning,
    missing_frames,
    other_length,
    reasons_against,
    reasons_of_frames,
    reasons_of_scores,
    reasons_of_source,
)
from scoringnet_tf.inference.trust import Trust
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.inference.windows import windowed_segmenter
from scoringnet_tf.models.decoding import decided
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.models.reference import checksum
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.tta import score_views
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark
from scoringnet_tf.support.model_files import SHIPPED
from scoringnet_tf.support.paths import AnyPath, RemotePath

ASSUMED_RATE = 25.0  # steps per second of features, where a model does not know
# Of a `Video` at its samples (K,): stage probabilities (K, S), and features (K, D) or None.
Segment = Callable[[Video, np.ndarray], tuple[np.ndarray, np.ndarray | None]]
Seen = Callable[[Video, np.ndarray | None, list[Performance]], None]  # of `VideoScorer.score_file`
AROUND = 10.0  # seconds: training saw no more


def load_model(path: AnyPath | None = None) -> ScoringNet:
    """The trained `ScoringNet` at `path`: a `.keras` file or a folder with one; None is the shipped diving model.

    Raises:
        InputError: there is no such model; it names the flag --model.
    """
    return load_scoring_net(path)


def score_video(
    path: AnyPath | Clip,
    model: ScoringNet | AnyPath | None = None,
    *,
    force: bool = False,
    stream: int | None = None,
    start: float | None = None,
    end: float | None = None,
) -> VideoScore:
    """Decodes the video at `path` and scores it.

    Args:
        path: of a video file, or of a folder of images numbered in order; of a file of features for a model of those;
            or a `Clip`. A file may lie where fsspec reads (`https://…`, `s3://…`, `gs://…`).
        model: `ScoringNet`, or the path of one (a `.keras` file, or a folder with one), which is loaded each time; None
            for the shipped diving model.
        force: give the scores also where `VideoScore.reasons` speak against them.
        stream: number of the video stream in the file, from 0; None for the main one.
        start, end: seconds since the first frame between which it is scored; None for the file's beginning and end.

    Raises:
        InputError: there is no such model, or `path` is none; no frame is shown from `start` to `end`, or none at the
            end of it; or one of these or `stream` is given for a `Clip` or for features.
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    return scorer_of(model)(path, force=force, stream=stream, start=start, end=end)


def segment_video(path: AnyPath | Clip, model: ScoringNet | AnyPath | None = None) -> list[tuple[int, int, int]]:
    """The stages that `score_video` finds in the video at `path`, whatever speaks against its scores.

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
    found = scorer.score_file(path, path, force=True, partial=False).stages
    index, first = scorer.model.sport.stage_index, found[0]["start_frame"]
    return [(index(run["name"]), run["start_frame"] - first, run["end_frame"] - first) for run in found]


def stage_finder(model: ScoringNet | AnyPath | None = None) -> "VideoScorer":
    """The `VideoScorer` of a model that finds stages in frames; InputError for another one."""
    scorer = scorer_of(model, scores=False)
    if scorer.model.segmenter is None or scorer.model.content == "features":
        which = "The model" if isinstance(model, ScoringNet) else f"--model={model}"
        why = "scores whole videos" if scorer.model.segmenter is None else "reads features, not frames"
        raise InputError("no_stages", f"{which} finds no stages in a video: it {why}.")
    check_trained(scorer.model, None if isinstance(model, ScoringNet) else model, parts=["kfs"])
    return scorer


def scorer_of(model: ScoringNet | AnyPath | None = None, scores: bool = True) -> "VideoScorer":
    """The `VideoScorer` of a model, or of the path of one; the same one for the same model with the same weights.

    Args:
        model: as of `score_video`.
        scores: whether its scores are wanted, and not its stages alone.

    Raises:
        InputError: there is no such model, or its scores are wanted and have not been learned.
    """
    if model is None:
        return _shipped_scorer()
    path = None if isinstance(model, ScoringNet) else str(model)
    network = model if isinstance(model, ScoringNet) else load_scoring_net(model)
    if scores:
        check_trained(network, path)
    if path is None:
        return _scorer(network, weights=checksum(network))  # it may have been trained on: then its reference is of old
    return _scorer(network, path)


@functools.cache
def _shipped_scorer():
    return VideoScorer(load_scoring_net(), name=SHIPPED)


@functools.lru_cache(maxsize=2)  # so that one video after another is scored by what was traced once
def _scorer(model, name=None, weights=None):
    return VideoScorer(model, name=name)


READER = concurrent.futures.ThreadPoolExecutor(1)  # of `VideoScorer.read_ahead`; it begins when it is first asked


class VideoScorer:
    """Scores one video after another, of any length, with functions that are traced once.

    KFS runs in windows (`windowed_segmenter`); of the frames it keeps none, SP is given those of the key fragments, or
    of the even samples of a model without KFS. The scores are those of the model for the whole video, to rounding; of
    a video of several performances they are those of each.

    Args:
        model: `ScoringNet`. Its weights are shared.
        window: of `WindowedSegmenter`.
        name: what the results call the model.
        part, overlap: of a long video, `length` and `overlap` of `ScoringNetPreprocessor.parts`. A performance that
            ends in the last half of the overlap is found in the next part, where more is seen of what follows it,
            unless it begins before that. One that is longer than the overlap may be seen whole in none.
        as_recorded: every frame of a video counts, at whatever rate, and it shows one performance: as records of videos
            are evaluated.
        segment: finds the stages in place of the model's KFS, for example from labels.
        around: seconds before and after a performance that its stages are looked for in.
    """

    def __init__(
        self,
        model: ScoringNet,
        window: int | None = None,
        name: str | None = None,
        part: int = PART,
        overlap: int = OVERLAP,
        as_recorded: bool = False,
        segment: Segment | None = None,
        around: float = AROUND,
    ) -> None:
        self.model, self.preprocessor, self.name = model, model.preprocessor, name
        if as_recorded:
            self.preprocessor = type(self.preprocessor)(**{**self.preprocessor.get_config(), "frame_rate": None})
        self._as_recorded = as_recorded
        self._around = around
        self.segment: Segment = segment or self._segmented
        self._sizes: dict[str, Any] = {"length": part, "overlap": overlap}
        if model.content == "features":
            self._whole = prediction_function(model)
        elif model.segmenter is not None:
            self._segmenter = windowed_segmenter(model.segmenter, window)
        if model.segmenter is not None:
            self._decide = functools.partial(decided, decoding=model.stage_decision.decoding)
        self._fragments = _fragments_function(model)
        self._scores = tf.function(
            lambda clips: score_views(model.score_predictor, clips, model.views, training=False), autograph=False
        )
        self._ahead: dict = {}  # of `read_ahead`
        self._unwanted = threading.Event()
        self._doubts = doubts(model)
        self._trust = Trust(model, self._doubts)

    def __call__(
        self,
        path: AnyPath | Clip,
        *,
        force: bool = False,
        stream: int | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> VideoScore:
        """What `score_video` returns."""
        if not isinstance(path, str | os.PathLike | RemotePath | Clip) or path == "":
            what = "an empty string" if isinstance(path, str) else f"of type {type(path).__name__}"
            raise InputError("not_a_path", f"path is {what}.", "Give the path of a video, or a Clip.")
        if isinstance(path, Clip) and self.model.content == "features":
            raise InputError("wrong_format", f"{path} is a Clip.", "Give the path of a file of features.")
        given = {"stream": stream, "start": start, "end": end}
        if given == dict.fromkeys(given):
            with contextlib.nullcontext(path) if isinstance(path, Clip) else local_video(path) as local:
                return self.score_file(local, path, force=force)
        if isinstance(path, Clip) or self.model.content == "features":
            what = "features" if self.model.content == "features" else "a Clip"
            names = ", ".join(f"{name}={value}" for name, value in given.items() if value is not None)
            raise InputError("flags_conflict", f"{path}: {names} cannot be used with {what}.")
        with local_video(path) as local:
            return self.score_file(stretched(local, start, end, stream), path, stream=stream, force=force)

    def read(self, path: AnyPath | Clip, stream: int | None = None) -> Video | FeatureSequence:
        """What the model sees of the video at `path`: a `Video` in stored form, or a `FeatureSequence`.

        Args:
            path: as of `score_video`.
            stream: of the file, as of `VideoStream`.

        Raises:
            InputError: features of another kind than the model learned from.
            VideoError: as `score_video`.
        """
        if self.model.content == "features":
            sequence = read_features(path)  # type: ignore[arg-type]
            check_features(sequence, path, self.model.features, self.model.frame_rate)  # type: ignore[arg-type]
            return sequence
        if isinstance(path, Clip):
            return self.preprocessor.read(path, partial=True, stream=stream)
        with local_video(path) as local:
            return self.preprocessor.read(local, partial=True, stream=stream)

    def read_ahead(self, source: Path, stream: int | None = None) -> None:
        """Begins to read a video that `score_file` will be asked for soon, while another one is scored.

        No more than its first part. What is wrong with it `score_file` will say.

        Args:
            source: local path.
            stream: as of `score_file`.
        """
        if self.model.content == "features" or self.model.segmenter is None:
            return
        self._unwanted.clear()
        unwanted = self._unwanted.is_set
        parts = self.preprocessor.parts(source, partial=True, stream=stream, unwanted=unwanted, **self._sizes)
        self._ahead[source, stream, True] = parts, READER.submit(next, parts)

    def read_no_further(self) -> None:
        """Drops what was read ahead and not scored, and stops its reading, for whose end a process waits."""
        self._unwanted.set()
        self._ahead.clear()

    def _parts(self, source, stream, partial):
        """The `Video` or its parts, as far as they have been read."""
        begun = self._ahead.pop((source, stream, partial), None)
        if begun is None:
            return self.preprocessor.parts(source, partial=partial, stream=stream, **self._sizes)
        parts, first = begun
        return itertools.chain([first.result()], parts)

    def labels(self, video: Video) -> np.ndarray:
        """The stage of every frame of a `Video` in stored form, int32 (L,): of each performance that it shows."""
        rate = self.preprocessor.frame_rate
        probabilities, _ = self.segment(video, video.samples(rate))
        found = np.zeros(len(probabilities), np.int32)
        for start, stop, *_ in self._stretches(probabilities, len(probabilities), rate or video.fps):
            found[start:stop] = self._decide(probabilities[start:stop])
        return found[video.sample_of(rate)]

    def score(
        self, video: Video | FeatureSequence, path: AnyPath | Clip, *, force: bool = False, seen: Seen | None = None
    ) -> VideoScore:
        """The same for what `read` read from `path`; `seen` as of `score_file`."""
        if self.model.content == "features":
            return self._score_features(video, path, force)
        return self._score_parts([video], path, force, seen=seen)

    def score_file(
        self,
        source: AnyPath | Clip,
        path: AnyPath | Clip,
        *,
        stream: int | None = None,
        force: bool = False,
        partial: bool = True,
        found: Callable[[VideoScore], None] | None = None,
        seen: Seen | None = None,
    ) -> VideoScore:
        """The same of a video of any length, of which no more than a part is kept at a time.

        Args:
            source, stream: as of `read`, whose errors it raises.
            path: what the result calls it.
            force: as of `score_video`.
            partial: of a model that finds stages, whether a video that is damaged half-way is scored as far as it goes.
            found: is called with the result for each performance of a long video as soon as it is found.
            seen: is called with each `Video` in stored form that the result is of, the whole or a part, the stage
                probabilities of its frames, (L, S) or None, and the performances that were new in it.
        """
        if self.model.content == "features" or self.model.segmenter is None:  # nothing tells where to cut
            return self.score(self.read(source, stream), path, force=force, seen=seen)
        with contextlib.nullcontext(source) if isinstance(source, Clip) else local_video(source) as local:
            return self._score_parts(self._parts(local, stream, partial), path, force, found, seen)

    def _score_parts(self, parts, path, force, found=None, seen=None):
        findings, given = Findings(self.model, self._trust, self._doubts), _as_given(path)
        for video in parts:
            times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
            findings.begin(times, video.first_frame, video.warnings)
            sample_of, known = video.sample_of(self.preprocessor.frame_rate), len(findings.performances)
            probabilities, features = self._looked_at(video, findings, force)
            for each in self._found_in(video, probabilities, features, findings, force):
                performance = findings.add(each, sample_of)
                if found is not None and video.is_part:
                    found(findings.on_the_way(performance, given, video.fps, self.name))
            findings.show(video)
            if seen is not None:
                of_frames = None if probabilities is None else probabilities[sample_of]
                seen(video, of_frames, findings.performances[known:])
        return findings.result(given, video.fps, self.name)

    def _looked_at(self, video, findings, force):
        """Stage probabilities and features as of `_segmented`; None where there is no KFS, or too little to see."""
        findings.against = reasons_of_source(self.model, video)
        too_small = any(reason.code == "picture_too_small" for reason in findings.against)
        if self.model.segmenter is None or (too_small and not force):
            return None, None
        findings.has_stages = True
        return self.segment(video, video.samples(self.preprocessor.frame_rate))

    def _found_in(self, video, probabilities, features, findings, force):
        """Yields `Found`, the performances in a part that are new; in a video that is no part at least one."""
        rate = self.preprocessor.frame_rate
        samples = video.samples(rate)
        for start, stop, first, _ in self._new_stretches(video, probabilities, len(samples), findings):
            labels = None if probabilities is None else self._decide(probabilities[start:stop])
            of_stretch = None if features is None else features[start:stop]
            surely = None if probabilities is None else probabilities[start:stop]
            seen, shown = samples[start:stop], _shown(labels)
            # Of what shows too little, what is found is told, and not judged.
            reasons = (
                findings.against
                or reasons_of_frames(self.model, video, seen, shown)
                or reasons_against(self.model, labels, of_stretch, rate or video.fps, stop - start, surely)
            )
            outputs, said = self._scores_of(video, seen, labels) if force or not reasons else ({}, [])
            reasons, outputs = _possible(self.model, reasons, outputs, force)
            said += missing_frames(video, seen[shown]) + missing_beginning(video, first)
            yield Found(start, stop, labels, reasons, outputs, said, self._trust.likeness(labels, of_stretch))

    def _new_stretches(self, video, probabilities, length, findings):
        """The `Stretch` of each performance that is not in the part before, and not left to the next one."""
        rate = self.preprocessor.frame_rate or video.fps
        if not video.is_part:
            return self._stretches(probabilities, length, rate)
        if probabilities is None:
            return []
        sample_of = video.sample_of(self.preprocessor.frame_rate)
        settled, next_part = sample_of[-(video.shared // 2) - 1], sample_of[-video.shared]

        def is_left(each):
            """Of what begins before the next part that one sees less, unless it goes on there."""
            return video.shared and each.end > settled and (each.first > next_part or each.end == length)

        return [
            each
            for each in self._performances(probabilities, rate)
            if findings.is_new(*np.searchsorted(sample_of, (each.first, each.end))) and not is_left(each)
        ]

    def _segmented(self, video, samples):
        """Stage probabilities (K, S) and features (K, D) of a `Video` at `samples` (K,), see `Video.samples`."""

        def frames_of(start, stop):
            return self.preprocessor.sampled(video, samples[start:stop])

        return self._segmenter(frames_of, len(samples))

    def _stretches(self, probabilities, length, rate):
        """The `Stretch` of each whole performance; of all L frames, `rate` a second, where there is none."""
        everything = [Stretch(0, length, 0, length)]
        if probabilities is None or self._as_recorded:
            return everything
        return self._performances(probabilities, rate) or everything

    def _performances(self, probabilities, rate):
        """The `Stretch` of each whole performance in frames, `rate` a second."""
        labels = without_unseen(decided(probabilities, "cyclic"), probabilities)
        return stretches(labels, lambda of_one: is_whole(self.model, of_one, rate), round(self._around * rate))

    def _scores_of(self, video, samples, labels):
        """The outputs of SP for a `Video` at `samples`, and warnings."""
        stages = np.zeros(len(samples), np.int32) if labels is None else labels
        indices, empty = self._fragments(stages[np.newaxis])
        clips = {}
        for name, chosen in indices.items():
            seen, where = np.unique(chosen.numpy(), return_inverse=True)  # moves share nearly all frames
            clips[name] = self.preprocessor.sampled(video, samples[seen])[where.reshape(chosen.shape)]
        outputs = self._scores(clips)
        return outputs, _empty_fragments(self.model, empty.numpy())

    def _score_features(self, sequence, path, force):
        values = sequence.values[np.newaxis]
        length = values.shape[1]
        outputs = self._whole({"features": values, "mask": np.ones((1, length), bool)}, np.zeros((1, length), np.int32))
        rate = self.model.frame_rate or ASSUMED_RATE
        labels, probabilities, warnings = None, None, []
        if "labels" in outputs:
            labels, probabilities = (outputs[name].numpy()[0] for name in ("labels", "stages"))
            warnings = _empty_fragments(self.model, outputs["empty_fragments"].numpy()[0])
        reasons = reasons_against(self.model, labels, sequence.values, rate, length, probabilities)
        if labels is not None and len(self._stretches(probabilities, length, rate)) > 1:
            reasons.append(SEVERAL_OF_FEATURES)
        said = f"The model does not know the steps per second of its features; {ASSUMED_RATE:g} is assumed."
        warnings += [] if self.model.frame_rate else [Remark("frame_rate_assumed", said)]
        warnings += [*sequence.warnings, *other_length(self.model, length)]
        findings = Findings(self.model, self._trust, self._doubts)
        findings.has_stages = labels is not None
        findings.begin(np.arange(length + 1) / rate)
        reasons, scored = _possible(self.model, reasons, outputs if force or not reasons else {}, force)
        likeness = self._trust.likeness(labels, sequence.values)
        findings.add(Found(0, length, labels, reasons, scored, warnings, likeness), np.arange(length))
        return findings.result(_as_given(path), rate, self.name)


def _as_given(path):
    """What the result calls a video: its path, without the stretch of a `Clip`."""
    return str(path.path if isinstance(path, Clip) else path)


def _shown(labels):
    """The slice from the first to the last of `labels` that is of a stage; of all where none is, or none are known."""
    staged = np.flatnonzero(labels if labels is not None else [])
    return slice(staged[0], staged[-1] + 1) if len(staged) else slice(None)


def _possible(model, reasons, outputs, force):
    """(reasons, outputs) with what speaks against the outputs; of what cannot be, none unless by force."""
    impossible = reasons_of_scores(model, outputs)
    return [*reasons, *impossible], outputs if force or not impossible else {}


def _empty_fragments(model, empty_fragments):
    said = "No key fragment was found for {}. It was scored on the whole video."
    return [
        Remark("empty_fragment", said.format(score))
        for score, empty in zip(model.scores, empty_fragments, strict=True)
        if empty
    ]


def _fragments_function(model):
    """A function of stages int32 (1, L): the frames of each score's clips, {name: int32 (M, T)}, and `empty` (n,).

    Without KFS the stages mean nothing but the length, and nothing is empty.
    """

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32)], autograph=False)
    def fragments(stages):
        # The model's own selectors, given the number of each frame instead of its pixels.
        numbers = tf.range(tf.shape(stages)[1])[tf.newaxis, :, tf.newaxis, tf.newaxis, tf.newaxis]
        mask = tf.ones_like(stages, tf.bool)
        clips, said = model.select_views(numbers, stages, mask)
        empty = said["empty_fragments"][0] if said else tf.zeros(len(model.scores), tf.bool)
        return {name: clip[:, :, 0, 0, 0] for name, clip in clips.items()}, empty

    return fragments
