"""Real label files and videos, in the conventions of their copies."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from layouts import notes_of
from refusals import refused

from data_prep.datasets import read_source, unlv
from data_prep.records.checks import check, id_problems, score_problems
from scoringnet_tf.sports import get_sport

pytestmark = pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")


def real(*names):
    return Path(os.environ["SCORINGNET_REAL_DATA"], *names)


def problems(source):
    """Everything that labels alone show."""
    found = [problem for sample in source.samples for problem in sample.problems]
    found += [problem for sample in source.samples for problem in score_problems(sample, get_sport(source.sport))]
    return [*found, *id_problems(source.samples).values()]


def copied(name, folder, videos):
    """A copy of the labels that can be changed, with an empty folder of videos."""
    shutil.copytree(real(name), folder, copy_function=shutil.copyfile)
    (folder / videos).mkdir()
    return folder


def test_mtl_aqa(tmp_path):
    source = copied("mtl_aqa", tmp_path / "mtl", "whole_videos_frames")
    plain = read_source("mtl_aqa", source)
    splits = [sample.split for sample in plain.samples]
    assert (len(splits), splits.count("train"), splits.count("test")) == (1412, 1059, 353)
    assert problems(plain) == []  # no clip in both splits, every score in range
    assert len({sample.group for sample in plain.samples}) == 15  # broadcasts
    notes = notes_of(plain)
    assert notes.keys() == {"no_stage_labels", "as_published", "torn_groups"}
    assert "01, 02" in notes["torn_groups"]


def test_unlv_diving_in_other_conventions(tmp_path):
    source = copied("unlv_diving", tmp_path / "unlv", "diving_samples_len_ori")
    plain = read_source("unlv_diving", source)
    assert sum(sample.split == "train" for sample in plain.samples) == 300 and "as_published" in notes_of(plain)
    found = [(problem.where, problem.code) for sample in plain.samples for problem in sample.problems]
    assert found == [("032.avi (row 32)", "not_in_order"), ("095.avi (row 95)", "not_in_order")]
    for path, variable in [
        (source / "diving_overall_scores.mat", "overall_scores"),
        (source / "diving_difficulty_level.mat", "difficulty_level"),
        (source / "split_300_70/training_idx.mat", "training_idx"),
        (source / "split_300_70/testing_idx.mat", "testing_idx"),
    ]:
        vector = scipy.io.loadmat(path)[variable].T
        scipy.io.savemat(path, {variable: vector.astype(np.uint16) if "idx" in variable else vector})
    assert read_source("unlv_diving", source) == plain
    lines, num_problems = check("unlv_diving", source, workers=1)
    report = "\n".join(lines)
    assert num_problems == 372 and "32,28,55,73" in report and "43,50,45,87" in report


@pytest.mark.parametrize("number", range(1, 7))
def test_mit_diving_splits(tmp_path, number):
    source = copied("unlv_diving", tmp_path / "unlv", "diving_samples_len_ori")
    read = read_source("mit_diving", source, split_dir=f"random_splits_100_59/split_{number}")
    splits = [sample.split for sample in read.samples]
    assert (splits.count("train"), splits.count("test")) == (100, 59) and id_problems(read.samples) == {}
    assert "as_published" in notes_of(read)
    with refused("ambiguous", "random_splits_100_59/split_1", "split_6"):
        unlv.read_mit_diving(source)
