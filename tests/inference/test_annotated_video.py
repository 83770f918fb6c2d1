"""A video with its result under the picture: frames and times as they were, the band in the colours of the stages."""

import av
import cv2
import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, read_index, write_bars, write_images, write_timed, write_video
from refusals import refused

from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.body.track import Track
from scoringnet_tf.inference.drawn_body import COLORS, LEFT, RIGHT, bends
from scoringnet_tf.inference.result import Performance, VideoScore
from scoringnet_tf.inference.times import Moment
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.drawing import is_picture_of, stage_color

BAND = HEIGHT + 35  # a row of it: texts are 12 pixels high, and the band begins 24 below the picture
TOLERANCE = 40  # of colours, which H.264 keeps at half the resolution


def score_of(path, times, runs=(), first=0, reasons=(), fps=25.0):
    """The result for a video whose frames are shown at `times`, with stages from a frame on."""
    edges = [*(start for _, start in runs), len(times) + first]
    shown = [*times, times[-1] + 1 / fps]
    stages = [
        {
            "name": name,
            "start_frame": start,
            "end_frame": end,
            "start_s": round(shown[start - first], 3),
            "end_s": round(shown[end - first], 3),
        }
        for (name, start), end in zip(runs, edges[1:], strict=False)
    ]
    performance = Performance(first, first + len(times), times[0], shown[-1], reasons=list(reasons))
    return VideoScore(str(path), get_sport("diving"), len(times), fps, stages, [performance], [])


def decoded(path):
    """(frames, times in seconds, stream) of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    return [frame.to_ndarray(format="rgb24") for frame in frames], [frame.time for frame in frames]


def stage_in(pixel):
    """The stage whose colour a pixel has; None of the cursor and its edges."""
    colors = [[int(stage_color(stage)[place : place + 2], 16) for place in (1, 3, 5)] for stage in range(4)]
    distances = np.abs(np.array(colors) - pixel).max(axis=-1)
    return int(distances.argmin()) if distances.min() < TOLERANCE else None


def test_frames_keep_their_times_and_stand_above_the_band(tmp_path):
    """Of a rate that varies. The cursor moves, the stages stand, a triangle marks a moment, whose time has a line."""
    times = np.array([0, 40, 80, 200, 240, 400, 480, 560])
    write_timed(tmp_path / "v.mkv", times)
    runs = [("noise", 0), ("take-flight", 2), ("entry", 6)]  # from 0.08 s and 0.48 s, of 0.64 s
    score = score_of(tmp_path / "v.mkv", times / 1000, runs, fps=12.5)
    score.performances[0].moments["entry"] = Moment(6, 0.48)
    score.save(tmp_path / "drawn.mp4")
    frames, shown = decoded(tmp_path / "drawn.mp4")
    np.testing.assert_allclose(shown, times / 1000, atol=1e-3)
    assert [read_index(frame[:HEIGHT]) for frame in frames] == list(range(8))
    for frame, time in zip(frames, times, strict=True):
        cursor = time / 10
        columns = [column for column in (3, 20, 40, 60) if abs(column - cursor) > 8]
        assert [stage_in(frame[BAND, column]) for column in columns] == [
            {3: 0, 20: 2, 40: 2, 60: 3}[column] for column in columns
        ]
        assert frame[BAND, int(cursor)].min() > 128 and frame[BAND - 14, 48].min() > 128
        assert frame.shape == (HEIGHT + 24 + 18 + 2 * 24, WIDTH, 3)  # two lines: it is narrow
    content = (tmp_path / "drawn.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # it plays while it loads
    assert is_picture_of(tmp_path / "drawn.mp4", score.video) and not is_picture_of(tmp_path / "drawn.mp4", "v.mkv")


@pytest.mark.parametrize(
    ("first", "expected"), [(0, {0: (0, 2), 45: (0, 3), 89: (2, 3)}), (20, {0: (0, 3), 69: (2, 3)})]
)
def test_the_band_of_a_long_video_passes_under_the_cursor(tmp_path, first, expected):
    """It shows a minute: at 45 s of 90 the one from 15 s on; of a stretch none before its start."""
    write_bars(tmp_path / "v.mp4", 90, fps=1)
    runs = [("noise", first), ("take-flight", 25 + first // 2), ("entry", 65)]
    score_of(tmp_path / "v.mp4", np.arange(first, 90.0), runs, first, fps=1.0).save(tmp_path / "drawn.mp4")
    frames, _ = decoded(tmp_path / "drawn.mp4")
    for number, ends in expected.items():
        assert (stage_in(frames[number][BAND, 8]), stage_in(frames[number][BAND, WIDTH - 8])) == ends


@pytest.mark.parametrize("fps", [25, 30])
def test_a_stretch_is_shown_alone(tmp_path, fps):
    if fps == 25:
        write_images(tmp_path / "v", 30)
    else:
        write_bars(tmp_path / "v", 30, fps=fps, container="avi")
    runs = [("take-flight", 10), ("entry", 14)]
    score_of(tmp_path / "v", np.arange(10, 20) / fps, runs, first=10, fps=fps).save(tmp_path / "drawn.mp4")
    frames, shown = decoded(tmp_path / "drawn.mp4")
    assert [stage_in(frame[HEIGHT + 12, 12]) for frame in frames] == 4 * [2] + 6 * [3]
    assert [read_index(frame[:HEIGHT]) for frame in frames] == list(range(10, 20)) and shown[0] == 0


def test_a_clip_between_two_moments(tmp_path):
    write_bars(tmp_path / "v.mp4", 30)
    score = score_of(tmp_path / "v.mp4", np.arange(30) / 25, [("take-flight", 10), ("entry", 20)])
    score.performances[0].moments.update({"take-off": Moment(10, 0.4), "entry": Moment(20, 0.8)})
    score.save(tmp_path / "cut.mp4", between=["entry", "take-off"])
    frames, shown = decoded(tmp_path / "cut.mp4")
    assert [read_index(frame[:HEIGHT]) for frame in frames] == list(range(10, 21)) and shown[0] == 0
    with refused("unknown_name", "landing", "take-off"):
        score.save(tmp_path / "no.mp4", between=["take-off", "landing"])
    assert not (tmp_path / "no.mp4").exists()


def test_a_still_of_a_moment(tmp_path):
    write_bars(tmp_path / "v.mp4", 30)
    score = score_of(tmp_path / "v.mp4", np.arange(30) / 25)
    score.performances[0].moments["entry"] = Moment(20, 0.8)
    score.save(tmp_path / "entry.png", at="entry")
    assert read_index(cv2.imread(str(tmp_path / "entry.png"))[..., ::-1]) == 20
    assert is_picture_of(tmp_path / "entry.png", score.video)
    with refused("unknown_name", "landing", "entry"):
        score.save(tmp_path / "no.png", at="landing")
    assert not (tmp_path / "no.png").exists()
    for name, option in {"no.mp4": {"at": "entry"}, "no.png": {"between": ("entry", "entry")}}.items():
        with refused("flags_conflict", name):
            score.save(tmp_path / name, **option)


def test_joints_are_drawn_where_they_are_unless_switched_off(tmp_path):
    """The left side yellow, the right side pink; what was not seen grey. Of frames 2 and 3 alone."""
    write_video(tmp_path / "v.mp4", np.zeros((6, 600, 800, 3), np.uint8))
    joints = np.zeros((2, len(JOINTS), 2), np.float32)
    for number, name in enumerate(JOINTS):
        joints[:, number] = {"l": 0.3, "r": 0.9}.get(name[-1], 0.6), 0.1 + 0.05 * (number % 8)
    confidence = np.ones((2, len(JOINTS)), np.float32)
    confidence[1] = 0
    score = score_of(tmp_path / "v.mp4", np.arange(6) / 25)
    score.performances[0].body.append(Track(2, np.arange(2) / 25, joints, confidence, np.tile(np.eye(2, 3), (2, 1, 1))))
    score.save(tmp_path / "drawn.mp4")
    frames, _ = decoded(tmp_path / "drawn.mp4")
    left, right = ([*bytes.fromhex(COLORS[side][1:])] for side in (LEFT, RIGHT))
    middle = slice(120, 240)
    for number, expected in ((1, None), (2, (left, right)), (3, None), (4, None)):
        shown = [frames[number][middle, round(600 * x)].mean(axis=0) for x in (0.3, 0.9)]
        for color, side in zip(shown, expected or (), strict=bool(expected)):
            assert np.abs(color - side).max() < TOLERANCE
        assert expected or np.ptp(shown, axis=1).max() < TOLERANCE
    assert frames[3][:600].max() > 100 > frames[4][:600].max()
    score.save(tmp_path / "plain.mp4", joints=False)
    assert decoded(tmp_path / "plain.mp4")[0][2][:600].max() < 100

    # A still has the same joints, and the angles beside hips and knees.
    score.performances[0].moments["entry"] = Moment(2, 0.08)
    score.save(tmp_path / "still.png", at="entry")
    still = cv2.imread(str(tmp_path / "still.png"))[..., ::-1]
    shown = [still[middle, round(600 * x)].mean(axis=0) for x in (0.3, 0.9)]
    assert np.abs(np.subtract(shown, (left, right))).max() < TOLERANCE and still.shape == (600, 800, 3)
    for _, (x, y), _ in bends(score.performances[0].body[0]):
        beside = still[round(600 * y) - 10 : round(600 * y) + 10, round(600 * x) + 16 : round(600 * x) + 50]
        assert beside.min() < 40 and (beside == 255).all(axis=-1).any()


def test_a_video_without_stages_is_shown_with_its_clock(tmp_path):
    write_bars(tmp_path / "v.mp4", 3)
    score_of(tmp_path / "v.mp4", np.arange(3) / 25).save(tmp_path / "drawn.mp4")
    frames, _ = decoded(tmp_path / "drawn.mp4")
    assert len(frames) == 3 and stage_in(frames[0][BAND, 50]) == 0
    assert frames[0][HEIGHT : HEIGHT + 24, 30:].max() > 128  # the clock


def test_a_video_is_never_replaced_by_its_copy(tmp_path):
    write_bars(tmp_path / "v.mp4", 3)
    (tmp_path / "link.mp4").symlink_to("v.mp4")
    before, score = (tmp_path / "v.mp4").read_bytes(), score_of(tmp_path / "link.mp4", np.arange(3) / 25)
    for name in ("v.mp4", "link.mp4"):
        with refused("exists"):
            score.save(tmp_path / name)
    assert (tmp_path / "v.mp4").read_bytes() == before


def test_what_cannot_be_shown_leaves_no_file(tmp_path):
    write_bars(tmp_path / "v.mp4", 20)
    for name, code in (("v.npy", "no_frames"), ("gone.mp4", "not_found"), ("v.mp4", "changed")):
        with refused(code, name):
            score_of(tmp_path / name, np.arange(30) / 25).save(tmp_path / "drawn.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]
