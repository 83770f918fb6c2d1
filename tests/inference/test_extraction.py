"""Features of a C3D: those of the whole video, in windows and clips; and the command that writes a folder of them."""

import csv
import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars, write_images
from refusals import code_printed, refused
from test_commands import started
from tiny_records import tiny_video, write_records

import scoringnet_tf
from data_prep.records.building import build_records
from data_prep.records.verifying import read_records, verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.data.features import read_features, read_origin
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference import feature_folder
from scoringnet_tf.inference.extraction import Extraction, FeatureExtractor, load_c3d, records_preprocessor
from scoringnet_tf.inference.feature_folder import (
    Video,
    _penalty,
    alone_in,
    extract_videos,
    file_name,
    origin_of,
    prepare,
    write_tables,
)
from scoringnet_tf.models.backbones.c3d import C3D
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import Stopped
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.training.config import record_config

ROOT = pathlib.Path(__file__).parents[2]
SIZE = (32, 32)
# Between graphs of other shapes, for which a processor's library may choose other kernels; wrong ones are above 1e-3.
ROUNDING = {"rtol": 1e-5, "atol": 1e-5}
LENGTH = 53
FRAMES = np.random.default_rng(0).integers(0, 256, (LENGTH, *SIZE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def c3d():
    keras.utils.set_random_seed(0)
    seen = {"channels": "bgr", "mean": [104.0, 117.0, 123.0], "scale": 1 / 64}  # as no default has it
    return scoringnet_tf.C3D((8, *SIZE, 3), 1 / 16, heads={"group": 3}, top_units=2048, preprocessing=seen)


def extracted(c3d, *arguments, window=16, **options):
    return FeatureExtractor(c3d, Extraction(*arguments, **options), window)(lambda numbers: FRAMES[numbers], LENGTH)


def without_pooling(c3d, endpoint):
    """C3D as KFS has it, over the whole video at once: (L, H, W, C)."""
    network = scoringnet_tf.C3D(
        (None, *SIZE, 3), 1 / 16, temporal_pooling=False, final_endpoint=endpoint, preprocessing=c3d.preprocessing
    )
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(c3d.get_layer(layer.name).get_weights())
    return np.asarray(network(FRAMES[np.newaxis]))[0]


@pytest.mark.parametrize("endpoint", ["conv3b", "conv5b", "pool5"])
@pytest.mark.parametrize("stride", [1, 3, 16, 17, 100])
def test_features_per_frame_are_those_of_the_whole_video(c3d, endpoint, stride):
    expected = without_pooling(c3d, endpoint).reshape(LENGTH, -1)[::stride]
    found = extracted(c3d, endpoint, "frame", stride)
    assert found.shape == (-(-LENGTH // stride), expected.shape[1]) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, **ROUNDING)
    assert np.abs(expected).max() > 0.5  # else anything would do


@pytest.mark.parametrize("endpoint", ["conv5b", "pool5", "fc6", "fc7"])
@pytest.mark.parametrize(("stride", "clip_length"), [(5, 8), (8, 8), (20, 8)])
def test_features_per_clip_are_those_of_the_clips(c3d, endpoint, stride, clip_length):
    starts = range(0, LENGTH, stride)
    clips = [[min(start + frame, LENGTH - 1) for frame in range(clip_length)] for start in starts]
    expected = np.asarray(c3d.endpoint(endpoint)(FRAMES[np.array(clips)])).reshape(len(clips), -1)
    found = extracted(c3d, endpoint, "clip", stride, clip_length)
    assert len(found) == -(-LENGTH // stride)
    np.testing.assert_allclose(found, expected, **ROUNDING)


def test_clips_of_another_length_than_in_pretraining(c3d):
    assert extracted(c3d, "conv5b", "clip", 16, 16).shape == (4, 2 * 2 * 2 * 32)
    with refused("wrong_clip_length", "fc6", "8 frames", "32"):
        extracted(c3d, "fc6", "clip", 16, 32)


def test_the_mean_over_space_and_the_time_of_a_clip(c3d):
    whole = without_pooling(c3d, "conv5b")
    np.testing.assert_allclose(extracted(c3d, "conv5b", pool="mean"), whole.mean(axis=(1, 2)), **ROUNDING)
    flat = extracted(c3d, "conv4b", "clip", 8, 8).reshape(7, -1, 32)
    np.testing.assert_allclose(extracted(c3d, "conv4b", "clip", 8, 8, pool="mean"), flat.mean(axis=1), **ROUNDING)


def test_frames_are_asked_for_window_by_window_and_unused_ones_never(c3d):
    asked = []

    def frames_of(numbers):
        asked.append(list(numbers))
        return FRAMES[numbers]

    FeatureExtractor(c3d, Extraction("conv5b"), 16)(frames_of, LENGTH)
    assert max(map(len, asked)) == 16 + 2 * 8
    asked.clear()
    FeatureExtractor(c3d, Extraction("conv5b", "clip", 20, 8), 16)(frames_of, LENGTH)
    assert sorted(np.concatenate(asked)) == [*range(8), *range(20, 28), *range(40, 48)]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("fc6",), "fc6"), (("conv5b", "frame", 1, 16), "--clip_length=16"), (("fc6", "clip", 8, 8, "mean"), "--pool")],
)
def test_contradictions_are_refused(arguments, named):
    with refused("flags_conflict", named):
        Extraction(*arguments)


def test_an_endpoint_that_a_c3d_does_not_have():
    short = scoringnet_tf.C3D((8, *SIZE, 3), 1 / 16, final_endpoint="conv3b")
    with refused("no_endpoint", "conv3b", "conv4a", "conv5b"):
        FeatureExtractor(short, Extraction("conv5b"))
    with refused("no_endpoint", "pool5", "fc6"):
        FeatureExtractor(scoringnet_tf.C3D((8, *SIZE, 3), 1 / 16), Extraction("fc6", "clip", 8, 8))


@pytest.mark.slow
def test_a_kfs_without_a_c3d_is_named(tmp_path):
    """Whose towers have one each."""
    scoringnet_tf.ScoringNet(image_size=SIZE, width_multiplier=1 / 16, segmenter={"network": "resnet50"}).save(
        tmp_path / "resnet.keras"
    )
    with refused("unknown_name", "--part=kfs", "difficulty, execution"):
        load_c3d(tmp_path / "resnet.keras")
    assert load_c3d(tmp_path / "resnet.keras", "execution")[0].name == "c3d"


def test_kfs_reads_these_features(stage_model):
    """--part=kfs --endpoint=pool5 is what enters the Bi-LSTM."""
    c3d, preprocessor = load_c3d(stage_model)
    segmenter = scoringnet_tf.from_preset(stage_model).segmenter
    vectors = keras.Model(segmenter.input, segmenter.get_layer("flatten").output)
    expected = np.asarray(vectors({"frames": FRAMES[np.newaxis], "mask": np.ones((1, LENGTH), bool)}))[0]
    np.testing.assert_allclose(extracted(c3d, "pool5"), expected, **ROUNDING)
    assert preprocessor.stored.frame_size == (36, 48)
    tower, _ = load_c3d(stage_model, "execution")
    assert not np.allclose(extracted(tower, "conv5b"), extracted(c3d, "conv5b"))


def test_the_names_of_endpoints_in_help():
    from scoringnet_tf.inference.extraction import FULLY_CONNECTED
    from scoringnet_tf.models.backbones.c3d import ENDPOINTS

    printed = "".join(command("--help").stdout.split())
    assert f"--endpoint:<{'|'.join((*ENDPOINTS, *FULLY_CONNECTED))}>" in printed


@pytest.mark.parametrize("name", ["a.mp4", "x/a.mp4", "dive #1, 100%!!.mp4", "a%2Fb", "é"])
def test_file_names_are_of_one_video_and_of_no_folder(name):
    found = file_name(name)
    assert "/" not in found and "#" not in found and found.endswith(".npy")
    others = {"a.mp4", "x/a.mp4", "x_a.mp4", "a/b", "a%2Fb"} - {name}
    assert found not in map(file_name, others)


# === The command ===


def command(*arguments):
    return forked("scoringnet_tf.extract", *arguments)


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def folder(diving_records, stage_model, tmp_path_factory):
    """Features of the ten dives, every third frame of KFS's C3D."""
    output = tmp_path_factory.mktemp("extract") / "features"
    result = started("scoringnet_tf.extract", *_of_records(stage_model, diving_records, output))
    assert result.returncode == 0, result.stderr
    assert "features of 32 numbers of 10 videos, there before: 0." in result.stdout
    return output


def _of_records(model, records, output, *others):
    flags = [f"--model={model}", "--endpoint=pool5", "--stride=3", f"--records_dir={records}", f"--output_dir={output}"]
    return [*flags, *others]


@pytest.mark.slow
def test_features_of_records_are_those_of_their_frames(folder, diving_records, stage_model):
    c3d, _ = load_c3d(stage_model)
    extractor = FeatureExtractor(c3d, Extraction("pool5", stride=3))
    for inputs, _, info in videos(diving_records, "train", image_size=SIZE, batch_size=1, with_info=True):
        frames = np.asarray(inputs["frames"][0])[np.asarray(inputs["mask"][0])]
        found = read_features(folder / f"{info['id'].numpy()[0].decode()}.npy")
        np.testing.assert_allclose(found.values, extractor(frames.__getitem__, len(frames)), atol=1e-5)
        assert found.origin["endpoint"] == "pool5" and found.origin["stride"] == 3 and found.origin["size"] == 32
        assert found.origin["stored"]["frame_size"] == [36, 48] and found.origin["part"] == "kfs"
        assert "frame_rate" not in found.origin["stored"], "features of a file, whose rate is known, would be others"
        assert found.origin["frame_rate"] == 25  # of the records, by which steps of another rate are told
        assert len(found.origin["weights"]["sha256"]) == 64 and found.origin["weights"]["file"] == "model.keras"


@pytest.mark.parametrize("known_by", ["run", "C3D", "nothing"])
def test_videos_that_the_model_learned_from_are_told(known_by, diving_records, tmp_path):
    """By its run, or by the C3D of a tower; what learns from its features would count them as held out."""
    info, extracted = DatasetInfo.load(diving_records), tmp_path / "features"
    seen = {shown(info.videos[video_id]) for video_id in info.split("train")["ids"][:2]}
    C3D((None, *SIZE, 3), 1 / 16, False, "pool5", learned_from=seen if known_by == "C3D" else ()).save(
        tmp_path / "c3d.keras"
    )
    if known_by == "run":
        record_config(tmp_path, {}, "others", "float32", [], seen)
    result = command(*_of_records(tmp_path / "c3d.keras", diving_records, extracted))
    assert result.returncode == 0, result.stderr
    assert ("learned from 2 of these 10 videos" in result.stdout) == (known_by != "nothing")
    assert ("learned from" in result.stdout) == (known_by != "nothing")


def test_the_tables_beside_them_make_records(folder, diving_records, tmp_path):
    built, notes = build_records("manifest", folder, tmp_path / "records", workers=1, sport="diving")
    assert verify_records(built) == [] and not any("not used" in note for note in notes)
    assert "group" not in (folder / "manifest.csv").read_text(), "no video of theirs is of any"
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
        np.testing.assert_array_equal(steps[name], stages[::3])


def test_the_table_of_stages_has_none_of_frames_without_a_label(tmp_path):
    for number in range(2):
        write_bars(tmp_path / f"{number}.avi", 12, number)
    rows = ["video,split,final,pre-starting,take-flight,entry,end", "0.avi,train,60,1,3,6,9", "1.avi,train,70,,,,"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    info, _ = build_records("manifest", tmp_path, tmp_path / "records", workers=1, sport="diving")
    (tmp_path / "features").mkdir()
    write_tables(info, tmp_path / "features")
    assert (tmp_path / "features/stage_labels.csv").read_text().splitlines() == [
        "video_id,stage,start_frame,end_frame",
        *("0.avi,noise,0,1", "0.avi,pre-starting,1,3", "0.avi,take-flight,3,6", "0.avi,entry,6,9", "0.avi,noise,9,12"),
    ]


def test_a_run_that_was_stopped_goes_on(folder, diving_records, stage_model, tmp_path):
    """As one that was killed leaves it: some videos, a file half-written beside, no tables."""
    output = tmp_path / "features"
    output.mkdir()
    for name in ("features.json", "001.npy", "007.npy"):
        (output / name).write_bytes((folder / name).read_bytes())
    sources = json.loads((folder / "videos.json").read_text())
    (output / "videos.json").write_text(json.dumps({name: sources[name] for name in ("001", "007")}))
    (output / ".123.002.npy").write_bytes((folder / "002.npy").read_bytes()[:50])
    result = command(*_of_records(stage_model, diving_records, output))
    assert result.returncode == 0 and "10 videos, there before: 2." in result.stdout
    (output / ".123.002.npy").unlink()
    assert content(output) == content(folder)
    result = command(*_of_records(stage_model, diving_records, output))
    assert result.returncode == 0 and "10 videos, there before: all." in result.stdout
    assert content(output) == content(folder)


def test_one_run_at_a_time_writes_to_a_folder(folder, diving_records, stage_model):
    with alone_in(folder):
        result = command(*_of_records(stage_model, diving_records, folder))
    assert result.returncode == 1 and str(folder) in result.stderr and "Traceback" not in result.stderr


def made_up(*names, sha256="new"):
    return [Video(name, lambda _: (None, 1), lambda: sha256) for name in names]


class Extractor:
    """Keeps what `videos.json` says when it is asked, and is stopped at the video of a number."""

    image_size = (1, 1)

    def __init__(self, folder, stopped_at=None):
        self.seen, self._path, self._stopped_at = [], folder / "videos.json", stopped_at

    def __call__(self, *_):
        if len(self.seen) == self._stopped_at:
            raise Stopped(15)
        self.seen.append(json.loads(self._path.read_text()) if self._path.exists() else {})
        return np.zeros((1, 1), np.float32)


@pytest.mark.parametrize(("seconds", "seen"), [(0.0, [{}, {"b": "new"}]), (1e9, [{}, {}])])
def test_which_videos_were_extracted_is_written_now_and_then_and_where_a_run_is_stopped(
    tmp_path, monkeypatch, seconds, seen
):
    monkeypatch.setattr(feature_folder, "SAVED_EVERY", seconds)
    extractor = Extractor(tmp_path, stopped_at=2)
    with pytest.raises(Stopped):
        extract_videos(made_up("b", "a", "c"), extractor, tmp_path)
    assert extractor.seen == seen
    assert (tmp_path / "videos.json").read_text() == '{\n  "a": "new",\n  "b": "new"\n}\n'
    assert extract_videos(made_up("b", "a", "c"), Extractor(tmp_path), tmp_path) == (2, 0)


def test_features_of_another_video_never_pass_for_those_of_the_one_before(tmp_path, monkeypatch):
    """Nor where the run is killed as soon as they are there."""
    extract_videos(made_up("v", sha256="old"), Extractor(tmp_path), tmp_path)
    said = []

    def replacing(path):
        said.append((tmp_path / "videos.json").read_text())
        return replacing_file(path)

    monkeypatch.setattr(feature_folder, "replacing_file", replacing)
    assert extract_videos(made_up("v"), Extractor(tmp_path), tmp_path) == (0, 0)
    assert said == ["{}\n"] and json.loads((tmp_path / "videos.json").read_text()) == {"v": "new"}


def test_a_folder_of_other_settings_is_left_alone(folder, diving_records, stage_model):
    before = content(folder)
    result = command(*_of_records(stage_model, diving_records, folder, "--stride=2", "--part=execution"))
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert code_printed(result.stderr) == "other_settings" and f"--output_dir={folder}" in result.stderr
    assert "part 'execution' instead of 'kfs'; stride 2 instead of 3" in result.stderr
    assert content(folder) == before


def test_an_image_that_is_subtracted_is_not_printed_whole(tmp_path):
    first, second = (
        {"size": 3, "stride": 1, "preprocessing": {"channels": "bgr", "mean": np.full((9, 9, 3), level).tolist()}}
        for level in (98.5, 99.5)
    )
    prepare(tmp_path, first)
    with refused("other_settings", "preprocessing") as caught:
        prepare(tmp_path, second)
    assert "99.5" not in str(caught.value)
    rgb = {**first, "preprocessing": {"channels": "rgb", "mean": [95.14, 102.86, 107.76]}}
    with refused("other_settings", "[95.14, 102.86, 107.76]"):
        prepare(tmp_path, rgb)


@pytest.mark.parametrize("change", [{"endpoint": "x"}, {"weights": None}, {"records": None}, {"new": 1}])
def test_any_other_setting_is_noticed(folder, change):
    origin = read_origin(folder)
    prepare(folder, origin)
    (name,) = change
    with refused("other_settings", f": {name} "):
        prepare(folder, origin | change)


@pytest.mark.slow
def test_videos_and_bad_ones(stage_model, tmp_path):
    write_bars(tmp_path / "good.avi", 20, 1)
    write_bars(tmp_path / "cut.avi", 40, 2)
    (tmp_path / "cut.avi").write_bytes((tmp_path / "cut.avi").read_bytes()[:-3000])
    (tmp_path / "text.mp4").write_text("no video")
    names = ("text.mp4", "cut.avi", "good.avi")
    output = tmp_path / "features"
    flags = [f"--model={stage_model}", "--endpoint=conv5b", "--per=clip", "--clip_length=8", f"--output_dir={output}"]
    result = command(*flags, *(tmp_path / name for name in names))
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "text.mp4" in result.stderr and "cut.avi" in result.stderr
    assert sorted(content(output)) == ["features.json", "good.avi.npy", "lock", "videos.json"]
    network = scoringnet_tf.from_preset(stage_model)
    frames = network.preprocessor(tmp_path / "good.avi")["frames"][0]
    extractor = FeatureExtractor(load_c3d(stage_model)[0], Extraction("conv5b", "clip", 4, 8))
    expected = extractor(frames.__getitem__, 20)
    np.testing.assert_allclose(read_features(output / "good.avi.npy").values, expected, atol=1e-5)
    assert len(expected) == 5
    write_bars(tmp_path / "good.avi", 30, 3)  # another video of the same name is not taken for the first
    result = command(*flags, tmp_path / "good.avi", tmp_path / "nowhere.avi")
    assert "1 video, there before: 0." in result.stdout and "nowhere.avi" in result.stderr
    assert len(read_features(output / "good.avi.npy").values) == 8
    assert command(*flags, tmp_path / "good.avi").stdout.endswith("there before: all.\n")
    write_images(tmp_path / "dive", 20)
    result = forked("scoringnet_tf.extract", *flags, ".", "../dive", folder=tmp_path / "dive")
    assert code_printed(result.stderr) == "duplicate" and "dive" in result.stderr
    forked("scoringnet_tf.extract", *flags, ".", folder=tmp_path / "dive")
    assert {"dive.npy"} < content(output).keys()  # not .npy, hidden, of a video without a name


def test_files_are_called_as_their_videos():
    assert file_name("a/b 1.avi") == "a%2Fb 1.avi.npy" and file_name("x\n\u200b") == "x%0A%E2%80%8B.npy"
    assert file_name("跳水" * 39) == "跳水" * 39 + ".npy"
    videos = [Video(name, None, None) for name in ("short", "跳水" * 40)]
    with refused("name_too_long", "240", "244"):
        extract_videos(videos, None, pathlib.Path("nowhere"))


def test_a_penalty_is_no_contradiction():
    known = {"difficulty": 5.0, "execution": 9.0, "final": 13.5}
    assert _penalty(get_sport("vault"), known) == 0.5
    assert _penalty(get_sport("vault"), known | {"inconsistent": ["row 2: expected 14.00. Received: 13.50"]}) is None


def test_a_video_is_brought_to_the_rate_of_training(tmp_path):
    """Of 60 frames in 1.2 s those of 25 a second."""
    write_bars(tmp_path / "fast.avi", 60, fps=50)
    flags = ("--model=diving_small", "--endpoint=conv5b", f"--output_dir={tmp_path / 'features'}")
    result = command(*flags, tmp_path / "fast.avi")
    assert result.returncode == 0 and f"extract: {tmp_path / 'fast.avi'}: " in result.stderr
    found = read_features(tmp_path / "features/fast.avi.npy")
    assert len(found.values) == 30 and found.origin["frame_rate"] == 25 and "frame_rate" not in found.origin["stored"]


def test_a_frame_size_is_height_and_width(c3d, tmp_path):
    """What made the features is known before the first video is read."""
    c3d.save(tmp_path / "c3d.keras")
    flags = (f"--model={tmp_path / 'c3d.keras'}", "--endpoint=conv5b", f"--output_dir={tmp_path / 'features'}")
    (tmp_path / "none.avi").write_text("no video")
    command(*flags, "--frame_size=36,50", "--frame_rate=25", tmp_path / "none.avi")
    assert read_origin(tmp_path / "features")["stored"]["frame_size"] == [36, 50]


@pytest.mark.parametrize(("aspect", "stored"), [((), None), (("--aspect=1.5",), 1.5)])
def test_a_c3d_is_told_the_rate_of_its_videos(tmp_path, aspect, stored):
    """It knows of none; what scores the features then refuses those of another rate. Nothing is cut unasked."""
    write_bars(tmp_path / "fast.avi", 60, fps=50)
    flags = ("--model=motion_small", "--endpoint=conv5b", "--pool=mean", f"--output_dir={tmp_path / 'features'}")
    result = command(*flags, "--frame_size=73,98", "--frame_rate=25", *aspect, tmp_path / "fast.avi")
    assert result.returncode == 0, result.stderr
    found = read_features(tmp_path / "features/fast.avi.npy")
    assert len(found.values) == 30 and found.origin["frame_rate"] == 25 and found.origin["stored"]["aspect"] == stored


CLIP = "tests/clips/diving.mp4"


FLAGS = "--endpoint=conv5b --output_dir=o"
C3D_FLAGS = f"--model=motion_small {FLAGS} {CLIP}"


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (f"--model=diving_small {FLAGS}", "missing_argument", "--records_dir"),
        (f"--model=diving_small {FLAGS} --records_dir=r v.mp4", "flags_conflict", "--records_dir"),
        (C3D_FLAGS, "missing_flag", "--frame_size"),
        (f"{C3D_FLAGS} --frame_size=73,98", "missing_flag", "--frame_rate"),
        (f"{C3D_FLAGS} --part=execution", "flag_unused", "--part"),
        (f"{C3D_FLAGS} --frame_size=73,98 --frame_rate=9 --endpoint=fc6", "flags_conflict", "fc6"),
        (f"--model=diving_small {FLAGS} {CLIP} --frame_rate=25", "flag_unused", "--frame_rate"),
        (f"--model=diving_small {FLAGS} {CLIP} --aspect=1.5", "flag_unused", "--aspect"),
        (f"--model=diving_small {FLAGS} {CLIP} ./{CLIP}", "duplicate", "diving.mp4"),
        (f"--model=diving_small {FLAGS} {CLIP} --output_dir=docs", "exists", "docs"),
    ],
)
def test_wrong_use_is_refused(words, code, named):
    result = command(*words.split())
    assert (result.returncode, code_printed(result.stderr)) == (1, code) and named in result.stderr, result.stderr
    assert not (ROOT / "o/features.json").exists()


@pytest.mark.parametrize(
    ("rate", "aspect", "quality", "named"),
    [(12.5, 4 / 3, 92, "12.5"), (25.0, 16 / 9, 92, "1.78"), (25.0, 4 / 3, 75, "75"), (25.0, 4 / 3, 92, None)],
)
def test_records_of_another_form_than_the_model_learned_are_refused(rate, aspect, quality, named, diving_records):
    c3d, network = load_c3d("diving_small")
    changes = {"frame_size": network.stored.frame_size, "frame_rate": rate, "aspect": aspect}
    info = dataclasses.replace(DatasetInfo.load(diving_records), settings={"jpeg_quality": quality}, **changes)
    if named is None:
        assert records_preprocessor(c3d, network, info).stored.frame_size == network.stored.frame_size
        return
    with refused("other_form", named):
        records_preprocessor(c3d, network, info)


def test_records_that_cannot_be_extracted_from(stage_model, motion_records, tmp_path):
    result = command(*_of_records(stage_model, motion_records, tmp_path / "features"))
    assert (result.returncode, code_printed(result.stderr)) == (1, "other_records")
    assert json.loads((motion_records / "dataset_info.json").read_text())["features"] is None


def test_features_of_a_video_have_the_rate_of_that_video(tmp_path):
    """Not the median of the records', of which the first step of an hour's film would be minutes off."""
    half = dataclasses.replace(tiny_video("half", final=60.0), frame_rate=12.5)
    double = dataclasses.replace(tiny_video("double", final=70.0), frame_rate=50.0)
    records = write_records(tmp_path / "records", {"train": [half, double, tiny_video("usual", final=80.0)]})
    write_tables(DatasetInfo.load(records), tmp_path)
    with (tmp_path / "manifest.csv").open(newline="") as file:
        assert {row["video"]: row["fps"] for row in csv.DictReader(file)} == {
            "half": "12.5",
            "double": "50.0",
            "usual": "25.0",
        }


def test_features_say_in_which_form_the_frames_of_the_records_were(diving_records, c3d):
    """A C3D on its own knows of none; the features of other records, in another form, are then known as others."""
    form = {"jpeg_quality": 61, "fit": "pad"}
    info = dataclasses.replace(DatasetInfo.load(diving_records), aspect=16 / 9, settings=form)
    extractor = FeatureExtractor(c3d, Extraction("pool5"))
    preprocessor = records_preprocessor(c3d, None, info)
    origin = origin_of("diving_small", None, extractor, c3d, preprocessor, info)
    assert origin["stored"] == {"frame_size": [36, 48], "aspect": 16 / 9, **form}
