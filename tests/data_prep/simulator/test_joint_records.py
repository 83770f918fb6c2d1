"""Simulated performances as records of joints: where rendering has them, by a clock as in life, resumed to the bit."""

import dataclasses

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from refusals import refused
from scipy.interpolate import CubicSpline
from tiny_records import feature_video, write_records

from data_prep.commands import simulate as command
from data_prep.records.verifying import verify_records
from data_prep.simulator import joints as joints_module
from data_prep.simulator.dataset import simulate
from data_prep.simulator.filming import Filming, random_athlete
from data_prep.simulator.joints import ORDER, perform, simulate_joints
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import Augmentation, videos

DIVES = Settings("diving", "scoring", 5, 0, None, True, 0.4, 96, 128, joints=True)
STILL = Augmentation(0, False, 0, 0, 0, 0)


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(joints_module, "PART_SIZE", 2)
        yield


@pytest.fixture(scope="module")
def dives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joints") / "dives"
    simulate_joints(DIVES, folder, workers=1)
    return folder


def shown(folder, split="train", **options):
    """{id: (joints (T, 17, 3), stages (T,))} as `videos` gives them."""
    dataset = videos(folder, split, pad_to_multiple=1, with_info=True, **{"batch_size": 1, **options})
    return {
        name.decode(): (features[mask].reshape(-1, 17, 3), stages[mask])
        for inputs, targets, info in dataset.as_numpy_iterator()
        for name, features, mask, stages in zip(
            info["id"], inputs["features"], inputs["mask"], targets["stages"], strict=True
        )
    }


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_joints_are_where_rendering_has_them(sport, tmp_path):
    """In a video of the same seed, but for the place of its camera; a dive flies longer than the rendered one."""
    settings = dataclasses.replace(DIVES, sport=sport, num_videos=2, test_fraction=0.5)
    simulate(dataclasses.replace(settings, joints=False), tmp_path / "rendered", workers=1)
    simulator = get_simulator(sport)
    for plan in plan_videos(simulator, settings):
        scene = Filming(simulator, plan, settings).scene
        pixels = np.load(tmp_path / f"rendered/joints/{plan.path.stem}.npy")[:, ORDER]
        joints, stages = perform(simulator, plan, settings)
        _, t1, t2, t3 = plan.boundaries
        later = simulator.true_boundaries(plan, random_athlete(simulator, plan, settings))[2] - t2
        after = min(12, plan.num_frames - t3)
        assert stages[-1] == 0 and len(stages) == pytest.approx(t3 + later - plan.lead + after, abs=1)
        exposed = np.arange(plan.lead, t3) + 0.1  # the middle of an exposure of a fifth of a frame
        in_life = exposed + np.clip((exposed - t1) / (t2 - t1), 0, 1) * later
        places = CubicSpline(np.arange(len(joints)) + plan.lead, joints)(in_life)
        if sport == "vault":
            places = scene.standpoint.panorama(places)
        shown = scene.view.project(places, np.zeros(2))[..., :2]
        both = [each - each.mean(axis=1, keepdims=True) for each in (shown, pixels[plan.lead : t3])]
        apart = np.abs(both[0] - both[1])[np.isfinite(pixels[plan.lead : t3, 0, 0])]
        assert np.ptp(both[0]) > 50 and np.quantile(apart, 0.99) < 1 and apart.max() < 3  # pixels


def test_a_flight_falls_as_gravity_has_it():
    """By the second differences of the centre of mass, which is not in the records."""
    simulator = get_simulator("diving")
    for plan in plan_videos(simulator, dataclasses.replace(DIVES, film=True, easy=False, num_videos=10)):
        athlete = random_athlete(simulator, plan, DIVES)
        _, off, entry, _ = boundaries = simulator.true_boundaries(plan, athlete)
        centre = simulator.perform(plan.element, plan.trait, athlete, boundaries, np.arange(off, entry, 0.5)).centre
        assert np.diff(centre[:, 1], 2) * 50**2 == pytest.approx(-9.81)


@pytest.mark.parametrize(("stops_after", "save"), [(3, False), (99, True)])
def test_an_interrupted_run_ends_as_one_in_one_go(dives, tmp_path, monkeypatch, stops_after, save):
    done = []

    def stopped(*arguments):
        if len(done) == stops_after:
            raise KeyboardInterrupt
        done.append(arguments)
        return example(*arguments)

    def killed(*_):
        raise KeyboardInterrupt

    example = joints_module._example
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(joints_module, "_example", stopped)
        if save:
            patched.setattr(DatasetInfo, "save", killed)
        simulate_joints(DIVES, tmp_path / "dives", workers=1)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.tfrecord") if ".new" not in str(path)}
    simulate_joints(DIVES, tmp_path / "dives", workers=1)
    assert len(kept) == (3 if save else 1) and all(
        path.stat().st_mtime_ns == kept[path] for path in kept if path.exists()
    )
    files = {path.name: path.read_bytes() for path in dives.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "dives").iterdir()} == files
    assert verify_records(DatasetInfo.load(tmp_path / "dives")) == []


def test_a_finished_run_is_left_as_it_is_and_another_refused(dives):
    before = {path: path.stat().st_mtime_ns for path in dives.iterdir()}
    simulate_joints(DIVES, dives, workers=1)
    with refused("other_simulation", "seed"):
        simulate_joints(dataclasses.replace(DIVES, seed=1), dives, workers=1)
    assert {path: path.stat().st_mtime_ns for path in dives.iterdir()} == before


@pytest.mark.parametrize("other", ["--height=120", "--width=160", "--close", "--split=test", "--task=motion"])
def test_options_of_pictures_are_refused(other):
    with flagsaver.flagsaver(), refused("flags_conflict", other.partition("=")[0]):
        flags.FLAGS(["simulate", "--joints", "--num_videos=4", "--output_dir=unused", other])
        command._settings_from_flags()


def test_evaluation_sees_one_film_and_training_one_for_each_epoch_whatever_the_batches_and_the_seed(dives):
    one, other, exact = shown(dives), shown(dives, batch_size=3, seed=5), shown(dives, joint_noise=0.0)
    alone, among, later = (
        shown(dives, augmentation=STILL, first_epoch=epoch, epochs=epoch + 1, batch_size=size)
        for epoch, size in ((1, 1), (1, 3), (2, 1))
    )
    for name, (film, stages) in one.items():
        assert (film == other[name][0]).all() and (alone[name][0] == among[name][0]).all()
        assert (exact[name][0][..., 2] == 1).all() and (exact[name][1] == stages).all()
        for first, second in ((film, exact[name][0]), (alone[name][0], later[name][0])):
            assert first.shape == second.shape and not np.isclose(first, second).all(axis=2).any()


def test_other_records_have_no_joints_to_disturb(tmp_path):
    features = {"train": [feature_video("a", np.ones((4, 3), np.float32))]}
    with refused("flags_conflict", "joint_noise"):
        videos(write_records(tmp_path / "records", features), "train", batch_size=1, joint_noise=0.5)
