"""A broadcast's effects on every picture, and the looks of film that people shoot. Knows no sport."""

import dataclasses
import functools
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.scene.camera import View, zoom
from data_prep.simulator.scene.canvas import Canvas, paint_text
from data_prep.simulator.scene.drawing import Appearance, Colour, Patch, composite
from data_prep.simulator.scene.figure import Body

GRAIN_SHIFT = 64  # pixels: the grain of a frame is a window of a field this much larger, which costs one draw
GREY = 0.12  # of film
LUMA = np.array((0.114, 0.587, 0.299))  # of blue, green, red


@dataclasses.dataclass(frozen=True)
class VideoStyle:
    """Constant properties of one video."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)  # factors of blue, green, red
    gamma: float = 1.0  # exponent of the tone curve
    black: float = 0.0  # grey level of black, which veils the picture
    saturation: float = 1.0  # 0 is grey, 1 as it is
    focus_sigma: float = 0.0  # Gaussian blur in pixels of a picture 240 high
    grain: float = 1.0  # standard deviation of the sensor noise, grey levels
    logo: str = ""  # text of the station logo, empty for none
    logo_right: bool = False  # whether it stands in the right corner
    bug: float = 0.0  # height of a score bug as a share of the picture, 0 for none
    combed: bool = False  # whether the odd lines are a frame late, as where fields of interlaced video were woven
    # width and height of the picture proper as shares of the frame; the rest is black bars
    picture: tuple[float, float] = (1.0, 1.0)
    squeeze: float = 1.0  # width that was filmed, as a share of the picture's: 4/3 is widescreen without bars at 4:3


def random_style(easy: bool, rng: Generator, film: bool = False) -> VideoStyle:
    """A style drawn at random; the easy preset stays near a clean picture, film is graded anyhow or grey."""
    logo, logo_right = ("", "TV1", "SPORT", "LIVE", "HD")[rng.integers(5)], bool(rng.random() < 0.5)
    if easy:
        return VideoStyle(
            gain=tuple(rng.uniform(0.9, 1.08, 3)),
            gamma=float(rng.uniform(0.82, 1.2)),
            focus_sigma=float(rng.uniform(0.0, 0.8)),
            grain=float(rng.uniform(0.5, 4.0)),
            logo=logo,
            logo_right=logo_right,
        )
    bars = rng.random()
    style = VideoStyle(
        gain=tuple(rng.uniform(0.84, 1.12, 3)),
        gamma=float(np.exp(rng.uniform(-0.45, 0.3))),
        black=float(max(0.0, rng.uniform(-30, 40))),
        saturation=float(rng.uniform(0.3, 1.4)) if rng.random() < 0.4 else 1.0,
        focus_sigma=float(rng.uniform(0.0, 1.6)),
        grain=float(rng.uniform(0.3, 9.0)),
        logo=logo,
        logo_right=logo_right,
        bug=float(rng.uniform(0.07, 0.16)) if rng.random() < 0.3 else 0.0,
        combed=bool(rng.random() < 0.12),
        picture=(1.0, 0.75) if bars < 0.12 else (0.75, 1.0) if bars < 0.18 else (1.0, 1.0),
        squeeze=4 / 3 if 0.18 <= bars < 0.26 else 0.8 if 0.26 <= bars < 0.32 else 1.0,
    )
    return _graded(style, rng) if film else style


def _graded(style: VideoStyle, rng: Generator) -> VideoStyle:
    return dataclasses.replace(
        style,
        gain=tuple(rng.uniform(0.7, 1.35) * rng.uniform(0.8, 1.2, 3)),
        gamma=float(rng.uniform(0.7, 1.4)),
        saturation=0.0 if rng.random() < GREY else style.saturation,
    )


def filmed_size(style: VideoStyle, width: int, height: int) -> tuple[int, int]:
    """Width and height at which to film for a frame of a width and height."""
    across, down = _picture_size(style, width, height)
    return round(style.squeeze * across), down


def _picture_size(style: VideoStyle, width: int, height: int) -> tuple[int, int]:
    across, down = style.picture
    return 2 * round(across * width / 2), 2 * round(down * height / 2)


class Broadcast:
    """Applies a `VideoStyle` to pictures of one size; grain and writing are drawn at random."""

    def __init__(self, style: VideoStyle, width: int, height: int, rng: Generator):
        levels = np.arange(256) / 255.0
        curve = style.black + (255 - style.black) * levels[:, None] ** style.gamma
        self._table = np.clip(np.round(curve * style.gain), 0, 255).astype(np.uint8)[None]
        self._colours = style.saturation * np.eye(3) + (1 - style.saturation) * LUMA[None]
        sigma = style.focus_sigma * height / 240
        self._sigma = sigma if sigma > 0.25 else 0.0
        picture = self._size = _picture_size(style, width, height)
        self._noise = rng.standard_normal((picture[1] + GRAIN_SHIFT, picture[0] + GRAIN_SHIFT, 3), np.float32)
        self._strength, self._shifts = style.grain, rng.integers(GRAIN_SHIFT + 1, size=(5, 2))
        self._writing = [*_logo(style, picture), *_bug(style, picture, rng)]
        self._combed = style.combed
        self._last: np.ndarray | None = None
        x, y = (width - picture[0]) // 2, (height - picture[1]) // 2
        self._bars = (y, height - picture[1] - y, x, width - picture[0] - x)

    @functools.cached_property
    def _grain(self) -> list[np.ndarray]:
        field, (across, down) = (self._strength * self._noise).astype(np.int16), self._size
        return [field[row : row + down, column : column + across] for row, column in self._shifts]

    def __call__(self, picture: np.ndarray, index: int) -> np.ndarray:
        """The frame (H, W, 3) for a picture with `filmed_size`; `index` is its number in the video."""
        if picture.shape[1] != self._size[0]:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        if self._combed:
            picture, self._last = _weave(picture, self._last), picture
        if self._sigma:
            picture = cv2.GaussianBlur(picture, (0, 0), self._sigma)
        for patch, corner in self._writing:
            composite(picture, patch, corner)
        if self._colours[0, 0] != 1.0:
            picture = cv2.transform(picture, self._colours)
        picture = cv2.LUT(picture, self._table)
        picture = cv2.add(picture, self._grain[index % len(self._grain)], dtype=cv2.CV_8U)
        return cv2.copyMakeBorder(picture, *self._bars, cv2.BORDER_CONSTANT) if any(self._bars) else picture

    def places(self, places: np.ndarray, filmed_width: int) -> np.ndarray:
        """Converts `places` (…, 2), x and y in a picture with `filmed_size`, to frame pixels."""
        squeeze, (top, _, left, _) = self._size[0] / filmed_width, self._bars
        x, y = places[..., 0], places[..., 1]
        return np.stack(((x + 0.5) * squeeze - 0.5 + left, y + top), axis=-1)

    def cut(self) -> None:
        """Starts another shot: no field of the last picture is late in the next."""
        self._last = None


def _weave(picture: np.ndarray, last: np.ndarray | None) -> np.ndarray:
    if last is None:
        return picture.copy()
    woven = picture.copy()
    woven[1::2] = last[1::2]
    return woven


def _logo(style: VideoStyle, picture: tuple[int, int]) -> list[Patch]:
    width, height = picture
    if not style.logo:
        return []
    size = max(5, height // 24)
    patch: np.ndarray = np.zeros((2 * size, int(width * 0.18), 4), np.uint8)
    paint_text(patch, style.logo, (1, int(1.5 * size)), size, (230, 230, 230, 255))
    return [(patch, (int(width * (0.81 if style.logo_right else 0.03)), int(height * 0.10) - int(1.5 * size)))]


def _bug(style: VideoStyle, picture: tuple[int, int], rng: Generator) -> list[Patch]:
    width, height = picture
    if not style.bug:
        return []
    tall, wide = max(8, int(style.bug * height)), int(rng.uniform(0.3, 0.9) * width)
    patch: np.ndarray = np.empty((tall, wide, 4), np.uint8)
    alpha = rng.uniform(0.6, 1.0)
    patch[:] = (*(rng.uniform(10, 160, 3) * alpha), 255 * alpha)
    name = "".join(chr(65 + letter) for letter in rng.integers(0, 26, 7))
    text = f"{rng.integers(1, 13)} {name} {rng.uniform(20, 480):.2f}"
    paint_text(patch, text, (tall // 4, int(0.75 * tall)), tall // 2, (240, 240, 240, 255))
    y = height - tall - int(0.05 * height) if rng.random() < 0.75 else int(0.05 * height)
    return [(patch, (int(rng.uniform(0.0, 1.0) * (width - wide)), y))]


def zoomed(frames: Iterable[np.ndarray], num_frames: int, start: float, stop: float) -> Iterator[np.ndarray]:
    """Frames of a shot through a lens that goes from one magnification (1 or more) to another."""
    for index, frame in enumerate(frames):
        yield zoom(frame, float(magnifications(np.array([index]), num_frames, start, stop)[0]))


def magnifications(indices: np.ndarray, num_frames: int, start: float, stop: float) -> np.ndarray:
    """What `zoomed` uses at the frames with these indices."""
    share = np.minimum(1.0, indices / max(1, num_frames - 1))
    return start + (stop - start) * share * share * (3 - 2 * share)  # not `ease`: the order of products counts


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
        """An athlete's view, from that of a broadcast."""
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
        """A video's style, from that of a broadcast: a cut-out leaves no writing."""
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
    """A look drawn at random, from `KINDS`."""
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
