"""Records of features: a manifest with a column features becomes records; what does not fit is named by row."""

import dataclasses
import json

import h5py
import numpy as np
import pytest
from layouts import write_table
from refusals import codes, refused

from data_prep.datasets import read_source
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.records.contact_sheet import contact_sheet, save_contact_sheet
from data_prep.records.summary import summary
from data_prep.records.verifying import read_records, verify_records
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels

HEADER = ("features", "video", "split", "difficulty", "execution", "num_frames", "fps")
BOUNDARIES = ("pre-starting", "take-flight", "entry", "end")
STAGES = dict(zip(BOUNDARIES, (2, 8, 13, 18), strict=True))
STRIDE, SIZE = 4, 6
LENGTHS = {"a": 21, "b": 24, "c": 30}  # frames
ORIGIN = {"size": SIZE, "stride": STRIDE, "endpoint": "conv5b", "weights": {"file": "c3d.keras", "sha256": "ab" * 32}}


def values_of(name, steps=None):
    """Features, float32 (T, D), of a video of `LENGTHS`."""
    steps = -(-LENGTHS[name] // STRIDE) if steps is None else steps
    return np.random.default_rng(ord(name)).normal(size=(steps, SIZE)).astype(np.float32)


def rows_of(_all=None, **changes):
    """A row for every video; `changes` replace cells of the first one, `_all` of all."""
    rows = [
        {
            "features": f"{name}.npy",
            "video": f"dive {name}",
            "split": "train" if name != "c" else "test",
            "difficulty": 3.0,
            "execution": 20 + index,
            "num_frames": length,
            "fps": 24,
            **(_all or {}),
        }
        for index, (name, length) in enumerate(LENGTHS.items())
    ]
    rows[0] |= changes
    return rows


def write_source(folder, rows=None, columns=HEADER, origin=ORIGIN, values=values_of):
    """A folder of features with its table; `origin` None writes no features.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in LENGTHS:
        np.save(folder / f"{name}.npy", values(name))
    if origin is not None:
        (folder / "features.json").write_text(json.dumps(origin))
    rows = rows or rows_of()
    write_table(folder / "manifest.csv", columns, [[row.get(column, "") for column in columns] for row in rows])
    return folder


def build(source, output, **options):
    return build_records("manifest", source, output, workers=1, sport="diving", **options)


def problems(source, **options):
    """The problems that a dry run reports."""
    lines, number = check("manifest", source, workers=1, sport="diving", **options)
    return lines[:number]


def notes(source, **options):
    return check("manifest", source, workers=1, sport="diving", **options)[0]


def records(info):
    return {record["example/id"].decode(): record for split in info.splits for _, record in read_records(info, split)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(folder of the features, `DatasetInfo`) of three dives, of the first of which the stages are known."""
    folder = tmp_path_factory.mktemp("features")
    source = write_source(folder / "own", rows_of(**STAGES), (*HEADER, *BOUNDARIES))
    return source, build(source, folder / "records")[0]


def test_records_hold_the_features_and_their_labels(built):
    _, info = built
    assert verify_records(info) == [] and DatasetInfo.load(info.records_dir) == info
    assert info.features == {"size": SIZE, "stride": STRIDE, "origin": ORIGIN} and info.feature_size == SIZE
    assert "conv5b of c3d.keras" in summary(info)
    assert info.frame_size == (0, 0) and info.aspect is None and info.frame_rate == 24 / STRIDE
    assert info.splits["train"]["ids"] == ["dive a", "dive b"] and info.splits["test"]["ids"] == ["dive c"]
    assert not {"frame_size", "jpeg_quality", "aspect", "fit"} & info.settings.keys()
    found = records(info)
    for name in LENGTHS:
        record = found[f"dive {name}"]
        np.testing.assert_array_equal(record["feature/floats"], values_of(name))
        expected = np.arange(len(values_of(name))) * STRIDE / 24 * 1e6
        np.testing.assert_array_equal(record["feature/timestamp"], np.rint(expected))
        assert record["clip/data_path"].decode() == f"{name}.npy"
    # Frames 2, 6, 10, 14, 18, 20 of noise [0, 2), pre-starting [2, 8), take-flight [8, 13), entry [13, 18), noise.
    np.testing.assert_array_equal(found["dive a"]["stage/index"], [1, 1, 2, 3, 0, 0])
    assert (found["dive b"]["stage/index"] == -1).all()
    assert info.stage_frames["train"] == {"noise": 2, "pre-starting": 2, "take-flight": 1, "entry": 1, "unlabelled": 6}


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        # 21 frames: noise to 2, pre-starting to 8, take-flight to 13, entry to the end.
        ({"per": "clip", "clip_length": 16}, [2, 2, 3, 3, 3, 3]),  # frames 8, 12, 16, and 20 of clips that it ends
        ({"per": "clip", "clip_length": 4}, [1, 1, 2, 3, 3, 3]),  # frames 2, 6, 10, 14, 18, 20: a boundary each
        ({"per": "clip", "clip_length": 5}, [1, 1, 2, 3, 3, 3]),  # the middle one of an odd number
        ({"per": "frame", "clip_length": None}, [0, 1, 2, 2, 3, 3]),  # frames 0, 4, 8, 12, 16, 20
    ],
)
def test_a_step_has_the_stage_of_the_middle_of_its_clip(origin, expected, tmp_path):
    rows = rows_of(**STAGES | {"end": 21})
    source = write_source(tmp_path / "own", rows, (*HEADER, *BOUNDARIES), origin=ORIGIN | origin)
    info, _ = build(source, tmp_path / "records")
    assert records(info)["dive a"]["stage/index"].tolist() == expected
    # A baseline that learns from the files themselves goes by the same stages.
    assert Videos(info, "train", ("dive a",), "motion_small", tmp_path).clips()[0].stages.tolist() == expected


def test_names_of_features(tmp_path):
    """The column id, else the column video, which several may share and stage labels name, else the file."""
    rows = [row | {"id": name} for row, name in zip(rows_of(), ("Ann", "Eve", ""), strict=True)]
    for changed, columns, names in (
        (rows, (*HEADER, "id"), ["Ann", "Eve", "dive c"]),
        (None, [column for column in HEADER if column != "video"], ["a.npy", "b.npy", "c.npy"]),
        (None, HEADER, ["dive a", "dive b", "dive c"]),
    ):
        source = write_source(tmp_path / "own", changed, columns)
        assert [sample.video_id for sample in read_source("manifest", source, sport="diving").samples] == names
    labels = [(name, "take-flight", 5, 13) for name in names]
    write_table(source / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    info, _ = build(source, tmp_path / "records")
    np.testing.assert_array_equal(records(info)["dive a"]["stage/index"], [-1, 2, 2, -1, -1, -1])


def test_arrays_of_one_file(built, tmp_path):
    source = write_source(tmp_path / "own", [row | {"features": f"all.h5#x/{row['video'][-1]}"} for row in rows_of()])
    with h5py.File(source / "all.h5", "w") as file:
        for name in LENGTHS:
            file[f"x/{name}"] = values_of(name)
    info, _ = build(source, tmp_path / "records")
    assert info.videos["dive a"]["path"] == "all.h5#x/a" and verify_records(info) == []
    np.testing.assert_array_equal(records(info)["dive b"]["feature/floats"], values_of("b"))
    # The hash is of the values, not of the file; so is the data hash of two builds.
    assert built[1].videos["dive a"]["sha256"] == info.videos["dive a"]["sha256"]
    again, _ = build(built[0], tmp_path / "again")
    assert again.data_hash == built[1].data_hash


def test_vectors_of_whole_videos(tmp_path):
    rows = rows_of({"num_frames": ""})
    source = write_source(tmp_path / "own", rows, origin=None, values=lambda name: values_of(name)[0])
    info, _ = build(source, tmp_path / "records")
    assert info.features == {"size": SIZE, "stride": 1, "origin": None} and info.has_vectors
    assert info.splits["train"]["num_frames"] == 2 and (records(info)["dive a"]["stage/index"] == [-1]).all()
    # A vector says nothing of the length of its video, and has no clock.
    unknown = write_source(
        tmp_path / "x", rows_of({"num_frames": "", "fps": ""}), HEADER, None, lambda n: values_of(n)[0]
    )
    assert not {"frame_rate_assumed", "stride_assumed"} & set(codes(notes(unknown)))
    write_source(unknown, rows_of({"num_frames": ""}, fps=50), HEADER, None, lambda n: values_of(n)[0])
    assert "other_frame_rates" not in codes(notes(unknown))
    assert ["train", "2", "2", "–", "2"] in [line.split() for line in summary(info).splitlines()]
    write_source(source, rows_of({"num_frames": ""}, **STAGES), (*HEADER, *BOUNDARIES), None, lambda n: values_of(n)[0])
    assert codes(problems(source)) == ["stages_of_vector"]


def test_the_stride(tmp_path):
    """Of the flag, of features.json, of both if they agree, else of every frame."""
    unknown = write_source(tmp_path / "unknown", origin=None)
    info = build(unknown, tmp_path / "a", feature_stride=STRIDE)[0]
    assert info.features["stride"] == STRIDE and "unknown" in summary(info)
    assert codes(problems(unknown)) == ["count_mismatch"] * 3  # one step for every frame: there are too few
    known = write_source(tmp_path / "known")
    assert problems(known, feature_stride=STRIDE) == []
    conflicts = problems(known, feature_stride=2)
    assert codes(conflicts) == ["flags_conflict"] * 3 and "row 2" in conflicts[0] and "a.npy" in conflicts[0]


def test_a_table_of_another_rate_than_the_features(tmp_path):
    """Its stages would count other frames than a step has; 24 a second are not told from 23.976."""
    origin = ORIGIN | {"frame_rate": 23.976}
    (problem,) = problems(write_source(tmp_path / "own", rows_of(fps=50), origin=origin))
    assert problem.code == "other_frame_rate" and "row 2" in problem and "50" in problem
    assert problems(write_source(tmp_path / "own", origin=origin)) == []
    # Features of records have every frame, at its own rate; their origin says the median.
    origin["records"] = {"name": "own", "data_hash": "0"}
    source = write_source(tmp_path / "own", rows_of(fps=50), origin=origin)
    rates = {name: record["image/frame_rate"] for name, record in records(build(source, tmp_path / "r")[0]).items()}
    assert rates == {"dive a": 50 / STRIDE, "dive b": 24 / STRIDE, "dive c": 24 / STRIDE}


@pytest.mark.parametrize(("steps", "num_frames"), [(5, 21), (7, 21), (6, 20), (6, 25)])
def test_a_sequence_of_another_length(tmp_path, steps, num_frames):
    source = write_source(tmp_path / "own", rows_of(num_frames=num_frames))
    np.save(source / "a.npy", values_of("a", steps))
    (problem,) = problems(source)
    assert problem.code == "count_mismatch" and "row 2" in problem and "a.npy" in problem


def test_stages_beyond_the_features(tmp_path):
    """Without num_frames a video has up to T · stride frames."""
    for end, expected in ((25, ["out_of_range"]), (24, [])):
        rows = rows_of(num_frames="", **STAGES | {"end": end})
        assert codes(problems(write_source(tmp_path / "own", rows, (*HEADER, *BOUNDARIES)))) == expected


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weights": {"file": "c3d.keras", "sha256": "cd" * 32}}, "cdcd"),
        ({"endpoint": "pool5"}, "pool5"),
        ({"pool": "mean"}, "mean"),
        (None, "conv5b"),
        ({"weights": {"file": "renamed.keras", "sha256": "ab" * 32}, "records": {"name": "x"}}, None),
    ],
)
def test_features_of_another_origin(tmp_path, change, named):
    rows = rows_of()
    rows[-1]["features"] = "other/c.npy"
    source = write_source(tmp_path / "own", rows)
    (source / "other").mkdir()
    (source / "c.npy").rename(source / "other/c.npy")
    if change:
        (source / "other/features.json").write_text(json.dumps(ORIGIN | change))
    found = problems(source, feature_stride=STRIDE)
    assert codes(found) == (["other_features"] if named else [])
    assert not named or ("row 4" in found[0] and "dive a" in found[0] and named in found[0])


def test_damaged_missing_and_repeated_files(tmp_path):
    source = write_source(tmp_path / "own")
    (source / "a.npy").unlink()
    (source / "b.npy").write_bytes((source / "b.npy").read_bytes()[:-4])
    values = values_of("c")
    values[3, 1] = np.nan
    np.save(source / "c.npy", values)
    found = problems(source)
    assert "step 3" in found[2]
    for problem, row, name in zip(found, (2, 3, 4), "abc", strict=True):
        assert f"row {row}" in problem and f"{name}.npy" in problem
    with refused("bad_rows", "a.npy"):
        build(source, tmp_path / "records")
    assert not (tmp_path / "records").exists()
    write_source(source)
    np.save(source / "b.npy", np.load(source / "a.npy"))
    found = problems(source)
    assert found[0].code == "duplicate" and "row 3" in found[0] and "dive a (train)" in found[0]


@pytest.mark.parametrize(
    "change", [{"features": ""}, {"features": "../a.npy"}, {"fps": "0"}, {"fps": "fast"}, {"num_frames": "0"}]
)
def test_cells_are_checked(tmp_path, change):
    found = problems(write_source(tmp_path / "own", rows_of(**change)))
    named = {value for value in change.values() if value} or {*change}
    assert any("row 2" in problem and any(name in problem for name in named) for problem in found)


def test_an_unknown_frame_rate_is_assumed_and_told(tmp_path):
    source = write_source(tmp_path / "own", rows_of(fps=""))
    assert "frame_rate_assumed" in codes(notes(source))
    write_source(source, rows_of({"fps": ""}), origin=ORIGIN | {"frame_rate": 50.0})
    info, said = build(source, tmp_path / "records")
    assert records(info)["dive a"]["image/frame_rate"] == 50 / STRIDE and "frame_rate_assumed" not in codes(said)


def test_settings_of_frames_are_refused(built, tmp_path):
    settings = BuildSettings((36, 48), fit="pad")
    with refused("flag_unused", "frame_size", "fit"):
        build_records("manifest", built[0], tmp_path / "records", settings, sport="diving")


def test_a_contact_sheet_shows_them(tmp_path):
    source = write_source(tmp_path / "own", rows_of(**STAGES), (*HEADER, *BOUNDARIES))
    np.save(source / "b.npy", np.ones_like(values_of("b")))  # constant ones have no scale
    info, _ = build(source, tmp_path / "records")
    save_contact_sheet(info, "train", 2, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 5000
    for simulation in (None, {"sport": "diving"}):
        figure = contact_sheet(dataclasses.replace(info, simulation=simulation), "train", 2)
        title = figure.legends[0].get_title().get_text()
        assert (described_pixels(simulation) in title) == (simulation is not None)
    timeline = figure.subfigs[0].axes[1]  # six steps, six a second
    assert timeline.get_xlim() == (0, 1) and max(bar.get_x() + bar.get_width() for bar in timeline.patches) == 1
