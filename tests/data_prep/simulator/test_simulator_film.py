"""What makes simulated video look filmed: each effect by itself, and what none of them may change."""

import dataclasses
import itertools
from fractions import Fraction
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from refusals import refused

from data_prep.simulator.diving.board import PRESS, SPRINGBOARD_HEIGHTS, Board, random_board
from data_prep.simulator.diving.filming import dive_shot
from data_prep.simulator.diving.labels import draw_boundaries
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, perform, random_trait
from data_prep.simulator.diving.rules import DIVES
from data_prep.simulator.diving.splash import splash_size
from data_prep.simulator.encoding import CODECS, write_video
from data_prep.simulator.filming import Filming, replay_of_another
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.camera import View, follow, zoom
from data_prep.simulator.scene.effects import Broadcast, VideoStyle, filmed_size, zoomed
from data_prep.simulator.scene.figure import JOINT, Body
from data_prep.simulator.settings import Settings, listed_clips
from scoringnet_tf.data.video import Clip, VideoError, VideoStream

TRAIT = DiveTrait({fault.name: 0.0 for fault in FAULTS}, False, False, False, False, 1)
VIEW = View(width=80, height=60, pixels_per_metre=20.0, yaw=0.0, tremor=0.0, lag=0.5)


def _picture(seed=0, height=60, width=80):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _broadcast(style, picture, index=0):
    return Broadcast(style, 80, 60, np.random.default_rng(0))(picture, index)


# === Broadcast ===


@pytest.mark.parametrize(
    ("style", "size", "bars"),
    [
        (VideoStyle(grain=0.0), (80, 60), 0),
        (VideoStyle(grain=0.0, picture=(1.0, 0.75)), (80, 44), 8),
        (VideoStyle(grain=0.0, squeeze=4 / 3), (107, 60), None),
    ],
    ids=["plain", "bars", "squeezed"],
)
def test_a_picture_fills_its_part_of_the_frame(style, size, bars):
    assert filmed_size(style, 80, 60) == size
    picture = _picture(width=size[0], height=size[1])
    frame = _broadcast(style, picture)
    assert frame.shape == (60, 80, 3)
    if bars is not None:
        np.testing.assert_array_equal(frame[bars : 60 - bars], picture)
        assert not frame[:bars].any() and not frame[60 - bars :].any()


def test_no_saturation_is_grey_of_the_same_luma():
    frame = _broadcast(VideoStyle(grain=0.0, saturation=0.0), _picture())
    assert np.ptp(frame.astype(int), axis=2).max() <= 1
    expected = cv2.cvtColor(_picture(), cv2.COLOR_BGR2GRAY)
    assert np.abs(frame[..., 0].astype(int) - expected).max() <= 1


def test_combed_frames_have_the_odd_lines_of_the_frame_before_but_not_across_a_cut():
    broadcast = Broadcast(VideoStyle(grain=0.0, combed=True), 80, 60, np.random.default_rng(0))
    first, second = broadcast(_picture(1), 0), broadcast(_picture(2), 1)
    np.testing.assert_array_equal(first, _picture(1))
    np.testing.assert_array_equal(second[0::2], _picture(2)[0::2])
    np.testing.assert_array_equal(second[1::2], _picture(1)[1::2])
    broadcast.cut()
    np.testing.assert_array_equal(broadcast(_picture(3), 2), _picture(3))


def test_a_zoom_enlarges_about_the_middle():
    frame = np.zeros((61, 81, 3), np.uint8)
    frame[26:35, 36:45] = 255  # a square of 9 pixels in the middle
    np.testing.assert_array_equal(zoom(frame, 1.0), frame)
    rows, columns = np.nonzero(zoom(frame, 2.0)[..., 0] > 127)
    assert (rows.mean(), columns.mean()) == (30, 40) and np.ptp(rows) == np.ptp(columns) == pytest.approx(17, abs=1)
    factors = [np.count_nonzero(shown[..., 0] > 127) for shown in zoomed([frame] * 5, 5, 1.0, 2.0)]
    assert factors == sorted(factors) and factors[0] == 81


# === Camera and figure ===


def test_a_holding_camera_moves_less_and_still_shows_the_athlete():
    target = np.stack((np.zeros(60), np.linspace(10, 0, 60)), axis=1)
    follows, holds = (
        follow(target, dataclasses.replace(VIEW, hold=hold), np.random.default_rng(0)) for hold in (0.0, 0.6)
    )
    assert np.ptp(holds[:, 1]) < np.ptp(follows[:, 1])
    assert np.abs(holds - target).max() <= VIEW.slack * VIEW.width / VIEW.pixels_per_metre + 1e-9


# === Boards ===


def test_a_springboard_bends_before_the_take_off_and_a_platform_never():
    times = np.arange(0.0, 60.0)
    assert not Board().tip((30, 40, 60), times).any()
    tip = Board(3.0, springs=True).tip((30, 40, 60), times)
    assert tip.min() == pytest.approx(-PRESS, abs=0.05) and 30 <= tip.argmin() < 40
    assert tip[40] == pytest.approx(0.0) and np.abs(tip[55:]).max() < 0.05


@pytest.mark.parametrize("board", [Board(1.0, springs=True), Board(3.0, springs=True), Board(7.5)])
def test_feet_stay_on_the_tip_of_the_board_and_hands_meet_the_water_at_t2(board):
    times = np.arange(0.0, 66.0)
    boundaries = (30, 40, 60)
    motion = perform(DIVES["107B"], TRAIT, Body(), boundaries, times, board)
    sole = motion.joints[:41, [JOINT["toe_l"], JOINT["ankle_l"]], 1].min(axis=1) - 0.05
    np.testing.assert_allclose(sole, board.height + board.tip(boundaries, times)[:41], atol=1e-6)
    lowest = motion.joints[..., 1].min(axis=1)
    assert lowest[60] == pytest.approx(0.0, abs=0.02) and (lowest[41:60] > 0).all()


def test_every_dive_leaves_every_springboard():
    rng = np.random.default_rng(0)
    for dive in (dive for dive in DIVES.values() if not dive.armstand):
        trait = random_trait({fault.name: float(rng.random()) for fault in FAULTS}, rng)
        t0, t1, t2, t3 = draw_boundaries(rng)
        for height in SPRINGBOARD_HEIGHTS:
            motion = perform(dive, trait, Body(), (t0, t1, t2), np.arange(t3 + 10.0), Board(height, springs=True))
            assert np.isfinite(motion.joints).all() and motion.centre[t2, 1] < motion.centre[t1, 1]


def test_replays_among_the_noise_show_another_element():
    diving, elements = get_simulator("diving"), [DIVES[number] for number in ("101B", "107C", "5253B")]
    simulator = SimpleNamespace(
        **{name: getattr(diving, name) for name in ("draw_deduction", "faults", "random_trait")},
        replayed_elements=lambda _: elements,
        replay_shot=lambda _, element, *further: element,
    )
    rng, performance = np.random.default_rng(0), SimpleNamespace(element=elements[1])
    shown = {replay_of_another(simulator, performance, None, 10, rng).number for _ in range(30)}
    assert shown == {"101B", "5253B"}


def test_armstands_are_seen_from_the_platform_alone():
    simulator, rng = get_simulator("diving"), np.random.default_rng(0)
    settings = Settings("diving", "scoring", 4, 0, None, False, 0.25, 48, 64)
    for _ in range(10):
        scene = simulator.random_scene(DIVES["107B"], settings, rng)
        assert any(dive.armstand for dive in simulator.replayed_elements(scene)) == (scene.board == Board())
    for armstand, easy, number in ((True, False, 1), (False, True, 1), (False, False, 5)):
        boards = {random_board(armstand, easy, rng) for _ in range(100)}
        assert len(boards) == number and Board() in boards


# === Splash ===


def test_a_splash_grows_with_the_fault_and_the_angle_but_not_by_them_alone():
    rng = np.random.default_rng(0)
    mean = {
        (severity, angle): np.mean([splash_size(severity, angle, 1.0, 0.38, rng) for _ in range(2000)])
        for severity, angle in ((0.0, 0.0), (1.0, 0.0), (0.0, 40.0))
    }
    assert mean[1.0, 0.0] > 2 * mean[0.0, 0.0] and mean[0.0, 40.0] > 1.3 * mean[0.0, 0.0]
    clean, wet = ([splash_size(severity, 0.0, 1.0, 0.38, rng) for _ in range(2000)] for severity in (0.3, 0.6))
    assert 0.1 < np.mean(np.array(clean) > wet) < 0.4


def test_no_splash_before_the_entry():
    """A dive as clean and one as wet as can be show the same until the first touch, and differ from then on."""
    settings = Settings("diving", "scoring", 4, 0, None, True, 0.25, 120, 160)
    scene = get_simulator("diving").random_scene(DIVES["107B"], settings, np.random.default_rng(0))
    far = dataclasses.replace(scene.view, pixels_per_metre=0.3 * scene.view.pixels_per_metre)
    scene = dataclasses.replace(scene, view=far, world=scene.world.scaled(0.3))  # the water is in view all along
    boundaries, times = (10, 20, 44, 56), np.arange(40.0, 50.0)
    clean, wet = (
        list(dive_shot(scene, DIVES["107B"], dataclasses.replace(TRAIT, severities=severities), boundaries, times, rng))
        for severities, rng in (
            ({**TRAIT.severities, "splash": splash}, np.random.default_rng(0)) for splash in (0.0, 1.0)
        )
    )
    differs = [bool((a != b).any()) for a, b in zip(clean, wet, strict=True)]
    assert differs == [False] * 4 + [True] * 6


# === Noise from elsewhere ===


@pytest.fixture
def clips(tmp_path):
    for number, level in ((1, 60), (2, 180)):
        frames = (np.full((48, 64, 3), level, np.uint8) for _ in range(12))
        write_video(tmp_path / f"{number}.avi", frames, 2)
    return tmp_path


def test_real_clips_fill_a_shot_of_any_length(clips):
    frames = list(noise.clip_shot(50, listed_clips(clips), 40, 40, np.random.default_rng(0)))
    assert len(frames) == 50 and all(frame.shape == (40, 40, 3) for frame in frames)
    assert {round(float(frame.mean()), -1) for frame in frames} == {60, 180}


def test_clips_are_found_however_their_endings_are_spelt_and_wrong_ones_named(clips, tmp_path_factory):
    """FFmpeg would open what a playlist lists, outside the folder too."""
    folder = tmp_path_factory.mktemp("clips")
    for name in ("notes.TXT", "avi", "._a.avi", ".trash/b.avi"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    with refused("not_found", "--noise_clips"):
        listed_clips(folder)
    for name in ("a.AVI", "b.mp4", "c.Mp4"):
        (folder / name).touch()
    assert [path.name for path in listed_clips(folder)] == ["a.AVI", "b.mp4", "c.Mp4"]
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{clips / '1.avi'}\n#EXT-X-ENDLIST\n"
    for content in ("RIFF", playlist):
        (folder / "a.AVI").write_text(content)
        with pytest.raises(VideoError) as error:
            noise.check_clips([folder / "a.AVI"])
        assert "a.AVI" in str(error.value)


def test_a_clip_is_cut_to_the_picture_as_it_is_shown(tmp_path):
    """Of pixels twice as wide as high the picture is 2:1, of which the middle square is half."""
    with av.open(str(tmp_path / "wide.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "5"})
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        picture = np.zeros((48, 48, 3), np.uint8)
        picture[:, :12], picture[:, 12:36], picture[:, 36:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    (frame,) = itertools.islice(noise.clip_shot(1, [tmp_path / "wide.mkv"], 40, 40, np.random.default_rng(0)), 1)
    assert (frame[5:-5, 5:-5, 1] > 150).all() and (frame[5:-5, 5:-5, [0, 2]] < 90).all()


def test_real_clips_are_drawn_in_as_noise(clips):
    settings = Settings("diving", "scoring", 4, 3, None, False, 0.25, 48, 64)
    simulator = get_simulator("diving")
    plan = plan_videos(simulator, settings)[0]
    without = list(Filming(simulator, plan, settings).video())
    with_clips = list(Filming(simulator, plan, dataclasses.replace(settings, noise_clips=clips)).video())
    assert len(with_clips) == len(without) == plan.num_frames
    differs = [bool((a != b).any()) for a, b in zip(without, with_clips, strict=True)]
    assert any(differs[plan.boundaries[3] + plan.linger :])


# === Codecs ===


@pytest.mark.parametrize("codec", list(CODECS))
def test_every_codec_keeps_all_frames_in_order_and_gives_the_same_bytes(tmp_path, codec):
    frames = [np.full((48, 64, 3), 20 + 9 * index, np.uint8) for index in range(25)]
    for name in ("a.avi", "b.avi"):
        assert write_video(tmp_path / name, iter(frames), 8, codec) == 25
    assert (tmp_path / "a.avi").read_bytes() == (tmp_path / "b.avi").read_bytes()
    stream = VideoStream(Clip(tmp_path / "a.avi"))
    levels = [float(frame.mean()) for frame in stream]
    np.testing.assert_allclose(levels, [20 + 9 * index for index in range(25)], atol=6)
    with av.open(str(tmp_path / "a.avi")) as container:
        assert container.streams.video[0].average_rate == 25


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_the_easy_preset_is_clean(sport):
    plans = plan_videos(get_simulator(sport), Settings(sport, "scoring", 40, 0, None, True, 0.25, 48, 64))
    assert {plan.codec for plan in plans} == {"mpeg4"} and max(plan.quantiser for plan in plans) < 8
    plans = plan_videos(get_simulator(sport), Settings(sport, "scoring", 80, 0, None, False, 0.25, 48, 64))
    assert {plan.codec for plan in plans} == set(CODECS)
