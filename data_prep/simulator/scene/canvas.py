"""A picture measured in metres: what venues are painted on. Knows no sport."""

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.random import Generator

Point = tuple[float, float]  # (x, y), metres
Colour = Sequence[float] | np.ndarray  # blue, green, red, 0–255


class Canvas:
    """A BGR picture, a vertical plane on a ground with one colour; x to the right and y upwards, in metres."""

    def __init__(self, x_range: Point, y_range: Point, pixels_per_metre: float, colour: Colour = (0, 0, 0)) -> None:
        self.pixels_per_metre = pixels_per_metre
        self.x_range, self.y_range = x_range, y_range
        self.left, self.top = x_range[0], y_range[1]
        width = int(np.ceil((x_range[1] - x_range[0]) * pixels_per_metre))
        height = int(np.ceil((y_range[1] - y_range[0]) * pixels_per_metre))
        self.image: np.ndarray = np.empty((height, width, 3), np.uint8)
        self.image[0] = colour
        self.image[1:] = self.image[0]  # row by row: 0.15 ms instead of 10 for 2600×900 pixels

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Nearest pixel (column, row) of a point."""
        return round((x - self.left) * self.pixels_per_metre), round((self.top - y) * self.pixels_per_metre)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fills a rectangle."""
        cv2.rectangle(self.image, self.pixel(x0, y1), self.pixel(x1, y0), _plain(colour), -1)

    def line(self, start: Point, end: Point, colour: Colour, width: float) -> None:
        """Draws a line of a width in metres, at least one pixel."""
        thickness = max(1, round(width * self.pixels_per_metre))
        cv2.line(self.image, self.pixel(*start), self.pixel(*end), _plain(colour), thickness, cv2.LINE_AA)

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        """Fills a convex polygon."""
        corners = np.array([self.pixel(*point) for point in points], np.int32)
        cv2.fillConvexPoly(self.image, corners, _plain(colour), cv2.LINE_AA)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        """Draws a circle's outline."""
        thickness = max(1, round(width * self.pixels_per_metre))
        centre = self.pixel(x, y)
        cv2.circle(
            self.image, centre, max(1, round(radius * self.pixels_per_metre)), _plain(colour), thickness, cv2.LINE_AA
        )

    def scaled(self, factor: float) -> "Canvas":
        """The same picture with `factor` times as many pixels a metre."""
        other = object.__new__(Canvas)
        other.pixels_per_metre = self.pixels_per_metre * factor
        other.x_range, other.y_range = self.x_range, self.y_range
        other.left, other.top = self.left, self.top
        other.image = cv2.resize(self.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        return other

    def region(self, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
        """The pixels of a rectangle, as a view."""
        (left, top), (right, bottom) = self.pixel(x0, y1), self.pixel(x1, y0)
        return self.image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]


def _plain(colour: Colour) -> tuple[int, ...]:
    return tuple(int(min(255, max(0, value))) for value in colour)


def window(image: np.ndarray, centre: tuple[float, float], width: int, height: int) -> np.ndarray:
    """The (height, width, 3) pixels around a point (column, row) that may lie between pixels.

    Within the image these are two weighted sums, 2.5 times as fast as `cv2.getRectSubPix`, which repeats its border.
    """
    left, top = centre[0] - (width - 1) / 2, centre[1] - (height - 1) / 2
    column, row = math.floor(left), math.floor(top)
    if not (0 <= column < image.shape[1] - width and 0 <= row < image.shape[0] - height):
        return cv2.getRectSubPix(image, (width, height), (float(centre[0]), float(centre[1])))
    right, down = left - column, top - row
    seen: np.ndarray = image[row : row + height + 1, column : column + width + 1]
    seen = cv2.addWeighted(seen[:, :-1], 1 - right, seen[:, 1:], right, 0)
    return cv2.addWeighted(seen[:-1], 1 - down, seen[1:], down, 0)


def paint_text(
    image: np.ndarray, text: str, corner: tuple[int, int], height: int, colour: Colour, thickness: int = 1
) -> None:
    """Writes text with its lower left corner at a pixel, `height` pixels tall."""
    scale = max(0.25, height / 22.0)
    cv2.putText(image, text, corner, cv2.FONT_HERSHEY_DUPLEX, scale, _plain(colour), thickness, cv2.LINE_AA)


def paint_crowd(image: np.ndarray, row_height: float, brightness: float, rng: Generator) -> None:
    """Fills a picture with rows of seated people, `row_height` pixels from row to row, in place."""
    height, width = image.shape[:2]
    image[:] = np.array((38, 34, 32)) * brightness
    pitch = max(2.0, row_height * 0.62)
    for row in range(int(height / row_height) + 2):
        xs = np.arange(-1, width / pitch + 1) * pitch + rng.uniform(-0.2, 0.2) * pitch
        base = row * row_height
        seated = rng.random(len(xs)) < 0.9
        shirts = rng.uniform(20, 215, (len(xs), 1)) * 0.75 + rng.uniform(0, 230, (len(xs), 3)) * 0.25
        skins = np.array((120, 150, 195)) * rng.uniform(0.4, 1.1, (len(xs), 1))
        xs = xs + rng.uniform(-0.25, 0.25, len(xs)) * pitch
        lifts = rng.uniform(-0.2, 0.15, len(xs)) * row_height
        for x, present, shirt, skin, lift in zip(xs, seated, shirts, skins, lifts, strict=True):
            if present:
                _paint_spectator(image, x, base + lift, row_height, shirt * brightness, skin * brightness)


def _paint_spectator(image: np.ndarray, x: float, y: float, size: float, shirt: np.ndarray, skin: np.ndarray) -> None:
    shoulder = max(1, round(0.27 * size))
    top = round(y - 0.5 * size)
    cv2.rectangle(image, (round(x) - shoulder, top), (round(x) + shoulder, round(y + 0.3 * size)), _plain(shirt), -1)
    cv2.circle(image, (round(x), round(y - 0.62 * size)), max(1, round(0.17 * size)), _plain(skin), -1)
