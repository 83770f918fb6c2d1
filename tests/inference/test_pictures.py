"""The picture of a scored video: frames of its stages, each in its colour, the strip as long as the stages, words."""

import re
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.inference.rendering import key_frames, picture, save_figure
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.drawing import STAGE_COLORS


def stages_of(*runs, fps=25):
    return [
        {"name": name, "start_frame": start, "end_frame": end, "start_s": start / fps, "end_s": end / fps}
        for name, start, end in runs
    ]


STAGES = stages_of(("noise", 0, 5), ("pre-starting", 5, 12), ("take-flight", 12, 40), ("entry", 40, 50))


def frame(index):
    return index, index / 25, encode_jpeg(np.full((6, 8, 3), index, np.uint8), 92)


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_each_frame_is_framed_in_the_colour_of_its_stage_and_says_when_it_is():
    frames = [frame(index) for index in (4, 5, 39, 49)]
    figure = picture(get_sport("diving"), STAGES, frames, "a/v.mp4", "final 76.80")
    *shown, strip = figure.axes
    for axis, (index, time, jpeg), color in zip(shown, frames, STAGE_COLORS, strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), decode_jpeg(jpeg))
        assert axis.spines["left"].get_edgecolor() == to_rgba(color)
        assert axis.get_xlabel() == f"{time:.2f} s" and time == index / 25
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in strip.patches]
    np.testing.assert_allclose(spans, [(run["start_s"], run["end_s"]) for run in STAGES])
    assert strip.get_xlim() == (0, 2)
    assert words(figure) == ["a/v.mp4", "final 76.80"]


def test_what_to_know_stands_below_on_lines_that_fit_and_the_picture_grows():
    notes = ["Withheld: no entry was found.", "word " * 60]
    plain, noted = (picture(get_sport("diving"), STAGES, [frame(0)] * 10, "v.mp4", "", found) for found in ([], notes))
    assert words(noted)[2:] == [notes[0], *[line.strip() for line in ("word " * 35, "word " * 25)]]
    assert noted.get_figheight() - plain.get_figheight() == pytest.approx(3 * 0.19)
    assert len(plain.axes) == 11 and plain.get_figheight() < 2.8


@pytest.mark.parametrize("final", ["144.00", "no score", "execution 24.00 ± 1.00 (20.00–28.00)  "])
@pytest.mark.parametrize("count", [3, 16, 60])
def test_all_scores_are_within_the_picture_which_grows_by_their_lines(final, count):
    scores = f"{count} performances: {', '.join([final] * count)}"
    one, many = (picture(get_sport("diving"), STAGES, [frame(0)] * 10, "v.mp4", said) for said in ("final 3", scores))
    name, title = many.texts
    assert title.get_text().split() == scores.split()
    box, bottom_of_name = title.get_window_extent(), name.get_window_extent().y0
    top_of_frames = many.axes[0].get_window_extent().y1
    assert box.x1 < 0.99 * many.bbox.width and top_of_frames < box.y0 and box.y1 < bottom_of_name
    more = title.get_text().count("\n")
    assert many.get_figheight() - one.get_figheight() == pytest.approx(0.24 * more)
    assert more == 0 or count > 3 or final[0] == "e"


@pytest.mark.parametrize("letter", ["i", "W", "$", "飛"])
def test_a_name_ends_before_the_legend_and_keeps_its_end(letter):
    name = f"{letter * 500}_of_the_final.mp4"
    for stages in (STAGES, []):
        figure = picture(get_sport("diving"), stages, [frame(0)] * 10, name, "final 3")
        end = figure.legends[0].get_window_extent().x0 if stages else figure.bbox.width
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            drawn = figure.texts[0].get_window_extent().x1
        assert end - 40 < drawn < end - 5
        assert re.fullmatch(r"…(\\?.)+_of_the_final\.mp4", words(figure)[0])
    figure = picture(get_sport("diving"), STAGES, [frame(0)] * 10, "a/v.mp4", "final 3")
    assert words(figure)[0] == "a/v.mp4"


def test_names_that_are_formulas_or_no_text_are_drawn(tmp_path):
    figure = picture(get_sport("diving"), [], [frame(0)], "$x_{\udcff.mp4", "final 3")
    save_figure(figure, tmp_path / "v.png", "v.mp4")
    save_figure(picture(get_sport("diving"), [], [frame(0)], "飛込.mp4", "final 3"), tmp_path / "v.png", "v.mp4")
    assert words(figure)[0] == r"\$x_{\udcff.mp4"


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("noise", 0, 5), ("take-flight", 5, 45), ("entry", 45, 55)], {"take-flight": 7, "entry": 2}),
        ([("pre-starting", 0, 1), ("take-flight", 1, 99), ("entry", 99, 100)], {"take-flight": 7, "entry": 1}),
    ],
)
def test_frames_are_those_of_the_stages_more_of_longer_ones_and_one_of_each(runs, expected):
    stages = stages_of(*runs)
    chosen = key_frames(stages, stages[-1]["end_frame"])
    assert chosen == sorted(set(chosen)) and len(chosen) <= 10
    for name, start, end in runs:
        count = sum(start <= index < end for index in chosen)
        assert count == expected.get(name, 0 if name == "noise" else 1)


def test_frames_of_a_video_without_stages_are_even_and_of_many_stages_are_few():
    assert key_frames([], 100) == [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]
    assert key_frames(stages_of(("noise", 20, 30)), 10, first_frame=20) == list(range(10))
    many = stages_of(*(("entry", 10 * index, 10 * index + 5) for index in range(40)))
    assert len(key_frames(many, 400)) == 10
    assert key_frames(stages_of(("noise", 100, 110), ("entry", 110, 111)), 11, first_frame=100) == [10] * 10
