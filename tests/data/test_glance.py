"""A glance at film: which frames it shows, that others are not decoded, and what it refuses."""

import pytest
from conftest import bar_color, bar_frame, read_index, write_bars, write_video
from refusals import refused

from scoringnet_tf.data.glance import glance
from scoringnet_tf.data.video import frame_times

OPTIONS = {"qp": "5", "x264-params": "keyint=24:scenecut=0:bframes=2"}


@pytest.mark.parametrize(("fps", "rate"), [(25, 12.5), (25, 5.0), (10, 12.5), (50, 12.5)])
def test_the_frame_nearest_to_each_moment_is_shown(tmp_path, fps, rate):
    """Also if two of three frames may be skipped; until it is seen that too few are left, one of them is shown."""
    path = tmp_path / "v.mp4"
    write_video(path, [bar_frame(index, bar_color(0)) for index in range(60)], fps, "libx264", OPTIONS)
    times, shown = frame_times(path), [*glance(path, rate, 1000)]
    assert len(shown) == int(times[-1] * rate) + 1
    for moment, (number, picture) in enumerate(shown):
        nearest = abs(times - moment / rate).min() if moment > 8 else 1.5 / rate
        assert (
            abs(times[number] - moment / rate) <= nearest + max(1 / fps, 0.51 / rate) and read_index(picture) == number
        )


def test_pictures_are_shrunk_and_a_damaged_file_is_refused(tmp_path):
    write_bars(tmp_path / "v.mkv", 60, codec="libx264")
    (_, picture), *_ = glance(tmp_path / "v.mkv", 5.0, 20)
    assert min(picture.shape[:2]) == 20
    content = (tmp_path / "v.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    with refused("damaged_video"):
        [*glance(tmp_path / "half.mkv", 5.0, 20)]
