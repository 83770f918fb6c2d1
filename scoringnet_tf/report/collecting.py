"""What the pages show of a scored video: film, curves, fragments that can be played, where its scores come from."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.attribution import attribute
from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.report.page import ShownPerformance, ShownScore, encode_clip, film_frames
from scoringnet_tf.sports import NOISE, SCORES

AROUND = 1.0  # seconds before and after a performance that its page shows of a longer video
HIDDEN = 5  # frames that are hidden together for the curve of where a score comes from
ONE_DEVIATION = "± one standard deviation"


def shown_performances(
    scorer: VideoScorer,
    video: Video,
    score: VideoScore,
    judges: Mapping[str, float] | None = None,
    name: str | None = None,
) -> list[ShownPerformance]:
    """What to show of each performance of a video.

    Args:
        scorer: what scored it.
        video: in stored form, as the scorer read it.
        score: of it.
        judges: score → points of the judges, of a video of one performance.
        name: of the video; default: that of its file.
    """
    probabilities = None if scorer.model.segmenter is None else scorer.probabilities(video)
    several = len(score.performances) > 1
    name = name or PurePosixPath(score.video.replace("\\", "/")).name
    return [
        _shown(
            scorer,
            video,
            score,
            performance,
            f"{name}, performance {number}" if several else name,
            _window(video, performance) if several else (0, len(video.frames)),
            probabilities,
            {} if several or judges is None else judges,
        )
        for number, performance in enumerate(score.performances, start=1)
    ]


def _window(video, performance):
    """The frames (start, end) of `video` around one of its performances."""
    around = round(AROUND * video.fps)
    start, end = performance.start_frame - video.first_frame, performance.end_frame - video.first_frame
    return max(0, start - around), min(len(video.frames), end + around)


def _shown(scorer, video, score, performance, name, window, probabilities, judges):
    start, end = window
    stages = _within(score.stages, start + video.first_frame, end + video.first_frame, video.fps)
    return ShownPerformance(
        name=name,
        sport=scorer.model.sport.name,
        stage_names=scorer.model.sport.stages,
        fps=video.fps,
        num_frames=end - start,
        scores=_scores(performance, scorer.model.sport, scorer.model.scores, judges, score.interval_level),
        stages=stages,
        probabilities=None if probabilities is None else probabilities[start:end],
        film=[(index, video.frames[start + index]) for index in film_frames(end - start)],
        attribution=_attribution(scorer, video, performance, window),
        clips=[
            (stage["name"], encode_clip(_pixels(video, start, stage), video.fps), _middle(video, start, stage))
            for stage in stages
            if stage["name"] != NOISE
        ],
        alike=[(one["id"], {name: one.get(name) for name in SCORES}, one["distance"]) for one in performance.alike],
        reliability=performance.reliability,
        reasons=[str(remark) for remark in performance.reasons],
        notes=[str(remark) for remark in (*score.further_reasons, *score.warnings)],
    )


def _scores(
    performance: Performance, sport: Any, predicted: Any, judges: Mapping[str, float], level: float | None
) -> list[ShownScore]:
    found = []
    for name in SCORES:
        if name in predicted or (name == "final" and len(predicted) > 1):
            value, (interval, confidence) = getattr(performance, name), _interval(performance, name, level)
            found.append(ShownScore(name, value, sport.range_of(name), interval, confidence, judges.get(name)))
    return found


def _interval(performance, name, level):
    """(lower and upper end or None, what it covers): the interval, or where there is none the standard deviation."""
    if name in performance.intervals:
        return performance.intervals[name], f"where the true score lies in {100 * level:.0f} of 100 such performances"
    value, deviation = getattr(performance, name), performance.deviations.get(name)
    if value is None or deviation is None:
        return None, ""
    return (value - deviation, value + deviation), ONE_DEVIATION


def _within(stages, first, last, fps):
    """The runs of stages from frame `first` to `last`, counted from there."""
    return [
        {
            "name": run["name"],
            "start_frame": max(run["start_frame"], first) - first,
            "end_frame": min(run["end_frame"], last) - first,
            "start_s": (max(run["start_frame"], first) - first) / fps,
            "end_s": (min(run["end_frame"], last) - first) / fps,
        }
        for run in stages
        if run["start_frame"] < last and run["end_frame"] > first
    ]


def _pixels(video, start, stage):
    return [decode_jpeg(video.frames[start + index]) for index in range(stage["start_frame"], stage["end_frame"])]


def _middle(video, start, stage):
    return video.frames[start + (stage["start_frame"] + stage["end_frame"]) // 2]


def _attribution(scorer, video, performance, window):
    """Score → by how many points it falls where the frames around each are hidden, float (L,); nothing if withheld."""
    if performance.final is None:
        return {}
    start, end = window
    rate = scorer.preprocessor.frame_rate
    samples, sample_of = video.samples(rate), video.sample_of(rate)
    first, last = sample_of[start], sample_of[end - 1] + 1
    frames = scorer.preprocessor.frames([video.frames[index] for index in samples[first:last]])
    found = attribute(scorer.model, frames, width=HIDDEN).by_frame
    return {name: values[np.asarray(sample_of[start:end]) - first] for name, values in found.items()}
