"""A simulation's settings, and the random numbers that follow from them."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.random import Generator

from scoringnet_tf.support.messages import InputError

TASKS = ("scoring", "motion")
SIMULATORS = {  # sport: (module, class) of its `performance.Simulator`
    "diving": ("data_prep.simulator.diving.simulator", "DivingSimulator"),
    "diving_phases": ("data_prep.simulator.diving.simulator", "DivingPhasesSimulator"),
    "vault": ("data_prep.simulator.vault.simulator", "VaultSimulator"),
}
EXCLUSIVE = (("film", "close", "easy"), ("joints", "close"), ("joints", "split"))  # settings, one of each at most
CLIP_LEAD, CLIP_TAIL = 2, 4  # frames of a clip of motion before and after what it shows
VERSION = 3  # of the simulator: raised whenever the same settings give other pixels or labels


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that a simulated dataset's bytes depend on; InputError if two settings exclude each other."""

    sport: str  # a sport that has a simulator
    task: str  # `scoring` (whole videos with scores) or `motion` (flights with the classes of their motion)
    num_videos: int | None  # how many to draw; with `labels_dir`, None takes every usable row
    seed: int  # of everything random
    labels_dir: Path | None  # folder of real label files, or None to draw labels from the rules
    easy: bool  # the preset for demonstrations
    test_fraction: float  # share of drawn videos that form the test (validation, for clips) split
    height: int  # of the frames, pixels
    width: int  # of the frames, pixels
    # which filming of the performances that `seed` draws. Another has the same elements, faults, scores, stages and
    # splits in other places, by other athletes, cameras and encoders.
    rendering: int = 0
    film: bool = False  # whether videos look like film that people shoot, not like broadcasts alone
    close: bool = False  # whether the camera stays on the athlete, who fills the picture
    # `train` or `test`: only its videos are rendered, beside the labels of all; None: every video
    split: str | None = None
    joints: bool = False  # whether joints are written in place of videos

    def __post_init__(self) -> None:
        groups = [[f"--{name}" for name in names if getattr(self, name)] for names in EXCLUSIVE]
        if self.task != "scoring":
            scoring = [f"--{name}" for name in ("film", "close", "split", "joints") if getattr(self, name)]
            groups = [[*scoring[:1], f"--task={self.task}"]]
        for others in groups:
            if len(others) > 1:
                raise InputError("flags_conflict", f"{others[0]} and {others[1]} exclude each other.")

    def random(self, *key: int) -> Generator:
        """An independent generator for a key such as (video id, purpose), the same however work is divided."""
        task = TASKS.index(self.task)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(task, *key)))

    def filming_random(self, *key: int) -> Generator:
        """Like `random`, for everything that differs in another rendering."""
        return self.random(*key, self.rendering) if self.rendering else self.random(*key)

    def to_json(self) -> dict:
        """Plain values for `simulation.json`; a folder has its name alone."""
        values = dataclasses.asdict(self)
        values["labels_dir"] = self.labels_dir.name if self.labels_dir else None
        for name in ("rendering", "film", "close", "split", "joints"):
            if not values[name]:
                del values[name]  # older datasets have none, and can be resumed
        return values

    @property
    def known_videos(self) -> int:
        """`num_videos`; InputError if it is unknown."""
        if self.num_videos is None:
            raise InputError("missing_flag", "The number of videos to draw is unknown.", "Set --num_videos.")
        return self.num_videos

    def draw_split(self) -> tuple[list[int], list[int]]:
        """Draws the 1-based ids of the training and test videos; no split is empty unless `test_fraction` is 0."""
        num_videos = self.known_videos
        order = self.random(0).permutation(num_videos) + 1
        num_test = round(self.test_fraction * num_videos)
        if self.test_fraction > 0:
            num_test = min(max(1, num_test), num_videos - 1)
        return sorted(order[num_test:].tolist()), sorted(order[:num_test].tolist())
