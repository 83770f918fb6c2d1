"""Follows the athlete through a flight: from pictures to a `Track`."""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from scoringnet_tf.body import camera
from scoringnet_tf.body.candidates import CROP, Candidates, View, candidates, drawn, fit, look
from scoringnet_tf.body.ends import ends_of
from scoringnet_tf.body.falling import find_fall, powers
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.path import Way, best_way, same_sides
from scoringnet_tf.body.pose import PoseEstimator, PoseModels
from scoringnet_tf.body.skeleton import GRAVITY, MIRRORED, TALL, body_length, centre_of_mass, trunk_angle, turned
from scoringnet_tf.body.track import Track, step_of
from scoringnet_tf.support.threads import on_all_cores

BEFORE, AFTER = 0.4, 0.15  # seconds before the take-off and after the entry in which the body is looked for
BACKGROUND = 1.0  # and those that show the background
TURNS = tuple(45.0 * number for number in range(8))  # of a crop; an estimator knows upright people, give or take
CROPS = (0.45, 0.7, 1.1)  # sides that a body is looked for in, heights of the picture
STANDS, ENTERS = 9, 5  # frames before the take-off and the entry that tell how large the body is
SURE, COVERED = 0.95, 0.55  # presence and silhouette of a pose that tells it
REACH = 1.2  # the height that is meant here, with hands up, in body lengths
SHORTEST = 4  # frames of a flight that are looked at
LEAST_SEEN = 0.3  # of the frames, or there is no track
APART = 1 / 15  # seconds between frames that are looked at in all turns; a tuck turns by 100 degrees in it
LAST = 6  # frames before the entry from which on each is: measures are read there, and splashes mislead the way
ASIDE = (-40.107, 0.0, 40.107)  # turns in frames between, from where the way leads
GOOD = 1.8  # cost of a pose that needs no further look: all of it fits three fifths of the silhouette


class _Scene(NamedTuple):
    """L frames in which a body is looked for."""

    numbers: np.ndarray  # (L,), of their pictures
    times: np.ndarray  # (L,), seconds from the take-off
    views: list[View]
    path: np.ndarray  # (L, 3, 3), maps to the scene, which is the first frame, in small pixels
    fall: np.ndarray  # see `find_fall`
    flight: tuple[int, int]  # first frame in the air, and first one after it


def follow(
    pictures: Sequence[np.ndarray],
    times: np.ndarray,
    models: PoseModels,
    start: int,
    stop: int,
    stages: np.ndarray | None = None,
    told: tuple[bool, bool] = (True, True),
    new: np.ndarray | None = None,
) -> list[Track]:
    """The joints of who falls in a flight, one or two athletes; none if nobody is seen.

    Args:
        pictures: L of them, uint8 (H, W, 3), RGB, which may be decoded when they are asked for.
        times: (L,), seconds of life.
        models: estimators of joints.
        start, stop: the first picture in the air, and the first one after it, as stages have them.
        stages: (L,), the probability that each picture is in a flight, if the body shall correct both; else they stay.
        told: whether stages tell each end; a track lacks one that the body does not show either.
        new: numbers of the pictures that do not repeat the one before, as in film of 30 frames/s stored with 60.
    """
    numbers = np.arange(len(times)) if new is None else new
    step = step_of(times[numbers]) if len(numbers) > 1 else 1
    numbers = numbers[np.searchsorted(numbers, start) % step :: step]
    if np.sum((numbers >= start) & (numbers < stop)) < SHORTEST:
        return []
    scene = _scene(pictures, numbers, times[numbers], np.searchsorted(numbers, (start, stop)).tolist(), models)
    tracks: list[Track] = []
    while scene and len(tracks) < 2:
        found, way = _found(scene, models)
        if way is None or np.isin(np.arange(*scene.flight), way.frames).mean() <= LEAST_SEEN:
            break
        track = _track(scene, found, way, times)
        flight: tuple[int | None, int | None] = (start, stop if stop < len(times) else None)
        if stages is not None:
            flight = _ends(scene, found, track, stages, told)
        off, end = (None if at is None else at - track.first_frame for at in flight)
        tracks.append(dataclasses.replace(track, flight=(off, end)))
        scene = _beside(scene, track)
    return tracks


def _scene(
    pictures: Sequence[np.ndarray], numbers: np.ndarray, times: np.ndarray, flight: list[int], models: PoseModels
) -> _Scene | None:
    """The scene in which a body falls in the pictures with these numbers; None if nothing does."""
    start, stop = flight
    first, last = np.searchsorted(times, [times[start] - BEFORE, times[stop - 1] + AFTER]).tolist()
    last = min(last, len(times) - 1)
    shown, end = np.searchsorted(times, [times[first] - BACKGROUND, times[last] + BACKGROUND]).tolist()
    scale = min(1.0, camera.HEIGHT / pictures[0].shape[0])

    def shrunk(at: int) -> np.ndarray:
        return cv2.GaussianBlur(cv2.resize(pictures[at], None, None, scale, scale, cv2.INTER_AREA), (3, 3), 0)

    small = np.stack(on_all_cores(shrunk, numbers[shown:end]))
    path, frames = camera.camera_path(small), slice(first - shown, last + 1 - shown)
    foreground = functools.partial(camera.foreground, small, path, times[shown:end])
    silhouettes, motion = zip(*on_all_cores(foreground, range(frames.start, frames.stop)), strict=True)
    path, seconds = path[frames], times[first : last + 1] - times[start]
    air = slice(start - first, stop - first)
    fall = find_fall(np.stack(motion[air]), path[air], seconds[air])
    if fall is None:
        return None
    ground = np.column_stack([powers(seconds) @ fall, np.ones(len(seconds))])
    places, height = np.einsum("lij,lj->li", np.linalg.inv(path), ground)[:, :2], 2 * fall[2, 1] * TALL / GRAVITY
    views = [
        View(pictures, number, silhouette, place, height)
        for number, silhouette, place in zip(numbers[first : last + 1], silhouettes, places, strict=True)
    ]
    if body := _body_height(views, (air.start, air.stop), models.first):
        views = [view._replace(body=body) for view in views]
    return _Scene(numbers[first : last + 1], seconds, views, path, fall, (air.start, air.stop))


def _body_height(views: Sequence[View], flight: tuple[int, int], estimator: PoseEstimator) -> float | None:
    """The body's height, small pixels, by the poses before it leaves the board and enters; None if none is sure."""

    def height_in(view: View) -> float | None:
        crops = [(view.place, share * len(view.silhouette), turn) for share in CROPS for turn in (0.0, 180.0)]
        for _ in range(3):  # each look has the size that the one before found
            poses = look(view, estimator, crops)
            best = poses.joints[[poses.presence.argmax()]]
            height = REACH * float(body_length(best)[0])
            crops = [(centre_of_mass(best)[0], CROP * height, float(trunk_angle(best)[0]))]
        is_sure = poses.presence.max() > SURE and fit(view._replace(body=height), best)[0] > COVERED
        return height if is_sure else None

    ends = [views[max(at - frames, 0) : at : 2] for at, frames in zip(flight, (STANDS, ENTERS), strict=True)]
    found = [height for height in on_all_cores(height_in, itertools.chain(*ends)) if height]
    return float(np.median(found)) if found else None


def _found(scene: _Scene, models: PoseModels) -> tuple[list[Candidates], Way | None]:
    """Candidates, and the way through them: that by frames that are looked at in all turns leads to the others."""
    every = max(1, round(APART / float(np.median(np.diff(scene.times)))))

    def found_at(at: int) -> Candidates:
        view, turns = scene.views[at], TURNS if at % every == 0 or at >= scene.flight[1] - LAST else ()
        poses = look(view, models.first, [(view.place, CROP * view.body, turn) for turn in turns])
        best = candidates(view, poses)
        again = zip(centre_of_mass(best.poses.joints[:1]), (CROP * view.body,), best.angle[:1], strict=False)
        return candidates(view, poses, look(view, models.first, again))  # the best one, in a crop of its own

    found = on_all_cores(found_at, range(len(scene.views)))
    way = best_way(found, scene.times, scene.flight)
    for estimator, aside in ((models.first, ASIDE), (models.second, (0.0,))):
        if way:
            found = _look_along(scene, found, way, estimator, aside)
            way = best_way(found, scene.times, scene.flight)
    return found, way


def _look_along(
    scene: _Scene, found: Sequence[Candidates], way: Way, estimator: PoseEstimator, aside: Sequence[float]
) -> list[Candidates]:
    """The candidates; where the way has no good one, with poses in crops in which it says the body is upright."""
    chosen = dict(zip(way.frames, way.chosen, strict=True))
    off = [centre_of_mass(found[at].poses.joints[one]) - scene.views[at].place for at, one in chosen.items()]
    led = _between(scene.times, scene.times[way.frames], np.column_stack((off, way.turned)))

    def looked_at(at: int) -> Candidates:
        view, here = scene.views[at], found[at]
        if at in chosen and here.cost[chosen[at]] <= GOOD:
            return here
        crops = [(view.place + led[at, :2], CROP * view.body, led[at, 2] + each) for each in aside]
        return candidates(view, here.poses, look(view, estimator, crops))

    return on_all_cores(looked_at, range(len(found)))


def _track(scene: _Scene, found: list[Candidates], way: Way, times: np.ndarray) -> Track:
    """The way as a track in all pictures, at `times`. Where no body was seen, it changes, turns and falls evenly."""
    numbers = np.arange(scene.numbers[0], min(2 * scene.numbers[-1] - scene.numbers[-2], len(times)))
    looked, shown, scale = times[scene.numbers], times[numbers], 1 / scene.views[0].silhouette.shape[0]
    seen, confidence = looked[way.frames], np.zeros((len(looked), len(MIRRORED)))
    chosen = [(found[at].poses, one) for at, one in zip(way.frames, way.chosen, strict=True)]
    joints, sure = (np.stack([poses[part][one] for poses, one in chosen]) for part in (0, 1))
    exchanged = same_sides(joints - joints.mean(axis=1, keepdims=True), way.turned)
    for each in (joints, sure):
        each[exchanged] = each[exchanged][:, MIRRORED]
    confidence[way.frames] = sure
    places, centres = np.stack([view.place for view in scene.views]), centre_of_mass(joints)
    shape = _between(shown, seen, turned(joints - centres[:, np.newaxis], -way.turned))
    fall = _between(shown, looked, places)
    centre = fall + _between(shown, seen, centres - places[way.frames])
    is_seen = _between(shown, looked, np.isin(np.arange(len(looked)), way.frames) * 1.0) == 1
    path = scene.path[:, :2].copy()
    path[:, :, 2] *= scale
    positions = turned(shape, _between(shown, seen, way.turned)) + centre[:, np.newaxis]
    return Track(
        first_frame=int(numbers[0]),
        times=shown,
        positions=(positions * scale).astype(np.float32),
        confidence=(_between(shown, looked, confidence) * is_seen[:, np.newaxis]).astype(np.float32),
        camera=_between(shown, looked, path),
        centre=fall * scale,
    )


def _between(times: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (N, …) that are known at some times (N,), on lines between them at `times` (L,): (L, …)."""
    columns = [np.interp(times, known, each) for each in values.reshape(len(known), -1).T]
    return np.stack(columns, axis=1).reshape(len(times), *values.shape[1:])


def _ends(
    scene: _Scene, found: list[Candidates], track: Track, stages: np.ndarray, told: tuple[bool, bool]
) -> tuple[int | None, int | None]:
    """The pictures with the flight's ends by the body, near those that stages have; None for one that nobody tells."""
    looked, body = scene.numbers - track.first_frame, scene.views[0].body / scene.views[0].silhouette.shape[0]
    joints, confidence = track.in_scene()[looked] / body, np.median(track.confidence[looked], axis=1)
    fall = powers(scene.times) @ scene.fall[:, 1] / scene.views[0].body
    cost = np.array([min(each.cost, default=np.inf) for each in found])
    flight, shown = ends_of(stages[scene.numbers], scene.times, scene.flight, joints, confidence, fall, cost)
    off, end = (int(scene.numbers[at]) if any(known) else None for at, *known in zip(flight, told, shown, strict=True))
    return off, end


def _beside(scene: _Scene, track: Track) -> _Scene | None:
    """The scene in which another body falls beside the one that was followed; None if nobody does."""
    looked, height = scene.numbers - track.first_frame, scene.views[0].silhouette.shape[0]
    joints, seen = track.positions[looked] * height, track.seen[looked]
    air = [at for at in range(*scene.flight) if seen[at]]
    other = beside([scene.views[at] for at in air], joints[air], scene.times[air])
    if other is None:
        return None
    (right, down), speed = other
    views = []
    for view, pose, time in zip(scene.views, joints, scene.times, strict=True):
        offset = right, down + speed * time
        without = view.silhouette * (1 - drawn(pose, view.body, view.silhouette.shape))
        views.append(view._replace(place=view.place + offset, silhouette=without))
    return scene._replace(views=views, fall=np.add(scene.fall, [(right, down), (0, speed), (0, 0)]))
