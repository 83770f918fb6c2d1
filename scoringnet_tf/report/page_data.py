"""What the pages show of a scored video: pictures, stages, probabilities and scores."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.browser_video import filmed
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.fall import time_of_rise
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.result import Performance, VideoScore
from scoringnet_tf.report.judges import Judged
from scoringnet_tf.report.page import Picture, ShownPerformance, ShownScore
from scoringnet_tf.report.thumbnails import pictured
from scoringnet_tf.sports import NOISE, SCORES
from scoringnet_tf.support.messages import clock, counted
from scoringnet_tf.support.paths import name_of

AROUND = 1.0  # seconds that a page shows before and after a performance of a longer video
MOSTLY = 2  # a video up to so many times as long as its only performance is shown whole
LATER = 0.2  # seconds after a dive's entry, when the splash is seen
ONE_DEVIATION = "± one standard deviation"
FramesOf = Callable[[int, int], Iterable[np.ndarray]]  # the frames of the file from one number to another


@dataclasses.dataclass(frozen=True)
class Scene:
    """The L frames of a file that a page shows of a performance: the first one's number, (L + 1,) times, and (L, S)."""

    first_frame: int
    fps: float
    times: np.ndarray
    probabilities: np.ndarray | None

    @property
    def num_frames(self) -> int:
        """L."""
        return len(self.times) - 1


class Scenes:
    """The scene of each performance, noted while a video is scored.

    A scene is the performance and a second around it, without frames of another performance.
    """

    def __init__(self) -> None:
        self.kept: list[Scene] = []

    def add(self, video: Video, probabilities: np.ndarray | None, performances: Sequence[Performance]) -> None:
        """Notes the scenes of the performances in a video, or in a part of one."""
        is_longer = video.is_part or len(performances) > 1
        ends = [0, *(one.end_frame for one in performances)]
        starts = [*(one.start_frame for one in performances), math.inf]
        for number, performance in enumerate(performances):
            start, stop = _window(video, performance, (ends[number], starts[number + 1]))
            if not is_longer and len(video.frames) <= MOSTLY * (stop - start):
                start, stop = 0, len(video.frames)
            part = video.cut(start, stop)
            times = part.first_time + np.append(part.timestamps, part.timestamps[-1] + 1 / part.fps)
            of_stages = None if probabilities is None else probabilities[start:stop]
            self.kept.append(Scene(part.first_frame, part.fps, times, of_stages))


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
    judged: Judged | None = None,
    force: bool = False,
    name: str | None = None,
    height: float | None = None,
) -> tuple[list[ShownPerformance], list[str]]:
    """Scores a video. Returns what to show of each performance, and warnings.

    Args:
        source, path, force, height: as of `Predictor.results`, whose errors it raises.
        judged: the judges' row of this video, which is left out if it shows several performances.
        name: of the video; default: that of its file.
    """
    scenes, warnings, parts = Scenes(), [], []
    for part in predictor.results(predictor.read(source), force=force, height=height):
        scenes.add(part.seen.video, part.seen.frame_stages, part.performances)
        parts.append(part.summary)
    score = predictor.gather(path, parts)
    if judged and len(score.performances) > 1:
        number = counted(len(score.performances), "performance")
        warnings.append(f"its row of --judges is left out, because it shows {number} (--start, --end)")
        judged = None

    def frames_of(start, stop):
        return filmed(source, start, stop)

    return shown_performances(predictor, scenes.kept, score, frames_of, judged, name), warnings


def shown_performances(
    predictor: Predictor,
    scenes: Sequence[Scene],
    score: VideoScore,
    frames_of: FramesOf,
    judged: Judged | None = None,
    name: str | None = None,
) -> list[ShownPerformance]:
    """What to show of each performance of a video.

    Args:
        predictor: `Predictor` that scored it.
        scenes: of the performances.
        score: of the video.
        frames_of: gives the frames of the file.
        judged: the judges' row of the only performance.
        name: of the video; default: that of its file.
    """
    judged, name = judged or Judged(), name or name_of(score.video)
    title = f"{judged.name} ({name})" if judged.name else name
    if not scenes:
        return [_without_a_scene(predictor, score, title, judged.scores)]
    pages = []
    for number, (scene, performance) in enumerate(zip(scenes, score.performances, strict=True), 1):
        if len(scenes) > 1:
            title = f"{name}, performance {number} at {clock(performance.start_s)}"
        facts = _facts(predictor, score, performance, title, judged.scores)
        stages = _stages_within(score.stages, performance, scene)
        frames = frames_of(scene.first_frame, scene.first_frame + scene.num_frames)
        captions = _captions(stages, performance, scene)
        clip, jpegs = pictured(frames, scene.fps, captions)
        pictures = [Picture(frame, captions[frame], jpeg) for frame, jpeg in jpegs.items()]
        pages.append(ShownPerformance(**facts, **vars(scene), stages=stages, clip=clip, pictures=pictures))
    return pages


def _captions(stages, performance, scene):
    """Frame of a scene → caption: where stages begin, and more of the last but one, in our sports the flight."""
    runs = [run for run in stages if run["name"] != NOISE]
    captions = {}
    if len(runs) > 1:
        flight, last = runs[-2:]
        later = min(last["start_frame"] + round(LATER * scene.fps), scene.num_frames - 1)
        captions[later] = f"{LATER:g} s after {last['name']}"
        rise = time_of_rise(performance.measures)
        if rise is None:
            captions[(flight["start_frame"] + flight["end_frame"]) // 2] = f"middle of {flight['name']}"
        else:
            captions[flight["start_frame"] + round(rise * scene.fps)] = "≈ highest point"
        captions[flight["end_frame"] - 1] = f"last frame of {flight['name']}"
    # What lasts since the first frame may have begun before it.
    captions |= {run["start_frame"]: run["name"] + (" begins" if run["start_frame"] else "") for run in runs}
    return captions | {moment.frame - scene.first_frame: name for name, moment in performance.moments.items()}


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
        pictures=[Picture(number - first, "", jpeg) for number, _, jpeg in score.shown],
    )


def _facts(predictor, score, performance, name, judges):
    """The arguments of `ShownPerformance` that need no frames."""
    sport = predictor.model.sport
    scores = [_shown_score(each, performance, score, sport, judges) for each in shown_scores(predictor.model.scores)]
    of_model = [str(remark) for remark in score.model_reasons]
    notes = [str(remark) for remark in (*score.further_reasons, *score.warnings_of(performance))]
    return {
        "name": name,
        "sport": sport.name,
        "stage_names": sport.stages,
        "scores": [one for one in scores if not of_model or one.value is not None or one.true is not None],
        "reasons": [str(remark) for remark in performance.own_reasons],
        "model_reasons": of_model,
        "moments": performance.moments,
        "measures": performance.measures,
        "notes": [note for note in notes if note not in of_model],
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


def _stages_within(stages, performance, scene):
    """The runs of stages, of a whole video, that a scene shows of its performance and of the noise around it."""
    within, first = [], scene.first_frame
    for run in stages:
        edges = (first, first + scene.num_frames)
        if run["name"] != NOISE:
            edges = max(edges[0], performance.start_frame), min(edges[1], performance.end_frame)
        start, end = max(run["start_frame"], edges[0]) - first, min(run["end_frame"], edges[1]) - first
        if start < end:
            seconds = {"start_s": float(scene.times[start]), "end_s": float(scene.times[end])}
            within.append({"name": run["name"], "start_frame": start, "end_frame": end, **seconds})
    return within
