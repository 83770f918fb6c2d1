"""One athlete's joints along a performance, and where the camera looked."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Track:
    """One athlete, followed through L frames.

    Attributes:
        first_frame: the first one's number in the file.
        times: (L,), seconds in the file.
        positions: float32 (L, 17, 2), the joints of `skeleton.JOINTS`; x right and y down, in heights of the picture as
            shown: y is 0 to 1, x is 0 to its aspect. Finite everywhere: where the body was not seen they are filled.
        confidence: float32 (L, 17), 0 to 1; 0 where a joint was filled.
        camera: (L, 2, 3), a frame's affine map to the scene: the first frame's coordinates, if the camera had not moved
            since.
        centre: (L, 2), where the fall has the body's centre of mass, in the picture; None without a fall.
        flight: (take-off, entry), numbers in these frames: the first one in the air, and the first one in which the
            body touches the water; None for an end that is not known.
    """

    first_frame: int
    times: np.ndarray
    positions: np.ndarray
    confidence: np.ndarray
    camera: np.ndarray
    centre: np.ndarray | None = None
    flight: tuple[int | None, int | None] = (None, None)

    @property
    def ends(self) -> tuple[int | None, ...]:
        """The flight's ends, numbers in the file."""
        return tuple(None if at is None else self.first_frame + at for at in self.flight)

    @property
    def seen(self) -> np.ndarray:
        """Frames in which the body was seen, bool (L,)."""
        return np.median(self.confidence, axis=1) > 0

    def in_scene(self) -> np.ndarray:
        """The joints in the scene, (L, 17, 2)."""
        return np.einsum("lij,lkj->lki", self.camera[:, :, :2], self.positions) + self.camera[:, None, :, 2]
