"""What the pages show of a scored video: pictures, stages, probabilities and scores."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.data.stored_videos import stored_videos
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.inference.results import Performance, VideoScore
from scoringnet_tf.report.judges import Judged, matched
from scoringnet_tf.report.page import ShownPerformance, ShownScore
from scoringnet_tf.report.session import write_pages
from scoringnet_tf.report.thumbnails import filmed, stored, thumbnails
from scoringnet_tf.sports import NOISE, SCORES
from scoringnet_tf.support.messages import clock
from scoringnet_tf.support.paths import AnyPath, name_of

AROUND = 1.0  # seconds that a page shows before and after a performance of a longer video
MOSTLY = 2  # a video up to so many times as long as its only performance is shown whole
ONE_DEVIATION = "± one standard deviation"


class Scenes:
    """The frames of each performance that a page needs, kept while a video is scored: pass it as `seen`.

    A scene is the performance and a second around it, without frames of another performance. So memory grows with what
    is shown, not with the video.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[Video, np.ndarray | None]] = []  # frames, and their stage probabilities (L, S)

    def __call__(self, video: Video, probabilities: np.ndarray | None, performances: Sequence[Performance]) -> None:
        """Keeps the scenes of the performances in a video, or in a part of one."""
        is_longer = video.is_part or len(performances) > 1
        ends = [0, *(one.end_frame for one in performances)]
        starts = [*(one.start_frame for one in performances), math.inf]
        for number, performance in enumerate(performances):
            start, stop = _window(video, performance, (ends[number], starts[number + 1]))
            if not is_longer and len(video.frames) <= MOSTLY * (stop - start):
                start, stop = 0, len(video.frames)
            self.kept.append((video.cut(start, stop), None if probabilities is None else probabilities[start:stop]))


def _window(video, performance, free):
    """The frames (start, end) of `video` around a performance, within `free`, the frames of no other performance."""
    around = round(AROUND * video.fps)
    start = max(performance.start_frame - around, free[0])
    end = min(performance.end_frame + around, free[1])
    return max(0, start - video.first_frame), min(len(video.frames), end - video.first_frame)


def scored_and_shown(
    predictor: Predictor,
    source: Path | Clip,
    path: Any,
    judges: Sequence[Judged] = (),
    force: bool = False,
    name: str | None = None,
    stream: int | None = None,
) -> tuple[list[ShownPerformance], list[str]]:
    """Scores a video. Returns what to show of each performance, and warnings about rows of the judges.

    Args:
        source, path, force, stream: as of `Predictor.score_file`, whose errors it raises.
        judges: their rows of this video.
        name: of the video; default: that of its file.
    """
    scenes = Scenes()
    score = predictor.score_file(source, path, stream=stream, force=force, seen=scenes)
    rows, warnings = matched(judges, score.performances)

    def frames_of(start, stop):
        return filmed(source, start, stop, stream)

    return shown_performances(predictor, scenes, score, rows, name, frames_of), warnings


def shown_performances(
    predictor: Predictor,
    scenes: Scenes,
    score: VideoScore,
    judged: Sequence[Judged | None] = (),
    name: str | None = None,
    frames_of: Callable[[int, int], Iterable[np.ndarray]] | None = None,
) -> list[ShownPerformance]:
    """What to show of each performance of a video.

    Args:
        predictor: `Predictor` that scored it.
        scenes: kept while it was scored.
        score: of it.
        judged: the judges' row of each performance, or None; empty if there are no judges.
        name: of the video; default: that of its file.
        frames_of: gives the frames of the file from one number to another; default: the small frames that were kept.
    """
    name = name or name_of(score.video)
    rows = [row or Judged({}) for row in judged or [None] * len(score.performances)]
    if not scenes.kept:
        return [_without_a_scene(predictor, score, _title(name, rows[0]), rows[0].scores)]
    pages = []
    for number, (scene, performance, row) in enumerate(zip(scenes.kept, score.performances, rows, strict=True), 1):
        several = len(score.performances) > 1
        numbered = f"{name}, performance {number} at {clock(performance.start_s)}" if several else name
        facts = _facts(predictor, score, performance, _title(numbered, row), row.scores)
        pages.append(_with_a_scene(predictor, *scene, score, performance, facts, frames_of))
    return pages


def _title(name, row):
    return f"{row.name} ({name})" if row.name else name


def _with_a_scene(predictor, video, probabilities, score, performance, facts, frames_of):
    times = video.first_time + np.append(video.timestamps, video.timestamps[-1] + 1 / video.fps)
    length, first = len(video.frames), video.first_frame
    stages = _stages_within(score.stages, performance, first, times)
    film, clips = thumbnails(
        frames_of(first, first + length) if frames_of else stored(video), length, stages, video.fps
    )
    return ShownPerformance(
        **facts,
        fps=video.fps,
        first_frame=first,
        times=times,
        stages=stages,
        probabilities=probabilities,
        film=film,
        clips=clips,
    )


def _without_a_scene(predictor, score, name, judges):
    """A long video without a performance: a few of its frames, and why there is no score."""
    (performance,) = score.performances
    first = performance.start_frame
    shown = [(number, seconds) for number, seconds, _ in score.shown]
    edges = np.array([(first, performance.start_s), *shown, (first + score.num_frames, performance.end_s)])
    return ShownPerformance(
        **_facts(predictor, score, performance, name, judges),
        fps=score.fps,
        first_frame=first,
        times=np.interp(np.arange(first, first + score.num_frames + 1), edges[:, 0], edges[:, 1]),
        film=[(number - first, jpeg) for number, _, jpeg in score.shown],
    )


def _facts(predictor, score, performance, name, judges):
    """The arguments of `ShownPerformance` that need no frames."""
    sport = predictor.model.sport
    scores = [_shown_score(each, performance, score, sport, judges) for each in shown_scores(predictor.model.scores)]
    return {
        "name": name,
        "sport": sport.name,
        "stage_names": sport.stages,
        "scores": scores,
        "reliability": performance.reliability,
        "reasons": [str(remark) for remark in performance.reasons],
        "notes": [str(remark) for remark in (*score.further_reasons, *score.warnings_of(performance))],
    }


def _shown_score(name, performance, score, sport, judges):
    points, deviation = getattr(performance, name), performance.deviations.get(name)
    interval, confidence = performance.intervals.get(name), ""
    if interval:
        confidence = f"where the true score lies in {100 * score.interval_level:.0f} of 100 such performances"
    elif points is not None and deviation is not None:
        interval, confidence = (points - deviation, points + deviation), ONE_DEVIATION
    return ShownScore(name, points, sport.range_of(name), interval, confidence, judges.get(name))


def shown_scores(predicted: Sequence[str]) -> list[str]:
    """The scores that a page shows: those that the model predicts, and the final score if it follows from them."""
    return [name for name in SCORES if name in predicted or (name == "final" and len(predicted) > 1)]


def _stages_within(stages, performance, first, times):
    """The stages of a performance and the noise around it, in frames counted from the first that is shown.

    Args:
        stages: of the whole video.
        performance: stages outside it are left out, unless they are noise.
        first: number in the file of the first frame that is shown.
        times: (L + 1,), seconds in the file of every frame that is shown and of their end.
    """
    within = []
    for run in stages:
        edges = (first, first + len(times) - 1)
        if run["name"] != NOISE:
            edges = max(edges[0], performance.start_frame), min(edges[1], performance.end_frame)
        start, end = max(run["start_frame"], edges[0]) - first, min(run["end_frame"], edges[1]) - first
        if start < end:
            seconds = {"start_s": float(times[start]), "end_s": float(times[end])}
            within.append({"name": run["name"], "start_frame": start, "end_frame": end, **seconds})
    return within


def write_evaluation_pages(
    output: AnyPath, model: Any, info: DatasetInfo, split: str, ids: Sequence[str] | None, name: str
) -> list[AnyPath]:
    """Writes a page of every video of a split and one that ranks them. No score is withheld.

    Args:
        output: the page of the ranking, see `write_pages`.
        model: `ScoringNet` of frames.
        info: of records of frames.
        split, ids: as of `input_pipeline.videos`.
        name: of the model.

    Returns:
        The paths of the pages.
    """
    predictor, pages = Predictor(model, name=name, as_recorded=True), []
    total = len(split_ids(info, split, ids=ids))
    for video_id, video, truth in tqdm(stored_videos(info, split, ids), "Drawing pages", total, unit="video"):
        judged = Judged({score: points for score, points in truth.items() if not math.isnan(points)})
        scenes = Scenes()
        score = predictor.score(video, video_id, force=True, seen=scenes)
        pages += shown_performances(predictor, scenes, score, [judged], name=video_id)
    return write_pages(output, pages, name, f"{info.name}, {split} split")
