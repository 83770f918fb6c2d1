"""Films dives: a scene (venue, camera, athlete), and the shots that are taken in it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.diving.board import Board, random_board
from data_prep.simulator.diving.motion import IDEAL_DISTANCE, DiveTrait, perform
from data_prep.simulator.diving.venue import (
    FRONTAL,
    SPRINGBOARD_LENGTH,
    Splash,
    Venue,
    paint_springboard,
    paint_venue,
    random_venue,
    splash_size,
)
from data_prep.simulator.scene import figure
from data_prep.simulator.scene.camera import SHUTTER, View, follow, look
from data_prep.simulator.scene.canvas import Canvas
from data_prep.simulator.scene.drawing import Appearance, FigurePainter, composite, random_appearance
from data_prep.simulator.scene.effects import BROADCAST, FilmLook
from data_prep.simulator.scene.figure import Body, Motion, pose
from data_prep.simulator.scene.noise import with_replay_mark
from data_prep.simulator.settings import Settings
from scoringnet_tf.sports import Dive

LEAVING_SPEED = 0.22  # metres a frame that the camera rises after the end of the entry
SUNK = -2.2  # metres of the diver's centre below which the water hides all
PAIRS = 0.08  # of the videos
REPLAY_SPEED = 0.5
REPLAY_BOUNDARIES = (0, 10, 34, 44)
FOAM_LIGHT = 250  # grey level of a splash in full light


@dataclasses.dataclass(frozen=True)
class Partner:
    """A pair's other diver."""

    aside: float  # metres across the picture from the diver
    late: float  # frames after the diver; negative: before
    body: Body  # of the partner
    appearance: Appearance  # of the partner


@dataclasses.dataclass(frozen=True)
class Scene:
    """Everything that stays the same while a video is filmed."""

    venue: Venue  # where
    board: Board  # of the dive
    world: Canvas  # the venue, painted
    view: View  # the camera
    body: Body  # of the diver
    appearance: Appearance  # of the diver
    mirrored: bool  # whether frames are mirrored
    partner: Partner | None = None  # the other diver of a pair; None for a diver alone
    luck: float = 0.38  # of splashes, see `splash_size`
    look: FilmLook = BROADCAST  # of the film; `world`, `view` and `appearance` have it already


def random_body(rng: Generator) -> Body:
    """A diver's proportions, drawn at random."""
    return Body(height=rng.uniform(1.55, 1.82), build=rng.uniform(1.0, 1.35))


def random_athlete(dive: Dive, easy: bool, rng: Generator) -> tuple[Body, Board]:
    """Who dives, and from where."""
    return random_body(rng), random_board(dive.armstand, easy, rng)


def random_scene(dive: Dive, settings: Settings, rng: Generator, look: FilmLook = BROADCAST) -> Scene:
    """A scene drawn at random; the easy preset always takes the same venue, straight from the side."""
    easy = settings.easy
    body, board = random_athlete(dive, easy, rng)
    draw_view = _easy_view if easy else _random_view
    view = look.view(draw_view(body, settings.width, settings.height, rng), body)
    venue = random_venue(np.random.default_rng(7) if easy else rng)
    mirrored = bool(not easy and rng.random() < 0.5)
    world = paint_venue(venue, board, view.yaw, view.pixels_per_metre, mirrored, rng, look.margin(view))
    look.cover(world)
    appearance, partner = look.appearance(random_appearance(rng)), None
    if not easy:
        appearance = dataclasses.replace(appearance, exposure=float(rng.uniform(0.6, 1.15)))
        partner = _random_partner(body, appearance, look, rng) if rng.random() < PAIRS else None
    luck = 0.1 if easy else Scene.luck
    return Scene(venue, board, world, view, body, appearance, mirrored, partner, luck, look)


def _random_partner(body: Body, appearance: Appearance, look: FilmLook, rng: Generator) -> Partner:
    """A broadcast's partner is the diver's double; people film any two, further apart and not at once."""
    side = float(rng.choice((-1, 1)))
    if look == BROADCAST or look.close:
        return Partner(side * float(rng.uniform(0.4, 1.1)), 0.0, body, appearance)
    aside, late = side * float(rng.uniform(0.6, 2.2)), float(rng.uniform(-3.0, 3.0))
    other = dataclasses.replace(look.appearance(random_appearance(rng)), exposure=appearance.exposure)
    return Partner(aside, late, random_body(rng), other)


def _easy_view(body: Body, width: int, height: int, rng: Generator) -> View:
    return View(
        width=width,
        height=height,
        pixels_per_metre=rng.uniform(0.50, 0.60) * height / body.height,
        yaw=0.15,
        tremor=rng.uniform(0.01, 0.06),
        lag=rng.uniform(0.35, 0.7),
    )


def _random_view(body: Body, width: int, height: int, rng: Generator) -> View:
    """From the side, aslant or from the front; near or far; with an operator who is quick, late or hardly moves."""
    size = float(np.exp(rng.uniform(np.log(0.30), np.log(0.62))))  # of a standing diver, as a share of the picture
    aslant = rng.uniform(1.0, 1.4) if rng.random() < 0.15 else rng.uniform(0.0, 0.6)
    return View(
        width=width,
        height=height,
        pixels_per_metre=size * height / body.height,
        yaw=float(aslant * rng.choice((-1, 1))),
        tremor=rng.uniform(0.01, 0.08),
        lag=rng.uniform(0.3, 0.88),
        shutter=rng.uniform(0.08, 0.6),
        slack=min(rng.uniform(0.12, 0.32), 0.49 - size / 2),
        hold=max(0.0, rng.uniform(-0.4, 0.6)),
    )


def dive_shot(
    scene: Scene,
    dive: Dive,
    trait: DiveTrait,
    boundaries: tuple,
    frames: np.ndarray,
    rng: Generator,
    seen: list[np.ndarray] | None = None,
) -> Iterator[np.ndarray]:
    """Films a dive at the instants `frames` (F,), on whose axis `boundaries` are t0 to t3; yields frames (H, W, 3).

    A step below 1 is slow motion. `seen` takes the diver's joints in each frame, (J, 2) pixels, NaN once the water
    hides all; of a pair the first.
    """
    view, board, exposures = scene.view, scene.board, len(SHUTTER)
    instants = view.exposures(frames)
    motion = perform(dive, trait, scene.body, boundaries[:3], instants, board)
    target = _pan_target(motion, trait, scene, instants, boundaries[3])
    camera = follow(target, view, rng, steps_per_frame=exposures)
    size = splash_size(trait.severities["splash"], trait.entry_angle, scene.venue.splashing, scene.luck, rng)
    duration = float(np.clip(boundaries[3] - boundaries[2], 6, 16))  # about the entry, within what water can do
    divers = []
    for diver in (Partner(0.0, 0.0, scene.body, scene.appearance), *([scene.partner] if scene.partner else [])):
        if diver.late or diver.body != scene.body:
            motion = perform(dive, trait, diver.body, boundaries[:3], instants - diver.late, board)
        splash = Splash(size, duration, view.pixels_per_metre, FOAM_LIGHT * scene.venue.light, rng)
        divers.append(_FilmedDiver(diver, motion, camera, view, splash))
    if seen is not None:
        seen.extend(view.in_picture(divers[0].visible_joints, scene.mirrored))
    tips = board.tip(boundaries, frames)
    for index, frame_time in enumerate(frames):
        start = exposures * index
        now, centre = slice(start, start + exposures), camera[start]
        picture = look(scene.world, centre, view, camera[now][-1] - centre)
        waterline = view.height / 2 + centre[1] * view.pixels_per_metre
        if board.springs:
            _paint_board(picture, scene, centre, tips[index])
        column = view.width / 2 + (trait.distance * np.cos(view.yaw) - centre[0]) * view.pixels_per_metre
        for filmed in divers:
            filmed.paint(picture, index, column, waterline, frame_time - boundaries[2])
        yield cv2.flip(picture, 1) if scene.mirrored else picture


class _FilmedDiver:
    """One of a shot's divers, with a splash, before a camera (F · 3, 2) that takes F frames."""

    def __init__(self, diver: Partner, motion: Motion, camera: np.ndarray, view: View, splash: Splash) -> None:
        self._view, self._splash, self._late = view, splash, diver.late
        self._aside = diver.aside * view.pixels_per_metre
        joints, belly = view.project(motion.joints, camera[:, None]), view.turn(motion.belly)
        sunk, exposures = motion.centre[:, 1] <= SUNK, len(SHUTTER)
        self.visible_joints = np.where(sunk[:, None, None], np.nan, joints)
        self._shown = ~sunk[::exposures]
        exposed = np.add(joints, (self._aside, 0, 0)).reshape(-1, exposures, *joints.shape[1:])
        painter = FigurePainter(diver.body, diver.appearance, view.pixels_per_metre)
        self._patches = painter.paint_each(exposed[self._shown], belly.reshape(-1, exposures, 3)[self._shown])

    def paint(self, picture: np.ndarray, index: int, column: float, waterline: float, age: float) -> None:
        """Into the pictures of all frames in turn; the diver enters the water in a column, `age` frames ago."""
        if self._shown[index]:
            patch, corner = next(self._patches)
            composite(picture, _submerge(patch, corner, waterline, self._view.pixels_per_metre), corner)
        self._splash.paint(picture, column + self._aside, waterline, age - self._late)


def _paint_board(picture: np.ndarray, scene: Scene, centre: np.ndarray, tip: float) -> None:
    """The springboard, which moves; from the front its edge alone is seen."""
    view, height = scene.view, scene.board.height
    ends = np.array(((0.0, height, 0.0), (-SPRINGBOARD_LENGTH, height, 0.0)))
    edge, fulcrum = view.project(ends, centre)[:, :2]
    if abs(view.yaw) > FRONTAL:
        half = np.array((0.25 * view.pixels_per_metre, 0.0))
        edge, fulcrum = edge + half, edge - half - (0.0, tip * view.pixels_per_metre)
    venue = dataclasses.replace(scene.venue, light=scene.venue.light * scene.look.ground)
    paint_springboard(picture, venue, edge, fulcrum, tip, view.pixels_per_metre)


def _pan_target(motion: Motion, trait: DiveTrait, scene: Scene, instants: np.ndarray, end: float) -> np.ndarray:
    """Where the operator aims (N, 2): ahead of the falling diver, down to the water, and away from it after the end.

    Sideways the camera is led by where a dive is expected to go, so a diver who comes down close to the board, or far
    from it, drifts out of the picture's middle.
    """
    x, y, lead = motion.centre[:, 0], motion.centre[:, 1], scene.view.lead
    unexpected = x * (1 - IDEAL_DISTANCE / trait.distance)
    fallen = np.clip((scene.board.height - y) / scene.board.height, 0.0, 1.0)
    leaving = LEAVING_SPEED * np.maximum(instants - end, 0.0)
    between = scene.partner.aside / 2 if scene.partner else 0.0
    across = (x - lead * 0.4 * unexpected + lead * 0.15) * np.cos(scene.view.yaw) + lead * between
    return np.stack((across, np.maximum(y - 0.5 * lead * fallen, 0.45) + leaving), axis=-1)


def _submerge(patch: np.ndarray, corner: tuple[int, int], waterline: float, pixels_per_metre: float) -> np.ndarray:
    depth = (corner[1] + np.arange(len(patch)) - waterline) / pixels_per_metre
    if depth[-1] <= 0:
        return patch
    seen = np.where(depth > 0, 0.42 * np.exp(-np.maximum(depth, 0) / 0.7), 1.0)
    return (patch * seen[:, None, None]).astype(np.uint8)


def replay_shot(scene: Scene, dive: Dive, trait: DiveTrait, num_frames: int, rng: Generator) -> Iterator[np.ndarray]:
    """Part of another diver's dive at half speed, at another zoom, often with a replay mark in a corner."""
    zoom = rng.choice((0.8, 1.25, 1.4))
    view = dataclasses.replace(scene.view, pixels_per_metre=scene.view.pixels_per_metre * zoom, lag=0.3, hold=0.0)
    body, appearance = random_body(rng), random_appearance(rng)
    look_alike: dict[str, Any] = {"body": body, "appearance": appearance}
    partner = scene.partner and dataclasses.replace(scene.partner, **look_alike)
    other = dataclasses.replace(scene, world=scene.world.scaled(zoom), view=view, partner=partner, **look_alike)
    start = rng.uniform(2.0, 38.0 - min(30.0, REPLAY_SPEED * num_frames))
    frames = start + REPLAY_SPEED * np.arange(num_frames)
    yield from with_replay_mark(dive_shot(other, dive, trait, REPLAY_BOUNDARIES, frames, rng), rng)


def water_shot(scene: Scene, num_frames: int, rng: Generator) -> Iterator[np.ndarray]:
    """The water after the previous diver: a splash's end, then foam and a swimming head."""
    view = scene.view
    entry = IDEAL_DISTANCE * np.cos(view.yaw)
    place = np.array((entry + rng.uniform(-0.6, 1.2), rng.uniform(-0.2, 0.7)))
    drift = rng.uniform(-0.03, 0.03, 2)
    size = splash_size(rng.uniform(0.1, 1.0), 0.0, scene.venue.splashing, scene.luck, rng)
    splash = Splash(size, 10.0, view.pixels_per_metre, FOAM_LIGHT * scene.venue.light, rng)
    age, swim = rng.uniform(3.0, 9.0), rng.uniform(-0.02, 0.05)
    radius = 0.13 * view.pixels_per_metre
    for index in range(num_frames):
        centre = place + drift * index
        picture = look(scene.world, centre, view, np.zeros(2))
        column = view.width / 2 + (entry - centre[0]) * view.pixels_per_metre
        waterline = view.height / 2 + centre[1] * view.pixels_per_metre
        splash.paint(picture, column, waterline, age + index)
        if age + index > 14:
            x, y = int(column + swim * index * view.pixels_per_metre), int(waterline - 0.5 * radius)
            cv2.circle(picture, (x, y), int(radius), scene.appearance.skin, -1, cv2.LINE_AA)
            hair = (x, y - int(0.3 * radius)), int(0.85 * radius)
            cv2.circle(picture, *hair, scene.appearance.hair, -1, cv2.LINE_AA)
        yield cv2.flip(picture, 1) if scene.mirrored else picture


def underwater_shot(scene: Scene, num_frames: int, rng: Generator) -> Iterator[np.ndarray]:
    """A diver glides down from the surface among bubbles, seen through a window of the pool, and levels out."""
    view, times = scene.view, np.arange(3 * num_frames) / 3
    sunk = 2.2 * (1 - np.exp(-times / rng.uniform(8.0, 20.0)))
    angle = np.pi * (1.0 - 0.45 * np.clip(times / 30.0, 0.0, 1.0) ** 2)
    glide = figure.body_joints(np.tile(pose(shoulder=176, ankle=85), (len(times), 1)), scene.body)
    sinking = np.stack((-0.3 * sunk, sunk, 0 * sunk), axis=-1)[:, None]
    joints = figure.orient(glide, angle, np.zeros(len(times))) - sinking
    pixels = view.project(joints, np.array((0.0, -1.2)))
    belly = np.tile((np.cos(view.yaw), 0.0, 0.5), (3, 1))
    painter = FigurePainter(scene.body, scene.appearance, view.pixels_per_metre)
    bubbles = rng.normal((view.width / 2, 0.0), (0.06 * view.width, 0.25 * view.height), (120, 2))
    # Water that darkens with depth, mottled by the light.
    size = (view.width, view.height)
    light = cv2.resize(rng.normal(0, 8, (5, 9)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    shade = np.linspace(1.05, 0.45, view.height)[:, None, None] * np.array(scene.venue.water) * scene.venue.light
    ground = np.clip(shade + light[..., None], 0, 255).astype(np.uint8)
    for index in range(num_frames):
        picture = ground.copy()
        patch, corner = painter.paint(pixels[3 * index : 3 * index + 3], belly)
        composite(picture, cv2.convertScaleAbs(patch, alpha=0.75), corner)
        risen = bubbles + rng.normal(0, 1.0, bubbles.shape)
        risen[:, 1] += 0.8 * sunk[3 * index] * view.pixels_per_metre
        inside = ((risen >= 0) & (risen < (view.width, view.height))).all(axis=1)
        columns, rows = risen[inside].astype(int).T
        picture[rows, columns] = 235
        yield cv2.flip(picture, 1) if scene.mirrored else picture
