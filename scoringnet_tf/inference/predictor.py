"""From a video file to its stages and scores: read, see, find performances, score, check, in this order.

A video takes one way, whether it is frames or features. `Predictor` goes it: `data.preprocessor` reads a `Video`,
`inference.stages` finds its stages and performances, the model's own towers score each, `inference.checks` says what
speaks against it, and `inference.results` gathers the result.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from scoringnet_tf.data.features import check_features, is_features, read_features
from scoringnet_tf.data.preprocessor import OVERLAP, PART, SHORT_OVERLAP, SHORT_PART
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.checks import Checks, Observation, is_whole, partial_performance
from scoringnet_tf.inference.fall import check_height
from scoringnet_tf.inference.inputs import local_video, stretched
from scoringnet_tf.inference.recognition import where_recognised
from scoringnet_tf.inference.results import Performance, ResultBuilder, VideoScore, several
from scoringnet_tf.inference.stages import (
    Stretch,
    partial_spans,
    stretches,
    windowed_reader,
    without_unseen,
)
from scoringnet_tf.models.decoding import decided
from scoringnet_tf.models.parameter_groups import STAGE_PARTS
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import checksum
from scoringnet_tf.models.tta import score_views
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.model_files import default_model
from scoringnet_tf.support.paths import AnyPath, RemotePath
from scoringnet_tf.weights.backbones import behind_backbone

ASSUMED_RATE = 25.0  # steps per second of features, if a model does not know
AROUND = 10.0  # seconds: training saw no more
# A `Video` and its samples (K,) → stage probabilities (K, S) and features (K, D); None if there are none.
Segment: TypeAlias = Callable[[Video, np.ndarray], tuple[np.ndarray | None, np.ndarray | None]]
Seen: TypeAlias = Callable[[Video, np.ndarray | None, list[Performance]], None]


def score_video(
    path: AnyPath | Clip,
    model: ScoringNet | AnyPath | None = None,
    *,
    force: bool = False,
    start: float | None = None,
    end: float | None = None,
    height: float | None = None,
) -> VideoScore:
    """Decodes the video at `path` and scores it.

    Args:
        path: of a video file, or of a folder of images numbered in order; of a file of features for a model of those;
            or a `Clip`. Files at addresses that fsspec reads (`https://…`, `s3://…`, `gs://…`) are fetched.
        model: `ScoringNet`, or the path of one (a `.keras` file, or a folder with one), which is loaded each time; None
            for `default_model`: `diving_film` if it ships and I3D is installed, else `diving_small`.
        force: give the scores even if `VideoScore.reasons` speak against them. Without it a model that learned its
            scores from simulated video alone gives stages and times.
        start, end: seconds since the first frame between which it is scored; None for the file's beginning and end.
        height: of the board above the water, metres, of a sport with a `fall`; None gives neither speeds nor jump.

    Raises:
        InputError: there is no such model, or `path` is none; no frame is shown from `start` to `end`, or none at the
            end of it; or one of these is given for a `Clip` or for features; a height as of `fall.check_height`.
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    of_features = isinstance(path, str | Path) and is_features(path)
    return predictor_of(model, of_features=of_features)(path, force=force, start=start, end=end, height=height)


def stage_finder(model: ScoringNet | AnyPath | None = None) -> "Predictor":
    """The `Predictor` of a model that finds stages in frames; InputError for another one."""
    predictor = predictor_of(model, parts=STAGE_PARTS)
    if predictor.model.segmenter is None or predictor.model.content == "features":
        which = "The model" if isinstance(model, ScoringNet) else f"--model={model}"
        why = "scores whole videos" if predictor.model.segmenter is None else "reads features, not frames"
        raise InputError("no_stages", f"{which} finds no stages in a video: it {why}.")
    return predictor


def predictor_of(
    model: ScoringNet | AnyPath | None = None, of_features: bool = False, parts: Collection[str] | None = None
) -> "Predictor":
    """The `Predictor` of a model, or of the path of one; the same one for the same model with the same weights.

    Args:
        model: as of `score_video`.
        of_features: whether it is to read files of features. Else heads that learned from a backbone's features see
            videos by it.
        parts: that must have learned, see `check_trained`; None: those of stages, or all of a model without stages.

    Raises:
        InputError: there is no such model, it has not learned, or its backbone is not at hand
            (`weights.backbones.behind_backbone`).
    """
    if model is None:
        return _shipped_predictor(default_model(), of_features)
    path = None if isinstance(model, ScoringNet) else str(model)
    network = model if isinstance(model, ScoringNet) else load_scoring_net(model)
    check_trained(network, path, parts=parts if network.segmenter is None else STAGE_PARTS)
    # A model may have been trained on: then its statistics are stale.
    return _predictor(network, path, checksum(network) if path is None else None, of_features)


@functools.cache
def _shipped_predictor(name, of_features):
    return predictor_of(name, of_features)


@functools.lru_cache(maxsize=2)  # so that one video after another is scored by what was traced once
def _predictor(model, name, weights, of_features):
    seeing = model if of_features else behind_backbone(model, f"--model={name}" if name else "The model")
    return Predictor(seeing.for_inference(), name=name)


class Predictor:
    """Scores one video after another, of any length, with functions that are traced once.

    KFS runs in windows; it keeps no frames. SP sees those of the key fragments, or the even samples of a model without
    KFS. The scores are those of the model for the whole video, to rounding; if a video shows several performances, they
    are those of each.

    Args:
        model: `ScoringNet`. Its weights are shared.
        window: of `windowed_reader`.
        name: of the model in the results.
        part, overlap: of a long video, `length` and `overlap` of `ScoringNetPreprocessor.parts`. A performance that
            ends in the last half of the overlap is left to the next part, which shows more of what follows, unless
            it begins before that part. One that is longer than the overlap may be whole in no part. None: what the
            model's stage head needs.
        segment: finds the stages in place of the model's KFS, for example from labels.
        around: seconds before and after a performance that its stages are looked for in.
    """

    def __init__(
        self,
        model: ScoringNet,
        window: int | None = None,
        name: str | None = None,
        part: int | None = None,
        overlap: int | None = None,
        segment: Segment | None = None,
        around: float = AROUND,
    ) -> None:
        self.model, self.preprocessor, self.name, self.checks = model, model.preprocessor, name, Checks(model)
        self.segment: Segment = segment or self._segmented
        self._of_features, self._around = model.content == "features", around
        self._rate = None if self._of_features else self.preprocessor.frame_rate  # at which frames are sampled
        # A model without stages sees the whole video.
        sees_far = getattr(model.segmenter, "network", None) == "c3d_bi_lstm"
        sizes = (PART, OVERLAP) if sees_far else (SHORT_PART, SHORT_OVERLAP)
        length = (part or sizes[0]) if model.segmenter else sys.maxsize
        self._sizes: dict[str, Any] = {"length": length, "overlap": overlap or sizes[1]}
        self._read = windowed_reader(model, window)
        self._fragments = _fragments_function(model)
        self._towers = tf.function(
            lambda clips: score_views(model.score_predictor, clips, model.views, training=False), autograph=False
        )
        self._of_vectors: Any = _vectors_function(model) if model.encoded == "features" else None

    def __call__(
        self,
        path: AnyPath | Clip,
        *,
        force: bool = False,
        start: float | None = None,
        end: float | None = None,
        height: float | None = None,
    ) -> VideoScore:
        """See `score_video`."""
        if not isinstance(path, str | os.PathLike | RemotePath | Clip) or path == "":
            what = "an empty string" if isinstance(path, str) else f"of type {type(path).__name__}"
            raise InputError("not_a_path", f"path is {what}.", "Give the path of a video, or a Clip.")
        options = {"start": start, "end": end}
        given = ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)
        if given and (self._of_features or isinstance(path, Clip)):
            what = "features" if self._of_features else "a Clip"
            raise InputError("flags_conflict", f"{path}: {given} cannot be used with {what}.")
        with _local(path) as local:
            source = local if isinstance(local, Clip) else stretched(local, start, end)
            return self.score_file(source, path, force=force, height=height)

    def labels(self, video: Video) -> np.ndarray:
        """The stage of every frame of a `Video` in stored form, int32 (L,): of each performance that it shows."""
        probabilities, features = self.segment(video, video.samples(self._rate))
        labels = np.zeros(len(probabilities), np.int32)  # type: ignore[arg-type]
        likely = where_recognised(self.model, probabilities, features, self._rate)
        for start, stop, *_ in self._stretches(video, likely, len(labels)):
            surely = probabilities[start:stop]  # type: ignore[index]
            labels[start:stop] = decided(surely, self.model.stage_decision.decoding)
        return labels[video.sample_of(self._rate)]

    def score_file(
        self,
        source: AnyPath | Clip,
        path: AnyPath | Clip,
        *,
        force: bool = False,
        seen: Seen | None = None,
        height: float | None = None,
    ) -> VideoScore:
        """The result for a video of any length, of which no more than a part is kept at a time.

        Args:
            source: as of `VideoStream`; or a path of features.
            path: name of the video in the result.
            force, height: as of `score_video`.
            seen: is called with each `Video` that the result is of, the whole or a part, the stage probabilities of its
                frames, (L, S) or None, and the performances that were new in it.
        """
        with _local(source) as local:
            return self.score_parts(self.parts(local), path, force=force, seen=seen, height=height)

    def parts(self, source: Path | Clip) -> Iterator[Video]:
        """What `score_parts` takes of a local video: see `ScoringNetPreprocessor.parts`; of features, one `Video`."""
        if self._of_features:
            yield self._features(source)
        else:
            yield from self.preprocessor.parts(source, partial=True, **self._sizes)

    def score_parts(
        self,
        parts: Iterable[Video],
        path: AnyPath | Clip,
        *,
        force: bool = False,
        seen: Seen | None = None,
        height: float | None = None,
    ) -> VideoScore:
        """`score_file` of a video whose `parts` somebody has begun to read."""
        if height is not None:
            check_height(self.model.sport, height)
        name = str(path.path if isinstance(path, Clip) else path)
        builder = ResultBuilder(self.model.sport, self.checks, force, height)
        for video in parts:
            self._score_part(video, builder, force, seen)
        return builder.result(name, video.fps, self.name)

    def _score_part(self, video, builder, force, seen):
        """Adds to `builder` what one part of a video shows; nothing large is left for the next."""
        # 1. See: stages and features of every sample, unless the pictures are too small.
        against = self.checks.of_video(video)
        samples, sample_of = video.samples(self._rate), video.sample_of(self._rate)
        probabilities, features = None, None
        if force or not any(reason.code == "picture_too_small" for reason in against):
            probabilities, features = self.segment(video, samples)
        builder.begin(video, against, has_stages=probabilities is not None)

        # 2. Find the performances, and score and check each.
        before = len(builder.performances)
        likely = where_recognised(self.model, probabilities, features, self._rate)
        for stretch in self._new_stretches(video, likely, len(samples), builder):
            cut = slice(stretch.start, stretch.stop)
            surely, vectors = (None if each is None else each[cut] for each in (probabilities, features))
            labels = None if surely is None else decided(surely, self.model.stage_decision.decoding)
            rate = self._rate or video.fps
            one = Observation(video, samples[cut], rate, labels, surely, vectors)
            builder.add(stretch.start, one, sample_of, *self._judged(one, stretch, against, force))
        builder.warn(self._left_out(video, samples, likely))

        # 3. Keep what pictures need.
        if not self._of_features:
            builder.show(video)
        if seen is not None:
            of_frames = None if probabilities is None else probabilities[sample_of]
            seen(video, of_frames, builder.performances[before:])

    def _judged(self, one, stretch, against, force):
        """(reasons, warnings, outputs of SP) of one performance; no outputs if reasons speak against it."""
        reasons = [*against] or self.checks.of_performance(one)
        has_stages = self._of_features and one.labels is not None
        if has_stages and len(self._performances(one.probabilities, one.frame_rate)) > 1:
            reasons.append(several(2, 0, of_features=True))
        of_model = self.checks.against_scores
        is_scored = self.checks.gives_scores and (force or not [*reasons, *of_model])
        outputs, empty = self._scores(one) if is_scored else ({}, ())
        impossible = self.checks.of_scores(outputs)
        warnings = self.checks.warnings(one, stretch.first, empty)
        return [*reasons, *impossible, *of_model], warnings, outputs if force or not impossible else {}

    # === Read ===

    def _features(self, source):
        """The features in a file as a `Video`, whose frames they are."""
        if isinstance(source, Clip):
            raise InputError("wrong_format", f"{source} is a Clip.", "Give the path of a file of features.")
        sequence, rate = read_features(source), self.model.frame_rate
        check_features(sequence, source, self.model.features, rate)  # type: ignore[arg-type]
        warnings = [*sequence.warnings]
        if not rate:
            rate, text = ASSUMED_RATE, "The model does not know the steps per second of its features"
            warnings.insert(0, Remark("frame_rate_assumed", f"{text}; {rate:g} is assumed."))
        times = np.arange(len(sequence.values)) / rate
        return Video(sequence.values, rate, times, (0, 0), 1.0, warnings=tuple(warnings))

    def _content(self, video, samples):
        """Frames (K, H, W, 3) or features (K, D) of a video at `samples` (K,)."""
        if self._of_features:
            return video.frames[samples.astype(int)]
        return self.preprocessor.sampled(video, samples)

    # === See ===

    def _segmented(self, video, samples):
        return self._read(lambda start, stop: self._content(video, samples[start:stop]), len(samples))

    # === Performances ===

    def _new_stretches(self, video, probabilities, length, builder):
        """The `Stretch` of each performance that is not in the part before, and not left to the next one."""
        if not video.is_part:
            return self._stretches(video, probabilities, length)
        if probabilities is None:
            return []
        sample_of = video.sample_of(self._rate)
        settled, next_part = sample_of[-(video.shared // 2) - 1], sample_of[-video.shared]

        def is_left(one):
            """Less is seen of what begins before the next part, unless it goes on there."""
            return video.shared and one.end > settled and (one.first > next_part or one.end == length)

        return [
            one
            for one in self._performances(probabilities, self._rate or video.fps)
            if builder.is_new(*np.searchsorted(sample_of, (one.first, one.end))) and not is_left(one)
        ]

    def _stretches(self, video, probabilities, length):
        """The `Stretch` of each whole performance; of all samples if there is none."""
        everything = [Stretch(0, length, 0, length)]
        if probabilities is None or self._of_features:
            return everything
        return self._performances(probabilities, self._rate or video.fps) or everything

    def _performances(self, probabilities, rate):
        """The `Stretch` of each whole performance in samples, `rate` a second."""
        return stretches(_seen_labels(probabilities), self._is_whole(rate), round(self._around * rate))

    def _left_out(self, video, samples, probabilities):
        """What is told of performances that are not whole, beside whole ones; of a part, the next one may show more."""
        if video.is_part or probabilities is None or self._of_features:
            return []
        labels = _seen_labels(probabilities)
        spans = partial_spans(labels, self._is_whole(self._rate or video.fps))
        return [partial_performance(video, samples, labels, span, self.model.sport) for span in spans]

    def _is_whole(self, rate):
        return lambda labels: is_whole(self.model, labels, rate)

    # === Score ===

    def _scores(self, one):
        """(outputs of SP for a performance, of each tower whether its key fragment is empty)."""
        stages = np.zeros(len(one.samples), np.int32) if one.labels is None else one.labels
        if self.model.encoded == "features":
            read = one.features[np.newaxis, :, : self.model.score_predictor.get_config()["features"]]
            outputs = self._of_vectors(read, stages[np.newaxis])
            none_empty = np.zeros((1, len(self.model.scores)), bool)
            return outputs, np.asarray(outputs.pop("empty_fragments", none_empty))[0]
        indices, empty = self._fragments(stages[np.newaxis])
        clips = {}
        for name, chosen in indices.items():
            frames, positions = np.unique(chosen.numpy(), return_inverse=True)  # moves share nearly all frames
            content = self._content(one.video, one.samples[frames])
            clips[name] = content[positions.reshape(chosen.shape)]
        return self._towers(clips), empty.numpy()


def _seen_labels(probabilities):
    """The stages of all performances in a video of probabilities (L, S): int (L,)."""
    return without_unseen(decided(probabilities, "cyclic"), probabilities)


def _local(path: AnyPath | Clip) -> Any:
    """A context that yields a local path, or the `Clip`."""
    return contextlib.nullcontext(path) if isinstance(path, Clip | Path) else local_video(path)


def _fragments_function(model):
    """A function of stages int32 (1, L): the frames of each score's clips, {name: int32 (M, T)}, and `empty` (n,)."""

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32)], autograph=False)
    def fragments(stages):
        # The model's own selectors, given the number of each frame instead of its pixels.
        numbers = tf.range(tf.shape(stages)[1])[tf.newaxis, :, tf.newaxis, tf.newaxis, tf.newaxis]
        clips, said = model.select_views(numbers, stages, tf.ones_like(stages, tf.bool))
        empty = said["empty_fragments"][0] if said else tf.zeros(len(model.scores), tf.bool)
        return {name: clip[:, :, 0, 0, 0] for name, clip in clips.items()}, empty

    return fragments


def _vectors_function(model):
    """A function of features (1, L, D) and stages int32 (1, L): what SP says, `empty_fragments` (1, n) with it."""
    vectors = tf.TensorSpec((1, None, model.score_predictor.get_config()["features"]), tf.float32)

    @tf.function(input_signature=[vectors, tf.TensorSpec((1, None), tf.int32)], autograph=False)
    def scores(features, stages):
        return model.score_fragments(features, stages, tf.ones_like(stages, tf.bool), training=False)

    return scores
