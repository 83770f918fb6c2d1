"""Looks of film that people shoot: from near or far, by hand, cut out, mixed with other film. Knows no sport."""

import dataclasses

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.camera import View
from data_prep.simulator.scene.canvas import Canvas
from data_prep.simulator.scene.drawing import Appearance, Colour
from data_prep.simulator.scene.effects import VideoStyle
from data_prep.simulator.scene.figure import Body

KINDS = {"broadcast": 0.4, "near": 0.12, "far": 0.15, "cut_out": 0.15, "mixed": 0.1, "by_hand": 0.08}  # shares
NEAR, FAR = (0.6, 1.0), (0.12, 0.3)  # least and most of a standing athlete's share of the picture's height
BLEND = (0.15, 0.45)
SHAKE = (3.0, 7.0)
ONE_COLOUR = 1 / 3  # of the cut-outs
CLOSE = (0.55, 0.7)  # like `NEAR`, if the camera stays on the athlete
CLOSE_LAG, CLOSE_SLACK, CLOSE_LEAD = 0.3, 0.04, 0.3  # most of a `View`'s
LEAST_SLACK = 0.06  # of a camera that is so near that its athlete fills the picture


@dataclasses.dataclass(frozen=True)
class FilmLook:
    """How one video differs from a broadcast; as it is, not at all."""

    size: float | None = None  # of a standing athlete, as a share of the picture's height; None: as in a broadcast
    hold: float = 0.0  # least share of the athlete's movement that the camera does not follow, 0..1
    shake: float = 1.0  # factor of the camera's tremor
    ground: float = 1.0  # brightness of all but athlete and splash
    plain: bool = False  # whether that has one colour
    colour: Colour | None = None  # of the whole athlete; None: of skin, suit and hair
    blend: float = 0.0  # share of another shot in every picture
    black: float = 0.0  # share of the frames that are black
    close: bool = False  # whether the camera stays on the athlete

    def view(self, view: View, body: Body) -> View:
        """The view of an athlete, from that of a broadcast."""
        view = dataclasses.replace(view, tremor=view.tremor * self.shake)
        if self.size is None:
            return view
        view = dataclasses.replace(view, pixels_per_metre=self.size * view.height / body.height)
        if self.close:
            lag = min(view.lag, CLOSE_LAG)
            return dataclasses.replace(view, lag=lag, slack=CLOSE_SLACK, hold=0.0, lead=CLOSE_LEAD)
        slack = max(LEAST_SLACK, 0.49 - self.size / 2)
        return dataclasses.replace(view, slack=slack, hold=max(view.hold, self.hold))

    def margin(self, view: View) -> float:
        """Metres around the usual world that a view shows: none unless from afar."""
        is_far = self.size is not None and self.size <= FAR[1]
        return 0.5 * max(view.width, view.height) / view.pixels_per_metre if is_far else 0.0

    def appearance(self, appearance: Appearance) -> Appearance:
        """The athlete's colours, from those of a broadcast."""
        if self.colour is None:
            return appearance
        return dataclasses.replace(appearance, skin=self.colour, suit=self.colour, hair=self.colour)

    def style(self, style: VideoStyle) -> VideoStyle:
        """The style of a video, from that of a broadcast: a cut-out leaves no writing."""
        return style if self.ground == 1.0 else dataclasses.replace(style, logo="", bug=0.0)

    def cover(self, world: Canvas) -> None:
        """Takes the light, or all that it shows, from a painted world, in place."""
        if self.plain:
            world.image[:] = world.image.mean(axis=(0, 1))
        world.image = self.darkened(world.image)

    def darkened(self, picture: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3) without athlete in the light of the ground."""
        return picture if self.ground == 1.0 else cv2.convertScaleAbs(picture, alpha=self.ground)


BROADCAST = FilmLook()


def random_look(rng: Generator) -> FilmLook:
    """A look drawn at random, of one of `KINDS`."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "near":
        return FilmLook(size=float(rng.uniform(*NEAR)))
    if kind == "far":  # many from a tripod, or by somebody who does not pan
        return FilmLook(size=float(np.exp(rng.uniform(*np.log(FAR)))), hold=min(1.0, float(rng.uniform(0.2, 1.6))))
    if kind == "cut_out":
        return _random_cut_out(rng)
    if kind == "mixed":
        return FilmLook(blend=float(rng.uniform(*BLEND)))
    return FilmLook(shake=float(rng.uniform(*SHAKE))) if kind == "by_hand" else BROADCAST


def close_look(rng: Generator) -> FilmLook:
    """A broadcast whose camera stays on the athlete, of a size drawn at random."""
    return FilmLook(size=float(rng.uniform(*CLOSE)), close=True)


def _random_cut_out(rng: Generator) -> FilmLook:
    """An athlete without surroundings, as of video that was masked; a mask fails in some frames."""
    blue, green, red = (int(value) for value in rng.uniform(120, 255, 3))
    return FilmLook(
        ground=float(rng.uniform(0.0, 0.2)),
        plain=bool(rng.random() < 0.5),
        colour=(blue, green, red) if rng.random() < ONE_COLOUR else None,
        black=0.02,
    )
