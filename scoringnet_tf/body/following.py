"""Follows the athlete through a flight: from pictures to a `Track`."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from scoringnet_tf.body import camera
from scoringnet_tf.body.candidates import (
    CROP,
    TURNS,
    Candidates,
    View,
    candidates,
    drawn,
    look,
    trunk_angle,
)
from scoringnet_tf.body.ends import Ends, ends_of
from scoringnet_tf.body.falling import GRAVITY, TALL, Fall, find_fall
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.path import Way, best_way, centre_of_mass, same_sides
from scoringnet_tf.body.pose import PoseModels
from scoringnet_tf.body.skeleton import JOINT, JOINTS, MIRRORED
from scoringnet_tf.body.track import Track

BEFORE, AFTER = 0.4, 0.15  # seconds before the take-off and after the entry in which the body is looked for
BACKGROUND = 1.0  # and those that show the background
CROPS, SURE = (0.45, 0.7, 1.1), 0.8  # sides that a body is looked for in, heights of the picture; presence
REACH = 1.3  # from toes to fingertips above the head, in lengths from the head to the ankles
SHORTEST = 4  # frames of a flight
LEAST_SEEN = 0.3  # of the frames, or there is no track
GOOD = 1.8  # cost of a pose that needs no second look: all of it fits three fifths of the silhouette
REFINED = 2  # candidates a frame that are looked at again, each in its own crop


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
        stages: (L,), the probability that each picture is in a flight, if the body shall correct both.
        told: whether stages tell each end; a track lacks one that the body does not show either.
    """
    if stop - start < SHORTEST:
        return []
    tracks: list[Track] = []
    scene = _scene(pictures, times, start, stop, models)
    while scene and len(tracks) < 2:
        track = _followed(scene, models, stages, told)
        if track is None or track.seen.mean() <= LEAST_SEEN:
            break
        tracks.append(track)
        scene = _beside(scene, track)
    return tracks


@dataclasses.dataclass(frozen=True)
class _Scene:
    """The frames in which a body is looked for.

    Attributes:
        first: the first one's number among the pictures.
        times: (L,), seconds from the take-off.
        views: L frames.
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
    pictures: Sequence[np.ndarray], times: np.ndarray, start: int, stop: int, models: PoseModels
) -> _Scene | None:
    """The scene in which a body falls in the pictures; None if nothing does."""
    first, last = np.searchsorted(times, [times[start] - BEFORE, times[stop - 1] + AFTER]).tolist()
    last = min(last, len(times) - 1)
    shown, end = np.searchsorted(times, [times[first] - BACKGROUND, times[last] + BACKGROUND]).tolist()
    scale = min(1.0, camera.HEIGHT / pictures[0].shape[0])
    small = np.stack([cv2.GaussianBlur(_resized(pictures[at], scale), (3, 3), 0) for at in range(shown, end)])
    path, seconds = camera.camera_path(small), times[shown:end] - times[start]
    frames = range(first - shown, last + 1 - shown)
    silhouettes, motion = zip(*(camera.foreground(small, path, seconds, at) for at in frames), strict=True)
    shown_there = slice(frames.start, frames.stop)
    path, seconds, flight = path[shown_there], seconds[shown_there], (start - first, stop - first)
    air = slice(*flight)
    fall = find_fall(np.stack(motion[air]), path[air], seconds[air])
    if fall is None:
        return None
    ground = np.column_stack([fall.at(seconds), np.ones(len(seconds))])
    places, height = np.einsum("lij,lj->li", np.linalg.inv(path), ground)[:, :2], fall.gravity * TALL / GRAVITY
    seen = zip(range(first, last + 1), silhouettes, places, strict=True)
    views = [View(pictures, number, scale, silhouette, place, height) for number, silhouette, place in seen]
    if body := _body_height(views, flight, models):
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


def _resized(picture: np.ndarray, scale: float) -> np.ndarray:
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def _body_height(views: Sequence[View], flight: tuple[int, int], models: PoseModels) -> float | None:
    """The body's height, small pixels, by the poses as it leaves the board and as it enters; None if none is sure."""
    size, found = views[0].silhouette.shape[0], []
    for at, turns in ((flight[0], (0.0, np.pi)), (flight[1], (np.pi, 0.0))):
        for view in views[max(at - 5, 0) : at : 2]:
            crops = [(view.place, share * size, turn) for share in CROPS for turn in turns]
            joints, _, presence = look(view, models.first, crops, cut=True)
            best = int(presence.argmax())
            if presence[best] > SURE:
                crop = centre_of_mass(joints[best]), crops[best][1], float(trunk_angle(joints[best]))
                joints, _, presence = look(view, models.first, [crop], cut=True)
                found += [_length_of(joints[0])] if presence[0] > SURE else []
    return float(np.median(found)) if found else None


def _length_of(joints: np.ndarray) -> float:
    """A body's height by the lengths of its bones from the head to the ankles, in the unit of its joints (17, 2)."""
    sides = joints[[[JOINT[f"{name}_{side}"] for name in ("shoulder", "hip", "knee", "ankle")] for side in "lr"]]
    chain = np.concatenate([joints[JOINT["head"]][np.newaxis], sides.mean(axis=0)])
    return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) * REACH


def _followed(scene: _Scene, models: PoseModels, stages: np.ndarray | None, told: tuple[bool, bool]) -> Track | None:
    """One body's track, by two looks at each frame: the way through the first ones says where to look again."""
    found = [_first_look(view, models) for view in scene.views]
    way = best_way(found, scene.times, scene.flight)
    if way is None:
        return None
    found = [_second_look(view, found[at], way, at, scene.times, models) for at, view in enumerate(scene.views)]
    way = best_way(found, scene.times, scene.flight)
    if way is None or stages is None:
        return _track(scene, found, way) if way else None
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


def _first_look(view: View, models: PoseModels) -> Candidates:
    """Poses in all turns of the crop, and the best ones in crops of their own."""
    side = CROP * view.body
    poses = look(view, models.first, [(view.place, side, turn) for turn in TURNS], cut=True)
    best = candidates(view, *poses)
    own = [(centre_of_mass(joints), side, turn) for joints, turn in zip(best.joints, best.angle, strict=True)]
    again = [look(view, models.first, own[:REFINED], cut=True)] if own else []
    return candidates(view, *map(np.concatenate, zip(poses, *again, strict=True)))


def _second_look(view: View, found: Candidates, way: Way, at: int, times: np.ndarray, models: PoseModels) -> Candidates:
    """The candidates, with poses in the crop in which the way says the body is upright."""
    turn = float(np.interp(times[at], times[way.frames], way.turned))
    centre = view.place
    if at in way.frames:
        chosen = way.chosen[way.frames.index(at)]
        if found.cost[chosen] < GOOD:
            return found
        centre = centre_of_mass(found.joints[chosen])
    poses = look(view, models.second, [(centre, CROP * view.body, turn)], cut=True)
    kept = (found.joints, found.confidence, found.presence)
    return candidates(view, *map(np.concatenate, zip(kept, poses, strict=True)))


def _track(scene: _Scene, found: list[Candidates], way: Way) -> Track:
    """The way as a track: joints where no body was seen are filled."""
    seen, times, scale = way.frames, scene.times, 1 / scene.views[0].silhouette.shape[0]
    joints = np.stack([found[at].joints[one] for at, one in zip(seen, way.chosen, strict=True)])
    confidence = np.stack([found[at].confidence[one] for at, one in zip(seen, way.chosen, strict=True)])
    exchanged = same_sides(joints - joints.mean(axis=1, keepdims=True), way.turned)
    joints[exchanged], confidence[exchanged] = joints[exchanged][:, MIRRORED], confidence[exchanged][:, MIRRORED]
    first, last = min(seen[0], scene.flight[0]), max(seen[-1], scene.flight[1]) + 1
    shown = times[first:last]
    filled = _filled(joints, way.turned, times[seen], shown, np.stack([view.place for view in scene.views[first:last]]))
    is_seen = np.isin(np.arange(first, last), seen)
    filled[is_seen] = joints
    sure = np.zeros(filled.shape[:2], np.float32)
    sure[is_seen] = confidence
    path = np.linalg.inv(scene.path[first]) @ scene.path[first:last]
    path[:, :2, 2] *= scale
    places = np.stack([view.place for view in scene.views[first:last]]) * scale
    start, stop = scene.flight[0] - first, scene.flight[1] - first
    return Track(
        first_frame=int(scene.first + first),
        times=shown,
        positions=(filled * scale).astype(np.float32),
        confidence=sure,
        camera=path[:, :2],
        gravity=scene.fall.gravity * scale,
        centre=places,
        flight=(int(start), int(stop)),
    )


def _filled(
    joints: np.ndarray, turned: np.ndarray, seen: np.ndarray, times: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Joints (L, 17, 2) at `times`: between those seen, the body changes its shape and turns evenly, and falls."""
    centres = centre_of_mass(joints)
    aside = centres - places[np.searchsorted(times, seen)]
    upright = _turned(joints - centres[:, np.newaxis], -turned)
    shape = np.stack([np.interp(times, seen, values) for values in upright.reshape(len(seen), -1).T], axis=-1).reshape(
        len(times), -1, 2
    )
    off = np.stack([np.interp(times, seen, values) for values in aside.T], axis=-1)
    return _turned(shape, np.interp(times, seen, turned)) + (places + off)[:, np.newaxis]


def _turned(shape: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Joints (L, J, 2) turned by angles (L,), clockwise in the picture."""
    cos, sin = np.cos(angle), np.sin(angle)
    turns = np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=-2)
    return np.einsum("lja,lab->ljb", shape, turns)
