"""What is unusual in sound videos and features is said by name, with and without --dry_run; else nothing is."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import write_bars, write_images, write_timed
from layouts import write_manifest, write_table
from refusals import codes, refused, said

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.records.encoding import EncodedVideo
from data_prep.records.warnings import Warnings
from scoringnet_tf.data.preprocessing import StoredForm

SMALL = BuildSettings((36, 48))
STAGES = ("video_id", "stage", "start_frame", "end_frame")
SIZE = 12
UNUSUAL = ("equal_scores", "no_test_split")
COMMANDS = pytest.mark.parametrize("command", ["check", "build"])


def notes_of(command, dataset, source, **options):
    """What a command says of a dataset without problems."""
    if command == "build":
        settings = None if (source / "f00.npy").exists() else SMALL
        return build_records(dataset, source, source.parent / "records", settings, workers=1, **options)[1]
    lines, number = check(dataset, source, workers=1, **options)
    assert number == 0, lines
    return lines


# === Videos ===


@COMMANDS
def test_videos_of_different_rates(diving_dir, command):
    """The rate of the records is one that there is, not one between two."""
    for number in range(1, 6):
        write_bars(diving_dir / f"diving_samples_len_ori/{number:03d}.avi", 24 + number, number, fps=50)
    notes = notes_of(command, "unlv_diving", diving_dir)
    slow, fast = "006, 007, 008, 009, 010", "001, 002, 003, 004, 005"
    assert slow in said(notes, "other_frame_rates") and fast in said(notes, "other_frame_rates")
    assert fast in said(notes, "other_label_rate") and "006" not in said(notes, "other_label_rate")


@pytest.mark.parametrize(
    ("videos", "code", "named"),
    [
        # The median of 25, 50, 50 and 50 frames/s, and not of the rates, is learned.
        ([(25.0, 1.33), (50.0, 1.33), (50.0, 1.33), (50.0, 1.33)], "other_frame_rates", "as 50."),
        ([(25.0, 0.001), (25.0, 1.33)], "other_aspects", "0.001:1 (1), 1.33:1 (1)"),
    ],
)
def test_rates_and_shapes_are_counted_by_video(videos, code, named):
    sample = SimpleNamespace(video_id="v", split="test", segments=None, final=None, difficulty=None, execution=None)
    warnings = Warnings(SimpleNamespace(stages=[], label_rate=None), StoredForm((36, 48)))
    for fps, aspect in videos:
        video = EncodedVideo(jpegs=[b""] * 9, timestamps=np.arange(9) / fps, fps=fps, aspect=aspect)
        warnings.add(sample, video, None)
    assert named in said(warnings.remarks(), code)


def test_frames_that_are_not_evenly_spaced(tmp_path):
    """Records keep them all, `predict` goes by the clock. Whole milliseconds are even."""
    rows = [(f"{name}.mkv", 3.0, 21.0, 63.0, "train", *[""] * 4) for name in ("even", "slower")]
    source = write_manifest(tmp_path / "own", rows)
    write_timed(source / "even.mkv", [round(1000 * frame / 30) for frame in range(20)])
    write_timed(source / "slower.mkv", [33 * frame for frame in range(10)] + [330 + 66 * frame for frame in range(10)])
    note = said(notes_of("build", "manifest", source, sport="diving"), "uneven_frames")
    assert note.startswith("slower.mkv: ")


# === Stages ===


def test_stages_in_another_order(diving_dir):
    """Two names exchanged, and a stage that is there twice: decoding in order gives neither."""
    named = {"001": ["pre-starting", "entry", "take-flight"], "002": ["take-flight", "entry", "take-flight"]}
    rows = []
    for number in range(1, 11):
        stages = named.get(f"{number:03d}", ["pre-starting", "take-flight", "entry"])
        rows += [(f"{number:03d}", stage, 4 * index, 4 * index + 4) for index, stage in enumerate(stages)]
    write_table(diving_dir / "stage_labels.csv", STAGES, rows)
    assert said(notes_of("build", "unlv_diving", diving_dir), "stages_unordered").startswith("001, 002: ")


def test_a_performance_without_frames_of_a_stage(tmp_path):
    """A row whose last boundaries were never filled in; of an empty one the stages are unknown."""
    boundaries = {"a.mp4": (2, 8, 8, 8), "b.mp4": (2, 5, 8, 12), "c.mp4": ("", "", "", "")}
    rows = [(name, 3.0, 21.0, 63.0, "train", *frames) for name, frames in boundaries.items()]
    source = write_manifest(tmp_path / "own", rows)
    for number, (name, *_) in enumerate(rows):
        write_bars(source / name, 20, number)
    missing = [
        note for note in notes_of("check", "manifest", source, sport="diving") if "missing_stage" in codes([note])
    ]
    assert all(note.startswith("a.mp4: ") for note in missing)
    assert ["take-flight" in note for note in missing] == [True, False] and "entry" in missing[1]


@pytest.mark.parametrize(("first", "is_late"), [(0, False), (1, False), (5, True)])
def test_images_that_start_late_are_named(tmp_path, first, is_late):
    source = write_manifest(tmp_path / "own", [("a", 3.0, 21.0, 63.0, "train", 2, 5, 8, 12)])
    write_images(source / "a", 20, first=first)
    notes = notes_of("check", "manifest", source, sport="diving")
    assert ("images_start_late" in codes(notes)) == is_late
    assert not is_late or "a (5)" in said(notes, "images_start_late")


def test_stages_in_seconds_and_missing_ones_in_the_official_layout(diving_dir, tmp_path):
    def write(numbers, length):
        spans = (("take-flight", 0, length), ("entry", length, 2 * length))
        write_table(diving_dir / "stage_labels.csv", STAGES, [(f"{n:03d}", *span) for n in numbers for span in spans])

    write(range(1, 11), 1)
    assert any("seconds" in note for note in notes_of("check", "unlv_diving", diving_dir))
    write(range(1, 9), 5)
    for command in ("check", "build"):
        assert any("009, 010" in note for note in notes_of(command, "unlv_diving", diving_dir))


# === Features ===


def walks(number=12, size=SIZE, steps=None):
    """`number` sequences, float32 (T, size), smooth in time; of 30 to 50 steps, or all of `steps`."""
    rng = np.random.default_rng(0)
    lengths = rng.permutation(np.arange(30, 50))[:number] if steps is None else [steps] * number
    return [rng.normal(size=(length, size)).cumsum(axis=0).astype("float32") for length in lengths]


def write_set(folder, arrays, scores=None, splits=None):
    """A folder of features with a table of final scores."""
    folder.mkdir()
    rows = []
    for number, array in enumerate(arrays):
        np.save(folder / f"f{number:02}.npy", array)
        split = splits[number] if splits else "test" if number % 4 == 3 else "train"
        rows.append((f"f{number:02}.npy", split, 60 + number if scores is None else scores[number]))
    write_table(folder / "manifest.csv", ("features", "split", "final"), rows)
    return folder


def unusual(folder, command="check"):
    """What is said of features, scores and splits: not of their labels, rates and strides, which are unknown here."""
    return [note for note in notes_of(command, "manifest", folder, sport="diving") if codes([note])[0] in UNUSUAL]


@pytest.mark.parametrize(("turned", "steps"), [([0], None), ([2, 7, 11], None), ([0], 40), ([2, 7, 11], 40)])
def test_turned_sequences_are_refused_if_shapes_tell(tmp_path, turned, steps):
    arrays = [walk.T if number in turned else walk for number, walk in enumerate(walks(steps=steps))]
    folder = write_set(tmp_path / "set", arrays)
    lines, number = check("manifest", folder, workers=1, sport="diving")
    assert number == len(turned) and set(codes(lines[:number])) == {"wrong_shape"}
    assert [name for name in range(12) if f"f{name:02}.npy" in " ".join(lines[:number])] == turned
    with refused("bad_rows", f"f{turned[0]:02}.npy"):
        build_records("manifest", folder, tmp_path / "records", sport="diving")


def test_a_turned_sequence_behind_a_row_that_is_left_out_is_left_out_itself(tmp_path):
    arrays = [walk.T if number == 2 else walk for number, walk in enumerate(walks())]
    source, settings = write_set(tmp_path / "set", arrays, [999, *range(50, 61)]), BuildSettings(on_error="skip")
    info, _ = build_records("manifest", source, tmp_path / "records", settings, sport="diving")
    assert [video["id"] for video in info.skipped] == ["f00.npy", "f02.npy"]


# === Scores and splits ===


def test_scores_that_are_all_equal(tmp_path):
    (note,) = unusual(write_set(tmp_path / "set", walks(), scores=[63.0] * 12))
    assert note.code == "equal_scores" and "63" in note and "final" in note
    different = [*[63.0] * 8, 64.0, *[63.0] * 2, 62.0]
    assert unusual(write_set(tmp_path / "different", walks(), scores=different)) == []


def test_dives_of_one_difficulty_are_usual(tmp_path):
    folder = write_set(tmp_path / "set", walks())
    rows = [(f"f{n:02}.npy", "test" if n % 4 == 3 else "train", 3.0, 60 + n) for n in range(12)]
    write_table(folder / "manifest.csv", ("features", "split", "difficulty", "final"), rows)
    assert "equal_scores" not in codes(unusual(folder))


def test_records_without_a_test_split(tmp_path):
    splits = ["validation" if number % 3 else "train" for number in range(12)]
    assert codes(unusual(write_set(tmp_path / "set", walks(), splits=splits), "build")) == ["no_test_split"]
