"""Records of features: a manifest with a column features becomes records, and what does not fit is named by row."""

import dataclasses
import json
import math
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from layouts import write_manifest, write_table

from data_prep.datasets import manifest, read_source
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.contact_sheet import contact_sheet, save_contact_sheet
from data_prep.records.description import as_text, describe
from data_prep.records.description_picture import picture
from data_prep.records.dry_run import check
from data_prep.records.psnr import compare_with_source
from data_prep.records.summary import summary
from data_prep.records.verifying import read_records, verify_records
from data_prep.support.options import OptionError
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.support.errors import InputError

HEADER = ("features", "video", "split", "difficulty", "execution", "num_frames", "fps")
BOUNDARIES = ("pre-starting", "take-flight", "entry", "end")
STRIDE, SIZE = 4, 6
LENGTHS = {"a": 21, "b": 24, "c": 30}  # frames
ORIGIN = {"size": SIZE, "stride": STRIDE, "endpoint": "conv5b", "weights": {"file": "c3d.keras", "sha256": "ab" * 32}}


def values_of(name, steps=None):
    """Features, float32 (T, D), of a video of `LENGTHS`."""
    steps = -(-LENGTHS[name] // STRIDE) if steps is None else steps
    return np.random.default_rng(ord(name)).normal(size=(steps, SIZE)).astype(np.float32)


def rows_of(**changes):
    """A row for every video; `changes` replace cells of the first one."""
    rows = [
        {
            "features": f"{name}.npy",
            "video": f"dive {name}",
            "split": "train" if name != "c" else "test",
            "difficulty": 3.0,
            "execution": 20 + index,
            "num_frames": length,
            "fps": 24,
        }
        for index, (name, length) in enumerate(LENGTHS.items())
    ]
    rows[0] |= changes
    return rows


def write_source(folder, rows=None, columns=HEADER, origin=ORIGIN):
    """A folder of features with its table; `origin` None writes no features.json."""
    folder.mkdir(parents=True)
    for name in LENGTHS:
        np.save(folder / f"{name}.npy", values_of(name))
    if origin is not None:
        (folder / "features.json").write_text(json.dumps(origin))
    rows = rows or rows_of()
    write_table(folder / "manifest.csv", columns, [[row.get(column, "") for column in columns] for row in rows])
    return folder


def build(source, output, **options):
    return build_records("manifest", source, output, workers=1, sport="diving", **options)


def problems(source, **options):
    """What `check` reports, but its notes and summary."""
    lines, number = check("manifest", source, workers=1, sport="diving", **options)
    return lines[:number]


def records(info):
    return {record["example/id"].decode(): record for split in info.splits for _, record in read_records(info, split)}


def test_records_hold_the_features_and_their_labels(tmp_path):
    stages = {"pre-starting": 2, "take-flight": 8, "entry": 13, "end": 18}
    source = write_source(tmp_path / "own", rows_of(**stages), (*HEADER, *BOUNDARIES))
    info, notes = build(source, tmp_path / "records")
    assert verify_records(info) == []
    assert DatasetInfo.load(tmp_path / "records") == info
    assert info.features == {"size": SIZE, "stride": STRIDE, "origin": ORIGIN} and info.feature_size == SIZE
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
    assert "Columns that are not used" not in " ".join(notes)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        # Of 21 frames: noise to 2, pre-starting to 8, take-flight to 13, entry to 18, noise to the end.
        ({"per": "clip", "clip_length": 16}, [2, 2, 3, 0, 0, 0]),  # frames 8, 12, 16, and 20 of clips that it ends
        ({"per": "clip", "clip_length": 4}, [1, 1, 2, 3, 0, 0]),  # frames 2, 6, 10, 14, 18, 20: a boundary each
        ({"per": "clip", "clip_length": 5}, [1, 1, 2, 3, 0, 0]),  # of an odd number the one in the middle
        ({"per": "frame", "clip_length": None}, [0, 1, 2, 2, 3, 0]),  # frames 0, 4, 8, 12, 16, 20
        ({}, [1, 1, 2, 3, 0, 0]),  # of others' features, which do not say: as many frames as to the next step
    ],
)
def test_a_step_has_the_stage_of_the_middle_of_its_clip(origin, expected, tmp_path):
    stages = {"pre-starting": 2, "take-flight": 8, "entry": 13, "end": 18}
    source = write_source(tmp_path / "own", rows_of(**stages), (*HEADER, *BOUNDARIES), origin=ORIGIN | origin)
    info, _ = build(source, tmp_path / "records")
    found = records(info)
    assert found["dive a"]["stage/index"].tolist() == expected
    assert (found["dive b"]["stage/index"] == -1).all()  # unlabelled
    # What learns from them directly goes by the same stages.
    videos = Videos(info, "train", ("dive a",), "motion_small", tmp_path)
    assert videos.clips()[0].stages.tolist() == expected


def test_stage_labels_beside_the_table_name_the_video(tmp_path):
    source = write_source(tmp_path / "own")
    labels = [(f"dive {name}", "take-flight", 5, 13) for name in LENGTHS]
    write_table(source / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    info, _ = build(source, tmp_path / "records")
    np.testing.assert_array_equal(records(info)["dive a"]["stage/index"], [-1, 2, 2, -1, -1, -1])


def test_without_a_column_video_the_file_is_the_name(tmp_path):
    columns = [column for column in HEADER if column != "video"]
    info, _ = build(write_source(tmp_path / "own", columns=columns), tmp_path / "records")
    assert info.splits["train"]["ids"] == ["a.npy", "b.npy"]


def test_features_are_called_as_a_column_id_says(tmp_path):
    """Else as the column video, which several may share."""
    rows = [row | {"id": name} for row, name in zip(rows_of(), ("Ann", "Eve", ""), strict=True)]
    source = write_source(tmp_path / "own", rows, (*HEADER, "id"))
    found = read_source("manifest", source, sport="diving").samples
    assert [sample.video_id for sample in found] == ["Ann", "Eve", "dive c"]


def test_files_of_features_that_no_row_names_are_told(tmp_path):
    """Of the kind of those that rows name and beside them: other features have tables of their own."""
    source = write_source(tmp_path / "features")
    assert not any("in no row" in note for note in read_source("manifest", source, sport="diving").notes)
    for name in ("lost.npy", "of_another_network/b.npy", "means.h5"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).touch()
    (note,) = [note for note in read_source("manifest", source, sport="diving").notes if "in no row" in note]
    assert note == "In the folder, but in no row: 1 file of features, lost.npy."


def test_arrays_of_one_file(tmp_path):
    source = write_source(tmp_path / "own", [row | {"features": f"all.h5#x/{row['video'][-1]}"} for row in rows_of()])
    with h5py.File(source / "all.h5", "w") as file:
        for name in LENGTHS:
            file[f"x/{name}"] = values_of(name)
    info, _ = build(source, tmp_path / "records")
    assert info.videos["dive a"]["path"] == "all.h5#x/a" and verify_records(info) == []
    np.testing.assert_array_equal(records(info)["dive b"]["feature/floats"], values_of("b"))
    assert compare_with_source(info, source).problems == []
    npy, _ = build(write_source(tmp_path / "npy"), tmp_path / "npy_records")
    assert npy.videos["dive a"]["sha256"] == info.videos["dive a"]["sha256"]  # of the values, not of the file


def test_vectors_of_whole_videos(tmp_path):
    source = write_source(tmp_path / "own", rows_of(num_frames=""), origin=None)
    rows = [row | {"num_frames": ""} for row in rows_of()]
    for name in LENGTHS:
        np.save(source / f"{name}.npy", values_of(name)[0])
    write_table(source / "manifest.csv", HEADER, [[row[column] for column in HEADER] for row in rows])
    info, _ = build(source, tmp_path / "records")
    assert info.features == {"size": SIZE, "stride": 1, "origin": None}
    assert info.splits["train"]["num_frames"] == 2 and (records(info)["dive a"]["stage/index"] == [-1]).all()
    rows[0] |= dict(zip(BOUNDARIES, (0, 0, 1, 1), strict=True))
    columns = (*HEADER, *BOUNDARIES)
    write_table(source / "manifest.csv", columns, [[row.get(column, "") for column in columns] for row in rows])
    (found,) = problems(source)
    assert found == (
        f"manifest.csv, row 2: expected no stage labels: {source / 'a.npy'} holds one vector of the whole video. "
        "Received: some"
    )


def test_the_stride(tmp_path):
    """Of the flag, of features.json, of both where they agree, else of every frame."""
    unknown = write_source(tmp_path / "unknown", origin=None)
    assert build(unknown, tmp_path / "a", feature_stride=STRIDE)[0].features["stride"] == STRIDE
    known = write_source(tmp_path / "known")
    assert build(known, tmp_path / "b", feature_stride=STRIDE)[0].features["origin"] == ORIGIN
    assert problems(known, feature_stride=2) == [
        f"manifest.csv, row {row}: {known / name}.npy: expected --feature_stride=4, as features.json beside it says. "
        "Received: 2."
        for row, name in enumerate(LENGTHS, start=2)
    ]
    assert len(problems(unknown)) == 3  # one step for every frame: there are too few


def test_a_table_of_another_rate_than_the_features_is_named(tmp_path):
    """Its stages would count other frames than a step has; 24 a second are not told from 23.976."""
    origin = ORIGIN | {"frame_rate": 23.976}
    source = write_source(tmp_path / "own", rows_of(fps=50), origin=origin)
    assert problems(source) == [
        f"manifest.csv, row 2: {source / 'a.npy'}: expected 23.976 frames per second, as features.json beside it says: "
        "stages count those. Received: fps 50."
    ]
    assert problems(write_source(tmp_path / "same", origin=origin)) == []
    # Of records every frame was seen, at its own rate, and the origin says but the median.
    origin["records"] = {"name": "own", "data_hash": "0"}
    of_records = write_source(tmp_path / "of_records", rows_of(fps=50), origin=origin)
    assert problems(of_records) == []
    rates = {name: record["image/frame_rate"] for name, record in records(build(of_records, tmp_path / "r")[0]).items()}
    assert rates == {"dive a": 50 / STRIDE, "dive b": 24 / STRIDE, "dive c": 24 / STRIDE}


@pytest.mark.parametrize(("steps", "num_frames"), [(5, 21), (7, 21), (6, 20), (6, 25)])
def test_a_sequence_of_another_length_is_named(tmp_path, steps, num_frames):
    source = write_source(tmp_path / "own", rows_of(num_frames=num_frames))
    np.save(source / "a.npy", values_of("a", steps))
    assert problems(source) == [
        f"manifest.csv, row 2: {source / 'a.npy'}: expected features of {-(-num_frames // 4)} steps, one for every 4 "
        f"of {num_frames} frames. Received: {steps} steps of 6"
    ]


def test_a_transposed_sequence_is_named(tmp_path):
    """With features.json by its size; without it by its number of steps."""
    for number, origin in enumerate((ORIGIN, None)):
        source = write_source(tmp_path / str(number), origin=origin)
        np.save(source / "b.npy", np.random.default_rng(0).normal(size=(SIZE, 9)))
        found = problems(source, feature_stride=STRIDE)
        assert any("manifest.csv, row 3: " in problem and "b.npy" in problem for problem in found)
    np.save(source / "b.npy", np.random.default_rng(0).normal(size=(SIZE, 9)))
    assert problems(source, feature_stride=STRIDE) == [
        f"manifest.csv, row 3: {source / 'b.npy'}: expected features (steps, 6), of one size in all files. Received: "
        "(6, steps); maybe time is their second axis"
    ]


def test_stages_beyond_the_features_are_named(tmp_path):
    """Without num_frames a video has up to T · stride frames."""
    stages = dict(zip(BOUNDARIES, (2, 8, 13, 25), strict=True))
    source = write_source(tmp_path / "own", rows_of(num_frames="", **stages), (*HEADER, *BOUNDARIES))
    (found,) = problems(source)
    assert "manifest.csv, row 2: expected stages within the video's 24 frames. Received: entry [13, 25)" in found
    shutil.rmtree(source)
    assert not problems(write_source(source, rows_of(num_frames="", **stages | {"end": 24}), (*HEADER, *BOUNDARIES)))


@pytest.mark.parametrize(
    ("change", "received"),
    [
        ({"weights": {"file": "c3d.keras", "sha256": "cd" * 32}}, "weights 'cdcd"),
        ({"endpoint": "pool5"}, "endpoint 'pool5' instead of 'conv5b'"),
        ({"pool": "mean"}, "pool 'mean' instead of None"),
        (None, "endpoint None instead of 'conv5b'"),
    ],
)
def test_features_of_another_origin_are_named(tmp_path, change, received):
    rows = rows_of()
    rows[-1]["features"] = "other/c.npy"
    source = write_source(tmp_path / "own", rows)
    (source / "other").mkdir()
    (source / "c.npy").rename(source / "other/c.npy")
    if change:
        (source / "other/features.json").write_text(json.dumps(ORIGIN | change))
    (found,) = problems(source, feature_stride=STRIDE)
    expected = f"expected features like those of dive a in {source / 'other/c.npy'}. Received: "
    assert found.startswith(f"manifest.csv, row 4: {expected}") and received in found


def test_the_same_features_of_other_records_and_file_names_go_together(tmp_path):
    source = write_source(tmp_path / "own", rows_of(features="other/a.npy"))
    (source / "other").mkdir()
    (source / "a.npy").rename(source / "other/a.npy")
    weights = {"file": "renamed.keras", "sha256": ORIGIN["weights"]["sha256"]}
    (source / "other/features.json").write_text(json.dumps(ORIGIN | {"weights": weights, "records": {"name": "x"}}))
    assert problems(source) == []


def test_damaged_and_missing_files_are_named(tmp_path):
    source = write_source(tmp_path / "own")
    (source / "a.npy").unlink()
    (source / "b.npy").write_bytes((source / "b.npy").read_bytes()[:-4])
    values = values_of("c")
    values[3, 1] = np.nan
    np.save(source / "c.npy", values)
    found = problems(source)
    for row, (name, received) in enumerate(
        [("a", "no such file"), ("b", "expected features"), ("c", "NaN or infinity, first in step 3")], start=2
    ):
        assert f"manifest.csv, row {row}: " in found[row - 2] and f"{name}.npy" in found[row - 2]
        assert received in found[row - 2]
    with pytest.raises(InputError, match=r"a\.npy: expected a file of features\. Received: no such file"):
        build(source, tmp_path / "records")
    assert not (tmp_path / "records").exists()


def test_the_same_features_twice_are_named(tmp_path):
    source = write_source(tmp_path / "own")
    np.save(source / "b.npy", np.load(source / "a.npy"))
    assert "row 3: expected a video of its own. Received: the same bytes as dive a (train)" in problems(source)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": ""}, "expected a file of features"),
        ({"video": ""}, "a name in the column video"),
        ({"features": "../a.npy"}, "expected a video inside"),
        ({"fps": "0"}, "expected frames per second above 0 as fps. Received: 0"),
        ({"fps": "inf"}, "expected frames per second above 0"),
        ({"fps": "fast"}, "expected a number as fps"),
        ({"num_frames": "0"}, "expected at least 1 as num_frames. Received: 0"),
        ({"num_frames": "20.5"}, "expected an integer as num_frames"),
    ],
)
def test_cells_are_checked(tmp_path, change, message):
    found = problems(write_source(tmp_path / "own", rows_of(**change)))
    assert any("manifest.csv, row 2: " in problem and message in problem for problem in found)


def test_features_without_a_frame_rate_have_a_note(tmp_path):
    info, notes = build(write_source(tmp_path / "own", rows_of(fps="")), tmp_path / "records")
    assert "dive a: Features state no frame rate: 25 frames per second assumed." in notes
    rows = [row | {"fps": ""} for row in rows_of()]
    source = write_source(tmp_path / "stated", rows, origin=ORIGIN | {"frame_rate": 50.0})
    info, notes = build(source, tmp_path / "stated_records")
    assert records(info)["dive a"]["image/frame_rate"] == 50 / STRIDE and not any("assumed" in note for note in notes)


def test_features_without_a_stride_have_a_note(tmp_path):
    """Unless their length says it, or they have one step alone."""
    said = "Features state no stride: a step for each frame of the video assumed, see --feature_stride."
    rows = [row | {"num_frames": ""} for row in rows_of()]
    source = write_source(tmp_path / "own", rows, origin=None)
    assert f"dive a, dive b, dive c: {said}" in check("manifest", source, workers=1, sport="diving")[0]
    for options in ({"feature_stride": 1}, {"feature_stride": STRIDE}):
        assert not any(said in note for note in check("manifest", source, workers=1, sport="diving", **options)[0])
    rows = [row | {"num_frames": -(-row["num_frames"] // STRIDE)} for row in rows_of()]
    source = write_source(tmp_path / "of_frames", rows, origin=None)
    assert not any(said in note for note in check("manifest", source, workers=1, sport="diving")[0])


@pytest.mark.parametrize(
    ("shape", "time", "num_frames", "origin", "is_told"),
    [
        ((64, 16), 1, "", None, True),
        ((16, 64), 1, "", None, True),
        ((64, 16), 0, "", None, False),
        ((16, 64), 0, "", None, False),
        ((1, 64), 1, "", None, False),
        ((64, 16), 1, 64, None, False),
        ((64, 16), 1, "", {"size": 16, "stride": 1}, False),
    ],
    ids=["turned", "turned, wide", "as expected", "wide", "vectors", "length stated", "size stated"],
)
def test_features_whose_axes_may_be_exchanged_are_told(tmp_path, shape, time, num_frames, origin, is_told):
    """Those of one length, by what changes little from one to the next; `time` is the axis along which it does."""
    source = write_source(tmp_path / "own", [row | {"num_frames": num_frames} for row in rows_of()], origin=origin)
    for number, name in enumerate(LENGTHS):
        np.save(source / f"{name}.npy", np.random.default_rng(number).normal(size=shape).cumsum(axis=time))
    report, number = check("manifest", source, workers=1, sport="diving")
    assert number == 0 and any("second axis" in line for line in report) == is_told


def test_settings_of_frames_are_refused(tmp_path):
    source = write_source(tmp_path / "own")
    with pytest.raises(InputError, match=r"Expected no settings of frames .* Received: frame_size, fit"):
        build(source, tmp_path / "records", settings=BuildSettings((36, 48), fit="pad"))


@pytest.mark.parametrize(
    ("given", "flag"), [({"runner": "DirectRunner"}, "--runner=DirectRunner"), ({"workers": 2}, "--workers=2")]
)
def test_what_decodes_is_refused(tmp_path, given, flag):
    source = write_source(tmp_path / "own")
    with pytest.raises(InputError, match=f"^{flag}: expected videos to decode. Received: features, which this process"):
        build_records("manifest", source, tmp_path / "records", sport="diving", **given)
    if "workers" in given:
        with pytest.raises(OptionError, match=f"^{flag}: expected videos to decode. Received: features, which this"):
            check("manifest", source, sport="diving", **given)


def test_the_stride_is_of_features_alone(tmp_path):
    source = write_manifest(tmp_path / "own")
    with pytest.raises(OptionError, match="Expected no --feature_stride"):
        manifest.read(source, sport="diving", feature_stride=2)


def test_num_frames_of_videos_is_checked(tmp_path):
    rows = [("dive #1, 100%!!.mp4", "train", 20, 3.0), ("dive 2", "train", 21, "")]
    source = write_manifest(tmp_path / "own", rows, ("video", "split", "num_frames", "difficulty"))
    assert problems(source) == [
        f"manifest.csv, row 3: expected 21 frames in {source / 'dive 2'}, as labelled. Received: 20"
    ]


def test_what_is_printed_of_them(tmp_path):
    source = write_source(tmp_path / "own")
    lines, _ = check("manifest", source, workers=1, sport="diving")
    assert lines[-1] == f"{source} (manifest): 3 samples, 20 steps of features read, problems: 0."
    info, _ = build(source, tmp_path / "records")
    text = summary(info)
    assert "features of 6 numbers, one step every 4 frames, 6 steps/s, made by conv5b of c3d.keras" in text
    assert "steps of" in text and "frames of" not in text
    unknown, _ = build(write_source(tmp_path / "unknown", origin=None), tmp_path / "u", feature_stride=STRIDE)
    assert "made by what is not known" in summary(unknown)


def test_a_contact_sheet_shows_them(tmp_path):
    stages = dict(zip(BOUNDARIES, (2, 8, 13, 18), strict=True))
    source = write_source(tmp_path / "own", rows_of(**stages), (*HEADER, *BOUNDARIES))
    np.save(source / "b.npy", np.ones_like(values_of("b")))  # constant ones have no scale
    info, _ = build(source, tmp_path / "records")
    save_contact_sheet(info, "train", 2, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 5000
    for simulation, said in ((None, ""), ({"sport": "diving"}, f", {described_pixels({'sport': 'diving'})}")):
        figure = contact_sheet(dataclasses.replace(info, simulation=simulation), "train", 2)
        assert figure.legends[0].get_title().get_text() == f"manifest, train: 2 of 2 videos{said}"


def test_a_vector_says_nothing_of_the_length_of_its_video(tmp_path):
    rows = [{"features": f"{name}.npy", "split": "train", "final": ord(name), "fps": 25} for name in LENGTHS]
    source = write_source(tmp_path / "own", rows, ("features", "split", "final", "fps"), origin=None)
    for name in LENGTHS:
        np.save(source / f"{name}.npy", values_of(name, 1))
    info, _ = build(source, tmp_path / "records")
    assert info.has_vectors and "–" in summary(info)
    found = describe(info)
    assert found["splits"]["train"]["seconds"] == {"number": 0} and not found["splits"]["train"]["stage_seconds"]
    assert "length, s" not in as_text(found)
    texts = [text.get_text() for axis in picture(found).axes for text in axis.texts]
    assert texts.count("not known of vectors") == 2  # its length, and those of its stages


def test_features_other_than_their_source_are_found(tmp_path):
    source = write_source(tmp_path / "own")
    info, _ = build(source, tmp_path / "records")
    comparison = compare_with_source(info, source)
    assert comparison.problems == [] and comparison.missing == []
    assert comparison.summary() == "Equal to the source in every number: 3 of 3 records."
    values = values_of("a")
    values[2, 3] = np.nextafter(values[2, 3], np.float32(9))
    np.save(source / "a.npy", values)
    (source / "b.npy").unlink()
    comparison = compare_with_source(info, source)
    assert comparison.missing == ["dive b"]
    assert comparison.problems == [
        f"dive a: {source / 'a.npy'}: expected the features that the record was made of. Received: others."
    ]
    comparison.psnr = {}
    assert comparison.summary() == "PSNR: no source of 2 records could be compared, 1 are at hand."
    comparison.psnr = {"dive a": 30.0, "dive b": 40.0, "dive c": math.inf}
    assert "mean 35.0 dB, lowest 30.0 dB (dive a), 1 equal in every number." in comparison.summary()


def test_damaged_records_are_found(tmp_path):
    """A value that is changed in the index or in a record, its checksum recomputed, is found all the same."""
    info, _ = build(write_source(tmp_path / "own"), tmp_path / "records")
    other, _ = build(write_source(tmp_path / "other", rows_of(features="x.npy")[1:]), tmp_path / "other_records")
    info.videos["dive a"]["sha256"] = "0" * 64
    assert any("expected the source hash of the index" in problem for problem in verify_records(info))
    stale = DatasetInfo.load(tmp_path / "records")
    for shard in Path(tmp_path / "records").glob("test-*.tfrecord"):
        content = bytearray(shard.read_bytes())
        content[len(content) // 2] ^= 1
        shard.write_bytes(content)
    assert any("test: expected a record" in problem for problem in verify_records(stale))
    assert verify_records(other) == []


def test_records_are_batches(tmp_path):
    build(write_source(tmp_path / "own"), tmp_path / "records")
    ((inputs, targets),) = videos(tmp_path / "records", "train", batch_size=2)
    np.testing.assert_array_equal(inputs["features"][0, :6], values_of("a"))
    assert inputs["features"].shape == (2, 8, SIZE) and targets["stages"].shape == (2, 8)


def test_the_same_features_give_the_same_records(tmp_path):
    hashes = {build(write_source(tmp_path / f"s{n}"), tmp_path / f"r{n}")[0].data_hash for n in range(2)}
    assert len(hashes) == 1
