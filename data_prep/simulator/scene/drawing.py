"""Draws an articulated figure as shaded capsules in depth order, smeared while the shutter is open. Knows no sport."""

import dataclasses
import itertools
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.figure import JOINT, Body

SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions
SUPERSAMPLING = 2
STILL = 0.5  # pixels; what moves less while the shutter is open is painted once
SMEAR, MOST_INSTANTS = 3.0, 7  # pixels between the instants that a moving figure is the mean of, and how many at most
Colour = tuple[int, int, int]  # blue, green, red
Patch = tuple[np.ndarray, tuple[int, int]]  # premultiplied BGRA (h, w, 4), and its upper left corner (x, y)

# part, joint, joint, radii in metres at both ends, offset towards the belly in metres
_SIDED = (
    ("limb", "shoulder", "elbow", 0.052, 0.042, 0.0),
    ("limb", "elbow", "wrist", 0.042, 0.030, 0.0),
    ("limb", "wrist", "hand", 0.034, 0.020, 0.0),
    ("leg", "hip", "knee", 0.088, 0.058, 0.0),
    ("leg", "knee", "ankle", 0.060, 0.036, 0.0),
    ("leg", "ankle", "toe", 0.038, 0.022, 0.0),
    ("trunks", "hip", "thigh", 0.092, 0.086, 0.0),
    ("limb", "chest", "shoulder", 0.075, 0.058, 0.0),
)
_CENTRAL = (
    ("hips", "pelvis", "waist", 0.110, 0.098, 0.0),
    ("torso", "waist", "chest", 0.098, 0.115, 0.0),
    ("torso", "chest", "neck", 0.105, 0.052, 0.0),
    ("front", "waist", "chest", 0.070, 0.085, 0.050),
    ("back", "waist", "chest", 0.070, 0.085, -0.050),
    ("limb", "neck", "head", 0.052, 0.055, 0.0),
    ("head", "head", "head", 0.112, 0.112, 0.0),
    ("hair", "head", "head", 0.098, 0.098, -0.040),
    ("face", "head", "head", 0.064, 0.064, 0.054),
)


@dataclasses.dataclass(frozen=True)
class Appearance:
    """Colours of a figure; a one-piece suit covers the torso and leaves the back bare, `exposure` 0.5 is backlit."""

    skin: Colour
    suit: Colour
    hair: Colour
    one_piece: bool
    exposure: float = 1.0


def random_appearance(rng: Generator) -> Appearance:
    """Skin, suit and hair drawn from wide palettes; suits contrast with skin."""
    tone = rng.uniform(0.0, 1.0) ** 1.5
    skin = np.array((172, 198, 236)) * (1 - tone) + np.array((62, 88, 132)) * tone
    suits = ((40, 30, 150), (130, 40, 20), (40, 40, 40), (60, 110, 30), (150, 90, 160), (30, 160, 200), (190, 190, 190))
    hairs = ((20, 25, 35), (30, 55, 90), (80, 150, 190), (15, 15, 20))
    return Appearance(
        skin=(int(skin[0]), int(skin[1]), int(skin[2])),
        suit=suits[rng.integers(len(suits))],
        hair=hairs[rng.integers(len(hairs))],
        one_piece=bool(rng.random() < 0.45),
    )


class FigurePainter:
    """Paints figures whose joints are given in pixels; axes of `light`: x to the right, y upwards, z to the camera."""

    def __init__(
        self, body: Body, appearance: Appearance, pixels_per_metre: float, light: tuple[float, ...] = (-0.5, 0.75, 0.45)
    ) -> None:
        thickness = body.scale * body.build
        parts = [(*part, "") for part in _CENTRAL]
        parts += [(*part, side) for part in _SIDED for side in ("_l", "_r")]
        self._ends = np.array([(self._joint(a, side), self._joint(b, side)) for _, a, b, *_, side in parts])
        self._thigh = np.array([b == "thigh" for _, _, b, *_ in parts])
        self._radii = np.array([(ra, rb) for _, _, _, ra, rb, *_ in parts]) * (thickness * pixels_per_metre)
        self._forward = np.array([forward for *_, forward, _ in parts]) * (body.scale * pixels_per_metre)
        self._colours = np.array([self._part_colour(kind, appearance) for kind, *_ in parts]) * appearance.exposure
        self._light = np.array(light) / np.linalg.norm(light)
        self._margin = int(np.ceil(0.16 * body.build * pixels_per_metre)) + 3

    @staticmethod
    def _joint(name: str, side: str) -> int:
        name = "knee" if name == "thigh" else name
        return JOINT[name] if name in JOINT else JOINT[name + side]

    @staticmethod
    def _part_colour(kind: str, appearance: Appearance) -> np.ndarray:
        suited = {"hips", "trunks"} | ({"torso", "front"} if appearance.one_piece else set())
        skin = np.array(appearance.skin, float)
        if kind in suited:
            return np.array(appearance.suit, float)
        shades = {
            "hair": np.array(appearance.hair, float),
            "face": skin * 1.12,
            "front": skin * 1.10,
            "back": skin * 0.72,
        }
        return shades.get(kind, skin)

    def paint(self, joints: np.ndarray, belly: np.ndarray) -> Patch:
        """Paints the mean over an exposure.

        `joints` (3, J, 3) are pixels at its start, middle and end: x to the right, y downwards, z to the camera.
        `belly` (3, 3) are unit vectors from back to belly in the same axes.
        """
        return next(self.paint_each(joints[None], belly[None]))

    def paint_each(self, joints: np.ndarray, belly: np.ndarray) -> Iterator[Patch]:
        """What `paint` gives for each of F exposures, joints (F, 3, J, 3) and belly (F, 3, 3), outlined all at once."""
        counts = _num_instants(joints)
        outlined: list[tuple] = [()] * len(joints)
        for count in set(counts.tolist()):
            frames = np.flatnonzero(counts == count)
            for frame, figure in zip(
                frames, self._outlined(*_instants(joints[frames], belly[frames], count)), strict=True
            ):
                outlined[frame] = figure
        return itertools.starmap(_painted, outlined)

    def _outlined(self, joints: np.ndarray, belly: np.ndarray) -> Iterator[tuple]:
        """Corners, outlines and colours, as `_painted` takes them, of exposures (F, S, J, 3) of S instants."""
        low = np.floor(joints[..., :2].min(axis=(1, 2))).astype(int) - self._margin
        high = np.ceil(joints[..., :2].max(axis=(1, 2))).astype(int) + self._margin
        local = joints.copy()
        local[..., :2] -= low[:, None, None]
        count, together = joints.shape[1], (-1, *joints.shape[2:])
        outlines, colours = self._parts(local.reshape(together), belly.reshape(-1, 3), is_still=count == 1)
        for index, corners in enumerate(zip(map(tuple, low.tolist()), map(tuple, high.tolist()), strict=True)):
            own = slice(index * count, (index + 1) * count)
            yield *corners, outlines[own], colours[own]

    def _parts(self, joints: np.ndarray, belly: np.ndarray, is_still: bool) -> tuple[np.ndarray, np.ndarray]:
        """Outlines (S, P, V, 2) and colours (S, P, 3) to fill in order.

        Of a still figure each part is followed by what the light falls on; a smear has no highlights.
        """
        ends = joints[:, self._ends]  # (S, P, 2, 3)
        ends[:, self._thigh, 1] = ends[:, self._thigh, 0] * 0.72 + ends[:, self._thigh, 1] * 0.28
        ends = ends + (self._forward[:, None] * belly[:, None])[:, :, None]
        # Hair, face, chest and back lie on the surface: seen from the side, each covers its half of what bears it.
        depth = ends[..., 2].mean(axis=2) + 0.4 * np.abs(self._forward)
        order = np.argsort(depth, axis=1)
        instant = np.arange(len(joints))[:, None]
        colours = (self._colours * self._brightness(ends)[..., None])[instant, order]
        ends, radii = ends[instant, order, :, :2], self._radii[order]
        # The mean of many instants has soft edges without painting them larger.
        fine = SUPERSAMPLING if is_still else 1
        outlines, shades = capsule_outlines(ends, radii, fine), (colours * 0.86).clip(0, 255)
        if not is_still:
            return outlines, shades
        glow = self._light[:2] * (1, -1) * 0.22 * radii[..., None]
        lit = capsule_outlines(ends + glow, 0.70 * radii, fine)
        return _alternating(outlines, lit), _alternating(shades, (colours * 1.08).clip(0, 255))

    def _brightness(self, ends: np.ndarray) -> np.ndarray:
        """Limbs that lie along the light are darker than those across it (Lambert on a cylinder)."""
        axes = (ends[..., 1, :] - ends[..., 0, :]) * (1, -1, 1)
        along = axes @ self._light / np.maximum(np.linalg.norm(axes, axis=-1), 1e-6)
        return 0.66 + 0.34 * np.sqrt(np.maximum(0.0, 1 - along**2))


def _alternating(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Items of two arrays (S, P, …) in turn, (S, 2 P, …)."""
    return np.stack((one, other), axis=2).reshape(len(one), -1, *one.shape[2:])


def _num_instants(joints: np.ndarray) -> np.ndarray:
    """As many instants of each exposure (F, 3, J, 3) as its movement needs, (F,)."""
    travel = np.abs(joints[:, -1, :, :2] - joints[:, 0, :, :2]).max(axis=(1, 2))
    return np.where(travel < STILL, 1, np.minimum(MOST_INSTANTS, 2 + (travel / SMEAR).astype(int)))


def _instants(joints: np.ndarray, belly: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` instants of each exposure, between the three that are given: (F, count, J, 3) and (F, count, 3)."""
    if count == 1:
        return joints[:, :1], belly[:, :1]
    share = np.linspace(0.0, 1.0, count)
    weights = np.stack(((1 - share) * (1 - 2 * share), 4 * share * (1 - share), share * (2 * share - 1)), axis=1)
    return (weights @ joints.reshape(len(joints), 3, -1)).reshape(
        len(joints), count, *joints.shape[2:]
    ), weights @ belly


def _painted(low: tuple[int, int], high: tuple[int, int], outlines: np.ndarray, colours: np.ndarray) -> Patch:
    width, height = high[0] - low[0], high[1] - low[1]
    if len(outlines) == 1:
        patch: np.ndarray = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING, 4), np.uint8)
        _fill(patch, outlines[0], colours[0])
        return cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA), low
    patch, total = np.zeros((height, width, 4), np.uint8), np.zeros((height, width, 4), np.float32)
    for instant_outlines, instant_colours in zip(outlines, colours, strict=True):
        patch[:] = 0
        _fill(patch, instant_outlines, instant_colours)
        cv2.accumulate(patch, total)
    return cv2.convertScaleAbs(total, alpha=1 / len(outlines)), low


def _fill(patch: np.ndarray, outlines: np.ndarray, colours: np.ndarray) -> None:
    for outline, colour in zip(outlines, colours.astype(int).tolist(), strict=True):
        cv2.fillConvexPoly(patch, outline, (*colour, 255), cv2.LINE_8, SHIFT)


def capsule_outlines(ends: np.ndarray, radii: np.ndarray, fine: int = SUPERSAMPLING) -> np.ndarray:
    """Outlines (…, V, 2) int32 of tapered capsules, for `cv2.fillConvexPoly` with `SHIFT`.

    `ends` (…, 2, 2) and `radii` (…, 2) are pixels of start and stop; a patch has `fine` pixels for one of the picture.
    """
    starts, stops = ends[..., 0, :], ends[..., 1, :]
    heading = np.arctan2(stops[..., 1] - starts[..., 1], stops[..., 0] - starts[..., 0])[..., None]
    angle = heading + _HALF_TURN
    cap = np.stack((np.cos(angle), np.sin(angle)), axis=-1)
    stop_cap = stops[..., None, :] + radii[..., 1:, None] * cap
    start_cap = starts[..., None, :] - radii[..., :1, None] * cap
    return (np.concatenate((stop_cap, start_cap), axis=-2) * (fine << SHIFT)).astype(np.int32)


_HALF_TURN = np.linspace(-np.pi / 2, np.pi / 2, 9)


def composite(frame: np.ndarray, patch: np.ndarray, corner: tuple[int, int]) -> None:
    """Lays a premultiplied BGRA patch over a BGR frame in place, clipped to the frame."""
    x, y = corner
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(patch.shape[0], frame.shape[0] - y), min(patch.shape[1], frame.shape[1] - x)
    if bottom <= top or right <= left:
        return
    patch = patch[top:bottom, left:right]
    region = frame[y + top : y + bottom, x + left : x + right]
    through = cv2.cvtColor(255 - patch[..., 3], cv2.COLOR_GRAY2BGR)
    region[:] = cv2.add(cv2.multiply(region, through, scale=1 / 255), patch[..., :3])
