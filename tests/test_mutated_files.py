"""Mutated files of every kind but labels (`test_mutations`, `test_fuzz`): read, or refused by an error of ours.

    SCORINGNET_MUTANTS=500 pytest -s tests/test_mutated_files.py

makes more of them, and prints what became of them. No other exception, no hang, no more memory than the file is worth.
"""

import collections
import functools
import json
import os
import time
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from conftest import bar_color, bar_frame, write_bars, write_images
from file_mutations import damaged, mutated_json
from PIL import Image

import scoringnet_tf
from benchmarks.workload import forget_peak, peak_mib
from data_prep.records.building import build_records
from data_prep.records.description import as_text, describe
from data_prep.records.summary import summary
from data_prep.records.verifying import verify_records
from data_prep.stages import formats
from data_prep.stages.formats.videos import facts_reader
from scoringnet_tf.data.custom_splits import read_split
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.video import VideoStream
from scoringnet_tf.inference.checks import doubts
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.report.judges import read_judges
from scoringnet_tf.sports import SPORTS, get_sport
from scoringnet_tf.sports.sport_file import read_sport, sport_yaml
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import held_out_ids, record_config

SHARE = int(os.environ.get("SCORINGNET_MUTANTS", 500)) / 500
NUM_FRAMES = 12
SECONDS, MEGABYTES = 10, 400  # of the processor's, for one mutant; above what was there before the first


def mutants(content, number, seed, mutate=damaged):
    """(content, name of the mutation) of so many mutants of a file's content, or more."""
    rng = np.random.default_rng(seed)
    return [mutate(content, rng) for _ in range(max(1, round(number * SHARE)))]


def outcomes(path, read, made):
    """How often mutants were read, and refused; AssertionError for any other end."""
    forget_peak()
    original, found, before = path.read_bytes(), collections.Counter(), peak_mib()
    for number, (content, name) in enumerate(made):
        path.write_bytes(content)
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zipfile's, NumPy's, Pillow's
                read()
            found["read"] += 1
        except InputError as error:
            assert str(error).strip()
            found["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{path.name}, mutant {number} ({name}): {error!r}") from error
        seconds = time.process_time() - start
        assert seconds < SECONDS, f"{path.name}, mutant {number} ({name}): {seconds:.1f} s"
    path.write_bytes(original)
    grown = peak_mib() - before
    assert grown < MEGABYTES, f"{path.name}: {grown:.0f} MB more"
    print(f"\n{path.name:24} read {found['read']:3}  refused {found['refused']:3}", end="")
    return found


# === Videos and pictures ===


def write_animation(path):
    """An animated GIF or WebP of bars."""
    frames = [Image.fromarray(bar_frame(index, bar_color(0))) for index in range(NUM_FRAMES)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, loop=0)


VIDEOS = {
    "v.avi": functools.partial(write_bars, num_frames=NUM_FRAMES),
    "v.mp4": functools.partial(write_bars, num_frames=NUM_FRAMES, codec="libx264"),
    "v.mov": functools.partial(write_bars, num_frames=NUM_FRAMES),
    "v.ts": functools.partial(write_bars, num_frames=NUM_FRAMES, codec="mpeg2video"),
    "v.flv": functools.partial(write_bars, num_frames=NUM_FRAMES, codec="flv"),
    "v.mkv": functools.partial(write_bars, num_frames=NUM_FRAMES, codec="libx264"),
    "v.gif": write_animation,
    "v.webp": write_animation,
}


@pytest.mark.parametrize("name", VIDEOS)
def test_videos(name, tmp_path):
    """Each is decoded to its end, by what `predict` decodes with."""
    path = tmp_path / name
    VIDEOS[name](path)

    def read():
        frames = list(VideoStream(path, partial=True))
        assert frames and all(frame.dtype == np.uint8 and frame.ndim == 3 for frame in frames)

    found = outcomes(path, read, mutants(path.read_bytes(), 20, seed=len(name)))
    assert found["refused"] or name == "v.gif"  # which has no checksum, and of which any part can be shown


def test_pictures(tmp_path):
    """One of a folder of numbered images."""
    write_images(tmp_path / "images", 6)
    path = tmp_path / "images/img_00003.jpg"

    def read():
        assert len(list(VideoStream(tmp_path / "images"))) == 6

    assert outcomes(path, read, mutants(path.read_bytes(), 20, seed=1))["refused"]


# === Models ===


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.keras"
    features = {"size": 3, "stride": 1, "origin": None}
    scoringnet_tf.ScoringNet(features=features, width_multiplier=1 / 64, clip_lengths=(4, 4)).save(path)
    return path


def test_models(model_file):
    found = outcomes(model_file, lambda: load_scoring_net(model_file), mutants(model_file.read_bytes(), 20, seed=2))
    assert found["refused"] > 10


def archive_with(path, member, content):
    """The bytes of a ZIP with one of its files replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in (parts | {member: content}).items():
            archive.writestr(name, part)
    return target.read_bytes()


@pytest.mark.slow
def test_settings_of_models(model_file):
    """The archive is whole; what it says of the model is odd."""
    with zipfile.ZipFile(model_file) as archive:
        settings = archive.read("config.json")
    made = [
        (archive_with(model_file, "config.json", content), name)
        for content, name in mutants(settings, 30, seed=3, mutate=mutated_json)
    ]

    def read():
        model = load_scoring_net(model_file)
        assert doubts(model) and model.sport and model.content == "features"  # what `predict` asks before it scores

    assert outcomes(model_file, read, made)["refused"]


def test_a_model_whose_weights_are_no_numbers_is_refused(model_file):
    """One weight is NaN, and the archive is whole."""
    with zipfile.ZipFile(model_file) as archive:
        weights = model_file.with_suffix(".h5")
        weights.write_bytes(archive.read("model.weights.h5"))
    with h5py.File(weights, "r+") as file:
        datasets = []
        file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        next(item for item in datasets if item.dtype == np.float32)[...] = np.nan
    made = [(archive_with(model_file, "model.weights.h5", weights.read_bytes()), "nan")]
    assert outcomes(model_file, lambda: load_scoring_net(model_file), made)["refused"]


# === Records ===


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Records of two videos of features, quickly read."""
    folder = tmp_path_factory.mktemp("records")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", rng.normal(size=(8, 3)))
    (folder / "manifest.csv").write_text("features,split,final,fps\na.npy,train,60,24\nb.npy,test,70,24\n")
    build_records("manifest", folder, folder / "records", workers=1, sport="diving")
    return folder / "records"


def verify(records):
    """As `inspect` and `describe` do."""
    info = DatasetInfo.load(records)
    problems = verify_records(info)
    if problems:
        raise InputError("todo", "\n".join(problems))
    assert summary(info) and as_text(describe(info))


def test_indices_of_records(records):
    path = records / "dataset_info.json"
    content = path.read_bytes()
    made = mutants(content, 60, seed=4, mutate=mutated_json) + mutants(content, 20, seed=5)
    assert outcomes(path, lambda: verify(records), made)["refused"] > len(made) / 3


def test_shards_of_records(records):
    """Every byte of a record is in a checksum: whatever is changed is named."""
    path = next(records.glob("train-*"))
    made = [one for one in mutants(path.read_bytes(), 30, seed=6) if one[0] != path.read_bytes()]
    assert outcomes(path, lambda: verify(records), made)["read"] == 0


# === Features, sports, tables, stage labels, the files of a run ===


def _write_npy(path):
    np.save(path, np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32))


def _write_npz(path):
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(9, 4)))


def _write_h5(path):
    with h5py.File(path, "w") as file:
        file["x"] = np.random.default_rng(0).normal(size=(9, 4))


@pytest.mark.parametrize("write", [_write_npy, _write_npz, _write_h5])
def test_features(write, tmp_path):
    path = tmp_path / f"f.{write.__name__[-3:].strip('_')}"
    write(path)

    def read():
        values = read_features(path).values
        assert values.dtype == np.float32 and values.ndim == 2 and np.isfinite(values).all()

    assert outcomes(path, read, mutants(path.read_bytes(), 20, seed=7))["refused"]


def test_sports(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(sport_yaml(SPORTS["ski_jumping"]), encoding="utf-8")

    def read():
        sport = read_sport(path)
        assert len(set(sport.stages)) == len(sport.stages) > 1

    assert outcomes(path, read, mutants(path.read_bytes(), 40, seed=8))["refused"]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (
            functools.partial(read_judges, sport=SPORTS["diving"]),
            "video,difficulty,final\na.avi,3.0,60.5\nb.avi,2.8,55.0\nc.avi,3.2,\n",
        ),
        (read_split, "id,split\n001,train\n002,train\n003,test\n"),
    ],
)
def test_tables(read, text, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert outcomes(path, lambda: read(path), mutants(path.read_bytes(), 20, seed=9))["refused"]


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_stage_labels(name, tmp_path):
    (tmp_path / "videos").mkdir()
    write_bars(tmp_path / "videos/a.avi", 30)
    facts_of = facts_reader(tmp_path / "videos", None)
    (tmp_path / "labels.csv").write_text(
        "video_id,stage,start_frame,end_frame\na.avi,take-flight,2,9\na.avi,entry,9,14\n"
    )
    videos = formats.read(tmp_path / "labels.csv", facts_of)
    path = tmp_path / "written"
    formats.write(name, path, videos, get_sport("diving"), facts_of)
    if path.is_dir():
        (path,) = path.iterdir()
    assert outcomes(path, lambda: formats.read(path, facts_of), mutants(path.read_bytes(), 20, seed=10))["refused"]


def test_files_of_a_run(tmp_path):
    record_config(tmp_path, {"epochs": 3, "rates": ["c3d:0.1"]}, "hash", "float32", ["b", "a"])
    state = tmp_path / "checkpoints/joint_0001/state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"phase": "joint", "steps_done": 4, "epochs_done": 1}))
    for path, read in (
        (tmp_path / "config.json", lambda: held_out_ids(tmp_path / "best.keras")),
        (state, Checkpoints(tmp_path).latest),
    ):
        content = path.read_bytes()
        made = mutants(content, 15, seed=11, mutate=mutated_json) + mutants(content, 10, seed=12)
        assert outcomes(path, read, made)["refused"]
