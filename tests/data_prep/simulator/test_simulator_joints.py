"""The true joints beside a simulated dataset lie where the athlete is painted, and go with the records."""

import dataclasses
import shutil

import numpy as np
import pytest
from refusals import refused

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.simulator.dataset import simulate
from data_prep.simulator.diving.filming import dive_shot
from data_prep.simulator.diving.motion import FAULTS, DiveTrait
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.effects import VideoStyle
from data_prep.simulator.scene.figure import JOINTS
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.joints import SIMULATED, read_joints
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.sports import parse_dive

SIZE = (96, 128)
RED, GREEN = (0, 0, 255), (0, 255, 0)
SETTINGS = Settings("diving", "scoring", 3, 0, None, True, 0.4, 48, 64)


def dyed(scene, colour):
    """The scene with an athlete of one colour: two of them differ where the athlete is painted."""
    look = dataclasses.replace(scene.appearance, suit=colour, skin=colour, hair=colour, exposure=1.0)
    return dataclasses.replace(scene, appearance=look)


def filmed(sport, seed, colour):
    """(frames, joints, plan) of a video with such an athlete."""

    class Dyed(type(get_simulator(sport))):
        def random_scene(self, *arguments):
            return dyed(super().random_scene(*arguments), colour)

    settings = Settings(sport, "scoring", 2, seed, None, False, 0.5, *SIZE)
    plan = plan_videos(Dyed(), settings)[0]
    joints = np.full((plan.num_frames, len(JOINTS), 2), np.nan)
    return np.array(list(Filming(Dyed(), plan, settings).video(joints)), int), joints, plan


@pytest.mark.parametrize("sport", ["diving", "vault"])
@pytest.mark.parametrize("seed", [0, 3, 4, 8])  # among them pictures with bars, squeezed, and through a zoom
def test_joints_lie_where_the_athlete_is_painted(sport, seed):
    """Each joint that is in the picture, against the nearest pixel that the athlete changes."""
    (red, joints, plan), (green, *_) = (filmed(sport, seed, colour) for colour in (RED, GREEN))
    first, last = plan.lead, plan.boundaries[2]
    assert np.isnan(joints[:first]).all() and np.isfinite(joints[first:last]).all()
    apart = []
    for index in range(first, last, 4):
        painted = np.argwhere(np.abs(red[index] - green[index]).max(axis=-1) > 30)[:, ::-1]
        inside = joints[index][((joints[index] > 12) & (joints[index] < np.array(SIZE[::-1]) - 12)).all(axis=1)]
        if len(inside) and len(painted) > 30:
            apart += np.linalg.norm(inside[:, None] - painted[None], axis=-1).min(axis=1).tolist()
    assert len(apart) > 50 and np.mean(apart) < 1 and np.percentile(apart, 95) < 3


def test_joints_end_where_the_water_hides_the_diver():
    settings, dive = dataclasses.replace(SETTINGS, height=96, width=128), parse_dive("107B")
    scene, frames, seen = get_simulator("diving").random_scene(dive, settings, np.random.default_rng(0)), [], []
    trait = DiveTrait({fault.name: 0.0 for fault in FAULTS}, False, False, False, False, 1)
    for colour in (RED, GREEN):
        rng, seen = np.random.default_rng(1), []
        shot = dive_shot(dyed(scene, colour), dive, trait, (10, 20, 50, 90), np.arange(90.0), rng, seen)
        frames.append(np.array(list(shot), int))
    hidden, painted = np.isnan(seen).all(axis=(1, 2)), (frames[0] != frames[1]).any(axis=(1, 2, 3))
    assert (hidden == np.isnan(seen).any(axis=(1, 2))).all() and not painted[hidden].any()
    assert painted[:50].all() and not hidden[:55].any() and hidden[75:].all()


def test_joints_go_where_zoom_and_bars_move_the_pixels(monkeypatch):
    """A dot in place of the athlete, in a video that begins with noise."""
    monkeypatch.setattr("data_prep.simulator.filming.ZOOMED", 1.0)
    style = VideoStyle(grain=0.0, squeeze=4 / 3, picture=(0.75, 1.0))
    monkeypatch.setattr("data_prep.simulator.filming.random_style", lambda *_: style)

    class Dotted(type(get_simulator("diving"))):
        def shot(self, scene, element, trait, boundaries, frames, rng, seen):
            for _ in frames:
                picture = np.zeros((scene.view.height, scene.view.width, 3), np.uint8)
                picture[20:24, 100:104] = 255
                seen.append(np.full((len(JOINTS), 2), (101.5, 21.5)))
                yield picture

    settings = Settings("diving", "scoring", 40, 0, None, False, 0.5, *SIZE)
    for plan in sorted(plan_videos(Dotted(), settings), key=lambda plan: plan.lead)[-3:]:
        joints = np.full((plan.num_frames, len(JOINTS), 2), np.nan)
        frames = list(Filming(Dotted(), plan, settings).video(joints))
        for index in range(plan.lead, plan.boundaries[3]):
            rows, columns = np.nonzero(frames[index][..., 1] > 100)
            assert joints[index, 0] == pytest.approx((columns.mean(), rows.mean()), abs=0.6)


@pytest.fixture(scope="module")
def dives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dives") / "dives"
    simulate(SETTINGS, folder, workers=1)
    return folder


def test_joints_go_with_the_records(dives, tmp_path):
    info, _ = build_records("unlv_diving", dives, tmp_path / "records", workers=1)
    for video_id, video in info.videos.items():
        kept = read_joints(tmp_path / "records/joints", video_id, video["num_frames"])
        assert kept.names == JOINTS and kept.source == SIMULATED
        assert kept.positions.dtype == np.float32 and np.isfinite(kept.relative_to_head()).all()


def test_simulated_videos_whose_simulation_was_not_copied_do_not_pass_for_filmed_ones(dives, tmp_path):
    other = shutil.copytree(dives, tmp_path / "other")
    (other / "simulation.json").unlink()
    with refused("missing_simulation", "joints.json"):
        build_records("unlv_diving", other, tmp_path / "records", workers=1)
    assert check("unlv_diving", dives, workers=1)[1] == 0


def test_the_test_videos_alone_are_stored_as_beside_the_others(dives, tmp_path):
    simulate(dataclasses.replace(SETTINGS, split="test", rendering=1), tmp_path / "test", workers=1)
    skip = BuildSettings(on_error="skip")
    whole, _ = build_records("unlv_diving", dives, tmp_path / "records", workers=1)
    alone, _ = build_records("unlv_diving", tmp_path / "test", tmp_path / "other", skip, workers=1)
    assert alone.splits.keys() == {"test"} and len(alone.skipped) == 2
    assert alone.aspect == pytest.approx(4 / 3)
    check_renderings(whole, [alone])


def test_a_dataset_without_joints_gets_them_and_clips_of_motion_have_none(dives, tmp_path):
    again = shutil.copytree(dives, tmp_path / "again")
    shutil.rmtree(again / "joints")
    simulate(SETTINGS, again, workers=1)
    for path in [path for path in dives.rglob("*") if path.is_file()]:
        assert (again / path.relative_to(dives)).read_bytes() == path.read_bytes()
    simulate(dataclasses.replace(SETTINGS, task="motion", num_videos=2), tmp_path / "clips", workers=1)
    assert not (tmp_path / "clips/joints").exists()
