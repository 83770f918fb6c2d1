"""A performance's flight: where the stages show it, its athletes are followed, correct its ends, and are scored."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from scoringnet_tf.body.following import follow
from scoringnet_tf.body.pose import PoseModels, has_pose_models
from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.preprocessing import Decoded
from scoringnet_tf.inference.finding import LAST, edges_in, fall_stage
from scoringnet_tf.inference.seen import Scores, Seen, Span, longest_run
from scoringnet_tf.inference.shots import repeats
from scoringnet_tf.inference.words import remark
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.files import Spooled
from scoringnet_tf.support.messages import Remark

RATE = 25.0  # frames/s of features, if a model does not know
HELD = 0.4  # seconds before and after a track that a model is shown
FILMED = 1.6  # seconds before and after a flight in which its background is looked for


def tracks_in(sport: Any, seen: Seen, span: Span, poses: PoseModels) -> list[Track]:
    """The joints of who falls in a performance; their flights lack an end that neither stages nor bodies show."""
    video, (begin, labels) = seen.video, span.frames(seen)
    shown = _shown(sport, labels, video.fps)
    if shown is None or not video.pictures:
        return []
    (start, stop), told = np.add(shown[0], begin).tolist(), shown[1]
    stages = seen.frame_stages[:, fall_stage(sport)].copy()  # type: ignore[index]
    if span.corrected is None and not told[1] and len(stages) - stop <= LAST * video.fps:
        stages[stop:] = 0.5  # no stage is sure where film ends
        stop = len(stages)
    first, last = np.searchsorted(seen.times, [seen.times[start] - FILMED, seen.times[stop] + FILMED]).tolist()
    last = min(last, len(video.pictures))
    pictures, times = Decoded(Spooled(video.pictures[first:last])), seen.times[first:last]
    proposed = stages[first:last] if span.corrected is None else None  # people know both ends
    new = np.flatnonzero(~repeats(list(video.frames[first:last])))
    tracks = follow(pictures, times, poses, start - first, stop - first, proposed, told, new)
    return [dataclasses.replace(one, first_frame=video.first_frame + first + one.first_frame) for one in tracks]


def by_body(sport: Any, seen: Seen, span: Span, tracks: list[Track]) -> Span:
    """The span with the flight of the first athlete who has both ends, or of the first one if nobody has."""
    track, begin = min(tracks, key=lambda each: None in each.flight), span.frames(seen)[0]
    off, end = (None if at is None else max(at - seen.video.first_frame, begin) for at in track.ends)
    return dataclasses.replace(span, fall=(fall_stage(sport), off, end))


def whole_flights(tracks: list[Track]) -> list[Track]:
    """All athletes if one's flight has both ends, so that it is said what another one lacks; else none."""
    return tracks if any(None not in each.flight for each in tracks) else []


def _shown(sport: Any, labels: np.ndarray, rate: float) -> tuple[tuple[int, int], tuple[bool, bool]] | None:
    """A fall in labels (L,): (first frame, first one behind it), and whether the stages tell each; None without one."""
    at, edges = fall_stage(sport), edges_in(labels, sport, rate)
    flight = longest_run(labels, at) if at else None
    start, stop = ((stage, False) in edges for stage in sport.stages[at : at + 2])
    return (flight, (start, stop)) if flight else None


def fall_edges(sport: Any, fall: tuple[int, int | None, int | None], begin: int) -> dict[tuple[str, bool], int]:
    """`edges_in` frames from `begin` on, by what the body tells of a fall (`Span.fall`)."""
    stage, off, end = fall
    before, during, after = sport.stages[stage - 1 : stage + 2]
    keys = {(before, True): off, (during, False): off, (during, True): end, (after, False): end}
    return {key: frame - begin for key, frame in keys.items() if frame is not None}


def body_remarks(tracks: list[Track], not_seen: list[str]) -> list[Remark]:
    """How many athletes were followed, and what was not seen of them."""
    if not tracks and not has_pose_models():
        return [remark("no_pose_model")]
    remarks = [remark("several_athletes", count=len(tracks))] if len(tracks) > 1 else []
    return [*remarks, remark("not_seen", which=", ".join(not_seen))] if not_seen else remarks


# === Joints in the scene, as models of joints take them: as if the camera had not moved ===


def joints_of(tracks: Sequence[Track], times: np.ndarray) -> np.ndarray:
    """A video's joints in the scene at `times` (L,), float32 (L, 17, 3), heights of the picture; NaN without a track.

    Where nobody is followed the nearest pose stays, with confidence 0. If two athletes fall together, it has the one
    that is seen in more frames.
    """
    joints = np.full((len(times), len(JOINTS), 3), np.nan)
    for track in sorted(tracks, key=lambda each: -int(each.seen.sum())):
        inside = np.flatnonzero((times >= track.times[0]) & (times <= track.times[-1]))
        if np.isfinite(joints[inside, 0, 0]).any():
            continue
        values = np.dstack([track.in_scene(), track.confidence]).reshape(len(track.times), -1)
        shown = np.stack([np.interp(times[inside], track.times, one) for one in values.T], axis=1)
        joints[inside] = shown.reshape(len(inside), len(JOINTS), 3)
    outside = np.isnan(joints[:, 0, 0])
    known = np.flatnonzero(~outside)
    if len(known):
        joints = joints[known[np.searchsorted((known[:-1] + known[1:]) / 2, np.arange(len(times)))]]
    joints[outside, :, 2] = 0
    return joints.astype(np.float32)


def joint_scores(model: ScoringNet | None, tracks: Sequence[Track]) -> Scores:
    """A performance's scores by a model of joints, from a little before its `tracks` to a little after them.

    Nothing without tracks, or without a model whose scores have learned.
    """
    if model is None or model.unlearned_parts or not tracks:
        return Scores()
    first, last = min(track.times[0] for track in tracks), max(track.times[-1] for track in tracks)
    joints = joints_of(tracks, np.arange(first - HELD, last + HELD, 1 / (model.frame_rate or RATE)))
    inputs = {"features": joints.reshape(1, len(joints), -1), "mask": np.ones((1, len(joints)), bool)}
    outputs = model(inputs, training=False)
    return Scores.of(outputs, model.scores, np.asarray(outputs["empty_fragments"])[0])
