"""From a video to its performances: read → see → find → follow → score → judge, one part at a time.

`Predictor.results` is the whole way. Values go down it, and a `PartResult` for each part comes back. Nothing large is
left for the next part: who keeps the summaries makes a `VideoScore` from them.
"""

import dataclasses
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scoringnet_tf.body.pose import has_pose_models, load_pose_models
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.corrections import Correction
from scoringnet_tf.data.features import check_features, read_features
from scoringnet_tf.data.preprocessor import OVERLAP, PART, PATIENCE, SHORT_OVERLAP, SHORT_PART
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference import checks, flights
from scoringnet_tf.inference.athlete import shown_by_all
from scoringnet_tf.inference.fall import check_speed, slow_motion
from scoringnet_tf.inference.finding import AROUND, edges_in, find
from scoringnet_tf.inference.inputs import stretched
from scoringnet_tf.inference.reliability import Reliability, reliability
from scoringnet_tf.inference.result import PICTURES, PartSummary, Performance, VideoScore, as_corrected, video_score
from scoringnet_tf.inference.seen import Scores, Seen, Span
from scoringnet_tf.inference.shots import shots
from scoringnet_tf.inference.times import Measure, Moment, durations_of, moments_of, seconds_at
from scoringnet_tf.inference.windows import WindowedModel
from scoringnet_tf.inference.words import performance_reasons, remark
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.sports import Sport, stage_runs
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.threads import check_not_forked, overlapping

PICTURE = 720  # pixels: height of the pictures in which athletes are followed


@dataclasses.dataclass(frozen=True)
class PartResult:
    """The result for one part in a long video, or for a whole one that is not long.

    Attributes:
        seen: what the model saw: `seen.video` has the frames, which are in memory while this is.
        performances: those that are new in it.
        summary: what is kept for the whole video's result.
    """

    seen: Seen
    performances: list[Performance]
    summary: PartSummary


class Predictor:
    """Scores one video after another, of any length, with functions that are traced once.

    KFS runs in windows, and keeps no frames. SP sees those in the key fragments, or even samples if there is no KFS.
    Scores are what the model gives for the whole video, to rounding. Each performance has its own.

    Args:
        model: `ScoringNet`. Its weights are shared.
        window: see `WindowedModel`.
        name: how results call the model.
        part, overlap: `length` and `overlap` in `ScoringNetPreprocessor.parts`. A performance that ends in the
            overlap's last half is left to the next part, which shows more behind it, unless it begins before that
            part. One that is longer than the overlap may be whole in no part. None: what the model's stage head needs.
        around: seconds before and after a performance that its stages are looked for in.
        scorer: a model of joints, whose scores are given in place of those of `model`.
    """

    def __init__(
        self,
        model: ScoringNet,
        window: int | None = None,
        name: str | None = None,
        part: int | None = None,
        overlap: int | None = None,
        around: float = AROUND,
        scorer: ScoringNet | None = None,
    ) -> None:
        self.model, self.name, self.reliability, self._scorer = model, name, reliability(model, scorer), scorer
        self._rate = None if self.reads_features else model.frame_rate  # at which frames are sampled
        # A model without stages sees the whole video.
        sees_far = getattr(model.segmenter, "network", None) == "c3d_bi_lstm"
        sizes = (PART, OVERLAP) if sees_far else (SHORT_PART, SHORT_OVERLAP)
        length = (part or sizes[0]) if model.segmenter else sys.maxsize
        self._sizes: dict[str, Any] = {"length": length, "overlap": overlap or sizes[1]}
        self._around = around
        self._poses = load_pose_models() if shows_bodies(model) and has_pose_models() else None
        self._windowed = WindowedModel(model, window)
        self._score_features = _features_function(model) if model.encoded == "features" else None
        self._fragments = _fragments_function(model)
        self._score_clips = tf.function(lambda clips: model.score_predictor(clips, training=False), autograph=False)

    @property
    def reads_features(self) -> bool:
        """Whether it takes feature files in place of videos."""
        return self.model.content == "features"

    def __call__(self, path: AnyPath | Clip, *, force: bool = False, **stretch: float | None) -> VideoScore:
        """A video's `VideoScore`, see `score_video`; `stretch` is its `start`, `end` and `speed`."""
        results = self.results(self.read(path, **stretch), force=force)  # type: ignore[arg-type]
        return self.gather(path, [*map(operator.attrgetter("summary"), results)])  # no result outlives its turn

    def gather(self, path: AnyPath | Clip, parts: list[PartSummary]) -> VideoScore:
        """A video's `VideoScore` from the summaries of its parts."""
        name = str(path.path if isinstance(path, Clip) else path)
        return video_score(parts, name, self.model.sport, self.reliability, self.name)

    def results(
        self, videos: Iterable[Video], *, force: bool = False, corrections: Iterable[Correction] = ()
    ) -> Iterator[PartResult]:
        """Yields a `PartResult` for each part of a video, `videos` as in `read`; `corrections` rule the times.

        Raises:
            InputError: fewer performances are found than were corrected.
        """
        check_not_forked()
        summary, number, corrected = None, 0, {one.performance: one for one in corrections}
        for video in shots(videos) if self.model.recognised else videos:  # a model that knows film takes it apart
            seen, performances = self.see(video, force), []
            spans, warnings = find(self.model, seen, summary.end_frame if summary else 0, self._around)
            for at, span in enumerate(spans):
                number += 1
                if correction := corrected.pop(number, None):
                    first, count = seen.video.first_frame, len(seen.video.timestamps)
                    span = spans[at] = span.with_stages(seen, correction.labels(self.model.sport, first, count))
                remarks = checks.performance_remarks(self.model, seen, span)
                tracks = self.follow(seen, span) if force or correction or not remarks.reasons else []
                if tracks and not correction:  # the body tells better when the feet leave, and the hands meet the water
                    span = spans[at] = flights.by_body(self.model.sport, seen, span, tracks)
                    tracks = flights.whole_flights(tracks)
                if self._scorer and not tracks and (force or not remarks.reasons):
                    remarks.warnings.append(remark("no_joints"))
                withheld = not force and (remarks.reasons or self.reliability.reasons)
                scores = Scores() if withheld else self.score(seen, span, tracks)
                performance = judge(self.model, self.reliability, seen, span, remarks, scores, tracks, force)
                performances.append(as_corrected(performance, correction) if correction else performance)
            summary = _summary(seen, spans, performances, warnings, summary)
            yield PartResult(seen, performances, summary)
            del video, seen  # which hold all frames
        for one in corrected.values():
            message = f"{one.where}: performance {one.performance} of {one.video} is not found: there are {number}."
            raise InputError("out_of_range", message, "Correct it again.")

    # === Read ===

    def read(
        self,
        path: AnyPath | Clip,
        start: float | None = None,
        end: float | None = None,
        pictures: int = 0,
        speed: float = 1.0,
    ) -> Iterator[Video]:
        """Yields a video's parts, see `ScoringNetPreprocessor.parts`; for features, one `Video`.

        Arguments and errors are those of `score_video`; `pictures` is the largest height of `Video.pictures`, pixels.
        """
        if not isinstance(path, str | os.PathLike | Clip) or path == "":
            what = "an empty string" if isinstance(path, str) else f"of type {type(path).__name__}"
            raise InputError("not_a_path", f"path is {what}.", "Give the path of a video, or a Clip.")
        check_speed(speed)
        options = {"start": start, "end": end, "speed": None if speed == 1 else speed}
        given = ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)
        if given and (self.reads_features or (isinstance(path, Clip) and given != f"speed={speed}")):
            what = "features" if self.reads_features else "a Clip"
            raise InputError("flags_conflict", f"{path}: {given} cannot be used with {what}.")
        if isinstance(path, Clip):
            yield from self._parts(path, pictures, speed)
            return
        yield from self._parts(stretched(as_path(path), start, end), pictures, speed)

    def _parts(self, source: Any, pictures: int, speed: float) -> Iterator[Video]:
        if not self.reads_features:
            pictures = max(pictures, PICTURE) if self._poses else pictures
            options = {"partial": True, "pictures": pictures, "speed": speed, **self._sizes}
            yield from self.model.preprocessor.parts(source, **options)
            return
        if isinstance(source, Clip):
            raise InputError("wrong_format", f"{source} is a Clip.", "Give the path of a file of features.")
        sequence, rate = read_features(source), self.model.frame_rate
        check_features(sequence, source, self.model.features, rate)
        warnings = () if rate else (remark("frame_rate_assumed", rate=flights.RATE),)
        times = np.arange(len(sequence.values)) / (rate or flights.RATE)
        yield Video(sequence.values, rate or flights.RATE, times, (0, 0), 1.0, warnings=warnings)

    def _content(self, video: Video, samples: np.ndarray) -> np.ndarray:
        """Frames (K, H, W, 3) or features (K, D) at `samples` (K,)."""
        if self.reads_features:
            return video.frames[samples.astype(int)]  # type: ignore[call-overload]
        return self.model.preprocessor.sampled(video, samples)

    def _blocks(self, video: Video, samples: np.ndarray) -> Iterator[np.ndarray]:
        """What the model takes, block by block; the next one is made while the network sees one."""
        pieces = self._windowed.pieces(len(samples))
        blocks = overlapping(lambda piece: self._content(video, samples[slice(*piece)]), pieces, threads=1, ahead=1)
        return tqdm(blocks, "Segmenting", len(pieces), unit="window", delay=PATIENCE, leave=False, disable=None)

    # === See ===

    def see(self, video: Video, force: bool = False) -> Seen:
        """What the backbone and KFS see in a video; nothing if its pictures are too small, unless by `force`."""
        samples, reasons = video.samples(self._rate), tuple(checks.video_reasons(self.model, video))
        seen = Seen(video, samples, video.sample_of(self._rate), self._rate or video.fps, reasons=reasons)
        if not force and any(reason.code == "picture_too_small" for reason in reasons):
            return seen
        stages, features = self._windowed(self._blocks(video, samples), len(samples))
        classes = None
        if self.model.recognised and features is not None:
            classes = np.asarray(self.model.backbone.logits(features[np.newaxis]))[0]
        return dataclasses.replace(seen, stages=stages, features=features, classes=classes)

    # === Follow ===

    def follow(self, seen: Seen, span: Span) -> list[Track]:
        """The joints of who falls in a performance."""
        return flights.tracks_in(self.model.sport, seen, span, self._poses) if self._poses else []

    # === Score ===

    def score(self, seen: Seen, span: Span, tracks: list[Track]) -> Scores:
        """SP's scores for a performance; nothing if the model gives no scores, or reads joints and nobody has any."""
        if self._scorer or not self.reliability.gives_scores:
            return flights.joint_scores(self._scorer, tracks)
        cut = slice(span.start, span.stop)
        stages = np.zeros(span.stop - span.start, np.int32) if span.labels is None else span.labels
        if self._score_features is not None:
            outputs = dict(self._score_features(seen.features[cut][np.newaxis], stages[np.newaxis]))  # type: ignore
            empty = outputs.get("empty_fragments", np.zeros((1, len(self.model.scores)), bool))[0]
        else:
            indices, empty = self._fragments(stages[np.newaxis])
            clips = {}
            for name, chosen in indices.items():
                numbers, positions = np.unique(chosen.numpy(), return_inverse=True)
                content = self._content(seen.video, seen.samples[cut][numbers])
                clips[name] = content[positions.reshape(chosen.shape)]
            outputs = self._score_clips(clips)
        return Scores.of(outputs, self.model.scores, empty)


def shows_bodies(model: ScoringNet) -> bool:
    """Whether it finds falls on film in which its sport has measures of the body."""
    return bool(model.recognised and model.sport.fall and model.sport.measures)


def _fragments_function(model: ScoringNet) -> Callable:
    """A function from stages int32 (1, L) to frames for each score's clips, {name: int32 (1, T)}, and `empty` (n,)."""

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32)], autograph=False)
    def fragments(stages: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        # The model's own selectors, given the number of each frame instead of its pixels.
        numbers = tf.range(tf.shape(stages)[1])[tf.newaxis, :, tf.newaxis, tf.newaxis, tf.newaxis]
        clips, found = model.select_fragments(numbers, stages, tf.ones_like(stages, tf.bool))
        empty = found["empty_fragments"][0] if found else tf.zeros(len(model.scores), tf.bool)
        return {name: clip[:, :, 0, 0, 0] for name, clip in clips.items()}, empty

    return fragments


def _features_function(model: ScoringNet) -> Callable:
    """A function from features (1, L, D) and stages int32 (1, L) to SP's outputs, with `empty_fragments` (1, n)."""
    features = tf.TensorSpec((1, None, model.score_predictor.get_config()["features"]), tf.float32)

    @tf.function(input_signature=[features, tf.TensorSpec((1, None), tf.int32)], autograph=False)
    def scores(features: tf.Tensor, stages: tf.Tensor) -> dict[str, tf.Tensor]:
        return model.score_fragments(features, stages, tf.ones_like(stages, tf.bool), training=False)

    return scores


# === Judge ===


def judge(
    model: ScoringNet,
    trust: Reliability,
    seen: Seen,
    span: Span,
    remarks: checks.Remarks,
    scores: Scores,
    tracks: list[Track],
    force: bool = False,
) -> Performance:
    """The `Performance` in a span: scores and times unless reasons speak against them, or despite these by `force`."""
    # 1. What speaks against it
    reasons, warnings, left = checks.verdict(model, trust, remarks, scores, force)

    # 2. Where it is, in frames of the part
    begin, labels = span.frames(seen)
    shown = np.flatnonzero(labels) if labels.any() else np.arange(max(len(labels), 1))
    first, end = begin + int(shown[0]), begin + int(shown[-1]) + 1

    # 3. Its times
    times, file_frame = seen.times, seen.video.first_frame
    moments: dict[str, Moment] = {}
    measures: dict[str, Measure] = {}
    is_told = force or span.corrected is not None
    if is_told or not performance_reasons(reasons):
        moments, measures, unseen = _times(model.sport, trust, seen, span, begin, labels)
        doubts = [warning for warning in warnings if warning.code == "barely_recognised"] if unseen else []
        if is_told or (moments and not doubts):
            warnings += unseen
        else:  # there is nothing to tell, or half a fall that may be something else
            moments, measures, reasons = {}, {}, [*doubts, *unseen, *reasons]
        if flight := measures.get(model.sport.fall):
            warnings = [*warnings, *slow_motion(flight, model.sport)]

    # 4. What the body shows
    body = shown_by_all(tracks if moments else [], model.sport, (file_frame + first, file_frame + end))
    if moments and shows_bodies(model):
        is_whole = bool(tracks) or model.sport.fall in measures  # else a warning names the end that it lacks
        warnings = [*warnings, *flights.body_remarks(tracks, body.not_seen if is_whole else [])]
    return Performance(
        start_frame=file_frame + first,
        end_frame=file_frame + end,
        start_s=seconds_at(times, first),
        end_s=seconds_at(times, end),
        **left.points,  # type: ignore[arg-type]
        deviations={} if trust.reasons else left.deviations,
        reasons=reasons,
        intervals={} if reasons else trust.score_intervals(left.points, model.sport),
        warnings=warnings,
        moments=moments,
        measures=measures | body.measures,
        elements=body.elements,
        curves=body.curves,
        recognised=remarks.recognised,
        body=tracks if moments else [],
    )


def _times(
    sport: Sport, trust: Reliability, seen: Seen, span: Span, begin: int, labels: np.ndarray
) -> tuple[dict[str, Moment], dict[str, Measure], list[Remark]]:
    """A performance's moments and durations by its frames' stages, which start at frame `begin` in the part.

    And why a fall has no beginning or end. What people corrected is as they say.
    """
    is_corrected = span.corrected is not None
    edges, times = edges_in(labels, sport, None if is_corrected else seen.video.fps), seen.times[begin:]
    edges |= flights.fall_edges(sport, span.fall, begin) if span.fall else {}
    names = [] if is_corrected else [*(moment.name for moment in sport.moments), *dict(sport.durations)]
    frame = 1 / min(seen.video.fps, seen.rate)
    uncertainties = trust.time_uncertainties(names, frame)
    moments = moments_of(sport, edges, times, uncertainties, seen.video.first_frame + begin)
    unseen = checks.fall_remarks(sport, edges, labels, seen.video.fps)
    return moments, durations_of(sport, edges, times, uncertainties), unseen


# === Keep ===


def _summary(
    seen: Seen, spans: list[Span], performances: list[Performance], warnings: list[Remark], before: PartSummary | None
) -> PartSummary:
    """What is kept from a part, which repeats frames in the part before."""
    video = seen.video
    repeated = before.labels[video.first_frame - before.first_frame :] if before else np.zeros(0, np.int8)
    labels, times = _labels(seen, spans, repeated), seen.times
    drawn = key_frames(labels) if not isinstance(video.frames, np.ndarray) else []  # features are no pictures
    return PartSummary(
        first_frame=video.first_frame,
        fps=video.fps,
        times=times,
        labels=labels,
        has_stages=seen.stages is not None,
        performances=tuple(performances),
        reasons=seen.reasons,
        warnings=(*video.warnings, *warnings),  # type: ignore[arg-type]
        pictures=tuple((video.first_frame + at, float(times[at]), video.frames[at]) for at in drawn),
        end_frame=performances[-1].end_frame if performances else before.end_frame if before else 0,
        is_part=video.is_part,
        speed=video.speed,
    )


def _labels(seen: Seen, spans: list[Span], repeated: np.ndarray) -> np.ndarray:
    """Every frame's stage in a part, int8 (L,); its first ones may have been labelled in the part before."""
    labels = np.zeros(len(seen.sample_of), np.int8)
    labels[: len(repeated)] = repeated
    for span in spans:
        begin, span_labels = span.frames(seen)
        labels[begin : begin + len(span_labels)] = span_labels
    return labels


def key_frames(labels: np.ndarray) -> list[int]:
    """The frames to draw for labels (L,): one or more for each stage but noise, at the centres of equal parts.

    A video without stages is drawn as a whole; one with more stages than `PICTURES` shows only some.
    """
    spans = [(start, end) for stage, start, end in stage_runs(labels) if stage] or [(0, len(labels))]
    spans = [spans[index * len(spans) // PICTURES] for index in range(PICTURES)] if len(spans) > PICTURES else spans
    total, left = sum(end - start for start, end in spans), PICTURES - len(spans)
    counts = [1 + left * (end - start) // total for start, end in spans]
    return [
        start + int((part + 0.5) * (end - start) / count)
        for (start, end), count in zip(spans, counts, strict=True)
        for part in range(count)
    ]
