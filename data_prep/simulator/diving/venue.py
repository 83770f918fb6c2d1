"""Diving venues, a tall picture of boards, wall, stands and water, painted once a video; and splashes in the water."""

import dataclasses

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.diving.board import SPRINGBOARD_HEIGHTS, Board
from data_prep.simulator.scene.canvas import Canvas, paint_crowd, paint_text
from data_prep.simulator.scene.drawing import composite

FOAM_SIZE = (96, 32)  # width and height of the texture of the foam, pixels
LASTING = 45.0  # frames in which the foam fades to a third


def splash_size(severity: float, entry_angle: float, venue_factor: float, luck: float, rng: Generator) -> float:
    """Size of a splash, about 0.2 to 2.5, at an angle in degrees; `luck` is the logarithm's standard deviation."""
    opened = 0.35 * abs(np.sin(np.radians(entry_angle)))
    return float((0.42 + 0.75 * severity + opened) * venue_factor * np.exp(rng.normal(0.0, luck)))


class Splash:
    """One splash, the same at every call for the same age; at size 1 its crown is 0.9 metres high.

    `duration` is frames from first touch until the crown collapses, `light` the brightest grey level.
    """

    def __init__(self, size: float, duration: float, pixels_per_metre: float, light: float, rng: Generator):
        self._scale = pixels_per_metre
        self._duration = duration
        self._height, self._width = 0.9 * size * rng.uniform(0.75, 1.3), 0.55 * (0.4 + size) * rng.uniform(0.8, 1.3)
        self._light = np.array((1.0, 0.99, 0.96)) * light
        count = int(60 + 160 * min(size, 2.0))
        self._rise = self._height * rng.uniform(0.3, 1.5, count)
        self._reach = self._width * rng.normal(rng.normal(0.0, 0.25), 0.75, count)
        self._delay = rng.uniform(0.0, 0.45, count)
        masses = 9
        self._masses = np.stack(
            (rng.normal(0.0, 0.5, masses), rng.uniform(0.1, 0.75, masses) ** 1.3, rng.uniform(0.15, 0.4, masses)),
            axis=1,
        )
        self._foam = _foam_texture(rng)
        self._broken = cv2.resize(rng.uniform(60, 255, (14, 14)).astype(np.uint8), (64, 64))

    def paint(self, frame: np.ndarray, x: float, y: float, age: float) -> None:
        """Paints the splash on a frame in place; its foot at pixel (x, y), `age` frames after the first touch."""
        if age < 0:
            return
        self._paint_foam(frame, x, y, age)
        phase = age / self._duration
        if phase < 1.3:
            self._paint_crown(frame, x, y, phase)

    def _paint_crown(self, frame: np.ndarray, x: float, y: float, phase: float) -> None:
        """Masses of white water that rise and fall, and droplets on their ways, on one mask."""
        half, tall = int(1.9 * self._width * self._scale) + 4, int(1.7 * self._height * self._scale) + 4
        mask: np.ndarray = np.zeros((tall + 4, 2 * half), np.uint8)
        standing = max(0.0, np.sin(np.pi * min(1.0, phase / 1.1)))
        for aside, high, thick in self._masses:
            top = high * self._height * standing
            axes = (
                max(1, int(thick * self._width * self._scale * (0.6 + phase))),
                max(1, int(0.5 * top * self._scale)),
            )
            centre = (half + int(aside * self._width * self._scale * (0.35 + phase)), tall - axes[1])
            cv2.ellipse(mask, centre, axes, 0, 0, 360, int(200 * standing), -1)
        mask = cv2.multiply(mask, cv2.resize(self._broken, mask.shape[::-1]), scale=1 / 255)
        flight = (phase - self._delay + 0.08) / 0.8
        rows = tall - (4 * self._rise * flight * (1 - flight) * self._scale).astype(int)
        columns = half + (self._reach * np.clip(flight, 0.0, None) * self._scale).astype(int)
        seen = (flight > 0) & (flight < 1) & (rows >= 0) & (columns >= 0) & (columns < 2 * half)
        mask[rows[seen], columns[seen]] = 255
        grain = max(1, int(0.03 * self._scale))
        mask = cv2.dilate(mask, np.ones((grain, grain), np.uint8)) if grain > 1 else mask
        soft = max(3, int(0.05 * self._scale) | 1)
        self._lay(frame, cv2.blur(mask, (soft, soft)), int(x) - half, int(y) - tall)

    def _paint_foam(self, frame: np.ndarray, x: float, y: float, age: float) -> None:
        spread = self._width * (0.5 + 1.1 * (1 - np.exp(-age / 12.0))) * self._scale
        size = (max(3, int(2 * spread)), max(2, int(0.66 * spread)))
        strength = min(1.0, 0.3 + age / 6.0) * np.exp(-age / LASTING)
        if strength < 0.04:
            return
        foam = cv2.resize(self._foam, size, interpolation=cv2.INTER_LINEAR)
        foam = cv2.convertScaleAbs(foam, alpha=strength)
        self._lay(frame, foam, int(x) - size[0] // 2, int(y) - size[1] // 2)

    def _lay(self, frame: np.ndarray, mask: np.ndarray, left: int, top: int) -> None:
        patch = cv2.merge([cv2.convertScaleAbs(mask, alpha=value / 255) for value in self._light] + [mask])
        composite(frame, patch, (left, top))


def _foam_texture(rng: Generator) -> np.ndarray:
    width, height = FOAM_SIZE
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    rough = cv2.resize(rng.normal(0.0, 0.30, (10, 18)).astype(np.float32), FOAM_SIZE, interpolation=cv2.INTER_CUBIC)
    fine = rng.normal(0.0, 0.16, (height, width))
    covered = 1.15 - 1.25 * np.hypot(x, y) + rough + fine
    return np.clip(255 * covered, 0, 235).astype(np.uint8) * (np.hypot(x, y) < 1)


def paint_aerated(region: np.ndarray, light: float, rng: Generator) -> None:
    """Brightens a region of water (H, W, 3) in place, as the bubbles or jets do that break its surface for divers."""
    if not region.size:
        return
    foam = cv2.resize(_foam_texture(rng), (region.shape[1], region.shape[0]), interpolation=cv2.INTER_LINEAR)
    share = (foam.astype(np.float32) * (rng.uniform(0.15, 0.5) / 255))[..., None]
    region[:] = (region * (1 - share) + light * share).astype(np.uint8)


X_RANGE = (-5.5, 8.5)
LOWEST, HEADROOM = -4.5, 5.5  # metres below the water's surface at the diver, and above the board
FRONTAL = 0.9  # radians of yaw beyond which the board is painted from the front
SPRINGBOARD_LENGTH = 3.2  # metres beyond its fulcrum
WORDS = ("AQUATICS", "DIVING", "10M", "GRAND PRIX", "WORLD CUP", "FINAL", "OPEN", "SPRINT", "NORDA", "VELO")


@dataclasses.dataclass(frozen=True)
class Venue:
    """Colours (blue, green, red) and measures in metres of a venue."""

    wall: tuple
    banner: tuple
    water: tuple
    tower: tuple
    trim: tuple
    light: float
    crowd: tuple[float, float]
    banner_band: tuple[float, float]
    far_edge: float
    lane_spacing: float
    lane_slant: float
    rings: bool
    rough: float
    lanes: bool
    aerators: int
    splashing: float


def random_venue(rng: Generator) -> Venue:
    """A venue drawn at random; two in five are seen from higher up, with water behind most of the flight."""
    from_above = rng.random() < 0.4
    far_edge = rng.uniform(2.5, 8.5) if from_above else rng.uniform(1.0, 1.7)
    crowd_low = far_edge + rng.uniform(1.8, 2.6)
    crowd_high = crowd_low + rng.uniform(1.6, 3.6)
    grey = rng.uniform(45, 165)
    banners = (
        (150, 80, 20),
        (120, 40, 30),
        (60, 60, 160),
        (90, 130, 30),
        (140, 120, 40),
        (110, 50, 110),
        (170, 110, 60),
    )
    return Venue(
        wall=tuple(grey * np.sort(rng.uniform(0.70, 1.12, 3))[::-1]),  # cool, as halls are
        banner=tuple(np.array(banners[rng.integers(len(banners))]) * rng.uniform(0.8, 1.15)),
        water=tuple(np.array((205, 140, 45)) * rng.uniform(0.62, 1.12, 3) + rng.uniform(0, 40)),
        tower=tuple(rng.uniform(150, 225) * rng.uniform(0.94, 1.0, 3)),
        trim=tuple(rng.uniform(30, 200, 3)),
        light=float(rng.uniform(0.75, 1.1)),
        crowd=(crowd_low, crowd_high),
        banner_band=(crowd_high, crowd_high + rng.uniform(0.9, 1.9)),
        far_edge=float(far_edge),
        lane_spacing=float(rng.uniform(1.1, 1.7)),
        lane_slant=float(rng.uniform(-0.25, 0.25)),
        rings=bool(rng.random() < 0.4),
        rough=float(rng.uniform(3.0, 22.0)),
        lanes=bool(rng.random() < 0.6),
        aerators=int(rng.integers(0, 4)),
        splashing=float(np.exp(rng.normal(0.0, 0.25))),
    )


def paint_venue(
    venue: Venue, board: Board, yaw: float, pixels_per_metre: float, mirrored: bool, rng: Generator, margin: float = 0.0
) -> Canvas:
    """The venue as a picture: the board's edge at x = 0; the water's surface at the diver at y = 0.

    `paint_springboard` paints a springboard, as it moves. Writing is mirrored here if frames will be `mirrored`. From
    afar it is larger by a `margin` in metres at every side.
    """
    top = board.height + HEADROOM + margin
    sides = (X_RANGE[0] - margin, X_RANGE[1] + margin)
    world = Canvas(sides, (LOWEST - margin, top), pixels_per_metre, venue.wall)
    _paint_hall(world, venue, top, rng)
    _paint_stands(world, venue, mirrored, rng)
    _paint_deck(world, venue, rng)
    _paint_water(world, venue, rng)
    if abs(yaw) > FRONTAL:
        _paint_front(world, venue, board)
    elif board.springs:
        _paint_stand(world, venue, board)
    else:
        _paint_tower(world, venue, board.height, rng)
    if venue.light != 1.0:
        cv2.convertScaleAbs(world.image, world.image, alpha=venue.light)
    return world


def _paint_hall(world: Canvas, venue: Venue, top: float, rng: Generator) -> None:
    (left, right), wall = world.x_range, np.array(venue.wall)
    low = min(6.0, venue.banner_band[1])
    for x in np.arange(left, right, rng.uniform(1.2, 2.6)):
        world.rectangle(x, low, x + rng.uniform(0.3, 1.1), top, wall * rng.uniform(0.65, 1.2))
    for _ in range(rng.integers(2, 9)):
        start = (rng.uniform(*world.x_range), rng.uniform(top - 7, top))
        end = (rng.uniform(*world.x_range), rng.uniform(top - 7, top))
        world.line(start, end, wall * rng.uniform(0.3, 1.5), rng.uniform(0.04, 0.25))
    if rng.random() < 0.6:
        y = rng.uniform(top - 6.0, top - 3.0)
        slope = rng.uniform(-1.5, 1.5)
        points = ((left, y), (right, y + slope), (right, y + slope + 0.9), (left, y + 0.9))
        world.polygon(points, np.array(venue.banner) * rng.uniform(0.6, 1.0))


def _paint_stands(world: Canvas, venue: Venue, mirrored: bool, rng: Generator) -> None:
    (left, right), (low, high) = world.x_range, venue.banner_band
    world.rectangle(left, low, right, high, venue.banner)
    strip = world.region(left, low, right, high)
    if strip.size:  # low boards are filmed below what is up there
        _paint_banner(strip, venue.rings, mirrored, rng)
    crowd = world.region(left, venue.crowd[0], right, venue.crowd[1])
    if crowd.size:
        paint_crowd(crowd, rng.uniform(0.34, 0.52) * world.pixels_per_metre, rng.uniform(0.5, 0.9), rng)


def _paint_banner(strip: np.ndarray, rings: bool, mirrored: bool, rng: Generator) -> None:
    height, width = strip.shape[:2]
    writing = np.ascontiguousarray(strip)
    x = int(rng.uniform(0, 2) * height)
    while x < width:
        if rings and rng.random() < 0.6:
            radius = max(2, int(0.2 * height))
            for ring in range(5):
                centre = (x + int(1.5 * radius * ring), int(height * (0.4 if ring % 2 == 0 else 0.62)))
                cv2.circle(writing, centre, radius, (235, 235, 235), max(1, radius // 5), cv2.LINE_AA)
        else:
            word = WORDS[rng.integers(len(WORDS))]
            paint_text(writing, word, (x, int(0.7 * height)), int(0.38 * height), (235, 235, 235))
        x += int(rng.uniform(2.2, 3.6) * height)
    strip[:] = writing[:, ::-1] if mirrored else writing


def _paint_deck(world: Canvas, venue: Venue, rng: Generator) -> None:
    (left, right), dark = world.x_range, np.array(venue.wall) * 0.45
    world.rectangle(left, venue.far_edge, right, venue.crowd[0], dark)
    shirt = rng.uniform(60, 250, 3)
    x = left
    while x < right:
        x += rng.uniform(0.5, 2.2)
        foot = venue.far_edge + 0.25
        world.rectangle(x - 0.17, foot, x + 0.17, foot + 0.55, (40, 35, 30))
        world.rectangle(x - 0.21, foot + 0.5, x + 0.21, foot + 1.15, shirt * rng.uniform(0.8, 1.0))
        world.ring(x, foot + 1.32, 0.07, (120, 150, 195), 0.14)
    world.rectangle(left, venue.far_edge, right, venue.far_edge + 0.32, (222, 225, 225))


def _paint_water(world: Canvas, venue: Venue, rng: Generator) -> None:
    """Ripples of two sizes, glints, lane lines or none, and where bubbles or jets break the surface."""
    (left, right), lowest = world.x_range, world.y_range[0]
    region = world.region(left, lowest, right, venue.far_edge)
    height, width = region.shape[:2]
    fade = np.linspace(0.78, 1.06, height)[:, None, None]
    surface = np.zeros((height, width), np.float32)
    for coarseness in (2, 6):
        size = (max(2, height // coarseness), max(2, width // (3 * coarseness)))
        ripples = rng.standard_normal(size, np.float32)
        surface += cv2.resize(ripples, (width, height), interpolation=cv2.INTER_LINEAR)
    glints = np.maximum(surface - 2.6, 0.0) * 3 * venue.rough
    region[:] = np.clip(np.array(venue.water) * fade + (venue.rough * 0.6 * surface + glints)[..., None], 0, 255)
    if venue.lanes:
        _paint_lanes(world, venue)
    for _ in range(venue.aerators):
        x, y = rng.uniform(-0.5, 5.0), rng.uniform(lowest + 1.0, max(0.5, venue.far_edge - 0.5))
        half = rng.uniform(0.5, 1.4)
        paint_aerated(world.region(x - half, y - 0.3 * half, x + half, y + 0.3 * half), 245, rng)


def _paint_lanes(world: Canvas, venue: Venue) -> None:
    (left, right), lowest = world.x_range, world.y_range[0]
    depth = venue.far_edge - lowest
    for index, x in enumerate(np.arange(left + 0.2, right, venue.lane_spacing)):
        lean = venue.lane_slant * depth + 0.05 * (x - 1.3) * depth
        colour = (60, 40, 190) if abs(x - 0.4) < venue.lane_spacing / 2 else np.array(venue.water) * 0.45
        width_here = 0.16 if index % 2 else 0.10
        world.line((x, venue.far_edge), (x + lean, lowest), colour, width_here)


def _paint_tower(world: Canvas, venue: Venue, height: float, rng: Generator) -> None:
    tower = np.array(venue.tower)
    column = rng.uniform(-3.6, -2.4)
    world.rectangle(column - 0.9, 0.6, column, height, tower * 0.72)
    world.rectangle(column - 0.3, 0.6, column, height, tower * 0.58)
    for lower, edge in ((7.5, -0.35), (5.0, -0.55), (3.0, -0.75)):
        if lower < height:
            _paint_platform(world, venue, X_RANGE[0], edge, lower, tower * 0.9, 0.22)
    _paint_platform(world, venue, X_RANGE[0], 0.0, height, tower, 0.28)


def _paint_platform(
    world: Canvas, venue: Venue, left: float, edge: float, height: float, colour: np.ndarray, thickness: float
) -> None:
    world.rectangle(left, height - thickness, edge, height, colour * 0.82)
    world.rectangle(left, height - 0.07, edge, height, np.minimum(colour * 1.15, 250))
    world.rectangle(edge - 0.55, height - thickness, edge, height - 0.07, venue.trim)
    rail = np.minimum(colour * 1.1, 245)
    for x in np.arange(left, edge - 1.1, 0.7):
        world.line((x, height), (x, height + 0.9), rail, 0.035)
    for level in (0.45, 0.9):
        world.line((left, height + level), (edge - 1.1, height + level), rail, 0.035)


def _paint_stand(world: Canvas, venue: Venue, board: Board) -> None:
    left, tower = world.x_range[0], np.array(venue.tower)
    world.rectangle(left, 0.4, -SPRINGBOARD_LENGTH + 0.8, board.height - 0.1, tower * 0.8)
    world.rectangle(left, board.height - 0.4, -SPRINGBOARD_LENGTH + 0.9, board.height - 0.05, tower)
    for level in (0.45, 0.9):
        y = board.height + level
        world.line((left, y), (-SPRINGBOARD_LENGTH + 0.2, y), np.minimum(tower * 1.1, 245), 0.04)
    other = next(height for height in SPRINGBOARD_HEIGHTS if height != board.height)
    world.rectangle(left, other - 0.08, -0.6, other, np.minimum(tower * 1.1, 250))


def _paint_front(world: Canvas, venue: Venue, board: Board) -> None:
    """A board, and what carries it, as its diver would see them who swims before it."""
    tower = np.array(venue.tower)
    half = 0.25 if board.springs else 1.3
    world.rectangle(-0.6 * half, 0.4, 0.6 * half, board.height, tower * 0.6)
    if not board.springs:
        world.rectangle(-half, board.height - 0.3, half, board.height, tower)
        world.rectangle(-half, board.height - 0.25, half, board.height - 0.08, venue.trim)
        for x in (-half, half):
            world.line((x, board.height), (x, board.height + 0.9), np.minimum(tower * 1.1, 245), 0.05)


def paint_springboard(
    frame: np.ndarray, venue: Venue, edge: np.ndarray, fulcrum: np.ndarray, tip: float, pixels_per_metre: float
) -> None:
    """Paints a springboard on a BGR frame in place, from its fulcrum to its edge, pixels (x, y).

    It is bent so that the edge lies `tip` metres above its unloaded place.
    """
    share = np.linspace(0.0, 1.0, 6)[:, None]
    line = fulcrum + (edge - fulcrum) * share
    line[:, 1] -= tip * pixels_per_metre * share[:, 0] ** 2
    thickness = max(1, round(0.07 * pixels_per_metre))
    colour = np.clip(np.array(venue.trim) * 0.4 + 150, 0, 250) * venue.light
    points = np.round(line).astype(np.int32)
    cv2.polylines(frame, [points], False, tuple((colour * 0.6).tolist()), 2 * thickness, cv2.LINE_AA)
    cv2.polylines(frame, [points - (0, thickness // 2)], False, tuple(colour.tolist()), thickness, cv2.LINE_AA)
