"""Cameras: one that pans before a flat world, and one on a tripod for venues with depth. Knows no sport."""

import dataclasses

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.canvas import Canvas, window

SHUTTER = np.array((0.0, 0.5, 1.0))  # instants of a frame's exposure, as shares of the time that the shutter is open


@dataclasses.dataclass(frozen=True)
class View:
    """A camera's fixed properties."""

    width: int  # of the picture, pixels
    height: int  # of the picture, pixels
    pixels_per_metre: float  # scale at the athlete
    yaw: float  # radians between the camera and the normal of the plane of the movement
    tremor: float  # size of the camera's shake, metres
    lag: float  # share of the way to its target that the camera leaves open each frame, 0..1
    shutter: float = 0.2  # frames that it is open: 0.2 is 1/125 s at 25 frames a second
    slack: float = 0.165  # how far from the middle the target may get, as a share of the picture
    hold: float = 0.0  # share of its target's movement that the camera does not follow, 0..1
    # how far from the athlete the operator aims, 1 as in a broadcast: ahead of a fall, beside a drift
    lead: float = 1.0

    def exposures(self, frames: np.ndarray) -> np.ndarray:
        """Instants (F · 3,) at which `frames` (F,) are exposed, in frames; a step below 1 is slow motion."""
        step = float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
        return (np.asarray(frames, float)[:, None] + SHUTTER * (step * self.shutter)).ravel()

    def project(self, points: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """World metres (…, 3) → pixels (…, 3), x right, y down, z to the camera, which looks at `centre` (…, 2)."""
        middle = np.stack((centre[..., 0], -centre[..., 1], np.zeros(centre.shape[:-1])), axis=-1)
        return (self.turn(points) - middle) * self.pixels_per_metre + (self.width / 2, self.height / 2, 0.0)

    def in_picture(self, pixels: np.ndarray, mirrored: bool) -> np.ndarray:
        """Where `pixels` (F · 3, J, 3) from `project` lie in each frame's picture, (F, J, 2): x right, y down.

        At the middle of the exposure; `mirrored` as pictures are.
        """
        places = pixels[len(SHUTTER) // 2 :: len(SHUTTER), :, :2].copy()
        if mirrored:
            places[..., 0] = self.width - 1 - places[..., 0]
        return places

    def turn(self, directions: np.ndarray) -> np.ndarray:
        """World directions (…, 3) → picture axes (x right, y down, z to the camera)."""
        x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return np.stack((x * cos + z * sin, -y, z * cos - x * sin), axis=-1)


def follow(target: np.ndarray, view: View, rng: Generator, steps_per_frame: int = 1) -> np.ndarray:
    """Camera centres (N, 2) in metres that follow `target` (N, 2) with lag and tremor.

    However fast it moves, the target stays within `view.slack` of the picture's middle. A frame has
    `steps_per_frame` instants N.
    """
    keep = view.lag ** (1 / steps_per_frame)
    limit = np.array((view.width, view.height)) / view.pixels_per_metre * view.slack
    held = target * (1 - view.hold) + target.mean(axis=0) * view.hold
    centres = np.empty_like(target)
    centre = np.clip(held[0], target[0] - limit, target[0] + limit)
    for index, (wanted, athlete) in enumerate(zip(held, target, strict=True)):
        centre = np.clip(centre * keep + wanted * (1 - keep), athlete - limit, athlete + limit)
        centres[index] = centre
    time = np.arange(len(target))[:, None] / steps_per_frame
    phases, rates = rng.uniform(0, 2 * np.pi, (3, 1, 2)), np.array((0.13, 0.31, 0.73))[:, None, None]
    shake = np.sin(time * rates + phases).sum(axis=0) * view.tremor / 3
    return centres + shake


def look(world: Canvas, centre: np.ndarray, view: View, travel: np.ndarray) -> np.ndarray:
    """The world (H, W, 3), painted at the view's scale, as the camera sees it around `centre` (2,), metres.

    It is blurred along the `travel` (2,) of the camera, metres, while the shutter is open.
    """
    column = (centre[0] - world.left) * world.pixels_per_metre
    row = (world.top - centre[1]) * world.pixels_per_metre
    frame = window(world.image, (column, row), view.width, view.height)
    kernel = tuple(int(1 + abs(value) * view.pixels_per_metre) for value in travel)
    return cv2.blur(frame, kernel) if max(kernel) > 1 else frame


def zoomed_places(places: np.ndarray, factors: np.ndarray, width: int, height: int) -> np.ndarray:
    """Where `places` (F, J, 2) in pictures with a width and height go when `zoom` enlarges each by its factor (F,)."""
    middle = np.array((width - 1, height - 1)) / 2
    return middle + (places - middle) * factors[:, None, None]


def zoom(frame: np.ndarray, factor: float) -> np.ndarray:
    """A frame's middle (H, W, 3), enlarged by `factor` from 1 on to the frame's size."""
    height, width = frame.shape[:2]
    scale = np.array(((1 / factor, 0, 0), (0, 1 / factor, 0)))
    scale[:, 2] = np.array((width - 1, height - 1)) / 2 * (1 - 1 / factor)
    return cv2.warpAffine(frame, scale, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@dataclasses.dataclass(frozen=True)
class Standpoint:
    """Where a camera on a fixed tripod stands: it only turns, so that all it can ever see is one panorama.

    The panorama is a cylinder about the camera, unrolled: u to the right and v upwards, in metres as they appear at the
    distance of a reference axis, x = z = 0. A frame is a crop (`look`), and what moves is projected into it.
    World axes in metres: x along, y up from the floor, z to the camera of a side view.
    """

    azimuth: float  # radians about the reference axis, from the side view (on +z) towards +x; π/2 is frontal
    distance: float  # metres to the reference axis
    height: float  # metres above the floor

    def turn(self, directions: np.ndarray) -> np.ndarray:
        """World vectors (…, 3) → across to the right, up, towards the camera."""
        x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
        cos, sin = np.cos(self.azimuth), np.sin(self.azimuth)
        return np.stack((x * cos - z * sin, y, x * sin + z * cos), axis=-1)

    def range(self, points: np.ndarray) -> np.ndarray:
        """Horizontal distance (…) of world points (…, 3) from the camera, metres."""
        turned = self.turn(points)
        return np.hypot(turned[..., 0], self.distance - turned[..., 2])

    def panorama(self, points: np.ndarray) -> np.ndarray:
        """World points (…, 3) → (u, v, metres towards the camera)."""
        turned = self.turn(points)
        across, towards = turned[..., 0], turned[..., 2]
        u = self.distance * np.arctan2(across, self.distance - towards)
        v = self.height + (turned[..., 1] - self.height) * self.distance / self.range(points)
        return np.stack((u, v, towards), axis=-1)
