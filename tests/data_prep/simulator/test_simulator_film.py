"""What makes simulated video look filmed: boards, splashes, pairs, codecs, the presets --film and --close."""

import csv
import dataclasses
import json

import av
import numpy as np
import pytest
from refusals import refused

from data_prep.datasets import unlv
from data_prep.simulator.dataset import simulate
from data_prep.simulator.diving.board import Board, random_board
from data_prep.simulator.diving.filming import Partner, dive_shot
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, perform
from data_prep.simulator.files import CODECS, write_video
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import SPEEDS, get_simulator, is_repeat, plan_videos
from data_prep.simulator.scene.drawing import Appearance
from data_prep.simulator.scene.effects import CLOSE, FilmLook, VideoStyle
from data_prep.simulator.scene.figure import JOINT, Body
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.video import Clip, VideoStream
from scoringnet_tf.sports import get_sport, parse_dive

TRAIT = DiveTrait({fault.name: 0.0 for fault in FAULTS}, False, False, False, False, 1)

# === Boards ===


@pytest.mark.parametrize("board", [Board(1.0, springs=True), Board(3.0, springs=True), Board(7.5)])
def test_feet_stay_on_the_tip_of_the_board_and_hands_meet_the_water_at_t2(board):
    times = np.arange(0.0, 66.0)
    boundaries = (30, 40, 60)
    motion = perform(parse_dive("107B"), TRAIT, Body(), boundaries, times, board)
    sole = motion.joints[:41, [JOINT["toe_l"], JOINT["ankle_l"]], 1].min(axis=1) - 0.05
    np.testing.assert_allclose(sole, board.height + board.tip(boundaries, times)[:41], atol=1e-6)
    lowest = motion.joints[..., 1].min(axis=1)
    assert lowest[60] == pytest.approx(0.0, abs=0.02) and (lowest[41:60] > 0).all()


def test_armstands_are_seen_from_the_platform_alone():
    simulator, rng = get_simulator("diving"), np.random.default_rng(0)
    settings = Settings("diving", "scoring", 4, 0, None, False, 0.25, 48, 64)
    for _ in range(10):
        scene = simulator.random_scene(parse_dive("107B"), settings, rng)
        assert any(dive.armstand for dive in simulator.replayed_elements(scene)) == (scene.board == Board())
    for armstand, easy, number in ((True, False, 1), (False, True, 1), (False, False, 5)):
        boards = {random_board(armstand, easy, rng) for _ in range(100)}
        assert len(boards) == number and Board() in boards


# === Splash ===


def test_no_splash_before_the_entry():
    """A dive as clean and one as wet as can be show the same until the first touch; a later partner's comes later."""
    settings = Settings("diving", "scoring", 4, 0, None, True, 0.25, 120, 160)
    scene = get_simulator("diving").random_scene(parse_dive("107B"), settings, np.random.default_rng(0))
    far = dataclasses.replace(scene.view, pixels_per_metre=0.3 * scene.view.pixels_per_metre)
    partner = Partner(4.0, 3.0, scene.body, scene.appearance)
    scene = dataclasses.replace(scene, view=far, world=scene.world.scaled(0.3), partner=partner)  # all water is in view
    dive, boundaries, times = parse_dive("107B"), (10, 20, 44, 56), np.arange(40.0, 50.0)
    clean, wet = (
        list(dive_shot(scene, dive, dataclasses.replace(TRAIT, severities=severities), boundaries, times, rng))
        for severities, rng in (
            ({**TRAIT.severities, "splash": splash}, np.random.default_rng(0)) for splash in (0.0, 1.0)
        )
    )
    differs = [bool((a != b).any()) for a, b in zip(clean, wet, strict=True)]
    assert differs == [False] * 4 + [True] * 6
    wide = [
        np.ptp(np.nonzero((a != b).any(axis=(0, 2)))[0]) / far.pixels_per_metre
        for a, b in zip(clean, wet, strict=True)
        if (a != b).any()
    ]
    assert [metres > 3 for metres in wide] == [False] * 3 + [True] * 3


# === Pairs ===


def test_a_partner_does_the_same_dive_aside_and_later():
    """Before a camera that stands still, one is blue, the other red, and all else black."""
    settings = Settings("diving", "scoring", 4, 0, None, True, 0.25, 240, 320)
    scene = get_simulator("diving").random_scene(parse_dive("107B"), settings, np.random.default_rng(0))
    view = dataclasses.replace(scene.view, pixels_per_metre=20.0, tremor=0.0, hold=1.0, slack=50.0)
    blue, red = (Appearance(colour, colour, colour, one_piece=False) for colour in ((255, 0, 0), (0, 0, 255)))
    world = scene.world.scaled(view.pixels_per_metre / scene.view.pixels_per_metre)
    world.image[:] = 0
    pair = {"partner": Partner(2.0, 3.0, scene.body, red), "appearance": blue, "view": view, "world": world}
    scene, times = dataclasses.replace(scene, **pair, mirrored=False), np.arange(18.0, 43.0)
    frames = dive_shot(scene, parse_dive("107B"), TRAIT, (10, 20, 44, 56), times, np.random.default_rng(0))
    first, other = np.transpose([[_middle(frame[..., channel]) for channel in (0, 2)] for frame in frames], (1, 0, 2))
    np.testing.assert_allclose(other[3:] - first[:-3], np.tile((40, 0), (len(times) - 3, 1)), atol=0.5)
    assert np.ptp(first[:, 1]) > 60


def _middle(picture):
    rows, columns = np.nonzero(picture > 100)
    return columns.mean(), rows.mean()


# === Between shots ===


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_only_the_first_shot_after_a_performance_is_one_that_may_follow_it(sport):
    """Water would hide the end of a dive."""
    asked, settings = [], dataclasses.replace(PLAIN, sport=sport)

    class Told(type(get_simulator(sport))):
        def noise_shots(self, scene, after, rng):
            asked.append(after)
            return super().noise_shots(scene, after, rng)

    for plan in plan_videos(Told(), settings):
        asked.clear()
        list(Filming(Told(), plan, settings).video())
        assert asked.count(True) == 1 and (plan.lead > 0) != asked[0]


def test_the_first_picture_of_a_shot_has_no_lines_of_the_one_before(monkeypatch):
    """As woven fields of interlaced video have within a shot."""
    plan, frames = plan_videos(PHASES, PLAIN)[0], {}
    for combed in (True, False):
        style = VideoStyle(combed=combed, grain=0.0)
        monkeypatch.setattr("data_prep.simulator.filming.random_style", lambda *_, style=style: style)
        frames[combed] = list(Filming(PHASES, plan, PLAIN).video())
    same = [bool((woven == plain).all()) for woven, plain in zip(frames[True], frames[False], strict=True)]
    assert same[plan.lead] and same[plan.boundaries[3] + plan.linger] and not any(same[slice(*plan.boundaries[1:3])])


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


PLAIN = Settings("diving_phases", "scoring", 4, 0, None, False, 0.25, 48, 64)
FILM = dataclasses.replace(PLAIN, film=True)
PHASES = get_simulator("diving_phases")
SPORTS = pytest.mark.parametrize("sport", ["diving", "diving_phases", "vault"])


@pytest.mark.parametrize("sport", ["diving_phases", "vault"])
def test_film_is_described_and_builds(tmp_path, sport):
    settings = dataclasses.replace(FILM, sport=sport, num_videos=2)
    simulate(settings, tmp_path / "one", workers=1)
    simulate(dataclasses.replace(settings, film=False), tmp_path / "plain", workers=1)
    described, before = (json.loads((tmp_path / name / "simulation.json").read_text()) for name in ("one", "plain"))
    assert described["settings"]["film"] is True and "film" not in before["settings"]
    assert (described_pixels(described), described_pixels(before)) == ("simulated (--film preset)", "simulated")
    read = unlv.read_vault(tmp_path / "one") if sport == "vault" else unlv.read_diving(tmp_path / "one", sport=sport)
    assert read.sport == sport and not any(sample.problems for sample in read.samples)


@pytest.mark.parametrize("film", [False, True])
def test_stages_are_those_of_the_times(tmp_path, film):
    simulate(dataclasses.replace(FILM, film=film, num_videos=2), tmp_path, workers=1)
    times = np.loadtxt(tmp_path / "jump_drop_water_label.txt", delimiter=",", dtype=int).tolist()
    with (tmp_path / "stage_labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for video, (t0, t1, t2, t3) in enumerate(times, start=1):
        own = [row for row in rows if int(row["video_id"]) == video]
        spans = {row["stage"]: (int(row["start_frame"]), int(row["end_frame"])) for row in own}
        assert spans.items() >= {"jump": (t0, t1), "flight": (t1, t2), "entry": (t2, t3)}.items()
        stages = get_sport("diving_phases").stages
        assert own[-1]["stage"] == "noise" and spans[stages[1]][1] == t0 and spans.keys() <= set(stages)


@SPORTS
def test_timing_differs_and_no_stage_begins_with_a_repeated_frame(sport):
    settings, simulator = dataclasses.replace(FILM, sport=sport, num_videos=200), get_simulator(sport)
    film, plain = (plan_videos(simulator, each) for each in (settings, dataclasses.replace(settings, film=False)))
    for slow, usual in zip(film, plain, strict=True):
        assert (slow.element, slow.execution, slow.split) == (usual.element, usual.execution, usual.split)
        edges = (slow.lead, *slow.boundaries)
        assert not any(is_repeat(edge, slow.repeats) for edge in edges) and min(np.diff(slow.boundaries)) > 0
        assert slow.boundaries[3] + slow.linger <= slow.num_frames and SPEEDS[0] <= slow.speed <= SPEEDS[1]
        np.testing.assert_allclose(np.diff(slow.boundaries), np.diff(usual.boundaries) / slow.speed, atol=2.01)
    assert max(plan.quantiser for plan in plain) <= 25 < max(plan.quantiser for plan in film) <= 31, "sent by phone"
    held, cut = ([plan for plan in film if test(plan)] for test in (lambda plan: plan.repeats, _is_cut))
    assert 20 < len(held) < 60 and {plan.repeats for plan in held} == {2, 3} and 100 < len(cut) < 160
    (least, most), (_, longest) = simulator.margins
    assert all(least <= plan.boundaries[0] <= most + 1 and plan.linger <= longest + 1 for plan in cut)


def _is_cut(plan):
    return plan.lead == 0 and plan.num_frames == plan.boundaries[3] + plan.linger


def test_the_feet_leave_the_board_at_the_same_pose_at_any_speed():
    plans = [plan_videos(PHASES, dataclasses.replace(settings, num_videos=2)) for settings in (FILM, PLAIN)]
    for slow, usual in zip(*plans, strict=True):
        settings = dataclasses.replace(FILM, height=96, width=128)
        scene = PHASES.random_scene(usual.element, settings, np.random.default_rng(1))
        (expected, _), (shown, later) = (_poses(plan, scene) for plan in (usual, slow))
        np.testing.assert_allclose(shown, expected, atol=0.02 * 96)
        assert np.abs(later - expected).max() > 0.06 * 96


def _shot(plan, scene):
    """The frames and joints of a planned dive."""
    joints: list[np.ndarray] = []
    clock = plan.clock(plan.boundaries[3] + plan.linger)
    return list(PHASES.shot(scene, plan.element, plan.trait, *clock, np.random.default_rng(0), joints)), joints


def _poses(plan, scene):
    """The joints from the first one on, pixels, at the frame that the feet leave, and two frames later."""
    _, joints = _shot(plan, scene)
    left = plan.boundaries[1] - plan.lead
    return [places - places[0] for places in (joints[left], joints[left + 2])]


@pytest.mark.parametrize("repeats", [2, 3])
def test_repeated_frames_and_their_joints_are_those_before(repeats):
    plans = plan_videos(PHASES, dataclasses.replace(FILM, num_videos=60))
    plan = next(plan for plan in plans if plan.repeats == repeats)
    joints = np.full((plan.num_frames, 21, 2), np.nan)
    frames = list(Filming(PHASES, plan, FILM).video(joints))
    same = [index for index in range(1, len(frames)) if (frames[index] == frames[index - 1]).all()]
    assert same == [index for index in range(len(frames)) if is_repeat(index, repeats)]
    np.testing.assert_array_equal(joints[same], joints[np.array(same) - 1])


# === Looks ===


def test_of_a_cut_out_only_athlete_and_splash_are_lit():
    dark = FilmLook(ground=0.0, plain=True, colour=(250, 240, 230))
    scene = PHASES.random_scene(PHASES.elements[0], FILM, np.random.default_rng(0), dark)
    assert not scene.world.image.any()
    assert scene.appearance.skin == scene.appearance.suit == scene.appearance.hair == (250, 240, 230)
    plan = plan_videos(PHASES, FILM)[0]
    frames, joints = _shot(plan, scene)
    shown = frames[plan.boundaries[0] - plan.lead - 1].max(axis=2) > 60
    rows, columns = np.nonzero(shown)
    places = joints[plan.boundaries[0] - plan.lead - 1]
    around = np.hypot(columns[:, None] - places[:, 0], rows[:, None] - places[:, 1]).min(axis=1)
    assert shown.any() and around.max() < 0.15 * FILM.height


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_from_close_the_whole_athlete_fills_the_picture(sport):
    settings = Settings(sport, "scoring", 4, 0, None, False, 0.5, 64, 64, close=True)
    inside, heights = _shown(settings)
    assert inside > 0.995 and CLOSE[0] < heights.max() < 1 and np.median(heights) > 0.4
    _, usual = _shown(dataclasses.replace(settings, close=False))
    assert np.median(usual) < 0.8 * np.median(heights)


def _shown(settings):
    """The share of the joints that are in the picture, and the athlete's height in each frame as a share of it."""
    simulator, places = get_simulator(settings.sport), []
    for plan in plan_videos(simulator, settings):
        joints = np.full((plan.num_frames, 21, 2), np.nan)
        list(Filming(simulator, plan, settings).video(joints))
        places.append(joints[plan.lead : plan.boundaries[2]] / (settings.width, settings.height))
    shown = np.concatenate(places)
    return ((shown >= 0) & (shown < 1)).all(axis=2).mean(), np.ptp(shown[..., 1], axis=1)


# === Refusals ===


@pytest.mark.parametrize("preset", ["film", "close"])
@pytest.mark.parametrize("changes", [{"easy": True}, {"task": "motion"}, {"film": True, "close": True}])
def test_presets_exclude_each_other_and_other_tasks(preset, changes):
    with refused("flags_conflict", f"--{preset}"):
        dataclasses.replace(PLAIN, **{preset: True, **changes})
