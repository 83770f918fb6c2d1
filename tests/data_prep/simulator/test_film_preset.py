"""The presets --film and --close: looks and timing of film, an athlete who fills the picture; labels stay true."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from refusals import refused

from data_prep.datasets import unlv
from data_prep.simulator.dataset import simulate
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import SPEEDS, get_simulator, is_repeat, plan_videos
from data_prep.simulator.scene.camera import View
from data_prep.simulator.scene.effects import BLEND, CLOSE, FAR, KINDS, NEAR, FilmLook, random_look, random_style
from data_prep.simulator.scene.figure import Body
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.sports import get_sport

PLAIN = Settings("diving_phases", "scoring", 4, 0, None, False, 0.25, 48, 64)
FILM = dataclasses.replace(PLAIN, film=True)
PHASES = get_simulator("diving_phases")
SPORTS = pytest.mark.parametrize("sport", ["diving", "diving_phases", "vault"])


@pytest.mark.parametrize("sport", ["diving_phases", "vault"])
def test_videos_are_those_of_their_seed_and_build(tmp_path, sport):
    settings = dataclasses.replace(FILM, sport=sport, num_videos=2)
    for name in ("one", "other"):
        simulate(settings, tmp_path / name, workers=1)
    simulate(dataclasses.replace(settings, film=False), tmp_path / "plain", workers=1)
    one, other, plain = (
        {file.name: file.read_bytes() for file in (tmp_path / name).rglob("*") if file.is_file()}
        for name in ("one", "other", "plain")
    )
    assert one == other and all(one[name] != plain[name] for name in ("001.avi", "002.avi", "README.md"))
    described, before = (json.loads(files["simulation.json"]) for files in (one, plain))
    assert described["settings"]["film"] is True and "film" not in before["settings"]
    assert (described_pixels(described), described_pixels(before)) == ("simulated (--film preset)", "simulated")
    read = unlv.read_vault(tmp_path / "one") if sport == "vault" else unlv.read_diving(tmp_path / "one", sport=sport)
    assert read.sport == sport and not any(sample.problems for sample in read.samples)


@pytest.mark.parametrize(("sport", "film"), [("diving", False), ("diving_phases", False), ("diving_phases", True)])
def test_stages_are_those_of_the_times(tmp_path, sport, film):
    simulate(dataclasses.replace(FILM, sport=sport, film=film, num_videos=2), tmp_path, workers=1)
    times = np.loadtxt(tmp_path / "jump_drop_water_label.txt", delimiter=",", dtype=int).tolist()
    with (tmp_path / "stage_labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for video, (t0, t1, t2, t3) in enumerate(times, start=1):
        own = [row for row in rows if int(row["video_id"]) == video]
        spans = {row["stage"]: (int(row["start_frame"]), int(row["end_frame"])) for row in own}
        flight = {"jump": (t0, t1), "flight": (t1, t2)} if sport == "diving_phases" else {"take-flight": (t0, t2)}
        assert spans.items() >= {**flight, "entry": (t2, t3)}.items() and own[-1]["stage"] == "noise"
        first = get_sport(sport).stages[1]
        assert spans[first][1] == t0 and spans.keys() <= set(get_sport(sport).stages)


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


def test_looks_have_their_shares():
    rng = np.random.default_rng(0)
    looks = [random_look(rng) for _ in range(2000)]
    counts = {
        "broadcast": looks.count(FilmLook()),
        "near": sum(look.size is not None and NEAR[0] <= look.size <= NEAR[1] for look in looks),
        "far": sum(look.size is not None and FAR[0] <= look.size <= FAR[1] for look in looks),
        "cut_out": sum(look.ground < 1 for look in looks),
        "mixed": sum(BLEND[0] <= look.blend <= BLEND[1] for look in looks),
        "by_hand": sum(look.shake > 1 for look in looks),
    }
    assert sum(counts.values()) == 2000
    assert {name: count / 2000 for name, count in counts.items()} == pytest.approx(KINDS, abs=0.03)
    one_colour = sum(look.colour is not None for look in looks)
    assert one_colour / counts["cut_out"] == pytest.approx(1 / 3, abs=0.07)
    grey = sum(random_style(False, rng, film=True).saturation == 0.0 for _ in range(1000))
    assert grey / 1000 == pytest.approx(0.12, abs=0.03)


@pytest.mark.parametrize("sport", ["diving_phases", "vault"])
@pytest.mark.parametrize("size", [0.15, 0.8])
def test_a_standing_athlete_has_the_size_of_the_look(sport, size):
    simulator = get_simulator(sport)
    scene = simulator.random_scene(simulator.elements[0], FILM, np.random.default_rng(0), FilmLook(size=size))
    assert scene.view.pixels_per_metre * scene.body.height == pytest.approx(size * FILM.height)


def test_a_view_from_afar_shows_no_end_of_the_world():
    scene = PHASES.random_scene(PHASES.elements[0], FILM, np.random.default_rng(0), FilmLook(size=0.12))
    tall, wide = (pixels / scene.view.pixels_per_metre for pixels in (FILM.height, FILM.width))
    for reach, (least, most) in ((wide / 2, scene.world.x_range), (tall / 2, scene.world.y_range)):
        assert least < -reach and most > reach
    usual = View(64, 48, 20.0, 0.0, 0.01, 0.5)
    assert FilmLook(size=0.8).margin(usual) == FilmLook().margin(usual) == 0.0
    assert FilmLook().view(usual, Body()) == usual


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


def test_the_settings_name_a_preset_only_if_it_is_used():
    assert dataclasses.replace(PLAIN, close=True).to_json() == PLAIN.to_json() | {"close": True}
    assert described_pixels({"settings": {"close": True}}) == "simulated (--close preset)"


# === Refusals ===


@pytest.mark.parametrize("preset", ["film", "close"])
@pytest.mark.parametrize(
    "changes", [{"easy": True}, {"task": "session"}, {"task": "motion"}, {"film": True, "close": True}]
)
def test_presets_exclude_each_other_and_other_tasks(preset, changes):
    with refused("flags_conflict", f"--{preset}"):
        dataclasses.replace(PLAIN, **{preset: True, **changes})
