"""Films a planned video: shots of no stage, the performance, shots of no stage, all as broadcast. Knows no sport."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from data_prep.simulator.faults import share_deduction
from data_prep.simulator.performance import FILM, Performance, Simulator
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.camera import zoomed_places
from data_prep.simulator.scene.effects import Broadcast, filmed_size, magnifications, random_style, zoomed
from data_prep.simulator.settings import Settings, clip_files

SHOT_FRAMES = (8, 36)  # least and most of one shot among several
ZOOMED = 0.3  # of the shots that show a performance
CLIP_SHOTS = ("clip", "another clip", "third clip")  # as many chances that a shot of no stage is a real one


def film_video(
    simulator: Simulator, performance: Performance, settings: Settings, joints: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a planned video.

    Args:
        simulator: of the sport.
        performance: the plan.
        settings: of the dataset.
        joints: (L, J, 2), takes the athlete's joints in every frame of the performance once all were filmed, pixels.

    Yields:
        Frames.
    """
    return Filming(simulator, performance, settings).video(joints)


class Filming:
    """The scene, the camera and the broadcast of one planned video.

    Args:
        simulator, performance, settings: as of `film_video`.
    """

    def __init__(self, simulator: Simulator, performance: Performance, settings: Settings):
        self._simulator, self._performance = simulator, performance
        self._rng = settings.filming_random(performance.video_id, FILM)
        style = random_style(settings.easy, self._rng)
        self._broadcast = Broadcast(style, settings.width, settings.height, self._rng)
        width, height = filmed_size(style, settings.width, settings.height)
        self._settings = dataclasses.replace(settings, width=width, height=height)
        self._scene = simulator.random_scene(performance.element, self._settings, self._rng)

    def video(self, joints: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """What `film_video` returns."""
        performance, settings, rng, broadcast = self._performance, self._settings, self._rng, self._broadcast
        end = performance.boundaries[3] + performance.linger if settings.task == "scoring" else performance.num_frames
        seen: list[np.ndarray] = []
        shot = self._simulator.shot(self._scene, performance, settings.task, rng, seen)
        lens = (1.0, 1.0)
        if not settings.easy and rng.random() < ZOOMED:
            lens = tuple(rng.uniform(1.0, 1.3, 2))
            shot = zoomed(shot, end - performance.lead, *lens)
        before = _noise(self._simulator, performance, self._scene, performance.lead, settings, rng)
        after = _noise(
            self._simulator, performance, self._scene, performance.num_frames - end, settings, rng, after=True
        )
        for index, frame in enumerate(itertools.chain(before, shot, after)):
            if index in (performance.lead, end):
                broadcast.cut()
            yield broadcast(frame, index)
        if joints is not None:
            factors = magnifications(np.arange(len(seen)), end - performance.lead, *lens)
            places = zoomed_places(np.array(seen), factors, settings.width, settings.height)
            joints[performance.lead : end] = broadcast.places(places, settings.width)

    def replay(self, num_frames: int) -> Iterator[np.ndarray]:
        """Frames of the performance in slow motion, from another point of view, by another athlete."""
        element, trait = self._performance.element, self._performance.trait
        return self._broadcasted(self._simulator.replay_shot(self._scene, element, trait, num_frames, self._rng))

    def between(self, num_frames: int, shot_frames: tuple[int, int]) -> Iterator[np.ndarray]:
        """Frames of shots of no stage, no replays among them, each of so many frames."""
        return self._broadcasted(
            _noise(
                *(self._simulator, self._performance, self._scene, num_frames, self._settings, self._rng),
                shot_frames=shot_frames,
                without=("replay",),
            )
        )

    def _broadcasted(self, frames):
        self._broadcast.cut()
        return (self._broadcast(frame, index) for index, frame in enumerate(frames))


def _noise(
    simulator,
    performance,
    scene,
    num_frames,
    settings,
    rng,
    after=False,
    shot_frames=SHOT_FRAMES,
    without=(),
):
    """Shots of no stage, one after the other."""
    while num_frames > 0:
        shots = _shots(simulator, performance, scene, settings, after, rng)
        names = [name for name in shots if name not in without]
        shortest, longest = shot_frames
        cut = num_frames >= 2 * shortest
        length = int(rng.integers(shortest, min(longest, num_frames) + 1)) if cut else num_frames
        yield from shots[rng.choice(names)](length)
        num_frames, after = num_frames - length, False


def _shots(simulator, performance, scene, settings, after, rng):
    """Name → function of a number of frames; crowd and scoreboard are all that the easy preset shows."""
    width, height = scene.view.width, scene.view.height
    shots = {
        "crowd": lambda length: noise.crowd_shot(length, width, height, rng),
        "scoreboard": lambda length: noise.scoreboard_shot(length, width, height, rng),
    }
    if settings.easy:
        return shots
    if settings.noise_clips:
        clips = clip_files(settings.noise_clips)
        shots |= dict.fromkeys(CLIP_SHOTS, lambda length: noise.clip_shot(length, clips, width, height, rng))
    return {
        **shots,
        "replay": lambda length: replay_of_another(simulator, performance, scene, length, rng),
        **simulator.noise_shots(scene, after, rng),
        "elsewhere": lambda length: noise.elsewhere_shot(length, width, height, rng),
        "close_up": lambda length: noise.close_up_shot(
            length, scene.world, scene.appearance, width, height, scene.mirrored, rng
        ),
    }


def replay_of_another(
    simulator: Simulator, performance: Performance, scene: Any, num_frames: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Frames of a replay among the noise: another element than that of the plan, with other faults."""
    elements = [element for element in simulator.replayed_elements(scene) if element != performance.element]
    severities = share_deduction(simulator.draw_deduction(rng), simulator.faults, rng)
    element = elements[rng.integers(len(elements))]
    return simulator.replay_shot(scene, element, simulator.random_trait(severities, rng), num_frames, rng)
