"""Simulated vaults: the table against published values, motion against geometry, camera, labels."""

import dataclasses

import numpy as np
import pytest
from refusals import refused

from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.scene.figure import JOINT, Body
from data_prep.simulator.settings import Settings
from data_prep.simulator.vault import motion as vault_motion
from data_prep.simulator.vault import simulator as vault_labels
from data_prep.simulator.vault.motion import Timing, perform
from data_prep.simulator.vault.rules import DIFFICULTIES, FALL, FAULTS, VaultTrait

SMALL = Settings("vault", "scoring", 4, 0, None, False, 0.25, 48, 64)
VAULT = get_simulator("vault")
BOUNDARIES = (20, 50)
TIMING = Timing(*BOUNDARIES)
CLEAN = VaultTrait({fault.name: 0.0 for fault in FAULTS}, 1, 1, 1, 0.0, True)
BY_NAME = {vault.name: vault for vault in DIFFICULTIES}
SEEN = ("handspring-2A2", "handspring-4C1", "tsukahara-2A6", "yurchenko-2A4", "half_on-2A2", "full_on-2C2")
PUBLISHED = {  # 2009 to 2012
    "handspring-2A6": 7.4,  # Yang Hak-seon, London 2012
    "handspring-4C0": 6.6,  # Roche
    "handspring-4C1": 7.0,  # Dragulescu
    "handspring-4B0": 7.0,  # Blanik
    "tsukahara-2A6": 7.0,  # Kasamatsu with two whole turns
    "half_on-2A5": 7.2,  # Li Xiaopeng
}


def plans_of(**changes):
    return plan_videos(VAULT, dataclasses.replace(SMALL, **changes))


def trait_of(**severities):
    return dataclasses.replace(CLEAN, severities={**CLEAN.severities, **severities})


def at(motion, joint):
    return motion.joints[:, JOINT[joint]]


def vault(name, times, **severities):
    return perform(BY_NAME[name], trait_of(**severities), Body(), BOUNDARIES, np.asarray(times, float))


def test_values_are_the_published_ones_and_each_half_twist_of_a_straight_salto_adds_four_tenths():
    assert {name: DIFFICULTIES[BY_NAME[name]] for name in PUBLISHED} == PUBLISHED
    for family in ("handspring", "tsukahara", "yurchenko", "half_on", "full_on"):
        straight = [v for v in DIFFICULTIES if (v.family, v.half_somersaults, v.position) == (family, 2, "A")]
        np.testing.assert_allclose(np.diff([DIFFICULTIES[each] for each in straight]), 0.4)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_vault_turns_as_its_name_says(name):
    motion, meant = vault(name, np.linspace(0, 70, 1401)), BY_NAME[name]
    trunk = at(motion, "waist") - at(motion, "pelvis")
    angle = np.unwrap(np.arctan2(trunk[:, 1], trunk[:, 0]))
    whole = 2 * np.pi * (1 + meant.round_off) + np.pi * meant.half_somersaults
    assert angle[-1] - angle[0] == pytest.approx(-whole, abs=np.radians(20))  # clockwise, from a runner's lean
    facing = (1 if meant.family in ("handspring", "half_on") else -1) * (-1) ** meant.half_twists
    assert np.sign(motion.belly[-1, 0]) == facing and abs(motion.belly[-1, 0]) > 0.95


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("severities", [{}, {"poor_support": 1.0, "leg_separation": 1.0}])
def test_hands_push_off_the_table_and_feet_land_on_the_mat_at_t2(name, severities):
    support = vault(name, np.linspace(TIMING.contact + 1e-6, TIMING.leave - 1e-6, 9), **severities)
    hands = (at(support, "hand_l") + at(support, "hand_r"))[:, :2] / 2
    np.testing.assert_allclose(hands - (vault_motion.HANDS_X, vault_motion.TABLE_HEIGHT), 0, atol=1e-6)
    flight = vault(name, np.arange(int(TIMING.leave) + 1, 51), **severities)
    lowest = flight.joints[..., 1].min(axis=1) - vault_motion.MAT_HEIGHT - vault_motion.SOLE
    assert (lowest[:-1] > 0.02).all() and lowest[-1] == pytest.approx(0, abs=1e-6)
    assert flight.joints[-1, :, 1].argmin() in [JOINT[f"{part}_{side}"] for part in ("ankle", "toe") for side in "lr"]


@pytest.mark.parametrize("name", SEEN)
def test_flight_is_that_of_a_projectile_and_the_path_has_no_jumps(name):
    centre = vault(name, np.arange(np.ceil(TIMING.leave), 50)).centre
    np.testing.assert_allclose(np.diff(centre[:, 1], 3), 0, atol=1e-9)
    np.testing.assert_allclose(np.diff(centre[:, 0], 2), 0, atol=1e-9)
    assert centre[:, 1].max() == pytest.approx(2.9, abs=0.35)
    for landing in (0.0, 0.5, 1.0):
        motion = vault(name, np.arange(0, 75, 0.1), landing=landing)
        assert np.abs(np.diff(motion.centre, axis=0)).max() < 0.09  # metres in a tenth of a frame
        assert motion.joints[..., 1].min() > -0.12


def test_faults_change_what_they_name():
    landed, end = [51.0], [64.0]

    def centre(name, times, axis, **severities):
        return vault(name, times, **severities).centre[:, axis].max()

    assert centre("handspring-2A2", landed, 2) == 0 and centre("handspring-2A2", landed, 2, sideways=1.0) > 1.0
    assert centre("yurchenko-2A4", landed, 0) - centre("yurchenko-2A4", landed, 0, low_flight=1.0) > 1.2
    flight = np.arange(29, 50)
    assert centre("yurchenko-2A4", flight, 1) - centre("yurchenko-2A4", flight, 1, low_flight=1.0) > 0.5
    assert centre("tsukahara-2A3", end, 1, landing=1.0) < 0.7 < centre("tsukahara-2A3", end, 1)
    assert centre("tsukahara-2A3", end, 0, landing=0.7) - centre("tsukahara-2A3", end, 0) > 0.8
    assert not trait_of(landing=0.7).falls and trait_of(landing=FALL).falls
    assert centre("half_on-2A2", landed, 1) - centre("half_on-2A2", landed, 1, under_rotation=1.0) > 0.15


SCORES, SECONDS = "difficulty,execution,penalty,final\n", "pre_flight,posting_flight,landing\n"


def write_statistics(folder, scores, seconds):
    (folder / "scores.csv").write_text(f"{SCORES}{scores}")
    (folder / "stage_seconds.csv").write_text(f"{SECONDS}{seconds}")
    return folder


@pytest.fixture
def labels_dir(tmp_path):
    scores = "6.5,9.4,0.0,15.9\n5.2,8.8,0.3,13.7\n7.0,9.166,0.1,16.066\n"
    return write_statistics(tmp_path, scores, "3.5,1.2,2.0\n3.0,0.8,1.5\n25.0,1.4,7.0\n3.0,0.2,2.0\n")


def test_statistics_are_drawn_without_replacement_while_they_last(labels_dir):
    plans = plans_of(labels_dir=labels_dir, num_videos=6)
    scores = sorted((p.difficulty, round(p.difficulty + p.execution, 3)) for p in plans)
    assert scores == sorted(2 * [(6.5, 15.9), (5.2, 13.7), (7.0, 16.066)])
    assert sorted(p.boundaries[2] - p.boundaries[1] for p in plans) == [20, 20, 30, 30, 35, 35]
    assert {DIFFICULTIES[p.element] for p in plans if p.difficulty == 6.5} == {6.4}
    assert sum(p.split == "test" for p in plans) == 2
    splits = [p.split for p in plans_of(labels_dir=labels_dir, num_videos=None)]
    assert (splits.count("train"), splits.count("test")) == (120, 56)  # as UNLV-Vault


def test_durations_say_nothing_of_scores(tmp_path):
    """Row i of the two files is of different vaults: execution 8 + i / 20, and a flight of 20 + i frames."""
    rows = range(20)
    scores = "".join(f"5.2,{8 + i / 20:.2f},0,{13.2 + i / 20:.2f}\n" for i in rows)
    seconds = "".join(f"3,{(20 + i) / 25:.2f},2\n" for i in rows)
    plans = plans_of(labels_dir=write_statistics(tmp_path, scores, seconds), num_videos=20)
    found = [(round(20 * (p.execution - 8)), p.boundaries[2] - p.boundaries[1] - 20) for p in plans]
    assert [sorted(numbers) for numbers in zip(*found, strict=True)] == [[*rows]] * 2
    assert sum(score == duration for score, duration in found) < 5


@pytest.mark.parametrize(
    ("file", "text", "code", "row"),
    [
        ("scores.csv", "difficulty,execution\n1,2\n", "missing_column", ""),
        ("scores.csv", f"{SCORES}5,9,0,14\n5,9,0,15\n", "wrong_value", "row 3"),
        ("scores.csv", f"{SCORES}5,9,0,14\n5\n", "wrong_value", "row 3"),
        ("scores.csv", f"{SCORES}520,880,0,1400\n", "wrong_value", "row 2"),
        ("scores.csv", f"{SCORES}5,x,0,14\n", "wrong_value", "row 2"),
        ("stage_seconds.csv", f"{SECONDS}3,-1,2\n", "wrong_value", "row 2"),
        ("stage_seconds.csv", f"{SECONDS}\n3,inf,2\n", "wrong_value", "row 3"),
        ("stage_seconds.csv", f"{SECONDS}3,9,2\n", "out_of_range", ""),
        ("stage_seconds.csv", None, "not_found", ""),
    ],
)
def test_unusable_statistics_are_named(labels_dir, file, text, code, row):
    (labels_dir / file).unlink() if text is None else (labels_dir / file).write_text(text)
    with refused(code, labels_dir / file, row):
        vault_labels.read_statistics(labels_dir)
