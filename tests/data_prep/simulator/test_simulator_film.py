"""What makes simulated video look filmed: each effect by itself, and what none of them may change."""

import dataclasses

import av
import numpy as np
import pytest

from data_prep.simulator.diving.board import PRESS, Board, random_board
from data_prep.simulator.diving.filming import Partner, dive_shot
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, perform
from data_prep.simulator.diving.rules import DIVES
from data_prep.simulator.files import CODECS, write_video
from data_prep.simulator.plan import get_simulator
from data_prep.simulator.scene.drawing import Appearance
from data_prep.simulator.scene.effects import BROADCAST, FilmLook
from data_prep.simulator.scene.figure import JOINT, Body
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.video import Clip, VideoStream

TRAIT = DiveTrait({fault.name: 0.0 for fault in FAULTS}, False, False, False, False, 1)

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


# === Pairs ===


def test_a_partner_does_the_same_dive_aside_and_later():
    """Before a camera that stands still, one is blue, the other red, and all else black."""
    settings = Settings("diving", "scoring", 4, 0, None, True, 0.25, 240, 320)
    scene = get_simulator("diving").random_scene(DIVES["107B"], settings, np.random.default_rng(0))
    view = dataclasses.replace(scene.view, pixels_per_metre=20.0, tremor=0.0, hold=1.0, slack=50.0)
    blue, red = (Appearance(colour, colour, colour, one_piece=False) for colour in ((255, 0, 0), (0, 0, 255)))
    world = scene.world.scaled(view.pixels_per_metre / scene.view.pixels_per_metre)
    world.image[:] = 0
    pair = {"partner": Partner(2.0, 3.0, scene.body, red), "appearance": blue, "view": view, "world": world}
    scene, times = dataclasses.replace(scene, **pair, mirrored=False), np.arange(18.0, 43.0)
    frames = dive_shot(scene, DIVES["107B"], TRAIT, (10, 20, 44, 56), times, np.random.default_rng(0))
    first, other = np.transpose([[_middle(frame[..., channel]) for channel in (0, 2)] for frame in frames], (1, 0, 2))
    np.testing.assert_allclose(other[3:] - first[:-3], np.tile((40, 0), (len(times) - 3, 1)), atol=0.5)
    assert np.ptp(first[:, 1]) > 60


def _middle(picture):
    rows, columns = np.nonzero(picture > 100)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize(("look", "is_double"), [(BROADCAST, True), (FilmLook(shake=3.0), False)])
def test_film_shows_any_two_divers_and_a_broadcast_doubles(look, is_double):
    settings, rng = Settings("diving", "scoring", 4, 0, None, False, 0.25, 48, 64), np.random.default_rng(0)
    scenes = [get_simulator("diving").random_scene(DIVES["107B"], settings, rng, look) for _ in range(30)]
    pairs = [scene for scene in scenes if scene.partner]
    found = {(s.partner.body, s.partner.appearance, s.partner.late) == (s.body, s.appearance, 0.0) for s in pairs}
    assert len(pairs) < 10 and found == {is_double}


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
