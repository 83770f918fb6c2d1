"""Files of features: anyone's are read as they are, and what is nearly one is refused by name."""

import json
import pickle

import h5py
import numpy as np
import pytest
import scipy.io
from refusals import refused

from scoringnet_tf.data.features import (
    JOINTS_ORIGIN,
    ORIGIN_NAME,
    FeatureFile,
    FeatureSequence,
    check_features,
    feature_shape,
    middle_frames,
    read_features,
    read_origin,
)

VALUES = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)


def write(path, values=VALUES, **others):
    """Writes an array in the format of the suffix, under the name `features` where it has names."""
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, features=values, **others)
    else:
        with h5py.File(path, "w") as file:
            for name, array in {"features": values, **others}.items():
                file[name] = array
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5", "a.hdf5", "A.NPY"])
def test_round_trip(tmp_path, name):
    path = write(tmp_path / name.lower()).rename(tmp_path / name)
    found = read_features(path)
    assert found.values.dtype == np.float32 and found.origin is None
    np.testing.assert_array_equal(found.values, VALUES)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8", "i1", "u1", "<i4", "<i8", ">u2"])
def test_any_numbers_become_float32(tmp_path, dtype):
    values = (np.arange(12).reshape(4, 3) * 3).astype(dtype)
    found = read_features(write(tmp_path / "a.npy", values)).values
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(12).reshape(4, 3) * 3)


def test_joints_are_what_they_are_wherever_the_body_is_and_however_large(tmp_path):
    joints = np.random.default_rng(0).normal(size=(6, 4, 3))
    found = read_features(write(tmp_path / "a.npy", joints)).values.reshape(6, 4, 3)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    assert np.mean(np.sum(found**2, axis=2)) == pytest.approx(1)
    moved = 40 * joints + np.random.default_rng(1).normal(0, 100, (6, 1, 3))
    np.testing.assert_allclose(read_features(write(tmp_path / "b.npz", moved)).values, found.reshape(6, 12), atol=1e-5)
    assert feature_shape(FeatureFile(tmp_path / "a.npy")) == (6, 12)
    assert not read_features(write(tmp_path / "c.npy", np.zeros((5, 2, 2)))).values.any()


def test_joints_in_the_scene_stay_where_they_are(tmp_path):
    joints = np.random.default_rng(0).uniform(size=(6, 17, 3)).astype(np.float32)
    (tmp_path / ORIGIN_NAME).write_text(json.dumps({**JOINTS_ORIGIN, "size": 51, "stride": 1}))
    np.testing.assert_array_equal(read_features(write(tmp_path / "a.npy", joints)).values, joints.reshape(6, 51))
    (tmp_path / ORIGIN_NAME).write_text(json.dumps({**JOINTS_ORIGIN, "size": 34, "stride": 1}))  # no confidence
    assert np.abs(read_features(write(tmp_path / "b.npy", joints[..., :2])).values.mean()) < 1e-6


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
def test_one_of_several_arrays_is_named(tmp_path, name):
    path = write(tmp_path / name, other=VALUES[:, :2])
    with refused("missing_name", path, "features, other"):
        read_features(path)
    np.testing.assert_array_equal(read_features(f"{path}#other").values, VALUES[:, :2])
    assert str(FeatureFile.parse(f"dive #1/{name}#train/a b")) == f"dive #1/{name}#train/a b"
    with refused("unknown_name", f"{name}#none", "features, other"):
        read_features(f"{path}#none")


def test_values_that_lie_in_other_files_are_not_read(tmp_path):
    (tmp_path / "secret.bin").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("outside", VALUES.shape, "f4", external=[(str(tmp_path / "secret.bin"), 0, VALUES.nbytes)])
        file["link"] = h5py.ExternalLink(str(write(tmp_path / "b.h5")), "features")
    with refused("missing_name", tmp_path / "a.h5"):
        read_features(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("values", "code", "named"),
    [
        (np.zeros((2, 3, 4)), "wrong_shape", "(2, 3, 4)"),
        (np.array([[[1, 2], [3, 4]], [[1, 2], [np.nan, 4]]]), "not_finite", "step 1"),
        (np.float32(3.0), "wrong_shape", "()"),
        (np.zeros((0, 4), np.float32), "wrong_shape", "(0, 4)"),
        (np.zeros((2, 2), bool), "wrong_shape", "bool"),
        (np.array([["a", "b"]]), "wrong_shape", "<U1"),
        (np.array([[1, 2], [3, np.nan]]), "not_finite", "step 1"),
        (np.array([1e300, 2]), "not_finite", "step 0"),
    ],
)
def test_other_values_are_refused(tmp_path, values, code, named):
    path = write(tmp_path / "a.npy", values)
    with refused(code, path, named):
        read_features(path)


def test_python_objects_are_never_loaded(tmp_path):
    """Neither in an array of objects nor as a pickle under another name."""

    class Trap:
        def __reduce__(self):
            return (print, ("loaded",))

    np.save(tmp_path / "a.npy", np.array([Trap(), None], object), allow_pickle=True)
    np.savez(tmp_path / "b.npz", features=np.array([Trap(), None], object))
    (tmp_path / "c.npy").write_bytes(pickle.dumps(VALUES))
    (tmp_path / "d.npz").write_bytes(pickle.dumps(VALUES))
    for name in ("a.npy", "b.npz", "c.npy", "d.npz"):
        with refused("damaged_features", tmp_path / name):
            read_features(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5"])
@pytest.mark.parametrize("kept", [0, 5, 0.3, 0.9, 0.999])
def test_truncated_files_are_refused(tmp_path, name, kept):
    path = write(tmp_path / name, np.random.default_rng(1).normal(size=(40, 30)))
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with refused("damaged_features", path):
        read_features(path)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.mat", "wrong_format"),
        ("b.npz", "wrong_format"),  # a .npy under another name
        ("c.npy", "damaged_features"),
        ("d.h5", "damaged_features"),
        ("folder.npy", "not_found"),
        ("none.npy", "not_found"),
        ("x.npy#name", "unknown_name"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, name, code):
    scipy.io.savemat(tmp_path / "a.mat", {"features": VALUES})
    write(tmp_path / "b.npy").rename(tmp_path / "b.npz")
    write(tmp_path / "c.npz").rename(tmp_path / "c.npy")
    (tmp_path / "d.h5").write_text("time,x,y\n")
    (tmp_path / "folder.npy").mkdir()
    write(tmp_path / "x.npy")
    with refused(code, tmp_path / name):
        read_features(tmp_path / name)


def test_what_lies_beside_them_says_what_made_them(tmp_path):
    origin = {"size": 5, "stride": 4, "endpoint": "conv5b", "weights": {"file": "c3d.keras", "sha256": "ab"}}
    (tmp_path / "features.json").write_text(json.dumps(origin))
    assert read_features(write(tmp_path / "a.npy")).origin == origin == read_origin(tmp_path)
    with refused("wrong_shape", tmp_path / "b.npy", "(5, 7)"):
        read_features(write(tmp_path / "b.npy", VALUES.T))


@pytest.mark.parametrize(
    "described",
    [
        {"size": 5},
        {"size": 5.0, "stride": 1},
        {"size": True, "stride": 1},
        *({"size": 5, "stride": 1, "clip_length": length} for length in (0, 16.0, "16")),
        *({"size": 5, "stride": 1, "frame_rate": rate} for rate in ("25", -25, 0, True, np.nan, np.inf)),
    ],
)
def test_a_damaged_origin_is_refused(tmp_path, described):
    (tmp_path / "features.json").write_text(json.dumps(described))
    with refused("damaged_features_json", tmp_path / "features.json"):
        read_features(write(tmp_path / "a.npy"))


def _described(**changes):
    return {"size": 4, "stride": 2, "origin": None, **changes}


def _origin(**changes):
    return {"size": 4, "stride": 2, **changes}


def _weights(name, sha256):
    return {"weights": {"file": name, "sha256": sha256}}


@pytest.mark.parametrize(
    ("learned", "origin", "rate", "named"),
    [
        # Weights are told by their bytes, not by the name of their file.
        (_described(origin=_origin(**_weights("best", "ab"))), _origin(**_weights("copy", "ab")), None, None),
        (_described(origin=_origin(**_weights("best", "ab"))), _origin(**_weights("best", "cd")), None, "weights"),
        # The stride counts although nothing tells what made the features of training.
        (_described(), _origin(), None, None),
        (_described(), _origin(stride=5), None, "stride 5"),
        # Steps per second: frames per second, by the frames from one step to the next.
        (_described(), _origin(frame_rate=50), 25.0, None),
        (_described(), _origin(frame_rate=50.4), 25.0, None),
        (_described(stride=1), _origin(stride=1, frame_rate=50), 25.0, "50 steps/s"),
        (_described(), None, 25.0, None),
        # Joints in pictures, or about the body, have the size of joints in the scene.
        (_described(size=51, origin=JOINTS_ORIGIN), _origin(size=51, **JOINTS_ORIGIN), None, None),
        (_described(size=51, origin=JOINTS_ORIGIN), None, None, "camera None instead of 'still'"),
        (_described(size=51), _origin(size=51, **JOINTS_ORIGIN), None, "camera 'still' instead of None"),
    ],
)
def test_features_of_another_kind_than_those_of_training_are_refused(learned, origin, rate, named):
    sequence = FeatureSequence(np.zeros((9, learned["size"]), np.float32), origin)
    with refused(None if named is None else "other_features", "x.npy", named):
        check_features(sequence, "x.npy", learned, rate)


@pytest.mark.parametrize(
    ("length", "origin", "expected"),
    [
        (40, {"per": "clip", "clip_length": 16}, [8, 16, 24, 32, 39]),  # the last clip shows the last frame again
        (32, {"per": "clip", "clip_length": 16}, [8, 16, 24, 31]),
        (40, {"per": "frame", "clip_length": None}, [0, 8, 16, 24, 32]),
        (40, {}, [4, 12, 20, 28, 36]),
        (35, None, [4, 12, 20, 28, 34]),
        (1, None, [0]),
    ],
)
def test_a_step_is_labelled_by_the_middle_of_its_clip(length, origin, expected):
    assert middle_frames(-(-length // 8), length, 8, origin).tolist() == expected
