"""Nearly right sets of features: what is odd is said by file, in `check` as in `build`; of right sets nothing is."""

import os
from pathlib import Path

import numpy as np
import pytest
from layouts import write_table

from data_prep.records.building import build_records
from data_prep.records.dry_run import check
from scoringnet_tf.support.errors import InputError

SIZE = 12
USUAL = ("Stage labels: none.", "Scores known of ", "Features state no ")


def walks(number=12, size=SIZE, steps=None):
    """`number` sequences, float32 (T, size), smooth in time; of 30 to 50 steps, or all of `steps`."""
    rng = np.random.default_rng(0)
    lengths = rng.permutation(np.arange(30, 50))[:number] if steps is None else [steps] * number
    return [rng.normal(size=(length, size)).cumsum(axis=0).astype("float32") for length in lengths]


def write_set(folder, arrays, scores=None, splits=None):
    """A folder of features with a table of final scores."""
    folder.mkdir()
    rows = []
    for number, array in enumerate(arrays):
        np.save(folder / f"f{number:02}.npy", array)
        split = splits[number] if splits else "test" if number % 4 == 3 else "train"
        rows.append((f"f{number:02}.npy", split, 60 + number if scores is None else scores[number]))
    write_table(folder / "manifest.csv", ("features", "split", "final"), rows)
    return folder


def said(folder, command="check"):
    """(what is said that is not said of every such set, number of problems)."""
    if command == "check":
        lines, number = check("manifest", folder, workers=1, sport="diving")
        lines = lines[:-1]
    else:
        lines, number = build_records("manifest", folder, folder.parent / "records", sport="diving")[1], 0
    return [line for line in lines if not any(usual in line for usual in USUAL)], number


def test_right_sets_are_taken_without_a_word(tmp_path):
    rng = np.random.default_rng(1)
    units = 10.0 ** np.arange(-6, 6)  # channels of other units
    spectrum = -np.linspace(0, 8, 40)  # channels that go over into each other, few steps
    pose = np.sin(np.linspace(0, 6, 40))[:, None] * rng.normal(size=(1, 6))
    sets = {
        "other lengths": walks(),
        "one length": walks(steps=40),
        "fewer steps than numbers": walks(size=64, steps=20),
        "as many": walks(steps=SIZE),
        "of one length and number alone": walks(size=1, steps=30),
        "vectors": [rng.normal(size=(1, 64)) for _ in range(12)],
        "vectors (D,)": [rng.normal(size=64) for _ in range(12)],
        "units": [walk * units for walk in walks()],
        "float16": [np.clip(walk * 9000, -65504, 65504).astype("float16") for walk in walks()],
        "other levels": [walk * scale for walk, scale in zip(walks(), rng.lognormal(0, 2, 12), strict=True)],
        "sparse": [(rng.random((30, 200)) < 0.01) * rng.exponential(size=(30, 200)) for _ in range(12)],
        "noise": [rng.normal(size=(64, 16)) for _ in range(12)],
        "spectra": [spectrum + rng.normal(0, 1, (10, 1)) + rng.normal(0, 0.1, (10, 40)) for _ in range(12)],
        "poses": [pose + rng.normal(0, 0.05, pose.shape) for _ in range(12)],
        "classes": [np.eye(5)[np.sort(rng.integers(0, 5, 60))] for _ in range(12)],
        "constant": [np.full((20, 5), number + 1.0) for number in range(12)],
        "counts": [rng.integers(0, 10**6, (20, 5)) for _ in range(12)],
        "a wide sensor": [rng.integers(0, 2**31, (20, 5)) for _ in range(12)],
    }
    for number, (name, arrays) in enumerate(sets.items()):
        assert said(write_set(tmp_path / str(number), arrays)) == ([], 0), name


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_of_real_features_nothing_is_said_but_what_was_done_to_them(tmp_path):
    """Velocities of joints, joints of squats and vectors of P3D: as they are, of one length, and turned."""
    real = Path(os.environ["SCORINGNET_REAL_DATA"])
    soccer = [np.load(path) for path in sorted((real / "real/soccer/features").glob("*.npy"))[:40]]
    with (real / "real/squat/Autoencoder_Output_Correct.csv").open() as file:
        rows = [[float(cell) for cell in line.split(",") if cell.strip()] for line in file]
    squat = list(np.float32(rows).reshape(-1, 240, 4)[:40])
    vectors = list(np.load(real / "unlv_diving/p3d.npz")["features"][:40])
    right = {"soccer": soccer, "short": [each[:59] for each in soccer], "squat": squat, "vectors": vectors}
    for name, arrays in right.items():
        assert said(write_set(tmp_path / name, arrays)) == ([], 0), name
    for name in ("short", "squat"):
        (note,), number = said(write_set(tmp_path / f"{name}_turned", [each.T for each in right[name]]))
        assert "second axis" in note and number == 0, name
    lines, number = said(write_set(tmp_path / "turned", [each.T for each in soccer]))
    assert number == 40 and len(lines) == 1 and "second axis" in lines[0]


@pytest.mark.parametrize("command", ["check", "build"])
def test_turned_sequences_of_one_length_are_said(tmp_path, command):
    """By what is smooth: no shape tells them."""
    (note,), number = said(write_set(tmp_path / "set", [walk.T for walk in walks(steps=40)]), command)
    assert number == 0 and "second axis" in note


@pytest.mark.parametrize("turned", [range(12), [0], [5], [2, 7, 11]], ids=["all", "the first", "one", "some"])
@pytest.mark.parametrize("steps", [None, 40])
def test_turned_sequences_are_named_and_refused_where_shapes_tell(tmp_path, turned, steps):
    if steps and len(turned) == 12:
        pytest.skip("no shape tells")
    arrays = [walk.T if number in turned else walk for number, walk in enumerate(walks(steps=steps))]
    folder = write_set(tmp_path / "set", arrays)
    lines, number = said(folder)
    assert number == len(turned) and all("second axis" in line for line in lines)
    text = " ".join(lines)
    if len(turned) < 12:
        assert [name for name in range(12) if f"f{name:02}.npy" in text] == list(turned)
    else:
        assert len(lines) == 1
    with pytest.raises(InputError, match="second axis"):
        said(folder, "build")


def test_features_of_another_size_are_named_and_not_called_turned(tmp_path):
    arrays = walks()
    arrays[0] = arrays[0][:, :5]
    lines, number = said(write_set(tmp_path / "set", arrays))
    assert number == 1 and "f00.npy" in lines[0] and "second axis" not in lines[0]


@pytest.mark.parametrize("factor", [1e6, 1e-6, 1e4])
@pytest.mark.parametrize("command", ["check", "build"])
def test_a_file_of_another_scale_is_named(tmp_path, factor, command):
    arrays = walks()
    arrays[4] = arrays[4] * factor
    (note,), number = said(write_set(tmp_path / "set", arrays), command)
    assert number == 0 and "f04.npy" in note and "f05.npy" not in note


def test_one_number_out_of_scale_is_named_and_one_file_empty_is_not(tmp_path):
    arrays = walks()
    arrays[4][7, 3] = 1e7
    arrays[6][:] = 0
    (note,), _ = said(write_set(tmp_path / "set", arrays))
    assert "f04.npy" in note and "f06.npy" not in note


def test_ids_and_times_among_features_are_said(tmp_path):
    """Float32 has 24 bits: of seconds since 1970 it keeps two minutes."""
    rng = np.random.default_rng(0)
    times = [np.column_stack([walk[:, 1:], 1.7e9 + np.arange(len(walk)) / 25]) for walk in walks()]
    sets = {
        "ids": [rng.integers(10**12, size=(20, 5)) for _ in range(12)],
        "times": times,
        "times in one file": [*walks()[:1], times[1], *walks()[2:]],
    }
    for name, arrays in sets.items():
        notes, number = said(write_set(tmp_path / name, arrays))
        (note,) = [note for note in notes if "float32" in note]
        assert number == 0 and "f01.npy" in note and ("f02.npy" in note) == ("one file" not in name), name
    large = [np.float64(walk) * 1e9 + 1e9 for walk in walks()]  # and told apart all the same
    assert said(write_set(tmp_path / "large", large)) == ([], 0)


# === Scores and splits ===


@pytest.mark.parametrize("command", ["check", "build"])
def test_scores_that_are_all_equal_are_said(tmp_path, command):
    (note,), number = said(write_set(tmp_path / "set", walks(), scores=[63.0] * 12), command)
    assert number == 0 and "63" in note and "final" in note


def test_scores_that_differ_in_one_video_are_not_all_equal(tmp_path):
    assert said(write_set(tmp_path / "set", walks(), scores=[*[63.0] * 8, 64.0, *[63.0] * 2, 62.0])) == ([], 0)


def test_dives_of_one_difficulty_are_right(tmp_path):
    folder = write_set(tmp_path / "set", walks())
    rows = [(f"f{n:02}.npy", "test" if n % 4 == 3 else "train", 2.0, 60 + n) for n in range(12)]
    write_table(folder / "manifest.csv", ("features", "split", "difficulty", "final"), rows)
    assert not [line for line in said(folder)[0] if "difficulty" in line]


@pytest.mark.parametrize("command", ["check", "build"])
def test_records_without_a_test_split_are_said(tmp_path, command):
    splits = ["validation" if number % 3 else "train" for number in range(12)]
    (note,), number = said(write_set(tmp_path / "set", walks(), splits=splits), command)
    assert number == 0 and "test" in note
