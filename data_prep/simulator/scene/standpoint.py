"""A camera on a fixed tripod, for venues with depth: it only turns, so that all it can ever see is one panorama.

The panorama is a cylinder about the camera, unrolled: u to the right and v upwards, in metres as they appear at the
distance of a reference axis, x = z = 0. A frame is a crop of it (`camera.look`), and what moves is projected into it.
World axes in metres: x along, y up from the floor, z to the camera of a side view. Knows no sport.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Standpoint:
    """Where the camera stands."""

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
