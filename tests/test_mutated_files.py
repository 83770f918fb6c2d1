"""Damaged files of every kind: read, refused by an error of ours, or named as a problem; never another exception."""

import functools
import io
import json
import math
import pickle
import warnings
import zipfile

import h5py
import numpy as np
import pytest
import scipy.io
from conftest import write_bars, write_images, write_motion, write_split, write_unlv_diving
from layouts import (
    write_aqa7,
    write_finediving,
    write_manifest,
    write_mtl_aqa,
    write_pickle,
    write_ucf101,
)
from training_runs import settings

import scoringnet_tf
from data_prep.datasets import DATASETS, read_source
from data_prep.records.building import build_records
from data_prep.records.checks import SampleChecks
from data_prep.records.summary import summary
from data_prep.records.verifying import verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.splits import read_split
from scoringnet_tf.data.video import VideoStream
from scoringnet_tf.inference.reliability import doubts
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.sports import SPORTS, read_sport, sport_yaml
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.run_record import RunRecord, videos_of_run

ODD = (None, "x", [], {}, -1, 1e308, 10**30, math.nan)


def damaged(content, number):
    """The content with a bit flipped, cut off, with bytes zeroed or repeated, in turn."""
    rng = np.random.default_rng(number)
    for index in range(number):
        mutant, start = bytearray(content), int(rng.integers(len(content)))
        stop = min(start + int(rng.integers(1, 40)), len(content))
        if index % 4 == 0:
            mutant[start] ^= 1 << rng.integers(8)
        elif index % 4 == 1:
            del mutant[start:]
        elif index % 4 == 2:
            mutant[start:stop] = bytes(stop - start)
        else:
            mutant[start:start] = content[start:stop]
        if mutant != content:
            yield bytes(mutant)


def odd_json(content, number):
    """The JSON with one value that is odd or lost."""
    rng = np.random.default_rng(number)
    for index in range(number):
        root = json.loads(content)
        holders = _holders(root)
        holder = holders[rng.integers(len(holders))]
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        key = keys[rng.integers(len(keys))]
        if index % 4:
            holder[key] = ODD[rng.integers(len(ODD))]
        else:
            del holder[key]
        yield json.dumps(root).encode()


def _holders(value):
    """All objects and lists in a value that hold something."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if inner else []) + [holder for each in inner for holder in _holders(each)]


def share_refused(path, read, contents):
    """The share of mutants that were refused; any error but ours is raised."""
    original, outcomes = path.read_bytes(), []
    for content in contents:
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zipfile's, NumPy's, Pillow's
                read()
            outcomes.append(False)
        except InputError as error:
            outcomes.append(bool(error.code))
    path.write_bytes(original)
    return np.mean(outcomes)


# === Labels of datasets ===


def write_mit_diving(folder):
    write_unlv_diving(folder, 8, 3)
    (folder / "split_5_3").rename(folder / "split_100_59_1")
    return folder


def write_vault(folder):
    numbers = np.arange(1, 6)[:, np.newaxis]
    for name in ("split_4", "gym_vault_samples_len_ori"):
        (folder / name).mkdir(parents=True)
    write_split(folder / "split_4", numbers[2:, 0], numbers[:2, 0])
    for number in range(1, 6):
        write_bars(folder / f"gym_vault_samples_len_ori/{number:03d}.avi", 12, number)
    scipy.io.savemat(folder / "gym_vault_overall_scores.mat", {"overall_scores": 13 + 0.35 * numbers})
    scipy.io.savemat(folder / "gym_vault_difficulty_level.mat", {"difficulty_level": 5 + 0.2 * numbers.T})
    return folder


FINE = "Annotations/FineDiving_fine-grained_annotation.pkl"
LAYOUTS = {  # dataset: (writer, its label files, options)
    "unlv_diving": (
        lambda folder: write_unlv_diving(folder, 8, 3),
        ("jump_drop_water_label.txt", "diving_overall_scores.mat", "split_5_3/training_idx.mat"),
        {},
    ),
    "mit_diving": (write_mit_diving, ("jump_drop_water_label.txt", "split_100_59_1/training_idx.mat"), {}),
    "unlv_vault": (
        write_vault,
        ("gym_vault_overall_scores.mat", "gym_vault_difficulty_level.mat", "split_4/testing_idx.mat"),
        {},
    ),
    "aqa7": (
        functools.partial(write_aqa7, num_frames=1),
        ("Split_4/split_4_train_list.mat", "Split_4/split_4_test_list.mat"),
        {"action": "diving"},
    ),
    "mtl_aqa": (write_mtl_aqa, ("final_annotations_dict.pkl", "train_split_0.pkl"), {}),
    "finediving": (write_finediving, (FINE, "train_test_split/train_split.pkl"), {}),
    "ucf101": (write_ucf101, ("ucfTrainTestlist/classInd.txt", "ucfTrainTestlist/trainlist01.txt"), {}),
    "motion": (write_motion, ("motion_classes.csv",), {}),
    "manifest": (write_manifest, ("manifest.csv",), {"sport": "diving"}),
}


assert LAYOUTS.keys() == DATASETS.keys()


def report(dataset, source_dir, options):
    """What is said of labels before anything is decoded: an error, or problems and notes."""
    try:
        source = read_source(dataset, source_dir, **options)
    except InputError as error:
        return error.code
    known = SampleChecks(source, source_dir).known()
    found = [(sample.video_id, problem.code) for sample, problems in known for problem in problems]
    return found, source.notes


def with_a_row_lost_or_twice(path):
    """The contents of a label file with a row less, and with one twice."""
    if path.suffix == ".mat":
        ((name, values),) = ((n, v) for n, v in scipy.io.loadmat(path).items() if not n.startswith("__"))
        rows = values.T if values.shape[0] == 1 else values
        for changed in (rows[:-1], np.concatenate([rows, rows[-1:]])):
            buffer = io.BytesIO()
            scipy.io.savemat(buffer, {name: changed})
            yield buffer.getvalue()
    elif path.suffix == ".pkl":
        loaded = pickle.loads(path.read_bytes())
        if isinstance(loaded, list):
            yield pickle.dumps([*loaded, loaded[0]], 2)
        yield pickle.dumps(loaded[1:] if isinstance(loaded, list) else dict(list(loaded.items())[1:]), 2)
    else:
        lines = path.read_text().splitlines(keepends=True)
        yield "".join(lines[:-1]).encode()
        yield "".join([*lines, lines[-1]]).encode()


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_labels_are_never_lost_in_silence(dataset, tmp_path):
    """A file that lost a row, or has one twice, is refused or noted; a damaged one raises nothing but our errors."""
    write, files, options = LAYOUTS[dataset]
    source = write(tmp_path / "source")
    whole = report(dataset, source, options)
    for path in (source / name for name in files):
        content = path.read_bytes()
        for changed in with_a_row_lost_or_twice(path):
            path.write_bytes(changed)
            assert report(dataset, source, options) != whole, path.name
        # SciPy trusts the sizes in a file: what is not cut off may end the process.
        mutants = damaged(content, 12) if path.suffix != ".mat" else [content[: len(content) // 2]]
        share_refused(path, lambda: report(dataset, source, options), mutants)
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("dataset", "name", "key"), [("mtl_aqa", "final_annotations_dict.pkl", (1, 1)), ("finediving", FINE, ("Final1", 1))]
)
def test_values_of_any_type_in_annotations(tmp_path, dataset, name, key):
    """Every field of an annotation takes every odd value in turn; the other clips are not affected."""
    source = LAYOUTS[dataset][0](tmp_path / "source")
    annotations = pickle.loads((source / name).read_bytes())
    whole = {**annotations[key], "judge_scores": [7.0] * 7}
    for field in whole:
        for value in (*ODD, b"x", [[1], [2, 3]], np.arange(3), 10**400, True):
            write_pickle(source / name, {**annotations, key: {**whole, field: value}})
            problems = [problem for sample in read_source(dataset, source).samples for problem in sample.problems]
            assert all(f"({key[0]}, {key[1]})" in problem.where for problem in problems), (field, value)


# === Videos and pictures ===


@pytest.mark.parametrize(
    ("name", "codec"),
    [("v.avi", "mpeg4"), ("v.mp4", "libx264"), ("v.mov", "mpeg4"), ("v.ts", "mpeg2video"), ("v.mkv", "libx264")],
)
def test_videos(name, codec, tmp_path):
    write_bars(tmp_path / name, 12, codec=codec)

    def read():
        frames = list(VideoStream(tmp_path / name, partial=True))
        assert frames and all(frame.dtype == np.uint8 and frame.ndim == 3 for frame in frames)

    assert share_refused(tmp_path / name, read, damaged((tmp_path / name).read_bytes(), 16))


def test_pictures(tmp_path):
    write_images(tmp_path / "images", 6)
    path = tmp_path / "images/img_00003.jpg"
    assert share_refused(path, lambda: list(VideoStream(tmp_path / "images")), damaged(path.read_bytes(), 20))


# === Models ===


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.keras"
    features = {"size": 3, "stride": 1, "origin": None}
    scoringnet_tf.ScoringNet(
        width_multiplier=1 / 64, content={"features": features}, score_predictor={"clip_lengths": (4, 4)}
    ).save(path)
    return path


def members(path):
    """Name → content of the files in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_with(path, member, content):
    """The bytes of a ZIP with one of its files replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in (members(path) | {member: content}).items():
            archive.writestr(name, part)
    return target.getvalue()


def test_models(model_file):
    contents = damaged(model_file.read_bytes(), 8)
    assert share_refused(model_file, lambda: load_scoring_net(model_file), contents) > 0.5


@pytest.mark.slow
def test_settings_of_models(model_file):
    made = odd_json(members(model_file)["config.json"], 30)

    def read():
        model = load_scoring_net(model_file)
        assert doubts(model) and model.sport and model.content == "features"  # what `predict` asks before it scores

    assert share_refused(model_file, read, [archive_with(model_file, "config.json", content) for content in made])


def test_a_model_whose_weights_are_no_numbers_is_refused(model_file):
    weights = model_file.with_suffix(".h5")
    weights.write_bytes(members(model_file)["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        datasets = []
        file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        next(item for item in datasets if item.dtype == np.float32)[...] = np.nan
    content = archive_with(model_file, "model.weights.h5", weights.read_bytes())
    assert share_refused(model_file, lambda: load_scoring_net(model_file), [content]) == 1


# === Records ===


def test_records(tmp_path):
    """Every byte of a record is in a checksum; the index is held against the records."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(8, 3)))
    (tmp_path / "manifest.csv").write_text("features,split,final,fps\na.npy,train,60,24\nb.npy,test,70,24\n")
    build_records("manifest", tmp_path, tmp_path / "records", workers=1, sport="diving")

    def verify():
        info = DatasetInfo.load(tmp_path / "records")
        if problems := verify_records(info):
            raise InputError("damaged_records", "\n".join(problems))
        assert summary(info)

    index, shard = tmp_path / "records/dataset_info.json", next((tmp_path / "records").glob("train-*"))
    content = index.read_bytes()
    assert share_refused(index, verify, [*odd_json(content, 30), *damaged(content, 12)]) > 1 / 3
    assert share_refused(shard, verify, damaged(shard.read_bytes(), 12)) == 1


# === Features, sports, tables, stage labels, the files of a run ===


def write_h5(path, values):
    with h5py.File(path, "w") as file:
        file["x"] = values


@pytest.mark.parametrize(("suffix", "write"), [("npy", np.save), ("npz", np.savez_compressed), ("h5", write_h5)])
def test_features(suffix, write, tmp_path):
    path = tmp_path / f"f.{suffix}"
    write(path, np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32))

    def read():
        values = read_features(path).values
        assert values.dtype == np.float32 and values.ndim == 2 and np.isfinite(values).all()

    assert share_refused(path, read, damaged(path.read_bytes(), 20))


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("mine.yaml", sport_yaml(SPORTS["ski_jumping"]), read_sport),
        ("split.csv", "id,split\n001,train\n002,train\n003,test\n", read_split),
    ],
)
def test_texts(name, text, read, tmp_path):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert share_refused(path, lambda: read(path), damaged(path.read_bytes(), 40))


def test_files_of_a_run(tmp_path):
    RunRecord(settings(tmp_path, "records"), "hash", "float32", ["b", "a"]).write(tmp_path)
    state = tmp_path / "checkpoints/joint_0001/state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"phase": "joint", "steps_done": 4, "epochs_done": 1}))
    for path, read in (
        (tmp_path / "config.json", lambda: videos_of_run(tmp_path / "best.keras")),
        (state, Checkpoints(tmp_path).latest),
    ):
        content = path.read_bytes()
        assert share_refused(path, read, [*odd_json(content, 15), *damaged(content, 10)])
