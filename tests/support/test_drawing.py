"""Stages have colours, however many a sport has."""

import io
import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from scoringnet_tf.report.evaluation_report import stage_timeline
from scoringnet_tf.support import drawing

NAMES = ("noise", *(f"stage {number}" for number in range(1, 12)))


def test_sports_of_many_stages_are_drawn():
    colors = [drawing.stage_color(index) for index in range(len(NAMES))]
    assert colors[:6] == list(drawing.STAGE_COLORS) and colors.count(drawing.STAGE_COLORS[0]) == 1
    assert all(one != other for one, other in itertools.pairwise(colors))
    assert [patch.get_label() for patch in drawing.stage_patches(NAMES)] == list(NAMES)
    axis = Figure().subplots()
    drawing.draw_strip(axis, [(1, 10, 30), (-1, 30, 50), (2, 50, 75)], y=3, scale=1 / 25)  # in seconds
    places = [(bar.get_x(), bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in axis.patches]
    np.testing.assert_allclose(places, [(0.4, 0.8, 3), (2, 1, 3)])


@pytest.mark.parametrize("name", ["cup$5_$.mp4", "a$b$c.mp4", "飛込\udcff.mp4"])
def test_names_of_videos_are_drawn_as_they_are(name):
    """And not as formulas, of which the first is none that Matplotlib can read."""
    timeline = stage_timeline([name], [[np.array([0, 1])]], NAMES, "title")
    drawing.save_png(timeline, io.BytesIO())
    (label,) = timeline.axes[0].get_yticklabels()
    assert label.get_text().replace(r"\$", "$") == name.replace("\udcff", r"\udcff")
    figure = Figure()
    figure.suptitle(drawing.printable(name))
    drawing.save_png(figure, io.BytesIO())
