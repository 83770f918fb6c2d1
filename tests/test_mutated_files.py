"""Mutated files of every kind but labels (`test_mutations`): read, or refused by an error of ours.

    SCORINGNET_MUTANTS=500 pytest -s tests/test_mutated_files.py

makes more of them, and prints what became of them. No other exception, and no more memory than the file is worth.
"""

import collections
import functools
import json
import os
import resource
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from conftest import bar_color, bar_frame, write_bars, write_images
from file_mutations import damaged, mutated_json
from PIL import Image
from training_runs import settings

import scoringnet_tf
from data_prep.records.building import build_records
from data_prep.records.description import as_text, describe
from data_prep.records.summary import summary
from data_prep.records.verifying import verify_records
from data_prep.stages import formats
from data_prep.stages.formats.videos import facts_reader
from scoringnet_tf.data.custom_splits import read_split
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.video import VideoStream
from scoringnet_tf.inference.checks import doubts
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.report.judges import read_judges
from scoringnet_tf.sports import SPORTS, get_sport
from scoringnet_tf.sports.sport_file import read_sport, sport_yaml
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.run_record import RunRecord, held_out_ids

SHARE = int(os.environ.get("SCORINGNET_MUTANTS", 500)) / 500
NUM_FRAMES = 12
MEGABYTES = 400


def mutants(content, number, mutate=damaged):
    """Contents that are not the original; `number` of them, or more."""
    rng = np.random.default_rng(number)
    made = [mutate(content, rng)[0] for _ in range(max(1, round(number * SHARE)))]
    return [mutant for mutant in made if mutant != content]


def share_refused(path, read, contents):
    """The share of mutants that were refused; any error but ours is raised."""
    original, counts = path.read_bytes(), collections.Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for content in contents:
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zipfile's, NumPy's, Pillow's
                read()
            counts["read"] += 1
        except InputError as error:
            assert error.code
            counts["refused"] += 1
    path.write_bytes(original)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
    print(f"\n{path.name:24} {dict(counts)}", end="")
    return counts["refused"] / counts.total()


# === Videos and pictures ===


def write_animation(path):
    """An animated GIF of bars."""
    frames = [Image.fromarray(bar_frame(index, bar_color(0))) for index in range(NUM_FRAMES)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, loop=0)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("v.avi", "mpeg4"), ("v.mp4", "libx264"), ("v.mov", "mpeg4"), ("v.ts", "mpeg2video"), ("v.flv", "flv")),
        *(("v.mkv", "libx264"), ("v.gif", None)),
    ],
)
def test_videos(name, codec, tmp_path):
    """Each is decoded to its end, by what `predict` decodes with."""
    path = tmp_path / name
    write_bars(path, NUM_FRAMES, codec=codec) if codec else write_animation(path)

    def read():
        frames = list(VideoStream(path, partial=True))
        assert frames and all(frame.dtype == np.uint8 and frame.ndim == 3 for frame in frames)

    share = share_refused(path, read, mutants(path.read_bytes(), 20))
    assert share or name == "v.gif"  # which has no checksum, and of which any part can be shown


def test_pictures(tmp_path):
    """One of a folder of numbered images."""
    write_images(tmp_path / "images", 6)
    path = tmp_path / "images/img_00003.jpg"
    assert share_refused(path, lambda: list(VideoStream(tmp_path / "images")), mutants(path.read_bytes(), 20))


# === Models ===


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.keras"
    features = {"size": 3, "stride": 1, "origin": None}
    scoringnet_tf.ScoringNet(features=features, width_multiplier=1 / 64, clip_lengths=(4, 4)).save(path)
    return path


def members(path):
    """Name → content of the files in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_with(path, member, content):
    """The bytes of a ZIP with one of its files replaced."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in (members(path) | {member: content}).items():
            archive.writestr(name, part)
    return target.read_bytes()


def test_models(model_file):
    contents = mutants(model_file.read_bytes(), 20)
    assert share_refused(model_file, lambda: load_scoring_net(model_file), contents) > 0.5


@pytest.mark.slow
def test_settings_of_models(model_file):
    """The archive is whole; what it says of the model is odd."""
    made = mutants(members(model_file)["config.json"], 30, mutated_json)

    def read():
        model = load_scoring_net(model_file)
        assert doubts(model) and model.sport and model.content == "features"  # what `predict` asks before it scores

    assert share_refused(model_file, read, [archive_with(model_file, "config.json", content) for content in made])


def test_a_model_whose_weights_are_no_numbers_is_refused(model_file):
    """One weight is NaN, and the archive is whole."""
    weights = model_file.with_suffix(".h5")
    weights.write_bytes(members(model_file)["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        datasets = []
        file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        next(item for item in datasets if item.dtype == np.float32)[...] = np.nan
    content = archive_with(model_file, "model.weights.h5", weights.read_bytes())
    assert share_refused(model_file, lambda: load_scoring_net(model_file), [content]) == 1


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
    if problems := verify_records(info):
        raise InputError("damaged_records", "\n".join(problems))
    assert summary(info) and as_text(describe(info))


def test_indices_of_records(records):
    path = records / "dataset_info.json"
    contents = mutants(path.read_bytes(), 60, mutated_json) + mutants(path.read_bytes(), 20)
    assert share_refused(path, lambda: verify(records), contents) > 1 / 3


def test_shards_of_records(records):
    """Every byte of a record is in a checksum: whatever is changed is named."""
    path = next(records.glob("train-*"))
    assert share_refused(path, lambda: verify(records), mutants(path.read_bytes(), 30)) == 1


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

    assert share_refused(path, read, mutants(path.read_bytes(), 20))


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("mine.yaml", sport_yaml(SPORTS["ski_jumping"]), read_sport),
        (
            "judges.csv",
            "video,difficulty,final\na.avi,3.0,60.5\nb.avi,2.8,55.0\nc.avi,3.2,\n",
            functools.partial(read_judges, sport=SPORTS["diving"]),
        ),
        ("split.csv", "id,split\n001,train\n002,train\n003,test\n", read_split),
    ],
)
def test_texts(name, text, read, tmp_path):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert share_refused(path, lambda: read(path), mutants(path.read_bytes(), 40))


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
    assert share_refused(path, lambda: formats.read(path, facts_of), mutants(path.read_bytes(), 20))


def test_files_of_a_run(tmp_path):
    RunRecord(settings(tmp_path, "records"), "hash", "float32", ["b", "a"]).write(tmp_path)
    state = tmp_path / "checkpoints/joint_0001/state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"phase": "joint", "steps_done": 4, "epochs_done": 1}))
    for path, read in (
        (tmp_path / "config.json", lambda: held_out_ids(tmp_path / "best.keras")),
        (state, Checkpoints(tmp_path).latest),
    ):
        content = path.read_bytes()
        assert share_refused(path, read, mutants(content, 15, mutated_json) + mutants(content, 10))
