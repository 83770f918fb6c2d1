"""Films vaults: a scene (hall, camera, gymnast), and the shots that are taken in it."""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene import figure
from data_prep.simulator.scene.camera import SHUTTER, Standpoint, View, follow, look
from data_prep.simulator.scene.canvas import Canvas
from data_prep.simulator.scene.drawing import Appearance, FigurePainter, composite, random_appearance
from data_prep.simulator.scene.effects import BROADCAST, FilmLook
from data_prep.simulator.scene.figure import Body, Motion, motion_of
from data_prep.simulator.scene.noise import with_replay_mark
from data_prep.simulator.settings import Settings
from data_prep.simulator.vault.motion import MAT_HEIGHT, SOLE, TABLE_HEIGHT, perform, run_poses
from data_prep.simulator.vault.rules import Vault, VaultTrait
from data_prep.simulator.vault.venue import MAT, TABLE_LENGTH, TABLE_WIDTH, Venue, paint_hall, random_venue

REPLAY_SPEED = 0.5
REPLAY_BOUNDARIES = (0, 18, 46, 62)
HIDING = 0.3  # metres behind the middle of the table from which it hides the gymnast


@dataclasses.dataclass(frozen=True)
class Scene:
    """Everything that stays the same while a video is filmed; `world` and `table` as of `paint_hall`."""

    venue: Venue
    world: Canvas
    table: Canvas
    standpoint: Standpoint
    view: View
    body: Body
    appearance: Appearance
    mirrored: bool


def random_body(rng: Generator) -> Body:
    """A gymnast's proportions, drawn at random."""
    return Body(height=rng.uniform(1.48, 1.74), build=rng.uniform(1.0, 1.35))


def random_athlete(vault: Vault, easy: bool, rng: Generator) -> tuple[Body]:
    """Who vaults."""
    return (random_body(rng),)


def random_gymnast(rng: Generator) -> Appearance:
    """A gymnast's colours: always a leotard, open at the back, so that a twist is seen."""
    return dataclasses.replace(random_appearance(rng), one_piece=True)


def random_standpoint(easy: bool, rng: Generator) -> Standpoint:
    """From beside the table, from behind the run-up, or from nearly in front of the landing."""
    azimuth = np.radians(12.0 if easy else rng.uniform(-30.0, 74.0))
    return Standpoint(float(azimuth), distance=float(rng.uniform(20.0, 32.0)), height=float(rng.uniform(2.5, 6.5)))


def random_scene(vault: Vault, settings: Settings, rng: Generator, look: FilmLook = BROADCAST) -> Scene:
    """A scene drawn at random, whatever the vault; the easy preset always takes the same hall, from the side."""
    easy, width, height = settings.easy, settings.width, settings.height
    (body,) = random_athlete(vault, easy, rng)
    view = View(
        width=width,
        height=height,
        pixels_per_metre=(rng.uniform(0.50, 0.60) if easy else rng.uniform(0.33, 0.60)) * height / body.height,
        yaw=0.0,  # the standpoint turns the world already
        tremor=rng.uniform(0.01, 0.05),
        lag=rng.uniform(0.3, 0.6) if easy else rng.uniform(0.25, 0.85),
        shutter=0.2 if easy else rng.uniform(0.08, 0.6),
    )
    view = look.view(view, body)
    venue = random_venue(np.random.default_rng(7) if easy else rng)
    mirrored = bool(not easy and rng.random() < 0.5)
    standpoint, appearance = random_standpoint(easy, rng), look.appearance(random_gymnast(rng))
    scene = build_scene(venue, standpoint, view, body, appearance, mirrored, rng)
    look.cover(scene.world)
    return scene


def build_scene(
    venue: Venue, standpoint: Standpoint, view: View, body: Body, appearance: Appearance, mirrored: bool, rng: Generator
) -> Scene:
    """The scene of these parts, its hall painted; `rng` is for what no `Venue` fixes."""
    margin = (0.70 * view.width / view.pixels_per_metre, 0.60 * view.height / view.pixels_per_metre)
    world, table = paint_hall(venue, standpoint, view.pixels_per_metre, margin, mirrored, rng)
    return Scene(venue, world, table, standpoint, view, body, appearance, mirrored)


def vault_shot(
    scene: Scene,
    vault: Vault,
    trait: VaultTrait,
    boundaries: tuple[float, ...],
    frames: np.ndarray,
    rng: Generator,
    seen: list[np.ndarray] | None = None,
) -> Iterator[np.ndarray]:
    """Films a vault at the instants `frames` (F,), on whose axis `boundaries` are t0 to t3; yields frames (H, W, 3).

    A step below 1 is slow motion. `seen` takes the gymnast's joints in each frame, (J, 2) pixels.
    """
    instants = scene.view.exposures(frames)
    _, take_off, touch_down, _ = boundaries
    yield from _film(scene, perform(vault, trait, scene.body, (take_off, touch_down), instants), rng, seen)


def _film(scene: Scene, motion: Motion, rng: Generator, seen: list[np.ndarray] | None = None) -> Iterator[np.ndarray]:
    exposures, view = len(SHUTTER), scene.view
    camera = follow(_pan_target(scene, motion.centre), view, rng, steps_per_frame=exposures)
    joints = view.project(scene.standpoint.panorama(motion.joints), camera[:, None])
    if seen is not None:
        seen.extend(view.in_picture(joints, scene.mirrored))
    belly = scene.standpoint.turn(motion.belly) * (1, -1, 1)
    nearness = scene.standpoint.distance / scene.standpoint.range(motion.centre)
    hidden = scene.standpoint.turn(motion.centre)[:, 2] < -HIDING
    painters = {}
    for start in range(0, len(motion.centre), exposures):
        now, centre = slice(start, start + exposures), camera[start]
        picture = background = look(scene.world, centre, view, camera[now][-1] - centre)
        if hidden[start]:
            picture = background.copy()
        _paint_shadow(picture, scene, motion.centre[start], centre)
        size = round(nearness[start] * 40) / 40
        if size not in painters:
            painters[size] = FigurePainter(scene.body, scene.appearance, view.pixels_per_metre * size)
        composite(picture, *painters[size].paint(joints[now], belly[now]))
        if hidden[start]:
            table = look(scene.table, centre, view, np.zeros(2))
            cv2.copyTo(background, table[..., 0], picture)
        yield cv2.flip(picture, 1) if scene.mirrored else picture


def _pan_target(scene: Scene, centre: np.ndarray) -> np.ndarray:
    """Where the operator aims (N, 2): at the gymnast, a little lower in flight so that table and mat stay in view.

    Sideways the camera is led by the runway, so a gymnast who leaves the corridor leaves the picture's middle.
    """
    lead = scene.view.lead
    led = centre * (1.0, 1.0, 1 - 0.65 * lead)
    target = scene.standpoint.panorama(led)[:, :2]
    target[:, 1] -= lead * (0.22 * np.maximum(centre[:, 1] - 1.0, 0.0) - 0.12)
    return target


def _paint_shadow(picture: np.ndarray, scene: Scene, gymnast: np.ndarray, camera: np.ndarray) -> None:
    """A soft dark patch under the gymnast, which tells how high the flight is, and how far from the corridor."""
    x, _, z = gymnast
    on_table = abs(x) < TABLE_LENGTH / 2 and abs(z) < TABLE_WIDTH / 2
    ground = TABLE_HEIGHT if on_table else MAT_HEIGHT if MAT[0] < x < MAT[1] and abs(z) < MAT[2] else 0.0
    view, stand = scene.view, scene.standpoint
    column, row, _ = view.project(stand.panorama(np.array(((x, ground, z),))), camera)[0]
    radius = 0.36 * view.pixels_per_metre
    axes = (max(1, int(radius)), max(1, int(radius * stand.height / stand.distance * 1.3)))
    patch: np.ndarray = np.zeros((4 * axes[1] + 4, 3 * axes[0] + 4, 4), np.uint8)
    middle = (patch.shape[1] // 2, patch.shape[0] // 2)
    cv2.ellipse(patch, middle, axes, 0, 0, 360, (0, 0, 0, 120), -1, cv2.LINE_AA)
    patch = cv2.blur(patch, (1 + axes[0] // 2, 1 + axes[1] // 2))
    composite(picture, patch, (int(column) - middle[0], int(row) - middle[1]))


def replay_shot(scene: Scene, vault: Vault, trait: VaultTrait, num_frames: int, rng: Generator) -> Iterator[np.ndarray]:
    """Part of another gymnast's vault at half speed, from another side, often with a replay mark in a corner."""
    view = dataclasses.replace(
        scene.view, pixels_per_metre=scene.view.pixels_per_metre * rng.choice((0.8, 1.2, 1.35)), lag=0.3
    )
    standpoint = random_standpoint(False, rng)
    other = build_scene(scene.venue, standpoint, view, random_body(rng), random_gymnast(rng), scene.mirrored, rng)
    start = rng.uniform(8.0, 62.0 - min(50.0, REPLAY_SPEED * num_frames))
    frames = start + REPLAY_SPEED * np.arange(num_frames)
    yield from with_replay_mark(vault_shot(other, vault, trait, REPLAY_BOUNDARIES, frames, rng), rng)


def walk_shot(scene: Scene, num_frames: int, rng: Generator) -> Iterator[np.ndarray]:
    """The previous gymnast walks away beside the mat."""
    other = dataclasses.replace(scene, body=random_body(rng), appearance=random_gymnast(rng))
    times = scene.view.exposures(np.arange(num_frames))
    effort, way = rng.uniform(0.25, 0.5), rng.choice((-1.0, 1.0))
    twist = np.full(len(times), 0.0 if way > 0 else np.pi)
    poses = run_poses(times * 0.6, rng.uniform(0, 6), effort)
    upright = np.zeros(len(times))
    oriented = figure.orient(figure.body_joints(poses, other.body), upright, twist)
    x = rng.uniform(0.5, 4.5) + way * 0.05 * times
    z = np.full(len(times), rng.uniform(1.7, 2.6) * rng.choice((-1.0, 1.0)))
    centre = np.stack((x, SOLE - oriented[..., 1].min(axis=1), z), axis=-1)
    yield from _film(other, motion_of(oriented, centre, upright, twist), rng)
