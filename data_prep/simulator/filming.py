"""Films a planned video: shots of no stage, the performance, shots of no stage, all as broadcast. Knows no sport."""

import itertools
from collections.abc import Iterator

import numpy as np

from data_prep.simulator.performance import FILM, Performance, Simulator
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.effects import Broadcast, random_style
from data_prep.simulator.scoring.faults import share_deduction
from data_prep.simulator.settings import Settings

SHOT_FRAMES = (8, 36)  # least and most of one shot among several


def film_video(simulator: Simulator, performance: Performance, settings: Settings) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a planned video."""
    rng = settings.random(performance.video_id, FILM)
    scene = simulator.random_scene(settings, rng)
    broadcast = Broadcast(random_style(rng), settings.width, settings.height, rng)
    end = performance.boundaries[3] + performance.linger
    num_after = performance.num_frames - end if settings.task == "scoring" else 0
    shot = simulator.shot(scene, performance, settings.task, rng)
    before = _noise(simulator, performance, scene, performance.lead, settings.easy, rng)
    after = _noise(simulator, performance, scene, num_after, settings.easy, rng, after=True)
    for index, frame in enumerate(itertools.chain(before, shot, after)):
        yield broadcast(frame, index)


def _noise(simulator, performance, scene, num_frames, easy, rng, after=False):
    """Shots of no stage, one after the other."""
    while num_frames > 0:
        shots = _shots(simulator, performance, scene, easy, after, rng)
        shortest, longest = SHOT_FRAMES
        cut = num_frames >= 2 * shortest
        length = int(rng.integers(shortest, min(longest, num_frames) + 1)) if cut else num_frames
        yield from shots[rng.choice(list(shots))](length)
        num_frames, after = num_frames - length, False


def _shots(simulator, performance, scene, easy, after, rng):
    """Name → function of a number of frames; crowd and scoreboard are all that the easy preset shows."""
    width, height = scene.view.width, scene.view.height
    shots = {
        "crowd": lambda length: noise.crowd_shot(length, width, height, rng),
        "scoreboard": lambda length: noise.scoreboard_shot(length, width, height, rng),
    }
    if easy:
        return shots
    return {
        **shots,
        "replay": lambda length: _replay(simulator, performance, scene, length, rng),
        **simulator.noise_shots(scene, after, rng),
        "close_up": lambda length: noise.close_up_shot(
            length, scene.world, scene.appearance, width, height, scene.mirrored, rng
        ),
    }


def _replay(simulator, performance, scene, num_frames, rng):
    """Another element than that of the plan, and another's faults."""
    elements = [element for element in simulator.replayed_elements() if element != performance.element]
    severities = share_deduction(simulator.draw_deduction(rng), simulator.faults, rng)
    element = elements[rng.integers(len(elements))]
    return simulator.replay_shot(scene, element, simulator.random_trait(severities, rng), num_frames, rng)
