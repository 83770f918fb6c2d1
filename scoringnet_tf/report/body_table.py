"""What a page tells of the body: each element and measure with a close-up, and what was not seen."""

from collections.abc import Sequence

import numpy as np

from scoringnet_tf.body.track import Track
from scoringnet_tf.inference.rendering import ATHLETES, probability_text, side_text, value_text
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.times import of_athlete
from scoringnet_tf.inference.words import not_seen
from scoringnet_tf.report.overlays import close_up
from scoringnet_tf.report.page import BodyRow, Picture, Scene
from scoringnet_tf.sports import Sport


def body_rows(sport: Sport, performance: Performance, scene: Scene, jpegs: Sequence[bytes]) -> list[BodyRow]:
    """A row for each element and measure that a performance's body shows, and one that names the others."""

    def picture(frame: int | None) -> Picture | None:
        number = -1 if frame is None else frame - scene.first_frame
        if frame is None or not 0 <= number < len(jpegs):
            return None
        return Picture(number, "", *close_up(jpegs[number], performance.body, frame))

    rows = []
    for name in (of_athlete(name, number) for number in ATHLETES for name in sport.measures):
        if element := performance.elements.get(name):
            rows.append(BodyRow(name, element.value, probability_text(element), picture(element.frame)))
        if measure := performance.measures.get(name):
            rows.append(BodyRow(name, value_text(measure), side_text(name, measure), picture(measure.frame)))
    missing = not_seen(performance.warnings)
    return [*rows, BodyRow("not seen", "", ", ".join(missing))] if missing else rows


def curves_in(performance: Performance, scene: Scene) -> dict[str, np.ndarray]:
    """A performance's curves, degrees in each frame of a scene (L,), NaN where they were not seen."""
    start, curves = performance.start_frame - scene.first_frame, {}
    for name, values in performance.curves.items():
        shown = np.full(scene.num_frames, np.nan)
        within = np.array(values, float)[max(-start, 0) : scene.num_frames - start]
        shown[max(start, 0) :][: len(within)] = within
        curves[name] = shown
    return curves


def highest_frame(tracks: Sequence[Track]) -> int | None:
    """The frame in the file in which the first athlete's centre is highest; None if the fall was not seen."""
    for track in tracks[:1]:
        if track.centre is not None and np.isfinite(track.centre).any():
            down = np.einsum("lj,lj->l", track.camera[:, 1, :2], track.centre) + track.camera[:, 1, 2]
            return track.first_frame + int(np.nanargmin(down))
    return None
