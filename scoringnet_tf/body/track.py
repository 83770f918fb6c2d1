"""One athlete's joints along a performance, and where the camera looked."""

import dataclasses

import numpy as np

RATE = 30  # frames per second that are looked at; joints in those between are theirs


@dataclasses.dataclass(frozen=True)
class Track:
    """One athlete, followed through L frames. Places are x right and y down, in heights of the picture as shown.

    `positions` are finite everywhere: where the body was not seen they are filled. The scene of `camera` has the first
    frame's coordinates. `flight` has the first frame in the air, and the first one in which the body touches the water.
    """

    first_frame: int  # its number in the file
    times: np.ndarray  # (L,), seconds in the file
    positions: np.ndarray  # float32 (L, 17, 2), the joints of `skeleton.JOINTS`
    confidence: np.ndarray  # float32 (L, 17), 0 to 1; 0 where a joint was filled
    camera: np.ndarray  # (L, 2, 3), a frame's affine map to the scene
    centre: np.ndarray | None = None  # (L, 2), where the fall has the body's centre of mass, in the picture
    flight: tuple[int | None, int | None] = (None, None)  # numbers in these frames; None for an end that is not known

    @property
    def ends(self) -> tuple[int | None, ...]:
        """The flight's ends, numbers in the file."""
        return tuple(None if at is None else self.first_frame + at for at in self.flight)

    @property
    def step(self) -> int:
        """From one frame that was looked at to the next."""
        return step_of(self.times)

    @property
    def seen(self) -> np.ndarray:
        """Frames in which the body was seen, bool (L,)."""
        return np.median(self.confidence, axis=1) > 0

    def in_scene(self) -> np.ndarray:
        """The joints in the scene, (L, 17, 2)."""
        return np.einsum("lij,lkj->lki", self.camera[:, :, :2], self.positions) + self.camera[:, None, :, 2]


def step_of(times: np.ndarray) -> int:
    """How many frames at times (L,), seconds, there are to each that is looked at."""
    return max(1, round(1 / max(float(np.median(np.diff(times))), 1e-3) / RATE))  # times may be rounded to 1 ms
