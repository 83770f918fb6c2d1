"""The player steps by exactly one frame: the picture itself, which has its number, says which one is shown."""

import base64
import itertools
from fractions import Fraction

import cv2
import numpy as np
import pytest
from conftest import read_index, write_bars, write_timed
from page_samples import STAGES

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.video import frame_times, read_video
from scoringnet_tf.inference.pipeline import PartResult
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.seen import Seen
from scoringnet_tf.report.page import ShownPerformance, performance_page
from scoringnet_tf.report.page_data import scenes

COUNT = 24
UNEVEN = [0, *itertools.accumulate(itertools.islice(itertools.cycle((17, 50, 33, 100)), COUNT - 1))]  # milliseconds
PICTURE = """() => {
    const { video } = players[0], canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL();
}"""


@pytest.fixture(scope="module", params=["25", "29.97", "variable"])
def filmed(request, tmp_path_factory):
    """A page of a file of this rate, and the times of the file's frames."""
    path = tmp_path_factory.mktemp("film") / "dive.mp4"
    if request.param == "variable":
        write_timed(path, UNEVEN)
    else:
        rate = {"25": 25, "29.97": Fraction(30000, 1001)}[request.param]
        write_bars(path, COUNT, fps=rate, codec="libx264", options={"qp": "5"})
    video, numbers = read_video(path), np.arange(COUNT)
    seen = Seen(video, numbers.astype(float), numbers, video.fps)
    ((scene, _),) = scenes(PartResult(seen, [Performance(0, COUNT, 0.0, float(video.timestamps[-1]))], None))
    clip = encode_clip(video.frames, scene.clock)
    shown = ShownPerformance(**vars(scene), name="dive", sport="diving", stage_names=STAGES, scores={}, clip=clip)
    page = path.with_suffix(".html")
    page.write_text(performance_page(shown, "m"), encoding="utf-8")
    return page, frame_times(path)


def shows(page, number):
    """Whether the video comes to stand at the picture with this number; the last one drawn may be late by a little."""
    for _ in range(20):
        page.wait_for_function("players[0].video.readyState > 1 && !players[0].video.seeking")
        encoded = base64.b64decode(page.evaluate(PICTURE).partition(",")[2])
        if read_index(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)) == number:
            return True
        page.wait_for_timeout(50)
    return False


def test_keys_and_buttons_step_by_one_frame_of_the_file(filmed, open_page):
    path, times = filmed
    page = open_page(path)
    assert shows(page, 0)
    for number in range(1, COUNT):
        page.keyboard.press("ArrowRight")
        assert shows(page, number)
        assert page.inner_text(".now") == f"{times[number]:.2f} s, frame {number}"
    page.keyboard.press("ArrowRight")
    assert shows(page, COUNT - 1)
    for number in (COUNT - 2, COUNT - 3):
        page.click("[name=back]")
        assert shows(page, number)
    for _ in range(9):  # faster than the video follows
        page.keyboard.press("ArrowLeft")
    page.click("[name=next]")
    assert shows(page, COUNT - 11)


def test_swipes_step_by_one_frame_of_the_file(filmed, open_page):
    page = open_page(filmed[0], 390, has_touch=True, is_mobile=True)
    box, touch = page.locator(".screen").bounding_box(), page.context.new_cdp_session(page)
    middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    expected = 0
    for direction in (1, 1, 1, 1, -1, 1, -1, -1):
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": middle, "y": y}]})
        for part in range(1, 5):
            at = [{"x": middle + 20 * part * direction, "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expected += direction
        assert shows(page, expected)
    page.locator(".screen").tap()
    page.wait_for_function("!players[0].video.paused")
    page.locator(".screen").tap()
    stopped = page.evaluate("players[0].frame")
    assert stopped > expected and shows(page, stopped)
