"""Follows the athlete through a flight: from pictures to a `Track`."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from scoringnet_tf.body import camera
from scoringnet_tf.body.candidates import CROP, TURNS, Candidates, View, candidates, drawn, look, silhouette_fit
from scoringnet_tf.body.ends import Ends, ends_of
from scoringnet_tf.body.falling import GRAVITY, TALL, Fall, find_fall
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.path import Way, best_way, same_sides
from scoringnet_tf.body.pose import PoseEstimator, PoseModels
from scoringnet_tf.body.skeleton import JOINT, JOINTS, MIRRORED, centre_of_mass, trunk_angle, turned
from scoringnet_tf.body.track import Track

RATE = 30  # frames per second that are looked at; joints in those between are theirs
BEFORE, AFTER = 0.4, 0.15  # seconds before the take-off and after the entry in which the body is looked for
BACKGROUND = 1.0  # and those that show the background
CROPS = (0.45, 0.7, 1.1)  # sides that a body is looked for in, heights of the picture
STANDS, ENTERS = 9, 5  # frames before the take-off and the entry that tell how large the body is
SURE, COVERED = 0.95, 0.55  # presence and silhouette of a pose that tells it
REACH = 1.3  # from toes to fingertips above the head, in lengths from the head to the ankles
SHORTEST = 4  # frames of a flight that are looked at
LEAST_SEEN = 0.3  # of the frames, or there is no track
APART = 1 / 15  # seconds between frames that are looked at in all turns; a tuck turns by 1.7 radians in it
LAST = 6  # frames before the entry from which on each is: measures are read there, and splashes mislead the way
ASIDE = (-0.7, 0.0, 0.7)  # turns in frames between, radians from where the way leads
GOOD = 1.8  # cost of a pose that needs no further look: all of it fits three fifths of the silhouette


def follow(
    pictures: Sequence[np.ndarray],
    times: np.ndarray,
    models: PoseModels,
    start: int,
    stop: int,
    stages: np.ndarray | None = None,
    told: tuple[bool, bool] = (True, True),
) -> list[Track]:
    """The joints of who falls in a flight, one or two athletes; none if nobody is seen.

    Args:
        pictures: L of them, uint8 (H, W, 3), RGB, which may be decoded when they are asked for.
        times: (L,), seconds of life.
        models: estimators of joints.
        start, stop: the first picture in the air, and the first one after it, as stages have them.
        stages: (L,), the probability that each picture is in a flight, if the body shall correct both; else they stay.
        told: whether stages tell each end; a track lacks one that the body does not show either.
    """
    step = max(1, round(1 / max(float(np.median(np.diff(times))), 1e-3) / RATE))  # times may be rounded to 1 ms
    if stop - start <= (SHORTEST - 1) * step:
        return []
    numbers = np.arange(start % step, len(times), step)
    flight = start // step, -(-(stop - start) // step) + start // step
    air = None if stages is None else stages[numbers]
    tracks: list[Track] = []
    scene = _scene(pictures, numbers, times[numbers], flight, models)
    while scene and len(tracks) < 2:
        track = _followed(scene, models, air, told)
        if track is None or track.seen.mean() <= LEAST_SEEN:
            break
        tracks.append(track)
        scene = _beside(scene, track)
    ends = (start, stop if stop < len(times) else None) if stages is None else None
    return [_between(track, numbers, times, ends) for track in tracks]


@dataclasses.dataclass(frozen=True)
class _Scene:
    """L frames in which a body is looked for.

    Attributes:
        first: the first one's number.
        times: (L,), seconds from the take-off.
        views: of each.
        path: (L, 3, 3), maps to the scene, in small pixels.
        fall: in the scene.
        flight: first frame in the air, and first one after it.
    """

    first: int
    times: np.ndarray
    views: list[View]
    path: np.ndarray
    fall: Fall
    flight: tuple[int, int]


def _scene(
    pictures: Sequence[np.ndarray], numbers: np.ndarray, times: np.ndarray, flight: tuple[int, int], models: PoseModels
) -> _Scene | None:
    """The scene in which a body falls in the pictures with these numbers; None if nothing does."""
    start, stop = flight
    first, last = np.searchsorted(times, [times[start] - BEFORE, times[stop - 1] + AFTER]).tolist()
    last = min(last, len(times) - 1)
    shown, end = np.searchsorted(times, [times[first] - BACKGROUND, times[last] + BACKGROUND]).tolist()
    scale = min(1.0, camera.HEIGHT / pictures[0].shape[0])
    resized = (cv2.resize(pictures[at], None, None, scale, scale, cv2.INTER_AREA) for at in numbers[shown:end])
    small = np.stack([cv2.GaussianBlur(picture, (3, 3), 0) for picture in resized])
    path, seconds = camera.camera_path(small), times[shown:end] - times[start]
    frames = slice(first - shown, last + 1 - shown)
    seen = [camera.foreground(small, path, seconds, at) for at in range(frames.start, frames.stop)]
    silhouettes, motion = zip(*seen, strict=True)
    path, seconds, flight = path[frames], seconds[frames], (start - first, stop - first)
    air = slice(*flight)
    fall = find_fall(np.stack(motion[air]), path[air], seconds[air])
    if fall is None:
        return None
    ground = np.column_stack([fall.at(seconds), np.ones(len(seconds))])
    places, height = np.einsum("lij,lj->li", np.linalg.inv(path), ground)[:, :2], fall.gravity * TALL / GRAVITY
    views = [
        View(pictures, number, scale, silhouette, place, height)
        for number, silhouette, place in zip(numbers[first : last + 1], silhouettes, places, strict=True)
    ]
    if body := _body_height(views, flight, models.first):
        views = [dataclasses.replace(view, body=body) for view in views]
    return _Scene(first, seconds, views, path, fall, flight)


def _beside(scene: _Scene, track: Track) -> _Scene | None:
    """The scene in which another body falls beside the one that was followed; None if nobody does."""
    first, height = track.first_frame - scene.first, scene.views[0].silhouette.shape[0]
    joints = dict(enumerate(track.positions * height, start=first))
    seen = [at for at in (first + np.flatnonzero(track.seen)).tolist() if scene.flight[0] <= at < scene.flight[1]]
    offset = beside([scene.views[at] for at in seen], np.stack([joints[at] for at in seen])) if seen else None
    if offset is None:
        return None
    views = []
    for at, view in enumerate(scene.views):
        body = drawn(joints[at], view.body, view.silhouette.shape) if at in joints else 0
        views.append(dataclasses.replace(view, place=view.place + offset, silhouette=view.silhouette * (1 - body)))
    return dataclasses.replace(scene, views=views, fall=scene.fall.moved(offset))


def _body_height(views: Sequence[View], flight: tuple[int, int], estimator: PoseEstimator) -> float | None:
    """The body's height, small pixels, by the poses before it leaves the board and enters; None if none is sure."""
    size, found = views[0].silhouette.shape[0], []
    for at, frames in zip(flight, (STANDS, ENTERS), strict=True):
        for view in views[max(at - frames, 0) : at : 2]:
            crops = [(view.place, share * size, turn) for share in CROPS for turn in (0.0, np.pi)]
            for _ in range(3):  # each look has the size that the one before found
                joints, _, presence = look(view, estimator, crops)
                best = int(presence.argmax())
                length = _length_of(joints[best])
                crops = [(centre_of_mass(joints[best]), CROP * length, float(trunk_angle(joints[best])))]
            if presence[best] > SURE and silhouette_fit(dataclasses.replace(view, body=length), joints[best]) > COVERED:
                found.append(length)
    return float(np.median(found)) if found else None


def _length_of(joints: np.ndarray) -> float:
    """A body's height by the lengths of its bones from the head to the ankles, in the unit of its joints (17, 2)."""
    sides = joints[[[JOINT[f"{name}_{side}"] for name in ("shoulder", "hip", "knee", "ankle")] for side in "lr"]]
    chain = np.concatenate([joints[JOINT["head"]][np.newaxis], sides.mean(axis=0)])
    return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) * REACH


def _followed(scene: _Scene, models: PoseModels, stages: np.ndarray | None, told: tuple[bool, bool]) -> Track | None:
    """One body's track: the way through frames that are looked at in all turns says where to look in the others."""
    every = max(1, round(APART / float(np.median(np.diff(scene.times)))))
    sure = [at % every == 0 or at >= scene.flight[1] - LAST for at in range(len(scene.views))]
    found = [
        _look_around(view, models.first, is_looked_at) for view, is_looked_at in zip(scene.views, sure, strict=True)
    ]
    way = best_way(found, scene.times, scene.flight)
    if way is None:
        return None
    for estimator, aside in ((models.first, ASIDE), (models.second, (0.0,))):
        found = _look_along(scene, found, way, estimator, aside)
        way = best_way(found, scene.times, scene.flight) or way
    if stages is None:
        return _track(scene, found, way)
    flight, shown = _ends(scene, found, way, stages)
    track = _track(dataclasses.replace(scene, flight=flight), found, way)
    off, end = (at if any(known) else None for at, *known in zip(track.flight, told, shown, strict=True))
    return dataclasses.replace(track, flight=(off, end))


def _ends(scene: _Scene, found: list[Candidates], way: Way, stages: np.ndarray) -> Ends:
    """The flight's ends by the body, near those that stages have."""
    total, body = len(scene.times), scene.views[0].body
    joints, confidence = np.zeros((total, len(JOINTS), 2)), np.zeros(total)
    for at, one in zip(way.frames, way.chosen, strict=True):
        to_scene, pose = scene.path[at], found[at].joints[one]
        joints[at] = (pose @ to_scene[:2, :2].T + to_scene[:2, 2]) / body
        confidence[at] = np.median(found[at].confidence[one])
    cost = np.array([min(each.cost, default=np.inf) for each in found])
    air, fall = stages[scene.first : scene.first + total], scene.fall.at(scene.times)[:, 1] / body
    return ends_of(air, scene.times, scene.flight, joints, confidence, fall, cost)


def _look_around(view: View, estimator: PoseEstimator, is_looked_at: bool) -> Candidates:
    """Poses in all turns of the crop, and the best one in a crop of its own."""
    side = CROP * view.body
    poses = look(view, estimator, [(view.place, side, turn) for turn in TURNS if is_looked_at])
    best = candidates(view, *poses)
    again = [(centre_of_mass(best.joints[0]), side, best.angle[0])] if len(best.cost) else []
    return candidates(view, *map(np.concatenate, zip(poses, look(view, estimator, again), strict=True)))


def _look_along(
    scene: _Scene, found: Sequence[Candidates], way: Way, estimator: PoseEstimator, aside: Sequence[float]
) -> list[Candidates]:
    """The candidates; where the way has no good one, with poses in crops in which it says the body is upright."""
    chosen, seen = dict(zip(way.frames, way.chosen, strict=True)), scene.times[way.frames]
    off = [centre_of_mass(found[at].joints[one]) - scene.views[at].place for at, one in chosen.items()]
    looked = []
    for view, time, (at, here) in zip(scene.views, scene.times, enumerate(found), strict=True):
        if at not in chosen or here.cost[chosen[at]] > GOOD:
            x, y, turn = (float(np.interp(time, seen, values)) for values in (*np.transpose(off), way.turned))
            centre = view.place + np.array((x, y))
            poses = look(view, estimator, [(centre, CROP * view.body, turn + each) for each in aside])
            parts = zip((here.joints, here.confidence, here.presence), poses, strict=True)
            here = candidates(view, *map(np.concatenate, parts))
        looked.append(here)
    return looked


def _track(scene: _Scene, found: list[Candidates], way: Way) -> Track:
    """The way as a track: joints where no body was seen are filled."""
    seen, times, scale = way.frames, scene.times, 1 / scene.views[0].silhouette.shape[0]
    chosen = [*zip(seen, way.chosen, strict=True)]
    joints = np.stack([found[at].joints[one] for at, one in chosen])
    confidence = np.stack([found[at].confidence[one] for at, one in chosen])
    exchanged = same_sides(joints - joints.mean(axis=1, keepdims=True), way.turned)
    joints[exchanged], confidence[exchanged] = joints[exchanged][:, MIRRORED], confidence[exchanged][:, MIRRORED]
    first, last = min(seen[0], scene.flight[0]), max(seen[-1], scene.flight[1]) + 1
    places = np.stack([view.place for view in scene.views])
    filled = _filled(joints, way.turned, times[seen], times, places)
    filled[seen] = joints
    sure = np.zeros(filled.shape[:2], np.float32)
    sure[seen] = confidence
    path = np.linalg.inv(scene.path[first]) @ scene.path[first:last]
    path[:, :2, 2] *= scale
    return Track(
        first_frame=int(scene.first + first),
        times=times[first:last],
        positions=(filled[first:last] * scale).astype(np.float32),
        confidence=sure[first:last],
        camera=path[:, :2],
        centre=places[first:last] * scale,
        flight=(int(scene.flight[0] - first), int(scene.flight[1] - first)),
    )


def _filled(
    joints: np.ndarray, angle: np.ndarray, seen: np.ndarray, times: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Joints (L, 17, 2) at `times`: between those seen, the body changes its shape and turns evenly, and falls."""
    centres = centre_of_mass(joints)
    upright = turned(joints - centres[:, np.newaxis], -angle)
    values = np.column_stack([upright.reshape(len(seen), -1), centres - places[np.searchsorted(times, seen)], angle])
    between = np.stack([np.interp(times, seen, each) for each in values.T], axis=1)
    shape, off = between[:, :-3].reshape(len(times), -1, 2), between[:, -3:-1]
    return turned(shape, between[:, -1]) + (places + off)[:, np.newaxis]


def _between(track: Track, numbers: np.ndarray, times: np.ndarray, ends: tuple[int | None, int | None] | None) -> Track:
    """The track in all pictures, at `times`, by that in those with `numbers`; its flight's ends may be known."""
    own, step = numbers[track.first_frame :][: len(track.times)], int(numbers[1] - numbers[0])
    off, end = ends or (at if at is None else int(numbers[at]) for at in track.ends)
    shown = np.arange(own[0], max(own[-1], end or 0) + 1)
    before, share = np.divmod(shown - own[0], step)
    share, after = share / step, np.minimum(before + 1, len(own) - 1)
    both = {}
    for name in ("positions", "confidence", "camera", "centre"):
        values = getattr(track, name)
        part = share.reshape(-1, *[1] * (values.ndim - 1))
        both[name] = (values[before] * (1 - part) + values[after] * part).astype(values.dtype)
    both["confidence"] *= (track.seen[before] & (track.seen[after] | (share == 0)))[:, np.newaxis]
    first = int(own[0])
    flight = (off if off is None else off - first, end if end is None else end - first)
    return dataclasses.replace(track, first_frame=first, times=times[shown], flight=flight, **both)
