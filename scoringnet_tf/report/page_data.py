"""What pages show about a scored video: pictures, stages, probabilities and scores."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoringnet_tf.data.browser_video import HEIGHT, encode_clip
from scoringnet_tf.data.corrections import END, START, Correction
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg, resize_frame, viewing_size
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.pipeline import PartResult, Predictor
from scoringnet_tf.inference.rendering import dive_titles, recognised_lines
from scoringnet_tf.inference.result import PartSummary, Performance, VideoScore
from scoringnet_tf.report.body import QUALITY, body_rows, curves_in, drawings, highest_frame
from scoringnet_tf.report.page import Picture, Scene, ShownPerformance, ShownScore
from scoringnet_tf.sports import NOISE, SCORES, Sport
from scoringnet_tf.support.files import Spooled
from scoringnet_tf.support.messages import clock
from scoringnet_tf.support.paths import AnyPath, as_path, name_of

AROUND = 1.0  # seconds that a page shows before and after a performance of a longer video
MOSTLY = 2  # a video up to so many times as long as its only performance is shown whole
LATER = 0.2  # seconds after a dive's entry, when the splash is seen
THUMBNAIL = 72  # pixels: its height
ONE_DEVIATION = "± one standard deviation"


def scenes(part: PartResult, before: int = 0) -> list[tuple[Scene, Sequence[bytes]]]:
    """A scene for each performance that is new in a part, and its frames as JPEGs; others end at frame `before`."""
    seen, video, performances = part.seen, part.seen.video, part.performances
    is_longer = video.is_part or len(performances) > 1
    ends = [before, *(one.end_frame for one in performances)]
    starts = [*(one.start_frame for one in performances), math.inf]
    found: list[tuple[Scene, Sequence[bytes]]] = []
    for number, performance in enumerate(performances):
        start, stop = _window(video, performance, ends[number], starts[number + 1])
        if not is_longer and len(video.frames) <= MOSTLY * (stop - start):
            start, stop = 0, len(video.frames)
        probabilities = None if seen.frame_stages is None else seen.frame_stages[start:stop]
        times, pictures = seen.times[start : stop + 1].copy(), Spooled(video.pictures[start:stop])
        times[-1] = times[-2] + 1 / video.fps
        found.append((Scene(video.first_frame + start, video.fps, times, probabilities), pictures))
    return found


def _window(video: Video, performance: Performance, first: int, last: float) -> tuple[int, int]:
    """The frames (start, end) in `video` around a performance, between `first` and `last` in the file."""
    around = round(AROUND * video.fps)
    start = max(performance.start_frame - around, first)
    end = int(min(performance.end_frame + around, last))
    return max(0, start - video.first_frame), min(len(video.frames), end - video.first_frame)


def video_pages(
    predictor: Predictor,
    path: AnyPath,
    name: str | None = None,
    *,
    force: bool = False,
    joints: bool = True,
    corrections: Sequence[Correction] = (),
    **stretch: Any,
) -> tuple[VideoScore, list[ShownPerformance]]:
    """Scores a video as `Predictor` does. Returns that, and what to show for each performance, named as the file.

    With `joints` they are drawn. `corrections` of its performances rule their times.
    """
    found: list[tuple[Scene, Sequence[bytes]]] = []
    summaries: list[PartSummary] = []
    videos = predictor.read(path, pictures=HEIGHT, **stretch)
    for part in predictor.results(videos, force=force, corrections=corrections):
        found += scenes(part, summaries[-1].end_frame if summaries else 0)
        summaries.append(part.summary)
        del part  # which holds all frames
    score = predictor.gather(path, summaries)
    pages = performance_pages(score, found, predictor.model.scores, name or name_of(score.video), joints)
    sha256 = Clip(as_path(path)).sha256()
    return score, [dataclasses.replace(page, file=name_of(name or score.video), sha256=sha256) for page in pages]


def performance_pages(
    score: VideoScore,
    found: Sequence[tuple[Scene, Sequence[bytes]]],
    predicted: Sequence[str],
    name: str,
    joints: bool = True,
) -> list[ShownPerformance]:
    """What to show for each performance; a long video without any has no scene. `predicted`: the model's scores."""
    if not found:
        return [_page_without_scene(score, _facts(score, score.performances[0], predicted, name))]
    pages, title = [], name
    for number, ((scene, jpegs), performance) in enumerate(zip(found, score.performances, strict=True), 1):
        if len(found) > 1:
            title = f"{name}, performance {number} at {clock(performance.start_s)}"
        stages = _stages_within(score.stages, performance, scene)
        captions = sorted(_captions(score.sport, stages, performance, scene).items())
        captions = [each for each in captions if each[0] < scene.num_frames]
        shown = [Picture(frame, text, _small_jpeg(jpegs[frame])) for frame, text in captions]
        height, width = decode_jpeg(jpegs[0]).shape[:2]
        facts = _facts(score, performance, predicted, title) | {
            "body": body_rows(score.sport, performance, scene, jpegs),
            "bodies": drawings(performance.body if joints else [], scene.first_frame, scene.num_frames, width / height),
            "curves": curves_in(performance, scene),
            "number": number,
            "thumbnail": _thumbnail(jpegs, stages),
            "edges": edges(score.sport, performance, stages, scene.first_frame),
            "corrections": performance.corrections,
            "dive": performance.elements["dive"].value if "dive" in performance.elements else "",
        }
        clip = encode_clip((_small(decode_jpeg(jpeg)) for jpeg in jpegs), scene.clock)
        pages.append(ShownPerformance(**vars(scene), **facts, stages=stages, clip=clip, pictures=shown))
    return pages


def edges(sport: Sport, performance: Performance, stages: Sequence[Mapping], first: int) -> list[dict[str, Any]]:
    """The beginning of each stage, and the end of the last one, as people correct them; moments go before stages.

    The stages' frames count from number `first` in the file on.

    Returns:
        what: as in corrections.
        name: in words.
        stage: that begins; None at the end.
        frame, shown: in the file, None if it is not known; `model`: the model's.
        moments, durations: the names that depend on it.
    """
    runs = [run for run in stages if run["name"] != NOISE]
    starts = {run["name"]: first + run["start_frame"] for run in reversed(runs)}
    number_of = {name: number for number, name in enumerate(sport.stages[1:])}
    found = []
    for number, stage in enumerate([*sport.stages[1:], None]):
        moments = [one.name for one in sport.moments if number_of[one.stage] + one.is_end == number]
        told = [performance.moments[name].frame for name in moments if name in performance.moments]
        frame = starts.get(stage) if stage else first + runs[-1]["end_frame"] if runs else None
        what, name = f"{START}{stage}" if stage else END, f"{stage} begins" if stage else f"{sport.stages[-1]} ends"
        if what in performance.corrections:
            frame, told = performance.corrections[what]["corrected"], []
        frame = told[0] if told else frame
        values = {"frame": frame, "shown": frame, "model": performance.corrections.get(what, {"model": frame})["model"]}
        durations = [name for name, one in sport.durations if one == stage]
        name = moments[0] if moments else name
        found.append({"what": what, "name": name, "stage": stage, **values, "moments": moments, "durations": durations})
    return found


def _thumbnail(jpegs: Sequence[bytes], stages: Sequence[Mapping]) -> bytes:
    """The frame in the middle of the last stage but one, in our sports the flight, or of all."""
    runs = [run for run in stages if run["name"] != NOISE]
    start, stop = (runs[-2]["start_frame"], runs[-2]["end_frame"]) if len(runs) > 1 else (0, len(jpegs))
    picture = decode_jpeg(jpegs[(start + stop) // 2])
    return encode_jpeg(resize_frame(picture, viewing_size(picture.shape[:2], 1.0, THUMBNAIL)), QUALITY)


def _small(picture: np.ndarray) -> np.ndarray:
    """A picture at most `HEIGHT` high: bodies are looked for in larger ones."""
    return resize_frame(picture, viewing_size(picture.shape[:2], 1.0, HEIGHT))


def _small_jpeg(jpeg: bytes) -> bytes:
    picture = decode_jpeg(jpeg)
    return jpeg if len(picture) <= HEIGHT else encode_jpeg(_small(picture), QUALITY)


def _captions(sport: Sport, stages: Sequence[Mapping], performance: Performance, scene: Scene) -> dict[int, str]:
    """Frame in a scene → caption: where stages begin, and more in the last but one, in our sports the flight.

    A moment that the body shows may lie beside the beginning of its stage: then it stands for both.
    """
    runs = [run for run in stages if run["name"] != NOISE]
    captions = {}
    if len(runs) > 1:
        flight, last = runs[-2:]
        later = min(last["start_frame"] + round(LATER * scene.fps), scene.num_frames - 1)
        captions[later] = f"{LATER:g} s after {last['name']}"
        highest = highest_frame(performance.body)
        if highest is None:
            captions[(flight["start_frame"] + flight["end_frame"]) // 2] = f"middle of {flight['name']}"
        else:
            captions[highest - scene.first_frame] = "≈ highest point"
        captions[flight["end_frame"] - 1] = f"last frame of {flight['name']}"
    # What lasts since the first frame may have begun before it.
    told = {edge.stage for edge in sport.moments if edge.name in performance.moments and not edge.is_end}
    starts = {run["start_frame"]: run["name"] for run in runs if run["name"] not in told}
    captions |= {frame: f"{name} begins" if frame else name for frame, name in starts.items()}
    return captions | {moment.frame - scene.first_frame: name for name, moment in performance.moments.items()}


def _page_without_scene(score: VideoScore, facts: dict[str, Any]) -> ShownPerformance:
    """A long video without a performance: a few frames, and why there is no score."""
    (performance,), first = score.performances, score.performances[0].start_frame
    shown = [(number, seconds) for number, seconds, _ in score.shown]
    edges = np.array([(first, performance.start_s), *shown, (first + score.num_frames, performance.end_s)])
    return ShownPerformance(
        **facts,
        fps=score.fps,
        first_frame=first,
        times=np.interp(np.arange(first, first + score.num_frames + 1), edges[:, 0], edges[:, 1]),
        pictures=[Picture(number - first, "", jpeg) for number, _, jpeg in score.shown],
    )


def _facts(score: VideoScore, performance: Performance, predicted: Sequence[str], title: str) -> dict[str, Any]:
    """The arguments for `ShownPerformance` that need no frames."""
    model_reasons = [str(remark) for remark in score.model_reasons]
    # The model's, and the final score if it follows from them.
    names = [name for name in SCORES if name in predicted or (name == "final" and len(predicted) > 1)]
    scores = {name: _shown_score(name, performance, score) for name in names}
    remarks = (*score.further_reasons, *score.warnings_of(performance))
    notes = [str(remark) for remark in remarks if remark.code != "not_seen"]  # which the table of the body has
    notes += [f"{line}." for line in recognised_lines(performance, score.sport)]
    return {
        "name": title,
        "sport": score.sport.name,
        "stage_names": score.sport.stages,
        "scores": {name: one for name, one in scores.items() if one or not model_reasons},
        "reasons": [str(remark) for remark in performance.own_reasons],
        "model_reasons": model_reasons,
        "dives": dive_titles(performance, score.sport),
        "athletes": max(1, len(performance.body)),
        "moments": performance.moments,
        "measures": performance.measures,
        "notes": [note for note in notes if note not in model_reasons],
    }


def _shown_score(name: str, performance: Performance, score: VideoScore) -> ShownScore | None:
    points, deviation = getattr(performance, name), performance.deviations.get(name)
    interval, confidence = performance.intervals.get(name), ""
    if points is None:
        return None
    if interval:
        confidence = f"where the true score lies in {100 * (score.interval_level or 0):.0f} of 100 such performances"
    elif deviation is not None:
        interval, confidence = (points - deviation, points + deviation), ONE_DEVIATION
    return ShownScore(points, score.sport.range_of(name), interval, confidence)


def _stages_within(stages: Sequence[Mapping], performance: Performance, scene: Scene) -> list[dict[str, Any]]:
    """The stages that a scene shows: its performance's, and noise around it."""
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
