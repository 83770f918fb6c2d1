"""What the pages show of a scored video: film, curves, fragments that can be played, where its scores come from."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.attribution import attribute
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.inference.results import Performance, VideoScore
from scoringnet_tf.report.film import film_of, filmed, stored
from scoringnet_tf.report.judges import Judged, matched
from scoringnet_tf.report.page import ShownPerformance, ShownScore
from scoringnet_tf.sports import NOISE, SCORES
from scoringnet_tf.support.messages import clock
from scoringnet_tf.support.paths import name_of

AROUND = 1.0  # seconds before and after a performance that its page shows of a longer video
MOSTLY = 2  # of a video that is at most that many times as long all of it is shown
HIDDEN = 5  # frames that are hidden together for the curve of where a score comes from
ONE_DEVIATION = "± one standard deviation"


class Scenes:
    """What a page needs of the frames of each performance, kept while a video is scored; to be given to it as `seen`.

    Of a video that is mostly something else that is the performance and a second around it, as far as nothing of
    another one is in it, so that what is kept grows with what is shown, and not with the video.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[Video, np.ndarray | None]] = []  # frames, and their stage probabilities (L, S)

    def __call__(self, video: Video, probabilities: np.ndarray | None, performances: Sequence[Performance]) -> None:
        """Keeps those of the performances that were found in a video, or in a part of one."""
        is_longer = video.is_part or len(performances) > 1
        ends = [0, *(one.end_frame for one in performances)]
        starts = [*(one.start_frame for one in performances), math.inf]
        for number, performance in enumerate(performances):
            start, stop = _window(video, performance, (ends[number], starts[number + 1]))
            if not is_longer and len(video.frames) <= MOSTLY * (stop - start):
                start, stop = 0, len(video.frames)
            self.kept.append((video.cut(start, stop), None if probabilities is None else probabilities[start:stop]))


def scored_and_shown(
    scorer: Predictor,
    source: Path | Clip,
    path: Any,
    judges: Sequence[Judged] = (),
    force: bool = False,
    name: str | None = None,
    stream: int | None = None,
) -> tuple[list[ShownPerformance], list[str]]:
    """Scores a video; what to show of each performance in it, and what is to be said of its judges' scores.

    Args:
        source, path, force, stream: as of `Predictor.score_file`, whose errors it raises.
        judges: their rows of this video.
        name: of the video; default: that of its file.
    """
    scenes = Scenes()
    score = scorer.score_file(source, path, stream=stream, force=force, seen=scenes)
    rows, said = matched(judges, score.performances)

    def frames_of(start, stop):
        return filmed(source, start, stop, stream)

    return shown_performances(scorer, scenes, score, rows, name, frames_of), said


def shown_performances(
    scorer: Predictor,
    scenes: Scenes,
    score: VideoScore,
    judged: Sequence[Judged | None] = (),
    name: str | None = None,
    frames_of: Callable[[int, int], Iterable[np.ndarray]] | None = None,
) -> list[ShownPerformance]:
    """What to show of each performance of a video.

    Args:
        scorer: what scored it.
        scenes: kept of it while it was scored.
        score: of it.
        judged: the judges' row of each performance, or None; empty of none.
        name: of the video; default: that of its file.
        frames_of: gives the frames of the file from one number to another, to be shown; default: those that were kept
            for the model, which are as small as it is shown them.
    """
    several = len(score.performances) > 1
    name = name or name_of(score.video)
    rows = [row or Judged({}) for row in judged or [None] * len(score.performances)]
    if not scenes.kept:
        return [_without_a_scene(scorer, score, _called(name, rows[0]), rows[0].scores)]
    found = []
    for number, (scene, performance, row) in enumerate(zip(scenes.kept, score.performances, rows, strict=True), 1):
        numbered = f"{name}, performance {number} at {clock(performance.start_s)}" if several else name
        said = _said(scorer, score, performance, _called(numbered, row), row.scores)
        found.append(_shown(scorer, *scene, score, performance, said, frames_of))
    return found


def _called(name, row):
    return f"{row.name} ({name})" if row.name else name


def _window(video, performance, free):
    """The frames (start, end) of `video` around one of its performances, of those `free` of others, (start, end)."""
    around = round(AROUND * video.fps)
    start = max(performance.start_frame - around, free[0])
    end = min(performance.end_frame + around, free[1])
    return max(0, start - video.first_frame), min(len(video.frames), end - video.first_frame)


def _shown(scorer, video, probabilities, score, performance, said, frames_of):
    times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
    stages = _within(score.stages, performance, video.first_frame, times)
    length, first = len(video.frames), video.first_frame
    frames = frames_of(first, first + length) if frames_of else stored(video)
    film = film_of(frames, length, stages, video.fps)
    return ShownPerformance(
        **said,
        fps=video.fps,
        first_frame=video.first_frame,
        times=times,
        stages=stages,
        probabilities=probabilities,
        film=film.frames,
        attribution=_attribution(scorer, video, score, performance),
        clips=film.clips,
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
        "notes": [str(remark) for remark in (*score.further_reasons, *score.warnings_of(performance))],
    }


def shown_scores(predicted: Sequence[str]) -> list[str]:
    """The scores that a page of a model shows: those that it predicts, and the final one where that follows."""
    return [name for name in SCORES if name in predicted or (name == "final" and len(predicted) > 1)]


def _scores(
    performance: Performance, sport: Any, predicted: Any, judges: Mapping[str, float], level: float | None
) -> list[ShownScore]:
    found = []
    for name in SCORES:
        if name in shown_scores(predicted):
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
