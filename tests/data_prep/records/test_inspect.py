"""`data_prep inspect`: records are verified against their index, and drawn on a contact sheet."""

import numpy as np
import PIL.Image
import pytest
from conftest import read_index
from refusals import codes

from data_prep.records.contact_sheet import contact_sheet, save_contact_sheet
from data_prep.records.verifying import verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        (lambda info: info.videos["004"].update(final=7.5), "other_label", "train, 004: score/final"),
        (lambda info: info.videos["001"].update(execution=None), "other_label", "test, 001: score/execution"),
        (lambda info: info.videos["004"].update(sha256="0"), "other_source", "train, 004"),
        (lambda info: info.splits["test"]["ids"].reverse(), "other_ids", "test: 3 records"),
        (lambda info: info.stage_frames["test"].update(entry=17, unlabelled=1), "other_stage_frames", "test"),
        (lambda info: info.stage_frames.pop("test"), "other_stage_frames", "test"),
        (lambda info: setattr(info, "frame_rate", 24.9), "other_frame_rate", "24.9"),
    ],
)
def test_verification_compares_the_labels_of_the_index(diving_records, change, code, named):
    """A run takes its targets from the records, and their scale and splits from the index."""
    info = DatasetInfo.load(diving_records)
    change(info)
    problems = verify_records(info)
    assert any(problem.code == code and named in problem for problem in problems), problems


def test_verification_compares_the_classes_of_the_index(motion_records):
    info = DatasetInfo.load(motion_records)
    info.videos["00003"]["classes"]["half_somersaults"] = 4  # instead of 3
    (problem,) = verify_records(info)
    assert problem.code == "other_label" and "train, 00003: class/half_somersaults" in problem


@pytest.mark.parametrize(("place", "num_before"), [(0.5, None), (-20, "6 records")])
def test_verification_finds_damage_that_sizes_do_not_show(diving_copy, place, num_before):
    info = DatasetInfo.load(diving_copy)
    assert verify_records(info) == []
    shard = diving_copy / info.splits["train"]["shards"][-1]["file"]
    content = bytearray(shard.read_bytes())
    content[place if place < 0 else int(place * len(content))] ^= 0xFF
    shard.write_bytes(content)
    problems = verify_records(DatasetInfo.load(diving_copy))
    assert {"damaged", "other_data_hash"} <= set(codes(problems))
    assert num_before is None or any(problem.code == "damaged" and num_before in problem for problem in problems)


def test_verification_compares_frames_and_their_number(diving_copy):
    info = DatasetInfo.load(diving_copy)
    info.videos["001"]["num_frames"] += 1
    info.splits["test"]["num_frames"] += 1
    info.frame_size = (36, 47)
    info.save(diving_copy)
    problems = codes(verify_records(DatasetInfo.load(diving_copy)))
    assert problems.count("wrong_shape") == 10 and problems.count("count_mismatch") == 1


def test_a_contact_sheet_shows_frames_from_all_of_a_video_above_their_time(diving_records):
    """001 has 25 frames at 25 frames/s: pre-starting to frame 4, take-flight to 13, entry to 19, then noise."""
    picture, timeline = contact_sheet(DatasetInfo.load(diving_records), "test", 1).subfigs[0].axes
    tiles = np.split(np.asarray(picture.images[0].get_array()), 12, axis=1)
    assert [read_index(tile) for tile in tiles] == ((np.arange(12) + 0.5) * 25 / 12).astype(int).tolist()
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in timeline.patches]
    np.testing.assert_allclose(bars, [(0, 0.16), (0.16, 0.52), (0.52, 0.76), (0.76, 1)])
    assert timeline.get_xlim() == (0, 1)


def test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores(diving_records):
    figure = contact_sheet(DatasetInfo.load(diving_records), "train", 3)
    words = [row.axes[0].get_title(loc="left").split() for row in figure.subfigs]
    assert [(row[0], *map(float, (row[2], row[4], row[6], row[7]))) for row in words] == [
        ("004", 3.1, 19, 58.9, 28),
        ("007", 2.9, 22, 63.8, 31),
        ("010", 2.7, 25, 67.5, 34),
    ]


@pytest.mark.parametrize("name", ["diving_records", "motion_records"])
def test_contact_sheet(name, request, tmp_path):
    info = DatasetInfo.load(request.getfixturevalue(name))
    save_contact_sheet(info, "train", 3, tmp_path / "sheet.png")
    with PIL.Image.open(tmp_path / "sheet.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] > 1000 and pixels.std() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
