"""Mutated label files and videos: no traceback, no changed label without a problem or a note, no garbage recorded.

    SCORINGNET_MUTANTS=500 pytest -s tests/data_prep/datasets/test_mutations.py

makes as many in all, and prints what became of them. A value that is possible as well as the true one cannot be told
from it: those are counted.
"""

import collections
import faulthandler
import math
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from conftest import HEIGHT, WIDTH, read_index, write_bars, write_images, write_motion, write_split, write_unlv_diving
from file_mutations import damaged, mutated
from layouts import (
    write_finediving,
    write_gymnastics,
    write_manifest,
    write_mtl_aqa,
    write_pickle,
    write_table,
    write_ucf101,
)
from refusals import refused

from data_prep.datasets import DATASETS, unlv
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import score_problems
from data_prep.records.dry_run import check
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

NUM_MUTANTS = int(os.environ.get("SCORINGNET_MUTANTS", 108))
VIDEO_SHARE = 4  # one mutant of as many is a video
AFFECTED = 2  # samples that a changed value, or two that changed places, may affect
OUTCOMES = ("refused", "noted", "unchanged", "possible value", "other pixels")


@pytest.fixture(autouse=True)
def _no_hang():
    """A test that hangs ends the run with a traceback."""
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def _write_mit_diving(folder):
    write_unlv_diving(folder, 8, 3)
    (folder / "split_5_3").rename(folder / "split_100_59_1")
    rows = []
    for number in range(1, 9):
        times = (0, 4, 12 + number, 18 + number, 24 + number)
        stages = zip(("pre-starting", "take-flight", "entry", "noise"), times, times[1:], strict=False)
        rows += [(f"{number:03d}", *stage) for stage in stages]
    write_table(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)
    return folder


def _write_vault(folder):
    numbers = np.arange(1, 9)
    (folder / "gym_vault_samples_len_ori").mkdir(parents=True)
    (folder / "split_4").mkdir()
    for number in numbers:
        write_bars(folder / f"gym_vault_samples_len_ori/{number:03d}.avi", 12, number)
    scipy.io.savemat(folder / "gym_vault_overall_scores.mat", {"overall_scores": 13 + 0.35 * numbers[:, np.newaxis]})
    scipy.io.savemat(folder / "gym_vault_difficulty_level.mat", {"difficulty_level": 5 + 0.2 * numbers[np.newaxis]})
    write_split(folder / "split_4", numbers[3:], numbers[:3])
    return folder


def _write_gymnastics(folder):
    """Difficulties as they are, beyond what an execution can be."""
    write_gymnastics(folder)
    for number, (split, row) in enumerate(
        (("train", "Clubs_003\t12.10\t8.00\t20.10\t0.00\t9"), ("test", "Ribbon_009\t11.30\t7.45\t18.45\t0.30\t9"))
    ):
        write_bars(folder / f"videos/{row.split()[0]}.mp4", 9, 5 + number, fps=1, codec="libx264")
        with (folder / f"{split}.txt").open("a") as file:
            file.write(f"{row}\n")
    return folder


def _write_aqa7(folder):
    """Five vaults of the published range, among dives."""
    (folder / "gym_vault").mkdir(parents=True)
    for number in range(1, 6):
        write_bars(folder / f"gym_vault/{number:03d}.avi", 103, number)
    for split, numbers in (("train", range(1, 4)), ("test", range(4, 6))):
        rows = [[2, number, 12.5 + 0.45 * number] for number in numbers] + [
            [1, number, 60.5 + number] for number in numbers
        ]
        scipy.io.savemat(folder / f"split_4_{split}_list.mat", {f"consolidated_{split}_list": np.array(rows)})
    return folder


DATA = {  # dataset: (writer, its label files, a file of pixels, options)
    "unlv_diving": (
        lambda folder: write_unlv_diving(folder, 8, 3),
        (
            *("jump_drop_water_label.txt", "diving_overall_scores.mat", "diving_difficulty_level.mat"),
            *("split_5_3/training_idx.mat", "split_5_3/testing_idx.mat"),
        ),
        "diving_samples_len_ori/004.avi",
        {},
    ),
    "mit_diving": (
        _write_mit_diving,
        ("stage_labels.csv", "diving_overall_scores.mat", "split_100_59_1/training_idx.mat"),
        "diving_samples_len_ori/004.avi",
        {},
    ),
    "unlv_vault": (
        _write_vault,
        ("gym_vault_overall_scores.mat", "gym_vault_difficulty_level.mat", "split_4/testing_idx.mat"),
        "gym_vault_samples_len_ori/004.avi",
        {},
    ),
    "aqa7": (
        _write_aqa7,
        ("split_4_train_list.mat", "split_4_test_list.mat"),
        "gym_vault/004.avi",
        {"action": "gym_vault"},
    ),
    "mtl_aqa": (
        write_mtl_aqa,
        ("final_annotations_dict.pkl", "train_split_0.pkl", "test_split_0.pkl"),
        "whole_videos_frames/01/000010.jpg",
        {},
    ),
    "finediving": (
        write_finediving,
        (
            *("Annotations/FineDiving_fine-grained_annotation.pkl", "Annotations/FineDiving_coarse_annotation.pkl"),
            "train_test_split/train_split.pkl",
        ),
        "FINADiving_MTL_256s/Final1/1/00104.jpg",
        {},
    ),
    "rhythmic_gymnastics": (_write_gymnastics, ("train.txt", "test.txt"), "videos/Ball_001.mp4", {}),
    "ucf101": (
        write_ucf101,
        ("ucfTrainTestlist/classInd.txt", "ucfTrainTestlist/trainlist01.txt", "ucfTrainTestlist/testlist01.txt"),
        "UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi",
        {},
    ),
    "motion": (write_motion, ("motion_classes.csv",), "videos/00002.avi", {}),
    "manifest": (write_manifest, ("manifest.csv",), "2024 (final)/dive.avi", {"sport": "diving"}),
}


def _labels(dataset, source, options):
    """{id: what is known of the sample}; None where the labels cannot be read."""
    try:
        read = DATASETS[dataset](source, **options)
    except InputError:
        return None
    known = {}
    for sample in read.samples:
        scores = [
            None if score is None else round(score, 4) for score in (sample.difficulty, sample.execution, sample.final)
        ]
        stages = [segment[:3] for segment in sample.segments or ()]
        classes = {head: read.classes[head][label] for head, label in sample.classes.items()}
        known[sample.video_id] = (sample.split, scores, sample.penalty, stages, classes, sample.frames)
    return known


def _outcome(before, after, loses, is_video):
    """What became of a mutant, of the labels and the report of the source and of itself; AssertionError for silence."""
    (labels, lines), (mutant_labels, mutant_lines, num_problems) = before, after
    if num_problems:
        return "refused"
    if _said(lines) != _said(mutant_lines):
        return "noted"
    if is_video:
        return "other pixels"
    if mutant_labels == labels:
        return "unchanged"
    changed = {name for name in labels.keys() | mutant_labels.keys() if labels.get(name) != mutant_labels.get(name)}
    assert not loses and len(changed) <= AFFECTED, f"labels of {sorted(changed)} are others, and nothing is said"
    return "possible value"


def _said(lines):
    """What is said of labels, without the sums of what there is: nobody knows these by heart."""
    return [line for line in lines if not line.startswith("Scores known of ") and ", problems: " not in line]


@pytest.mark.parametrize("dataset", DATA)
def test_no_mutant_changes_a_label_in_silence(tmp_path, dataset):
    write, label_files, video, options = DATA[dataset]
    source = write(tmp_path / "source")
    labels, (lines, num_problems) = _labels(dataset, source, options), check(dataset, source, workers=1, **options)
    assert labels and num_problems == 0, lines
    rng = np.random.default_rng(list(DATA).index(dataset))
    outcomes: collections.Counter[str] = collections.Counter()
    for number in range(-(-NUM_MUTANTS // len(DATA))):
        is_video = number % VIDEO_SHARE == 0
        path = source / (video if is_video else label_files[number % len(label_files)])
        original = path.read_bytes()
        if is_video:
            content, name, loses = *damaged(original, rng), False
        else:
            content, name, loses = mutated(path, rng)
        path.write_bytes(content)
        try:
            mutant = (_labels(dataset, source, options), *check(dataset, source, workers=1, **options))
            outcomes[_outcome((labels, lines), mutant, loses, is_video)] += 1
        except Exception as error:
            shutil.copyfile(path, tmp_path / f"mutant{path.suffix}")
            raise AssertionError(f"{dataset}, {path.name}, mutant {number} ({name}): {error!r}") from error
        path.write_bytes(original)
    print(f"\n{dataset:20}", *(f"{name} {outcomes[name]:3}" for name in OUTCOMES), sep="  ", end="")
    assert outcomes["refused"] + outcomes["noted"] > 0


def test_tables_of_vaults_that_count_otherwise_are_refused(tmp_path):
    """From 0, or with a difficulty too many: each vault would have what is its neighbour's."""
    source = _write_vault(tmp_path / "v")
    path = source / "gym_vault_difficulty_level.mat"
    values = scipy.io.loadmat(path)["difficulty_level"].ravel()
    scipy.io.savemat(path, {"difficulty_level": [[5.0, *values]]})
    with refused("count_mismatch", path, len(values), len(values) + 1):
        unlv.read_vault(source)
    (tmp_path / "d.csv").write_text("video,difficulty\n" + "".join(f"{n},{v}\n" for n, v in enumerate(values)))
    with refused("out_of_range", "d.csv", f"1 to {len(values)}"):
        unlv.read_vault(source, difficulty_csv=tmp_path / "d.csv")
    scipy.io.savemat(path, {"difficulty_level": values[np.newaxis]})
    for names, code in ((("0",), "out_of_range"), (("a",), "not_an_integer")):
        rows = "".join(f"{name},landing,0,3\n" for name in names)
        (source / "stage_labels.csv").write_text(f"video_id,stage,start_frame,end_frame\n{rows}")
        with refused(code, "stage_labels.csv", *names):
            unlv.read_vault(source)


# === Values of any type ===

ODD_VALUES = (None, "x", b"x", [], {}, [[1], [2, 3]], np.arange(3), math.nan, math.inf, -1, 10**400, True)


@pytest.mark.parametrize(
    ("write", "name", "key"),
    [
        (write_mtl_aqa, "final_annotations_dict.pkl", (1, 1)),
        (write_finediving, "Annotations/FineDiving_fine-grained_annotation.pkl", ("Final1", 1)),
        (write_finediving, "Annotations/FineDiving_coarse_annotation.pkl", ("Final1", 1)),
    ],
)
def test_values_of_any_type_in_annotations(tmp_path, write, name, key):
    """Every field of an annotation takes every odd value in turn; the other three clips are not affected."""
    source, dataset = write(tmp_path / "source"), write.__name__.removeprefix("write_")
    annotations = pickle.loads((source / name).read_bytes())
    whole = {**annotations[key], "judge_scores": [7.0] * 7, "end_frame": annotations[key].get("end_frame", 111)}
    for field in whole:
        for value in ODD_VALUES:
            write_pickle(source / name, {**annotations, key: {**whole, field: value}})
            read = DATASETS[dataset](source)
            problems = [problem for sample in read.samples for problem in sample.problems]
            assert all(f"({key[0]}, {key[1]})" in problem.where for problem in problems), (field, value)
            assert all(score_problems(sample, get_sport("diving")) == [] for sample in read.samples[1:])


# === Videos ===

MUTANTS_PER_VIDEO = 35
NUM_FRAMES = 8
SETTINGS = BuildSettings((HEIGHT, WIDTH), nonmonotone="drop", on_error="skip")
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
