"""The command `extract`: a folder of features, what resumes, what is refused, and the tables that make records."""

import csv
import dataclasses
import os

import numpy as np
import pytest
from command_forks import ROOT, forked
from conftest import write_bars, write_images
from layouts import build_table
from refusals import code_printed, refused
from tiny_records import tiny_video, write_records

import scoringnet_tf
from data_prep.records.building import build_records
from data_prep.records.verifying import read_records, verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.data.features import read_features, read_origin
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference.extraction import FULLY_CONNECTED, ClipExtractor, load_c3d
from scoringnet_tf.inference.feature_folder import Video, extract_videos, file_name, prepare, write_tables
from scoringnet_tf.models.backbones.c3d import C3D, ENDPOINTS
from scoringnet_tf.support.messages import Stopped
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.run_record import RunRecord

SIZE = (32, 32)
CLIP = "tests/clips/diving.mp4"


def command(*arguments):
    return forked("scoringnet_tf.extract", *arguments)


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def of_records(model, records, output, *others):
    flags = [f"--model={model}", "--endpoint=pool5", "--stride=3", f"--records_dir={records}", f"--output_dir={output}"]
    return [*flags, *others]


@pytest.fixture(scope="module")
def folder(diving_records, stage_model, tmp_path_factory):
    """Features of the ten dives, of the segmenter's C3D for a clip from every third frame."""
    output = tmp_path_factory.mktemp("extract") / "features"
    result = command(*of_records(stage_model, diving_records, output))
    assert result.returncode == 0, result.stderr
    assert "32 numbers of 10 videos" in result.stdout and "learned from" not in result.stdout
    return output


# === Features ===


@pytest.mark.slow
def test_features_of_records_are_those_of_their_frames(folder, diving_records, stage_model):
    extractor = ClipExtractor(load_c3d(stage_model)[0], "pool5", 3)
    for inputs, _, info in videos(diving_records, "train", image_size=SIZE, batch_size=1, with_info=True):
        frames = np.asarray(inputs["frames"][0])[np.asarray(inputs["mask"][0])]
        features = read_features(folder / f"{info['id'].numpy()[0].decode()}.npy")
        np.testing.assert_allclose(features.values, extractor(frames), atol=1e-5)
    origin = features.origin
    assert (origin["endpoint"], origin["stride"], origin["size"], origin["part"]) == ("pool5", 3, 32, "kfs")
    assert origin["stored"]["frame_size"] == [36, 48] and origin["weights"]["file"] == "model.keras"
    assert len(origin["weights"]["sha256"]) == 64
    assert origin["frame_rate"] == 25 and "frame_rate" not in origin["stored"]  # else a file's would be others


@pytest.mark.slow
@pytest.mark.parametrize("known_by", ["run", "C3D"])
def test_videos_that_the_model_learned_from_are_counted(known_by, diving_records, tmp_path):
    """What learns from their features would count them as held out."""
    info = DatasetInfo.load(diving_records)
    seen = {shown(info.videos[video_id]) for video_id in info.split("train")["ids"][:2]}
    learned_from = seen if known_by == "C3D" else ()
    C3D((None, *SIZE, 3), 1 / 16, False, "pool5", learned_from=learned_from).save(tmp_path / "c3d.keras")
    if known_by == "run":
        RunRecord(TrainingConfig(), "others").write(tmp_path, seen)
    result = command(*of_records(tmp_path / "c3d.keras", diving_records, tmp_path / "features"))
    assert result.returncode == 0 and "learned from 2 of these 10 videos" in result.stdout, result.stderr


@pytest.mark.slow
def test_videos_and_bad_ones(stage_model, tmp_path):
    write_bars(tmp_path / "good.avi", 20, 1)
    write_bars(tmp_path / "cut.avi", 40, 2)
    (tmp_path / "cut.avi").write_bytes((tmp_path / "cut.avi").read_bytes()[:-3000])
    (tmp_path / "text.mp4").write_text("no video")
    output = tmp_path / "features"
    flags = [f"--model={stage_model}", "--endpoint=conv5b", "--stride=4", f"--output_dir={output}"]
    result = command(*flags, *(tmp_path / name for name in ("text.mp4", "cut.avi", "good.avi")))
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "text.mp4" in result.stderr and "cut.avi" in result.stderr
    assert sorted(content(output)) == ["features.json", "good.avi.npy"]
    frames = scoringnet_tf.from_preset(stage_model).preprocessor(tmp_path / "good.avi")["frames"][0]
    expected = ClipExtractor(load_c3d(stage_model)[0], "conv5b", 4)(frames)
    np.testing.assert_allclose(read_features(output / "good.avi.npy").values, expected, atol=1e-5)
    assert len(expected) == 5
    write_bars(tmp_path / "good.avi", 30, 3)  # another video of the same name
    result = command(*flags, tmp_path / "good.avi", tmp_path / "nowhere.avi")
    assert "there before: 0" in result.stdout and "nowhere.avi" in result.stderr
    assert len(read_features(output / "good.avi.npy").values) == 8
    assert "there before: all" in command(*flags, tmp_path / "good.avi").stdout
    write_images(tmp_path / "dive", 20)
    result = forked("scoringnet_tf.extract", *flags, ".", "../dive", folder=tmp_path / "dive")
    assert code_printed(result.stderr) == "duplicate" and "dive" in result.stderr
    forked("scoringnet_tf.extract", *flags, ".", folder=tmp_path / "dive")
    assert {"dive.npy"} < content(output).keys()  # not .npy, hidden, of a video without a name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "stored"),
    [
        (["--model=diving_small"], {"aspect": 4 / 3}),
        (["--model=motion_small", "--frame_size=73,98", "--frame_rate=25"], {"aspect": None, "frame_size": [73, 98]}),
    ],
)
def test_videos_are_brought_to_the_rate_of_the_model(flags, stored, tmp_path):
    write_bars(tmp_path / "fast.avi", 60, fps=50)
    flags = [*flags, "--endpoint=pool5", f"--output_dir={tmp_path / 'features'}"]
    result = command(*flags, tmp_path / "fast.avi")
    assert result.returncode == 0, result.stderr
    features = read_features(tmp_path / "features/fast.avi.npy")
    assert features.values.shape == (4, features.origin["size"]) and features.origin["frame_rate"] == 25
    kept = features.origin["stored"]
    assert "frame_rate" not in kept and {name: kept[name] for name in stored} == stored


# === Files and settings ===


def test_file_names_are_of_one_video_and_of_no_folder():
    names = ["a.mp4", "x/a.mp4", "x_a.mp4", "dive #1, 100%!!.mp4", "a/b", "a%2Fb", "é", "跳水"]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names) and not any(letter in file for file in files for letter in "/#")
    assert file_name("a/b 1.avi") == "a%2Fb 1.avi.npy" and file_name("x\n\u200b") == "x%0A%E2%80%8B.npy"


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on(folder, diving_records, stage_model, tmp_path):
    output = tmp_path / "features"
    output.mkdir()
    for name in ("features.json", "001.npy", "007.npy"):
        (output / name).write_bytes((folder / name).read_bytes())
    (output / ".123.002.npy").write_bytes((folder / "002.npy").read_bytes()[:50])
    for before in ("2", "all"):
        result = command(*of_records(stage_model, diving_records, output))
        assert result.returncode == 0 and f"there before: {before}." in result.stdout
        (output / ".123.002.npy").unlink(missing_ok=True)
        assert content(output) == content(folder)


def stopped_at(number):
    """An extractor that is stopped at the video of a number."""

    def extract(frames):
        if frames == number:
            raise Stopped(15)
        return np.full((1, 1), frames, np.float32)

    return extract


def test_finished_videos_are_kept_if_a_run_is_stopped_and_changed_ones_extracted_anew(tmp_path):
    (tmp_path / "source").touch()
    videos = [Video(str(number), lambda number=number: number, tmp_path / "source") for number in range(3)]
    folder = tmp_path / "features"
    folder.mkdir()
    with pytest.raises(Stopped):
        extract_videos(videos, stopped_at(1), folder)
    assert [*content(folder)] == ["0.npy"]
    assert extract_videos(videos, stopped_at(None), folder) == (1, 0)
    assert [read_features(folder / f"{number}.npy").values[0, 0] for number in range(3)] == [0, 1, 2]
    os.utime(folder / "2.npy", (0, 0))
    assert extract_videos(videos, stopped_at(None), folder) == (2, 0), "older than its video"


@pytest.mark.parametrize("change", [{"endpoint": "x"}, {"weights": None}, {"records": None}, {"new": 1}])
def test_a_folder_of_other_settings_is_refused(folder, change):
    origin, before = read_origin(folder), content(folder)
    prepare(folder, origin)
    with refused("other_settings", *change):
        prepare(folder, origin | change)
    assert content(folder) == before


# === Tables ===


def test_the_tables_beside_them_make_records(folder, diving_records, tmp_path):
    built, notes = build_records("manifest", folder, tmp_path / "records", workers=1, sport="diving")
    assert verify_records(built) == [] and not any("not used" in note for note in notes)
    assert "group" not in (folder / "manifest.csv").read_text(), "no video of theirs has one"
    info = DatasetInfo.load(diving_records)
    assert {split: set(entry["ids"]) for split, entry in built.splits.items()} == {
        split: set(entry["ids"]) for split, entry in info.splits.items()
    }
    assert built.frame_rate == pytest.approx(25 / 3) and built.features["origin"]["records"]["name"] == "unlv_diving"
    for name, video in info.videos.items():
        for score in ("difficulty", "execution", "final"):
            assert built.videos[name][score] == pytest.approx(video[score], abs=1e-9)
    frames = {r["example/id"]: r["stage/index"] for split in info.splits for _, r in read_records(info, split)}
    steps = {r["example/id"]: r["stage/index"] for split in built.splits for _, r in read_records(built, split)}
    for name, stages in frames.items():
        middles = np.minimum(np.arange(0, len(stages), 3) + 8, len(stages) - 1)  # of clips of 16 frames
        np.testing.assert_array_equal(steps[name], stages[middles])


def test_the_table_of_stages_leaves_out_unlabelled_frames_and_true_faults_come_along(tmp_path):
    for number in range(2):
        write_bars(tmp_path / f"{number}.avi", 12, number)
    rows = ["video,split,final,pre-starting,take-flight,entry,end", "0.avi,train,60,1,3,6,9", "1.avi,train,70,,,,"]
    (tmp_path / "factors.csv").write_text("video_id,splash\n")
    info = DatasetInfo.load(build_table(tmp_path, rows))
    (tmp_path / "features").mkdir()
    write_tables(info, tmp_path / "features")
    assert (tmp_path / "features/factors.csv").read_text() == "video_id,splash\n"
    assert (tmp_path / "features/stage_labels.csv").read_text().splitlines() == [
        "video_id,stage,start_frame,end_frame",
        *("0.avi,noise,0,1", "0.avi,pre-starting,1,3", "0.avi,take-flight,3,6", "0.avi,entry,6,9", "0.avi,noise,9,12"),
    ]


def test_features_have_the_rate_of_their_video(tmp_path):
    """The median of the records would be minutes off in an hour's film."""
    half, double = (dataclasses.replace(tiny_video(f"{rate}"), frame_rate=rate) for rate in (12.5, 50.0))
    write_tables(DatasetInfo.load(write_records(tmp_path / "records", {"train": [half, double]})), tmp_path)
    with (tmp_path / "manifest.csv").open(newline="") as file:
        assert [row["fps"] for row in csv.DictReader(file)] == ["12.5", "50.0"]


# === Wrong use ===

FLAGS = "--endpoint=conv5b --output_dir=o"
C3D_FLAGS = f"--model=motion_small {FLAGS} {CLIP}"


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (f"--model=diving_small {FLAGS}", "no_videos", "--records_dir"),
        (f"--model=diving_small {FLAGS} --records_dir=r v.mp4", "flags_conflict", "--records_dir"),
        (C3D_FLAGS, "missing_flag", "--frame_size"),
        (f"{C3D_FLAGS} --frame_size=73,98", "missing_flag", "--frame_rate"),
        (f"--model=diving_small {FLAGS} {CLIP} --frame_rate=25", "flag_unused", "--frame_rate"),
        (f"--model=diving_small {FLAGS} {CLIP} ./{CLIP}", "duplicate", "diving.mp4"),
        (f"--model=diving_small {FLAGS} {CLIP} --output_dir=docs", "exists", "docs"),
        (f"--joints --model=diving_film {FLAGS} {CLIP}", "flag_unused", "--endpoint"),
        (f"--joints --output_dir=o {CLIP}", "missing_flag", "--model"),
        ("--joints --records_dir=r --model=diving_film", "flag_unused", "--model"),
        ("--joints --model=diving_film --output_dir=o", "no_videos", "--records_dir"),
    ],
)
def test_wrong_use_is_refused(words, code, named):
    result = command(*words.split())
    assert (result.returncode, code_printed(result.stderr)) == (1, code) and named in result.stderr, result.stderr
    assert not (ROOT / "o/features.json").exists()


def test_records_that_cannot_be_extracted_from(stage_model, motion_records, tmp_path):
    result = command(*of_records(stage_model, motion_records, tmp_path / "features"))
    assert (result.returncode, code_printed(result.stderr)) == (1, "records_of_classes")


def test_the_endpoints_of_the_flag_are_those_of_a_c3d():
    printed = "".join(command("--help").stdout.split())
    assert f"--endpoint:<{'|'.join((*ENDPOINTS, *FULLY_CONNECTED))}>" in printed


def test_a_name_that_is_too_long_for_a_file_is_refused_before_anything_is_extracted(tmp_path):
    videos = [Video(name, None) for name in ("first.avi", "v" * 245)]
    with refused("name_too_long", "v" * 245):
        extract_videos(videos, None, tmp_path)
    assert not list(tmp_path.iterdir())
