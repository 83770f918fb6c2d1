"""`data_prep split`: random, alike in score, by group; folds; files that build reads, and never over others."""

import collections
import dataclasses

import numpy as np
import pytest
from command_forks import forked
from conftest import write_unlv_diving
from layouts import notes_of, problem_codes, write_table
from refusals import code_printed, refused

from data_prep.datasets import manifest, read_source
from data_prep.datasets.sample import Sample
from data_prep.datasets.splits import SplitSettings, check_new, make_splits, write_split_csv
from data_prep.records.building import BuildSettings, build_records


def samples_of(number=100, groups=None, seed=0):
    """Samples of distinct scores; of `groups` groups of unequal size."""
    finals = np.random.default_rng(seed).normal(60, 15, number)
    names = [None if groups is None else f"g{int((index / number) ** 2 * groups)}" for index in range(number)]
    return [
        Sample(f"{index:03d}", None, "", f"row {index + 2}", final=final, group=group)
        for index, (final, group) in enumerate(zip(finals.tolist(), names, strict=True))
    ]


def ids(split, name):
    return {video_id for video_id, of in split.items() if of == name}


@pytest.mark.parametrize("by", ["random", "score"])
def test_one_split_has_the_shares_that_were_asked_for(by):
    (split,) = make_splits(samples_of(), SplitSettings(by, test_fraction=0.3, validation_fraction=0.1))
    assert collections.Counter(split.values()) == {"train": 60, "validation": 10, "test": 30}


@pytest.mark.parametrize("by", ["random", "score", "group"])
def test_every_record_is_tested_in_one_fold(by):
    folds = make_splits(samples_of(groups=20), SplitSettings(by, folds=5, validation_fraction=0.1))
    assert len(folds) == 5
    tested = [video_id for fold in folds for video_id in ids(fold, "test")]
    assert sorted(tested) == [f"{index:03d}" for index in range(100)]
    assert all(set(fold.values()) == {"train", "validation", "test"} for fold in folds)
    assert all(15 <= len(ids(fold, "test")) <= 25 for fold in folds)


@pytest.mark.parametrize("by", ["random", "score", "group"])
def test_the_seed_decides_and_nothing_else(by):
    settings = SplitSettings(by, seed=3)
    assert make_splits(samples_of(groups=20), settings) == make_splits(samples_of(groups=20), settings)
    splits = [ids(make_splits(samples_of(groups=20), SplitSettings(by, seed=seed))[0], "test") for seed in range(4)]
    assert len(set(map(frozenset, splits))) == 4


def test_splits_by_score_are_alike_in_score():
    """The mean of 20 of 100 scores at random errs by 3 points (15 · √(0.8 / 20)); of sets of neighbours by far less."""
    samples = samples_of()
    finals = {sample.video_id: sample.final for sample in samples}
    errors = {by: [] for by in ("random", "score")}
    for by, found in errors.items():
        for seed in range(20):
            (split,) = make_splits(samples, SplitSettings(by, seed=seed))
            test = [finals[video_id] for video_id in ids(split, "test")]
            found.append(np.mean(test) - np.mean(list(finals.values())))
    assert np.std(errors["score"]) < 1.0 < 2.0 < np.std(errors["random"])


def test_a_group_is_in_one_split():
    samples = samples_of(groups=20)
    group = {sample.video_id: sample.group for sample in samples}
    for split in make_splits(samples, SplitSettings("group", folds=4, validation_fraction=0.2)):
        of = [{group[video_id] for video_id in ids(split, name)} for name in ("train", "validation", "test")]
        assert not of[0] & of[1] and not of[0] & of[2] and not of[1] & of[2]


@pytest.mark.parametrize(
    ("samples", "settings", "code", "named"),
    [
        (samples_of(3)[:2] * 2, SplitSettings(), "duplicate", "000, 001"),
        (samples_of(9), SplitSettings("group"), "no_group", "row 10"),
        (samples_of(9, groups=2), SplitSettings("group", folds=3), "too_few", "at most --folds=2"),
        (samples_of(2), SplitSettings(), "too_few", "test, train"),
        ([Sample("a", None, "", "row 2")], SplitSettings("score"), "no_score", "row 2"),
        ([Sample("a", None, "", "row 2", final=np.nan)], SplitSettings("score"), "no_score", "row 2"),
        (samples_of(2), SplitSettings("own"), "no_split", "row 2, row 3"),
    ],
)
def test_what_cannot_be_split_is_refused(samples, settings, code, named):
    with refused(code, named):
        make_splits(samples, settings)


# === Files ===

SPLIT_OF_TWO = {"a.mp4#1": "train", "a.mp4#2": "test"}


def test_a_split_file_takes_the_place_of_the_datasets_own_split(tmp_path):
    source_dir, split_csv = write_unlv_diving(tmp_path / "diving", 4, 1), str(tmp_path / "mine.csv")
    write_split_csv(tmp_path / "mine.csv", {"001": "train", "002": "validation", "003": "test", "004": "test"})
    options = {"workers": 1, "split_csv": split_csv}
    info, _ = build_records("unlv_diving", source_dir, tmp_path / "records", BuildSettings((36, 48)), **options)
    assert {name: split["ids"] for name, split in info.splits.items()} == {
        "train": ["001"],
        "validation": ["002"],
        "test": ["003", "004"],
    }
    assert info.settings["split_csv"] == "mine.csv"
    note = notes_of(read_source("unlv_diving", source_dir, split_csv=split_csv))["count_mismatch"]
    assert "train 1, validation 1, test 2" in note and "in all 370" in note


@pytest.mark.parametrize(
    ("rows", "code", "named"),
    [
        ([("001", "train")], "other_records", "002"),
        ([("001", "train"), ("002", "test"), ("003", "test")], "other_records", "003"),
        ([("001", "train"), ("001", "test"), ("002", "test")], "duplicate", "row 3"),
        ([("001", "train"), ("002", "dev")], "unknown_name", "row 3: 'dev'"),
    ],
)
def test_a_split_file_of_other_records_is_refused(tmp_path, rows, code, named):
    source_dir = write_unlv_diving(tmp_path / "diving", 2, 1)
    write_table(tmp_path / "mine.csv", ("id", "split"), rows)
    with refused(code, "mine.csv", named):
        read_source("unlv_diving", source_dir, split_csv=tmp_path / "mine.csv")


def test_a_table_needs_no_split_if_a_file_has_it(tmp_path):
    write_table(tmp_path / "manifest.csv", ("video", "final"), [("a.avi", 60), ("b.avi", 70)])
    source = read_source("manifest", tmp_path, sport="diving")
    assert [sample.split for sample in source.samples] == ["train"] * 2
    assert [note.code for note in source.notes].count("no_split") == 1
    write_split_csv(tmp_path / "split.csv", {"a.avi": "train", "b.avi": "test"})
    for width in (2, 3):
        rows = [("video", "final", "split"), ("a.avi", 60, "dev"), ("b.avi", 70, "dev")]
        write_table(tmp_path / "manifest.csv", rows[0][:width], [row[:width] for row in rows[1:]])
        source = read_source("manifest", tmp_path, split_csv=tmp_path / "split.csv", sport="diving")
        assert [(sample.split, sample.problems) for sample in source.samples] == [("train", ()), ("test", ())]
    unknown = read_source("manifest", tmp_path, sport="diving")
    assert [code for _, code in problem_codes(unknown)] == ["unknown_name"] * 2


def test_an_id_that_has_come_to_mean_another_performance_is_refused(tmp_path):
    """Rows without ids are called by their place: if a table is sorted anew, train and test change hands."""
    path, rows = tmp_path / "split.csv", ["a.mp4,63,10,30", "a.mp4,64,40,60"]

    def read(*rows):
        header = ("video", "final", "start_frame", "end_frame")
        write_table(tmp_path / "manifest.csv", header, [row.split(",") for row in rows])
        return read_source("manifest", tmp_path, split_csv=path, sport="diving").samples

    write_split_csv(path, SPLIT_OF_TWO)
    write_split_csv(path, SPLIT_OF_TWO, read(*rows))
    assert path.read_text() == "id,split,start_frame,end_frame\na.mp4#1,train,10,30\na.mp4#2,test,40,60\n"
    check_new([path], overwrite=True)
    assert [sample.split for sample in read("a.mp4,63,12,30", "a.mp4,64,40,70")] == ["train", "test"], "put right"
    with refused("other_frames", "split.csv, row 2", "a.mp4#1", "10 to 30", "40 to 60"):
        read(*reversed(rows))
    path.write_text(path.read_text().replace("40,60", "40,x"))
    with refused("not_an_integer", "split.csv, row 3", "x"):
        read(*rows)


# === The command ===


def run(folder, *words):
    return forked("data_prep", "split", "--dataset=manifest", "--sport=diving", f"--source_dir={folder}", *words)


def write_twelve(folder):
    rows = [(f"{index}.avi", 50 + index, f"athlete {index % 4}") for index in range(12)]
    write_table(folder / "manifest.csv", ("video", "final", "group"), rows)


def test_the_command_writes_folds_once(tmp_path):
    write_twelve(tmp_path)
    words = ("--by=group", "--folds=2", f"--output={tmp_path / 'fold.csv'}")
    result = run(tmp_path, *words)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0].startswith(f"{tmp_path / 'fold_1.csv'}: train 6, test 6")
    folds = [tmp_path / f"fold_{number}.csv" for number in (1, 2)]
    sources = [read_source("manifest", tmp_path, split_csv=fold, sport="diving") for fold in folds]
    tested = [{sample.video_id for sample in source.samples if sample.split == "test"} for source in sources]
    assert len(tested[0] | tested[1]) == 12 and not tested[0] & tested[1]
    content = folds[0].read_bytes()
    result = run(tmp_path, *words, "--seed=1")
    assert result.returncode == 1 and code_printed(result.stderr) == "exists" and folds[0].read_bytes() == content
    for number in (3, 4, 6):  # of a larger split, and one after a gap
        (tmp_path / f"fold_{number}.csv").write_bytes(content)
    assert run(tmp_path, *words, "--overwrite").returncode == 0
    assert sorted(path.stem for path in tmp_path.glob("fold_*")) == ["fold_1", "fold_2", "fold_6"]


def test_the_command_splits_as_its_flags_say(tmp_path):
    """In place of a file of splits; any of the defaults would give another split."""
    write_twelve(tmp_path)
    write_split_csv(tmp_path / "split.csv", {"a": "train"})
    settings, samples = SplitSettings("score", 0.25, 0.15, seed=7), manifest.read(tmp_path, sport="diving").samples
    values = {name: value for name, value in dataclasses.asdict(settings).items() if value is not None}
    words = [*(f"--{name}={value}" for name, value in values.items()), "--overwrite"]
    result = run(tmp_path, *words, f"--output={tmp_path / 'split.csv'}")
    assert result.returncode == 0, result.stderr
    source = read_source("manifest", tmp_path, split_csv=tmp_path / "split.csv", sport="diving")
    found = {sample.video_id: sample.split for sample in source.samples}
    assert [found] == make_splits(samples, settings)
    for name in values:
        other = dataclasses.replace(settings, **{name: getattr(SplitSettings(), name)})
        assert [found] != make_splits(samples, other), name


def test_what_build_will_say_of_the_table_is_on_stderr(tmp_path):
    rows = [(f"{index}.avi", 50 + index, "Ana" if index % 2 else "Eve") for index in range(4)]
    write_table(tmp_path / "manifest.csv", ("video", "final", "group"), [*rows, ("4.avi", "x", "Bo")])
    result = run(tmp_path, "--by=group", f"--output={tmp_path}/s.csv")
    assert result.returncode == 0 and "4.avi" in result.stderr.splitlines()[-1]


def test_only_files_of_splits_are_replaced(tmp_path):
    write_split_csv(tmp_path / "split.csv", {"a": "train"})
    check_new([tmp_path / "split.csv"], overwrite=True)
    for header in ("video,split", "id,split,video,final"):
        (tmp_path / "manifest.csv").write_text(f"{header}\n")
        with refused("exists", "manifest.csv"):
            check_new([tmp_path / "split.csv", tmp_path / "manifest.csv"], overwrite=True)
