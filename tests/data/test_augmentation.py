"""Every random choice has a stream of its own: of its decision, its video, its epoch, its run."""

import itertools

import cv2
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused

from scoringnet_tf.data import augmentation as streams
from scoringnet_tf.data.augmentation import (
    Augmentation,
    FrameDecoder,
    clip_indices,
    consecutive_clip,
    first_frame,
    fold,
)
from scoringnet_tf.data.preprocessing import encode_jpeg

NAMES = ("SHIFT", "WINDOW", "FLIP", "CROP", "COLOR", "SHUFFLE", "ZOOM", "DEGRADATION")
DECISIONS = {name: getattr(streams, name) for name in NAMES}
OFF = {"max_start_shift": 0, "flip": False, "crop_shift": 0, "zoom": 0.0, "color_jitter": 0.0, "degradation": 0.0}


def _augmentation(**on):
    return Augmentation(**(OFF | on))


def _decoded(**on):
    """What one frame of noise becomes, as a function of the seeds."""
    noise = cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8), (48, 36))
    encoded = tf.constant([encode_jpeg(noise, 95)])
    decode = FrameDecoder((36, 48), (20, 28), _augmentation(**on))
    return lambda seeds: decode(encoded, seeds)


ASPECTS = {
    "start shift": ({"SHIFT"}, lambda seeds: first_frame(40, _augmentation(max_start_shift=5), seeds)),
    "whole clip": ({"WINDOW"}, lambda seeds: clip_indices(100, 50, _augmentation(), seeds)),
    "consecutive clip": ({"WINDOW"}, lambda seeds: consecutive_clip(100, 10, seeds)),
    "flip": ({"FLIP"}, _decoded(flip=True)),
    "crop": ({"CROP"}, _decoded(crop_shift=3)),
    "zoom": ({"ZOOM"}, _decoded(zoom=0.2)),
    "color": ({"COLOR"}, _decoded(color_jitter=0.2)),
    "degradation": ({"DEGRADATION"}, _decoded(degradation=0.5)),
    "all of a frame": (
        {"FLIP", "CROP", "ZOOM", "COLOR", "DEGRADATION"},
        _decoded(flip=True, crop_shift=3, zoom=0.2, color_jitter=0.2, degradation=0.5),
    ),
    "none of them": (set(), _decoded()),
}


def test_a_shifted_start_takes_every_value_and_leaves_a_short_video_its_last_frame():
    drawn = set()
    for number in range(100):
        seeds = streams.video_seeds(0, tf.constant(number, tf.int64), "video")
        long, short = (int(first_frame(length, _augmentation(max_start_shift=5), seeds)) for length in (40, 3))
        assert short == min(long, 2)
        drawn.add(long)
    assert drawn == {*range(6)}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_start_shift", (-3, 0)),
        ("crop_shift", (-1, 0)),
        ("zoom", (1.5, 0.9)),
        ("zoom", (-0.1, 0.0)),
        ("zoom", (1, 0.99)),
        ("color_jitter", (-1, 1)),
        ("color_jitter", (float("nan"), 0)),
        ("degradation", (1.01, 1)),
    ],
)
def test_changes_that_cannot_be_are_refused(name, values):
    wrong, right = values
    with refused("out_of_range", name):
        Augmentation(**{name: wrong})
    assert getattr(Augmentation(**{name: right}), name) == right


@pytest.mark.parametrize("aspect", ASPECTS)
def test_what_is_drawn_depends_on_its_own_decision_alone(aspect):
    expected, drawn = ASPECTS[aspect]

    def outcome(changed, number):
        def seeds(decision):
            other = tf.where(tf.equal(changed, decision), number, 0)
            return fold(tf.constant([5, 6], tf.int64), 1000 * decision + other)

        return tuple(tf.nest.flatten(drawn(seeds)))

    changes = [(decision, number) for decision in DECISIONS.values() for number in range(13)]
    changed, numbers = np.transpose(changes)
    outcomes = tf.data.Dataset.from_tensor_slices((changed, numbers)).map(outcome).as_numpy_iterator()
    seen = [tuple(value.tobytes() for value in values) for values in outcomes]
    found = {name for at, name in enumerate(DECISIONS) if len(set(seen[13 * at : 13 * (at + 1)])) > 1}
    assert found == expected and len(set(seen[::13])) == 1


def test_streams_differ_by_run_epoch_video_and_decision():
    seeds = [
        tuple(streams.video_seeds(seed, tf.constant(epoch, tf.int64), video_id)(decision).numpy())
        for seed, epoch, video_id, decision in itertools.product(
            (0, 1, 2), (0, 1, 2), ("001", "002", "010"), DECISIONS.values()
        )
    ]
    assert len(DECISIONS) == len(set(DECISIONS.values())) == 8 and len(set(seeds)) == len(seeds) == 216
