"""Films a planned video as broadcast: noise, the performance, noise. Knows no sport."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from data_prep.simulator.performance import FILM, LOOK, Performance, Simulator, share_deduction
from data_prep.simulator.plan import is_repeat
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.camera import zoomed_places
from data_prep.simulator.scene.effects import (
    BROADCAST,
    Broadcast,
    FilmLook,
    VideoStyle,
    close_look,
    filmed_size,
    magnifications,
    random_look,
    random_style,
    zoomed,
)
from data_prep.simulator.settings import Settings

SHOT_FRAMES = (8, 36)  # least and most of one shot among several
ZOOMED = 0.3  # of the shots that show a performance
MIXED_IN = ("crowd", "elsewhere", "close_up")  # shots of noise that film is mixed with


def random_athlete(simulator: Simulator, performance: Performance, settings: Settings) -> Any:
    """The athlete whom a planned video shows, as `Simulator.random_athlete`, without a picture."""
    rng, *_ = _draw_broadcast(performance, settings)
    return simulator.random_athlete(performance.element, settings.easy, rng)


def _draw_broadcast(performance: Performance, settings: Settings) -> tuple[Generator, FilmLook, VideoStyle, Broadcast]:
    """What is drawn of a video before its scene; the generator is the scene's."""
    rng = settings.filming_random(performance.video_id, FILM)
    draw_look = random_look if settings.film else close_look if settings.close else lambda _: BROADCAST
    look = draw_look(settings.filming_random(performance.video_id, LOOK))
    style = look.style(random_style(settings.easy, rng, settings.film))
    return rng, look, style, Broadcast(style, settings.width, settings.height, rng)


class Filming:
    """The scene, the camera and the broadcast of one planned video."""

    def __init__(self, simulator: Simulator, performance: Performance, settings: Settings):
        self._simulator, self._performance = simulator, performance
        self._rng, self._look, style, self._broadcast = _draw_broadcast(performance, settings)
        width, height = filmed_size(style, settings.width, settings.height)
        self._settings = dataclasses.replace(settings, width=width, height=height)
        self.scene = simulator.random_scene(performance.element, self._settings, self._rng, self._look)

    def video(self, joints: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """The frames (H, W, 3) uint8 BGR of the planned video.

        `joints` (L, J, 2) receives the athlete's joints in every frame of the performance, pixels.
        """
        repeats, black = self._performance.repeats, self._look.black
        for index, frame in enumerate(self._frames(joints)):
            if not is_repeat(index, repeats):
                shown = frame
            yield np.zeros_like(frame) if black and self._rng.random() < black else shown
        if joints is not None and repeats:
            repeated = joints[repeats - 1 :: repeats]
            repeated[:] = joints[repeats - 2 :: repeats][: len(repeated)]

    def _frames(self, joints: np.ndarray | None) -> Iterator[np.ndarray]:
        """As `video`, before frames are repeated or black."""
        performance, settings, rng, broadcast = self._performance, self._settings, self._rng, self._broadcast
        end = performance.boundaries[3] + performance.linger if settings.task == "scoring" else performance.num_frames
        seen: list[np.ndarray] = []
        shot = self._simulator.shot(
            self.scene, performance.element, performance.trait, *performance.clock(end), rng, seen
        )
        lens = (1.0, 1.0)
        if not (settings.easy or settings.close) and rng.random() < ZOOMED:
            lens = tuple(rng.uniform(1.0, 1.3, 2))
            shot = zoomed(shot, end - performance.lead, *lens)
        before, after = self._noise(performance.lead), self._noise(performance.num_frames - end, after=True)
        darkened = self._look.darkened
        pictures = itertools.chain(map(darkened, before), shot, map(darkened, after))
        for index, picture in enumerate(self._mixed(pictures) if self._look.blend else pictures):
            if index in (performance.lead, end):
                broadcast.cut()
            yield broadcast(picture, index)
        if joints is not None:
            factors = magnifications(np.arange(len(seen)), end - performance.lead, *lens)
            places = zoomed_places(np.array(seen), factors, settings.width, settings.height)
            joints[performance.lead : end] = broadcast.places(places, settings.width)

    def _mixed(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        share, shots = self._look.blend, self._shots(after=False)
        other = shots[self._rng.choice(MIXED_IN)](self._performance.num_frames)
        for picture, over in zip(pictures, other, strict=True):
            yield cv2.addWeighted(picture, 1 - share, over, share, 0)

    def _noise(self, num_frames: int, after: bool = False) -> Iterator[np.ndarray]:
        shortest, longest = SHOT_FRAMES
        while num_frames > 0:
            shots = self._shots(after)
            cut = num_frames >= 2 * shortest
            length = int(self._rng.integers(shortest, min(longest, num_frames) + 1)) if cut else num_frames
            yield from shots[self._rng.choice(list(shots))](length)
            num_frames, after = num_frames - length, False

    def _shots(self, after: bool) -> dict[str, Callable[[int], Iterator[np.ndarray]]]:
        """Name → function that takes a number of frames; the easy preset shows crowd and scoreboard alone."""
        simulator, scene, rng = self._simulator, self.scene, self._rng
        size = (scene.view.width, scene.view.height)
        shots = {
            "crowd": lambda length: noise.crowd_shot(length, *size, rng),
            "scoreboard": lambda length: noise.scoreboard_shot(length, *size, rng),
        }
        if self._settings.easy:
            return shots
        return {
            **shots,
            "replay": lambda length: replay_of_another(simulator, self._performance, scene, length, rng),
            **simulator.noise_shots(scene, after, rng),
            "elsewhere": lambda length: noise.elsewhere_shot(length, *size, rng),
            "close_up": lambda length: noise.close_up_shot(
                length, scene.world, scene.appearance, *size, scene.mirrored, rng
            ),
        }


def replay_of_another(
    simulator: Simulator, performance: Performance, scene: Any, num_frames: int, rng: Generator
) -> Iterator[np.ndarray]:
    """Replay frames among the noise: another element than the plan's, with other faults."""
    elements = [element for element in simulator.replayed_elements(scene) if element != performance.element]
    severities = share_deduction(simulator.draw_deduction(rng), simulator.faults, rng)
    element = elements[rng.integers(len(elements))]
    return simulator.replay_shot(scene, element, simulator.random_trait(severities, rng), num_frames, rng)
