"""What the pages show of a scored video: film, curves, fragments that can be played, where its scores come from."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.attribution import attribute
from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.inference.video_score import Performance, VideoScore
from scoringnet_tf.report.page import ShownPerformance, ShownScore, encode_clip, film_frames
from scoringnet_tf.sports import NOISE, SCORES
from scoringnet_tf.support.paths import name_of
from scoringnet_tf.support.wording import clock, counted

AROUND = 1.0  # seconds before and after a performance that its page shows of a longer video
HIDDEN = 5  # frames that are hidden together for the curve of where a score comes from
ONE_DEVIATION = "± one standard deviation"


class Scenes:
    """What a page needs of the frames of each performance, kept while a video is scored; to be given to it as `seen`.

    Of a longer video that is the performance and a second around it, as far as nothing of another one is in it, so that
    what is kept grows with what is shown, and not with the video.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[Video, np.ndarray | None]] = []  # frames, and their stage probabilities (L, S)

    def __call__(self, video: Video, probabilities: np.ndarray | None, performances: Sequence[Performance]) -> None:
        """Keeps those of the performances that were found in a video, or in a part of one."""
        is_longer = video.is_part or len(performances) > 1
        ends = [0, *(one.end_frame for one in performances)]
        starts = [*(one.start_frame for one in performances), math.inf]
        for number, performance in enumerate(performances):
            free = ends[number], starts[number + 1]
            start, stop = _window(video, performance, free) if is_longer else (0, len(video.frames))
            self.kept.append((video.cut(start, stop), None if probabilities is None else probabilities[start:stop]))


def scored_and_shown(
    scorer: VideoScorer,
    source: Any,
    path: Any,
    judges: Mapping[str, float] | None = None,
    force: bool = False,
    name: str | None = None,
) -> tuple[list[ShownPerformance], str]:
    """Scores a video; what to show of each performance in it, and what is to be said of its judges' scores, or "".

    Args:
        source, path, force: as of `VideoScorer.score_file`, whose errors it raises.
        judges: score → points of the judges.
        name: of the video; default: that of its file.
    """
    scenes, said = Scenes(), ""
    score = scorer.score_file(source, path, force=force, seen=scenes)
    if judges and (count := len(score.performances)) > 1:
        said = f"its row of --judges is left out, as it may be of any of its {counted(count, 'performance')}"
    return shown_performances(scorer, scenes, score, judges, name), said


def shown_performances(
    scorer: VideoScorer,
    scenes: Scenes,
    score: VideoScore,
    judges: Mapping[str, float] | None = None,
    name: str | None = None,
) -> list[ShownPerformance]:
    """What to show of each performance of a video.

    Args:
        scorer: what scored it.
        scenes: kept of it while it was scored.
        score: of it.
        judges: score → points of the judges, of a video of one performance.
        name: of the video; default: that of its file.
    """
    several = len(score.performances) > 1
    name = name or name_of(score.video)
    if not scenes.kept:
        return [_without_a_scene(scorer, score, name, judges or {})]
    return [
        _shown(
            scorer,
            *scene,
            score,
            performance,
            f"{name}, performance {number} at {clock(performance.start_s)}" if several else name,
            {} if several or judges is None else judges,
        )
        for number, (scene, performance) in enumerate(zip(scenes.kept, score.performances, strict=True), start=1)
    ]


def _window(video, performance, free):
    """The frames (start, end) of `video` around one of its performances, of those `free` of others, (start, end)."""
    around = round(AROUND * video.fps)
    start = max(performance.start_frame - around, free[0])
    end = min(performance.end_frame + around, free[1])
    return max(0, start - video.first_frame), min(len(video.frames), end - video.first_frame)


def _shown(scorer, video, probabilities, score, performance, name, judges):
    times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
    stages = _within(score.stages, performance, video.first_frame, times)
    return ShownPerformance(
        **_said(scorer, score, performance, name, judges),
        fps=video.fps,
        first_frame=video.first_frame,
        times=times,
        stages=stages,
        probabilities=probabilities,
        film=[(index, video.frames[index]) for index in film_frames(len(video.frames))],
        attribution=_attribution(scorer, video, score, performance),
        clips=[
            (stage["name"], encode_clip(_pixels(video, stage), video.fps), _middle(video, stage))
            for stage in stages
            if stage["name"] != NOISE
        ],
    )


def _without_a_scene(scorer, score, name, judges):
    """Of a long video in which no performance was found: a few of its frames, and why there is no score."""
    (performance,) = score.performances
    first = performance.start_frame
    known = [(number, seconds) for number, seconds, _ in score.shown]
    edges = np.array([(first, performance.start_s), *known, (first + score.num_frames, performance.end_s)])
    return ShownPerformance(
        **_said(scorer, score, performance, name, judges),
        fps=score.fps,
        first_frame=first,
        times=np.interp(np.arange(first, first + score.num_frames + 1), edges[:, 0], edges[:, 1]),
        film=[(number - first, jpeg) for number, _, jpeg in score.shown],
    )


def _said(scorer, score, performance, name, judges):
    """What is said of a performance, whatever is shown of it."""
    return {
        "name": name,
        "sport": scorer.model.sport.name,
        "stage_names": scorer.model.sport.stages,
        "scores": _scores(performance, scorer.model.sport, scorer.model.scores, judges, score.interval_level),
        "alike": [(one["id"], {name: one.get(name) for name in SCORES}, one["distance"]) for one in performance.alike],
        "reliability": performance.reliability,
        "reasons": [str(remark) for remark in performance.reasons],
        "notes": [str(remark) for remark in (*score.further_reasons, *score.warnings)],
    }


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


def _within(stages, performance, first, times):
    """The runs of stages of a performance, and of noise around it, in frames counted from number `first` of the file.

    Args:
        stages: of the whole video.
        performance: of which what lies around it is noise, or of another one, which is left out.
        first: number of the first frame that is shown.
        times: (L + 1,), seconds in the file, of every frame that is shown and of their end.
    """
    found = []
    for run in stages:
        edges = (first, first + len(times) - 1)
        if run["name"] != NOISE:
            edges = max(edges[0], performance.start_frame), min(edges[1], performance.end_frame)
        start, end = max(run["start_frame"], edges[0]) - first, min(run["end_frame"], edges[1]) - first
        if start < end:
            seconds = {"start_s": float(times[start]), "end_s": float(times[end])}
            found.append({"name": run["name"], "start_frame": start, "end_frame": end, **seconds})
    return found


def _pixels(video, stage):
    return [decode_jpeg(video.frames[index]) for index in range(stage["start_frame"], stage["end_frame"])]


def _middle(video, stage):
    return video.frames[(stage["start_frame"] + stage["end_frame"]) // 2]


def _labels_of(sport, score, performance, frames):
    """The stage of each of these frames of the file, int32 (K,), as the performance was scored by; None without any."""
    if not score.stages:
        return None
    labels = np.full(len(frames), sport.stage_index(NOISE), np.int32)
    for run in score.stages:
        start, end = max(run["start_frame"], performance.start_frame), min(run["end_frame"], performance.end_frame)
        labels[(start <= frames) & (frames < end)] = sport.stage_index(run["name"])
    return labels


def _attribution(scorer, video, score, performance):
    """Score → by how many points it falls where the frames around each are hidden, float (L,); nothing if withheld."""
    if performance.final is None:
        return {}
    rate = scorer.preprocessor.frame_rate
    samples = video.samples(rate)
    labels = _labels_of(scorer.model.sport, score, performance, video.first_frame + np.floor(samples).astype(int))
    found = attribute(scorer.model, scorer.preprocessor.sampled(video, samples), HIDDEN, labels).by_frame
    return {name: values[video.sample_of(rate)] for name, values in found.items()}
