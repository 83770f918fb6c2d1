"""Mutated label files and videos: whatever they hold, the cause is named, nothing hangs, and no garbage is recorded."""

import faulthandler
import math
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, read_index, write_bars, write_images, write_unlv_diving
from file_mutations import damaged
from layouts import (
    write_aqa7,
    write_finediving,
    write_gymnastics,
    write_manifest,
    write_mtl_aqa,
    write_pickle,
    write_table,
    write_ucf101,
)

from data_prep.datasets import DATASETS
from data_prep.datasets.sample import Sample
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import score_problems
from data_prep.records.dry_run import check
from data_prep.records.kept_videos import folder_beside
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

MUTANTS_PER_FILE = 26
MUTANTS_PER_VIDEO = 35
NUM_FRAMES = 8
LAYOUTS = {  # dataset: (writer, label files, options)
    "unlv_diving": (
        lambda folder: write_unlv_diving(folder, 3, 1),
        ("jump_drop_water_label.txt", "diving_overall_scores.mat", "split_2_1/training_idx.mat"),
        {},
    ),
    "mtl_aqa": (write_mtl_aqa, ("final_annotations_dict.pkl", "train_split_0.pkl"), {}),
    "finediving": (write_finediving, ("Annotations/FineDiving_fine-grained_annotation.pkl",), {}),
    "aqa7": (
        lambda folder: write_aqa7(folder, num_frames=1),
        ("Split_4/split_4_train_list.mat",),
        {"action": "gym_vault"},
    ),
    "rhythmic_gymnastics": (write_gymnastics, ("train.txt", "test.txt"), {}),
    "ucf101": (write_ucf101, ("ucfTrainTestlist/classInd.txt", "ucfTrainTestlist/trainlist01.txt"), {}),
    "manifest": (write_manifest, ("manifest.csv",), {"sport": "diving"}),
}
LABEL_FILES = [(dataset, name) for dataset, (_, names, _) in LAYOUTS.items() for name in names]
SETTINGS = BuildSettings((HEIGHT, WIDTH), nonmonotone="drop", on_error="skip")


@pytest.fixture(autouse=True)
def _no_hang():
    """A test that hangs ends the run with a traceback."""
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize(("dataset", "name"), LABEL_FILES)
def test_mutated_label_files(tmp_path, dataset, name):
    """26 mutants of each of 12 files, a build of every sixth: errors and problems have a name, or records are sound."""
    write, _, options = LAYOUTS[dataset]
    source = write(tmp_path / "source")
    rng = np.random.default_rng(LABEL_FILES.index((dataset, name)))
    content = (source / name).read_bytes()
    for number in range(MUTANTS_PER_FILE):
        (source / name).write_bytes(damaged(content, rng)[0])
        lines, num_problems = check(dataset, source, workers=1, **options)
        assert len(lines) > num_problems and all(lines)
        if number % 6 == 0:
            _assert_sound_or_refused(dataset, source, tmp_path / "records", options)
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {".records.building"} == {"source"}  # what a build that decoding refused encoded before


def _assert_sound_or_refused(dataset, source, records, options):
    try:
        build_records(dataset, source, records, SETTINGS, workers=1, **options)
    except InputError as error:
        assert str(error)
        assert not records.exists()
        shutil.rmtree(folder_beside(records), ignore_errors=True)  # what it had encoded, as it says
        return
    info = DatasetInfo.load(records)
    assert verify_records(info) == []
    for video_id, video in info.videos.items():
        scores = {name: video[name] for name in ("difficulty", "execution", "final")}
        assert all(score is None or math.isfinite(score) for score in scores.values())
        if dataset not in ("rhythmic_gymnastics", "ucf101"):  # the index holds no penalty; no sport, no scores
            assert score_problems(Sample(video_id, source, "train", "", **scores), get_sport(info.sport)) == []
    shutil.rmtree(records)


ODD_VALUES = (
    None,
    "x",
    "",
    b"x",
    [],
    {},
    [[1], [2, 3]],
    np.arange(3),
    np.array("x"),
    math.nan,
    math.inf,
    -1,
    10**400,
    0,
    True,
)


@pytest.mark.parametrize(
    ("dataset", "name", "key"),
    [
        ("mtl_aqa", "final_annotations_dict.pkl", (1, 1)),
        ("finediving", "Annotations/FineDiving_fine-grained_annotation.pkl", ("Final1", 1)),
        ("finediving", "Annotations/FineDiving_coarse_annotation.pkl", ("Final1", 1)),
    ],
)
def test_values_of_any_type_in_annotations(tmp_path, dataset, name, key):
    """Every field of an annotation takes every odd value in turn; the other three clips are not affected."""
    source = LAYOUTS[dataset][0](tmp_path / "source")
    annotations = pickle.loads((source / name).read_bytes())
    whole = {**annotations[key], "judge_scores": [7.0] * 7, "end_frame": annotations[key].get("end_frame", 111)}
    for field in whole:
        for value in ODD_VALUES:
            write_pickle(source / name, {**annotations, key: {**whole, field: value}})
            read = DATASETS[dataset](source)
            problems = [problem for sample in read.samples for problem in sample.problems]
            assert all(f"({key[0]}, {key[1]})" in problem.where for problem in problems), (field, value)
            assert all(score_problems(sample, get_sport("diving")) == [] for sample in read.samples[1:])


VIDEOS = (("a.avi", "mpeg4"), ("b.mp4", "libx264"), ("c.mkv", "libx264"), ("d.mp4", "mpeg4"), ("e.mpg", "mpeg2video"))


def _write_mutants(folder, rng):
    """`MUTANTS_PER_VIDEO` mutants of a video of each kind and of a folder of images; returns their names."""
    names = []
    for kind, (name, codec) in enumerate(VIDEOS):
        path = folder / name
        write_bars(path, NUM_FRAMES, kind, codec=codec)
        content = path.read_bytes()
        path.unlink()
        for number in range(MUTANTS_PER_VIDEO):
            names.append(f"{path.stem}{number:02d}{path.suffix}")
            (folder / names[-1]).write_bytes(damaged(content, rng)[0])
    for number in range(MUTANTS_PER_VIDEO):
        names.append(f"images{number:02d}")
        write_images(folder / names[-1], NUM_FRAMES, number, ("{:05d}.jpg", "{:05d}.png")[number % 2])
        image = sorted((folder / names[-1]).iterdir())[int(rng.integers(NUM_FRAMES))]
        image.write_bytes(damaged(image.read_bytes(), rng)[0])
    return names


def _write_garbage(folder, rng):
    """Files and folders that are no video at all; returns their names."""
    contents = {
        "empty.avi": b"",
        "random.mp4": rng.bytes(3000),
        "zeros.mkv": bytes(3000),
        "text.avi": b"video\n" * 500,
        "riff.avi": b"RIFF\xff\xff\xff\xffAVI LIST" + rng.bytes(2000),
        "box.mp4": b"\x00\x00\x00\x18ftypisom" + rng.bytes(2000),
        "huge.gif": b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + rng.bytes(2000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "no images").mkdir()
    (folder / "no images/00001.jpg").write_bytes(rng.bytes(500))
    return [*contents, "no images"]


def test_mutated_videos(tmp_path):
    """210 mutants and 8 files that never were videos: a build records them whole, or names the cause."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "videos"
    folder.mkdir()
    write_bars(folder / "sound.avi", NUM_FRAMES, 9)
    mutants, garbage = _write_mutants(folder, rng), _write_garbage(folder, rng)
    rows = [(name, "train", 63.0) for name in ("sound.avi", *mutants, *garbage)]
    write_table(folder / "manifest.csv", ("video", "split", "final"), rows)
    build_records("manifest", folder, tmp_path / "records", SETTINGS, workers=1, sport="diving")
    info = DatasetInfo.load(tmp_path / "records")
    skipped = {video["id"]: video["problems"] for video in info.skipped}
    assert (
        skipped.keys() | info.videos.keys() == {name for name, *_ in rows} and not skipped.keys() & info.videos.keys()
    )
    assert set(garbage) <= skipped.keys() and "sound.avi" in info.videos
    assert all(problem.startswith("manifest.csv, row ") for problems in skipped.values() for problem in problems)
    assert len(skipped) > len(mutants) // 3  # most damage is noticed …
    assert verify_records(info) == []
    recorded = {record["example/id"].decode(): record for _, record in read_records(info, "train")}
    assert all(np.all(np.diff(record["image/timestamp"]) > 0) for record in recorded.values())
    intact = [
        [read_index(frame) for frame in decode_frames(record["image/encoded"])] == list(range(NUM_FRAMES))
        for record in recorded.values()
    ]
    assert sum(intact) > 0.8 * len(intact)  # … and what is not has left the pixels alone


def test_sizes_that_a_header_invents_are_not_allocated(tmp_path):
    """A PNG that announces 60,000 × 60,000 pixels is no image; 10 GB for it would end the process."""
    write_images(tmp_path / "dive", 2, 0, "{}.png", 0)
    path = Path(tmp_path, "dive/1.png")
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(content)
    write_table(tmp_path / "manifest.csv", ("video", "split", "final"), [("dive", "train", 63.0)])
    lines, num_problems = check("manifest", tmp_path, workers=1, sport="diving")
    assert num_problems == 1 and "1.png" in lines[0]
