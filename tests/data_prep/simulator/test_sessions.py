"""Simulated sessions: their length, where their performances and replays lie, the same pixels as by themselves."""

import csv
import dataclasses
import itertools
import json

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from refusals import refused

from data_prep.commands import simulate as command
from data_prep.simulator.dataset import simulate
from data_prep.simulator.files import write_video
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import get_simulator
from data_prep.simulator.session import film_session, plan_sessions
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.video import read_video
from scoringnet_tf.support.messages import InputError


def settings(sport="diving", **options):
    given = {"performances": 3, "minutes": 0.6, **options}
    return Settings(sport, "session", 1, 5, None, False, 0.0, 48, 64, **given)


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_a_session_lasts_as_long_as_it_is_to_and_its_performances_do_not_overlap(sport):
    first, second = (plan_sessions(get_simulator(sport), settings(sport, performances=30, minutes=120.0)) for _ in "ab")
    assert first == second
    (session,) = first
    starts, videos = session.starts(), [plan.num_frames for plan in session.performances]
    assert session.num_frames == sum(session.gaps) + sum(videos) + sum(session.replays) == 120 * 60 * 25
    assert len(starts) == 30 and min(session.gaps) >= 25
    ends = [start + video + replay for start, video, replay in zip(starts, videos, session.replays, strict=True)]
    assert all(after - end >= 25 for end, after in zip(ends[:-1], starts[1:], strict=True))
    assert 5 < np.count_nonzero(session.replays) < 25
    assert len({plan.video_id for plan in session.performances}) == 30


def test_too_many_performances_are_refused_and_it_is_said_what_is_enough():
    with refused("out_of_range", "30") as error:
        plan_sessions(get_simulator("diving"), settings(performances=30))
    least = float(error.value.hint.split("--minutes=")[1].split()[0])
    assert plan_sessions(get_simulator("diving"), settings(performances=30, minutes=least))


def test_a_session_shows_its_performances_and_says_where(tmp_path):
    given = dataclasses.replace(settings(), seed=6)  # of which a replay is shown
    simulate(given, tmp_path / "s", 1)
    (session,) = plan_sessions(get_simulator("diving"), given)
    video = read_video(tmp_path / "s" / session.path)
    assert len(video.frames) == 0.6 * 60 * 25
    with (tmp_path / "s/performances.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, start, plan in zip(rows, session.starts(), session.performances, strict=True):
        first, _, entry, end = plan.boundaries
        stages = [int(row[name]) - start for name in ("pre-starting", "take-flight", "entry", "end")]
        assert stages == [plan.lead, first, entry, end]
        assert row["video"] == "sessions/001.avi" and row["element"] == plan.element.number
        assert float(row["final"]) == pytest.approx(plan.difficulty * plan.execution, abs=1e-3)
    with (tmp_path / "s/replays.csv").open(newline="") as file:
        replays = [(int(row["start"]), int(row["end"])) for row in csv.DictReader(file)]
    shown = zip(session.starts(), session.performances, session.replays, strict=True)
    ends = [(start + plan.num_frames, frames) for start, plan, frames in shown if frames]
    assert replays == [(end, end + frames) for end, frames in ends] and replays


def test_a_performance_has_the_pixels_that_it_has_by_itself():
    simulator = get_simulator("diving")
    (session,) = plan_sessions(simulator, dataclasses.replace(settings(performances=2, minutes=0.4), seed=6))
    assert session.replays[0]
    start, plan = session.starts()[1], session.performances[1]
    shown = itertools.islice(film_session(simulator, session), start, start + plan.num_frames)
    for one, other in itertools.islice(zip(shown, Filming(simulator, plan, session.settings).video(), strict=True), 30):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_between_performances_there_are_no_replays(sport):
    """Except those after a performance, which `replays.csv` names."""

    class WithoutReplays(type(get_simulator(sport))):
        replay_shot = None

    plan = plan_sessions(get_simulator(sport), settings(sport))[0].performances[0]
    assert len(list(Filming(WithoutReplays(), plan, settings(sport)).between(240, (4, 6)))) == 240


def test_a_video_that_is_stopped_leaves_nothing(tmp_path):
    def broken():
        yield from np.zeros((3, 48, 64, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "c.avi", broken(), 5)
    with refused("no_frames", "b.avi"):
        write_video(tmp_path / "b.avi", iter(()), 5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"minutes": 3.0}, "--minutes"),
        ({"num_videos": 1}, "--num_videos"),
        ({"test_fraction": 0.0}, "--test_fraction"),
        ({"task": "session", "test_fraction": 0.5}, "--test_fraction"),
        ({"height": 51}, "--height"),
        ({"task": "motion", "labels_dir": "y"}, "--task"),
        ({"labels_dir": "no_labels"}, "no_labels"),
        ({"task": "session", "performances": 77, "minutes": 0.5}, "--minutes=0.5"),
    ],
)
def test_wrong_flags_are_refused(given, flag):
    with pytest.raises(InputError) as error:
        run_with(**{"output_dir": "x", "num_videos": 4, **given})
    assert flag in str(error.value)


def run_with(**given):
    """The command with these flags."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    with flagsaver.flagsaver(**given):
        command.main([])


@pytest.mark.parametrize(
    "given",
    [
        {"sport": "vault", "rendering": 3, "easy": True, "test_fraction": 0.4},
        {"sport": "diving_phases", "film": True, "split": "train"},
        {"close": True, "split": "train"},
        {"task": "motion", "test_fraction": 0.0},
        {"task": "session", "num_videos": 1, "performances": 1, "minutes": 0.2},
    ],
)
def test_a_simulation_is_that_of_the_flags(tmp_path, given):
    given = {"num_videos": 2, "seed": 7, "height": 32, "width": 48, **given}
    run_with(output_dir=str(tmp_path / "s"), workers=1, **given)
    made = json.loads((tmp_path / "s/simulation.json").read_text())["settings"]
    assert {name: made[name] for name in given} == given and made["task"] == given.get("task", "scoring")
    assert read_video(next(tmp_path.glob("s/*/*.avi"))).frames.shape[1:] == (32, 48, 3)
