"""The picture of a scored video: every frame in the colour of its stage, the strip as long as the stages."""

import numpy as np
from matplotlib.colors import to_rgba

from scoringnet_tf.inference.prediction import VideoScore
from scoringnet_tf.report.video_page import picture
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.drawing import STAGE_COLORS

STAGES = [("noise", 0, 5), ("pre-starting", 5, 12), ("take-flight", 12, 40), ("entry", 40, 50)]


def score(fps=25):
    stages = [
        {"name": name, "start_frame": start, "end_frame": end, "start_s": start / fps, "end_s": end / fps}
        for name, start, end in STAGES
    ]
    return VideoScore("v.mp4", 50, fps, stages, 3.2, 24.0, 76.8, deviations={}, warnings=[])


def test_each_frame_is_framed_in_the_colour_of_its_stage():
    frames = [(index, np.full((6, 8, 3), index, np.uint8)) for index in (4, 5, 39, 49)]
    *shown, strip = picture(score(), get_sport("diving"), frames).axes
    for axis, (_, frame), color in zip(shown, frames, STAGE_COLORS, strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), frame)
        assert axis.spines["left"].get_edgecolor() == to_rgba(color)
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in strip.patches]
    np.testing.assert_allclose(spans, [(start / 25, end / 25) for _, start, end in STAGES])
    assert strip.get_xlim() == (0, 2)


def test_a_video_of_one_frame_shows_it_in_every_column():
    one = [(0, np.zeros((6, 8, 3), np.uint8))] * 10
    figure = picture(score(), get_sport("diving"), one)
    assert len(figure.axes) == 11
    assert figure.get_figheight() < 2.5
