"""What the pages show of a scored video: film, curves, fragments that can be played, where its scores come from."""

from collections.abc import Mapping, Sequence
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
from scoringnet_tf.support.wording import counted

AROUND = 1.0  # seconds before and after a performance that its page shows of a longer video
HIDDEN = 5  # frames that are hidden together for the curve of where a score comes from
ONE_DEVIATION = "± one standard deviation"


class Scenes:
    """What a page needs of the frames of each performance, kept while a video is scored; to be given to it as `seen`.

    Of a longer video that is the performance and a second around it, so that what is kept grows with what is shown, and
    not with the video.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[Video, np.ndarray | None]] = []  # frames, and their stage probabilities (L, S)

    def __call__(self, video: Video, probabilities: np.ndarray | None, performances: Sequence[Performance]) -> None:
        """Keeps those of the performances that were found in a video, or in a part of one."""
        is_longer = video.is_part or len(performances) > 1
        for performance in performances:
            start, stop = _window(video, performance) if is_longer else (0, len(video.frames))
            self.kept.append((video.cut(start, stop), None if probabilities is None else probabilities[start:stop]))


def scored_and_shown(
    scorer: VideoScorer, source: Any, path: Any, judges: Mapping[str, float] | None = None, force: bool = False
) -> tuple[list[ShownPerformance], str]:
    """Scores a video; what to show of each performance in it, and what is to be said of its judges' scores, or "".

    Args:
        source, path, force: as of `VideoScorer.score_file`, whose errors it raises.
        judges: score → points of the judges.
    """
    scenes, said = Scenes(), ""
    score = scorer.score_file(source, path, force=force, seen=scenes)
    if judges and (count := len(score.performances)) > 1:
        said = f"its row of --judges is left out, as it may be of any of its {counted(count, 'performance')}"
    return shown_performances(scorer, scenes, score, judges), said


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
    name = name or PurePosixPath(score.video.replace("\\", "/")).name
    if not scenes.kept:
        return [_without_a_scene(scorer, score, name, judges or {})]
    return [
        _shown(
            scorer,
            *scene,
            score,
            performance,
            f"{name}, performance {number}" if several else name,
            {} if several or judges is None else judges,
        )
        for number, (scene, performance) in enumerate(zip(scenes.kept, score.performances, strict=True), start=1)
    ]


def _window(video, performance):
    """The frames (start, end) of `video` around one of its performances."""
    around = round(AROUND * video.fps)
    start, end = performance.start_frame - video.first_frame, performance.end_frame - video.first_frame
    return max(0, start - around), min(len(video.frames), end + around)


def _shown(scorer, video, probabilities, score, performance, name, judges):
    stages = _within(score.stages, video.first_frame, video.first_frame + len(video.frames), video.fps)
    return ShownPerformance(
        **_said(scorer, score, performance, name, judges),
        fps=video.fps,
        num_frames=len(video.frames),
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
    (performance,), first = score.performances, score.performances[0].start_frame
    return ShownPerformance(
        **_said(scorer, score, performance, name, judges),
        fps=score.fps,
        num_frames=score.num_frames,
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
