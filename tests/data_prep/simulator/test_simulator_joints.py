"""The true joints beside a simulated dataset lie where the athlete is painted, and go with the records."""

import dataclasses
import shutil

import numpy as np
import pytest
from refusals import refused

from data_prep.records.building import build_records
from data_prep.records.dry_run import check
from data_prep.simulator import filming
from data_prep.simulator.dataset import simulate
from data_prep.simulator.diving.filming import dive_shot
from data_prep.simulator.diving.motion import FAULTS, DiveTrait
from data_prep.simulator.diving.rules import DIVES
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.camera import zoom, zoomed_places
from data_prep.simulator.scene.drawing import FigurePainter
from data_prep.simulator.scene.effects import Broadcast, VideoStyle, filmed_size
from data_prep.simulator.scene.figure import JOINTS
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.joints import SIMULATED, read_joints

SIZE = (96, 128)


def filmed(sport, seed, monkeypatch, style, lens):
    """(frames, joints, plan) of the performance alone, and its frames without an athlete."""
    settings = Settings(sport, "scoring", 2, seed, None, False, 0.5, *SIZE)
    simulator = get_simulator(sport)
    plan = plan_videos(simulator, settings)[0]
    monkeypatch.setattr(filming, "random_style", lambda *_: style)
    monkeypatch.setattr(filming, "ZOOMED", lens)
    joints = np.full((plan.num_frames, len(JOINTS), 2), np.nan)
    frames = list(filming.film_video(simulator, plan, settings, joints))
    monkeypatch.setattr(FigurePainter, "paint", lambda *_: (np.zeros((1, 1, 4), np.uint8), (0, 0)))
    without = list(filming.film_video(simulator, plan, settings))
    return np.array(frames, int), np.array(without, int), joints, plan


@pytest.mark.parametrize("sport", ["diving", "vault"])
@pytest.mark.parametrize(
    ("style", "lens"),
    [(VideoStyle(grain=0), 0), (VideoStyle(grain=0, squeeze=4 / 3), 0), (VideoStyle(grain=0, picture=(0.75, 1.0)), 1)],
    ids=["plain", "squeezed", "bars and a zoom"],
)
@pytest.mark.parametrize("seed", [0, 3])
def test_joints_lie_where_the_athlete_is_painted(sport, style, lens, seed, monkeypatch):
    """Each joint that is in the picture, against the nearest pixel that the athlete changes."""
    frames, without, joints, plan = filmed(sport, seed, monkeypatch, style, lens)
    first, last = plan.lead, plan.boundaries[2]
    assert np.isnan(joints[: plan.lead]).all() and np.isfinite(joints[first:last]).all()
    apart = []
    for index in range(first, last, 4):
        painted = np.argwhere(np.abs(frames[index] - without[index]).max(axis=-1) > 20)[:, ::-1]
        inside = joints[index][((joints[index] > 12) & (joints[index] < np.array(SIZE[::-1]) - 12)).all(axis=1)]
        if len(inside) and len(painted) > 30:
            apart += np.linalg.norm(inside[:, None] - painted[None], axis=-1).min(axis=1).tolist()
    assert len(apart) > 50 and np.mean(apart) < 1 and np.percentile(apart, 95) < 3


def test_joints_end_where_the_water_hides_the_diver(monkeypatch):
    """From the 10 m platform, of an entry that lasts long: there are none in exactly the frames with nobody in them."""
    settings, seen, painted = Settings("diving", "scoring", 2, 0, None, False, 0.5, *SIZE), [], []
    rng, dive = np.random.default_rng(0), DIVES["107B"]
    scene = get_simulator("diving").random_scene(dive, settings, rng)
    trait = DiveTrait({fault.name: 0.0 for fault in FAULTS}, False, False, False, False, 1)
    paint, there = FigurePainter.paint, []
    monkeypatch.setattr(FigurePainter, "paint", lambda *given: painted.append(True) or paint(*given))
    for _ in dive_shot(scene, dive, trait, (10, 20, 50, 90), np.arange(90.0), rng, seen):
        there.append(bool(painted))
        painted.clear()
    assert np.isfinite(seen).all(axis=(1, 2)).tolist() == np.isfinite(seen).any(axis=(1, 2)).tolist() == there
    assert all(there[:55]) and not any(there[75:])


def test_places_are_moved_as_pixels_are():
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[20:23, 50:53] = 255
    place = np.array([[[51.0, 21.0]]])

    def found(image):
        rows, columns = np.nonzero(image[..., 0] > 120)
        return columns.mean(), rows.mean()

    assert found(zoom(picture, 1.5)) == pytest.approx(zoomed_places(place, np.array([1.5]), 80, 60)[0, 0], abs=0.6)
    style = VideoStyle(grain=0, squeeze=4 / 3, picture=(0.75, 1.0))
    width, height = filmed_size(style, 80, 60)
    broadcast = Broadcast(style, 80, 60, np.random.default_rng(0))
    small = np.zeros((height, width, 3), np.uint8)
    small[20:24, 40:44] = 255
    assert found(broadcast(small, 0)) == pytest.approx(broadcast.places(np.array([41.5, 21.5]), width), abs=0.6)


@pytest.fixture(scope="module")
def dives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dives") / "dives"
    simulate(Settings("diving", "scoring", 3, 0, None, True, 0.4, 48, 64), folder, workers=1)
    return folder


def test_joints_go_with_the_records(dives, tmp_path):
    info, _ = build_records("unlv_diving", dives, tmp_path / "records", workers=1)
    for video_id, video in info.videos.items():
        kept = read_joints(tmp_path / "records/joints", video_id, video["num_frames"])
        assert kept.names == JOINTS and kept.source == SIMULATED
        assert kept.positions.dtype == np.float32 and np.isfinite(kept.relative_to_head()).all()


def test_joints_that_are_missing_or_of_other_frames_are_refused(dives, tmp_path):
    other = shutil.copytree(dives, tmp_path / "other")
    joints = np.load(other / "joints/002.npy")
    np.save(other / "joints/002.npy", joints[:-1])
    with refused("bad_rows", "joints/002.npy"):
        build_records("unlv_diving", other, tmp_path / "records", workers=1)
    (other / "joints/002.npy").unlink()
    with refused("bad_rows", "joints/002.npy"):
        build_records("unlv_diving", other, tmp_path / "records", workers=1)
    assert not (tmp_path / "records").exists()


def test_simulated_videos_whose_simulation_was_not_copied_do_not_pass_for_filmed_ones(dives, tmp_path):
    other = shutil.copytree(dives, tmp_path / "other")
    (other / "simulation.json").unlink()
    with refused("missing_simulation", "joints.json"):
        build_records("unlv_diving", other, tmp_path / "records", workers=1)
    lines, number = check("unlv_diving", other, workers=1)
    assert number == 1 and lines[0].code == "missing_simulation"
    lines, number = check("unlv_diving", dives, workers=1)
    assert number == 0


def test_a_dataset_without_joints_gets_them_and_keeps_its_videos(dives, tmp_path):
    """One that was simulated before there were joints; and clips of motion have none."""
    again = shutil.copytree(dives, tmp_path / "again")
    shutil.rmtree(again / "joints")
    simulate(Settings("diving", "scoring", 3, 0, None, True, 0.4, 48, 64), again, workers=1)
    for path in [path for path in dives.rglob("*") if path.is_file()]:
        assert (again / path.relative_to(dives)).read_bytes() == path.read_bytes()
    clips = Settings("diving", "motion", 2, 0, None, True, 0.5, 48, 64)
    simulate(dataclasses.replace(clips), tmp_path / "clips", workers=1)
    assert not (tmp_path / "clips/joints").exists()
