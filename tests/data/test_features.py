"""Files of features: anyone's are read as they are, and what is nearly one is refused by name."""

import contextlib
import io
import json
import pickle
import subprocess
import sys

import h5py
import numpy as np
import pytest
import scipy.io

from scoringnet_tf.data.features import (
    FeatureFile,
    FeatureSequence,
    check_features,
    middle_frames,
    read_features,
    read_origin,
)
from scoringnet_tf.support.errors import InputError

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
    path = tmp_path / name
    if path.suffix == ".NPY":
        with path.open("wb") as file:
            np.save(file, VALUES)
    else:
        write(path)
    found = read_features(path)
    assert found.values.dtype == np.float32 and found.origin is None
    np.testing.assert_array_equal(found.values, VALUES)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8", "i1", "u1", "<i4", "<i8", ">u2"])
def test_any_numbers_become_float32(tmp_path, dtype):
    values = (np.arange(12).reshape(4, 3) * 3).astype(dtype)
    found = read_features(write(tmp_path / "a.npy", values)).values
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(12).reshape(4, 3) * 3)


def test_fortran_order_and_slices(tmp_path):
    np.testing.assert_array_equal(read_features(write(tmp_path / "a.npy", np.asfortranarray(VALUES))).values, VALUES)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5"])
def test_a_vector_is_one_step(tmp_path, name):
    found = read_features(write(tmp_path / name, VALUES[0]))
    np.testing.assert_array_equal(found.values, VALUES[:1])


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
def test_one_of_several_arrays_is_named(tmp_path, name):
    path = write(tmp_path / name, other=VALUES[:, :2])
    with pytest.raises(InputError, match=rf"{name}: expected one array, or #name .* Received: features, other"):
        read_features(path)
    np.testing.assert_array_equal(read_features(f"{path}#other").values, VALUES[:, :2])
    with pytest.raises(InputError, match=rf"{name}#none: expected an array 'none'\. Received: features, other"):
        read_features(f"{path}#none")


def test_datasets_in_groups_are_named_by_their_path(tmp_path):
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["train/a"], file["train/b"] = VALUES, VALUES[:3]
    np.testing.assert_array_equal(read_features(f"{tmp_path / 'all.h5'}#train/b").values, VALUES[:3])


def test_values_that_lie_in_other_files_are_not_read(tmp_path):
    (tmp_path / "secret.bin").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("outside", VALUES.shape, "f4", external=[(str(tmp_path / "secret.bin"), 0, VALUES.nbytes)])
        file["link"] = h5py.ExternalLink(str(write(tmp_path / "b.h5")), "features")
    with pytest.raises(InputError, match=r"a\.h5: expected one array.* Received: none"):
        read_features(tmp_path / "a.h5")


@pytest.mark.parametrize("text", ["a.npy", "a.npz#x", "dive #1.h5#train/a b", "x/a.HDF5#1"])
def test_a_file_is_written_as_it_is_parsed(text):
    assert str(FeatureFile.parse(text)) == text


def test_a_number_sign_in_a_file_name_names_no_array():
    assert FeatureFile.parse("dive #1.npy") == FeatureFile(FeatureFile.parse("dive #1.npy").path, None)
    assert FeatureFile.parse("dive #1.npz#x").array == "x"


@pytest.mark.parametrize(
    ("values", "received"),
    [
        (np.zeros((2, 3, 4)), r"float64 \(2, 3, 4\)"),
        (np.float32(3.0), r"float32 \(\)"),
        (np.zeros((0, 4), np.float32), r"float32 \(0, 4\)"),
        (np.zeros((4, 0), np.float32), r"float32 \(4, 0\)"),
        (np.zeros((2, 2), complex), r"complex128 \(2, 2\)"),
        (np.zeros((2, 2), bool), r"bool \(2, 2\)"),
        (np.array([["a", "b"]]), r"<U1 \(1, 2\)"),
        (np.zeros(3, [("x", "f4")]), "<f4"),
        (np.array([[1, 2], [3, np.nan]]), "NaN or infinity, first in step 1"),
        (np.array([[1, 2], [np.inf, 3]], np.float32), "NaN or infinity, first in step 1"),
        (np.array([1e300, 2]), "NaN or infinity, first in step 0"),
    ],
)
def test_other_values_are_refused(tmp_path, values, received):
    path = write(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match=rf"a\.npy: expected .*{received}"):
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
        with pytest.raises(InputError, match=rf"{name}: expected features"):
            read_features(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5"])
@pytest.mark.parametrize("kept", [0, 5, 0.3, 0.9, 0.999])
def test_truncated_files_are_refused(tmp_path, name, kept):
    path = write(tmp_path / name, np.random.default_rng(1).normal(size=(40, 30)))
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(InputError, match=rf"{name}: expected"):
        read_features(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5"])
def test_damaged_files_are_refused_or_read(tmp_path, name):
    """A byte that is turned over may change a value; it never ends in anything but values or an InputError."""
    content = write(tmp_path / name).read_bytes()
    rng = np.random.default_rng(2)
    for place in rng.choice(len(content), min(200, len(content)), replace=False):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / name).write_bytes(damaged)
        try:
            assert read_features(tmp_path / name).values.dtype == np.float32
        except InputError as error:
            assert name in str(error)


def test_files_of_another_kind_are_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"features": VALUES})
    buffer = io.BytesIO()
    np.save(buffer, VALUES)
    (tmp_path / "b.npz").write_bytes(buffer.getvalue())  # a .npy under another name
    np.savez(tmp_path / "c.npz", features=VALUES)
    (tmp_path / "c.npz").rename(tmp_path / "c.npy")
    (tmp_path / "d.h5").write_text("time,x,y\n")
    (tmp_path / "folder.npy").mkdir()
    for name, received in (
        ("a.mat", "expected a file of features, one of .npy, .npz, .h5, .hdf5"),
        ("b.npz", "expected an archive of arrays. Received: a single array"),
        ("c.npy", "expected features"),
        ("d.h5", "expected features"),
        ("folder.npy", "no such file"),
        ("none.npy", "no such file"),
    ):
        with pytest.raises(InputError) as error:
            read_features(tmp_path / name)
        assert name in str(error.value) and received in str(error.value)
    with pytest.raises(InputError, match=r"x\.npy#name: expected no #name"):
        read_features(f"{write(tmp_path / 'x.npy')}#name")


def test_what_lies_beside_them_says_what_made_them(tmp_path):
    origin = {"size": 5, "stride": 4, "endpoint": "conv5b", "weights": {"file": "c3d.keras", "sha256": "ab"}}
    (tmp_path / "features.json").write_text(json.dumps(origin))
    assert read_features(write(tmp_path / "a.npy")).origin == origin == read_origin(tmp_path)
    with pytest.raises(InputError, match=r"b\.npy: expected features \(T, 5\), as features\.json .* \(5, 7\)"):
        read_features(write(tmp_path / "b.npy", VALUES.T))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected a JSON object"),
        ("[1]", "expected a JSON object. Received: list"),
        ('{"size": 5}', "stride None"),
        ('{"size": 5, "stride": 0}', "stride 0"),
        ('{"size": 5.0, "stride": 1}', "size 5.0"),
        ('{"size": true, "stride": 1}', "size True"),
        *((f'{{"size": 5, "stride": 1, "clip_length": {length}}}', "clip_length") for length in ("0", "16.0", '"16"')),
        *(
            (f'{{"size": 5, "stride": 1, "frame_rate": {rate}}}', "expected a number above 0 as frame_rate, or none")
            for rate in ('"25"', "-25", "0", "true", "NaN", "Infinity")
        ),
    ],
)
def test_a_damaged_origin_is_refused(tmp_path, text, message):
    (tmp_path / "features.json").write_text(text)
    with pytest.raises(InputError, match=rf"features\.json: .*{message}"):
        read_features(write(tmp_path / "a.npy"))


def test_tensorflow_is_not_imported():
    code = "import sys, scoringnet_tf.data.features; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_weights_are_told_by_their_bytes_and_not_by_their_name():
    def origin(name, sha256):
        return {"size": 4, "stride": 2, "weights": {"file": name, "sha256": sha256}}

    learned = {"size": 4, "stride": 2, "origin": origin("best.keras", "ab")}
    values = np.zeros((9, 4), np.float32)
    check_features(FeatureSequence(values, origin("copy.keras", "ab")), "x.npy", learned)
    with pytest.raises(InputError, match=r"x\.npy: .*weights 'cd' instead of 'ab'"):
        check_features(FeatureSequence(values, origin("best.keras", "cd")), "x.npy", learned)


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_features_of_another_stride_are_refused_though_nothing_tells_what_made_those_of_training(stride):
    learned = {"size": 4, "stride": 2, "origin": None}
    sequence = FeatureSequence(np.zeros((9, 4), np.float32), {"size": 4, "stride": stride})
    error = pytest.raises(InputError, match=rf"x\.npy: .*stride {stride} instead of 2")
    with error if stride != 2 else contextlib.nullcontext():
        check_features(sequence, "x.npy", learned)


@pytest.mark.parametrize(
    ("length", "origin", "expected"),
    [
        (40, {"per": "clip", "clip_length": 16}, [8, 16, 24, 32, 39]),  # the last clip shows the last frame again
        (33, {"per": "clip", "clip_length": 16}, [8, 16, 24, 32, 32]),
        (32, {"per": "clip", "clip_length": 16}, [8, 16, 24, 31]),
        (40, {"per": "clip", "clip_length": 1}, [0, 8, 16, 24, 32]),
        (40, {"per": "frame", "clip_length": None}, [0, 8, 16, 24, 32]),
        (40, {}, [4, 12, 20, 28, 36]),
        (35, None, [4, 12, 20, 28, 34]),
        (1, None, [0]),
    ],
)
def test_a_step_is_labelled_by_the_middle_of_its_clip(length, origin, expected):
    assert middle_frames(-(-length // 8), length, 8, origin).tolist() == expected


@pytest.mark.parametrize(
    ("rate", "stride", "refused"), [(50, 2, False), (50.4, 2, False), (50, 1, True), (None, 2, False)]
)
def test_features_of_another_rate_are_refused(rate, stride, refused):
    """Steps per second: frames per second, by the frames from one step to the next."""
    learned = {"size": 4, "stride": stride, "origin": None}
    origin = {"size": 4, "stride": stride, **({"frame_rate": rate} if rate else {})}
    sequence = FeatureSequence(np.zeros((9, 4), np.float32), origin)
    error = pytest.raises(InputError, match=r"x\.npy: .*50 steps/s instead of 25")
    with error if refused else contextlib.nullcontext():
        check_features(sequence, "x.npy", learned, 25.0)
