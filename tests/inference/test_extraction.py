"""Features of a C3D's clips and of a backbone are those of the whole video; what a C3D does not have is refused."""

import dataclasses
import functools
import json

import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars
from refusals import code_printed, refused
from training_runs import TINY, telling

import scoringnet_tf
from data_prep.records.building import build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference.extraction import ClipExtractor, load_c3d, records_preprocessor, weights_of
from scoringnet_tf.inference.feature_folder import origin_of
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.parameter_groups import BACKBONE
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.weights.backbones import behind_backbone, load_backbone

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


@pytest.mark.parametrize(("endpoint", "length"), [("conv5b", 16), ("pool5", 16), ("fc6", 8), ("fc7", 8)])
@pytest.mark.parametrize("stride", [5, 20])
def test_features_per_clip_are_those_of_the_clips(c3d, endpoint, length, stride):
    """Of 16 frames; fc6 and fc7 of as many as they were trained on."""
    clips = [[min(start + frame, LENGTH - 1) for frame in range(length)] for start in range(0, LENGTH, stride)]
    expected = np.asarray(longer(c3d, length).endpoint(endpoint)(FRAMES[np.array(clips)])).reshape(len(clips), -1)
    features = ClipExtractor(c3d, endpoint, stride, window=16)(FRAMES)
    assert len(features) == -(-LENGTH // stride)
    np.testing.assert_allclose(features, expected, **ROUNDING)


@functools.cache
def longer(c3d, length):
    """The same C3D for clips of another length, up to pool5."""
    if length == 8:
        return c3d
    network = scoringnet_tf.C3D((length, *SIZE, 3), 1 / 16, preprocessing=c3d.preprocessing)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(c3d.get_layer(layer.name).get_weights())
    return network


def test_frames_are_asked_for_once_and_unused_ones_never(c3d):
    asked = []

    class Frames:
        def __len__(self):
            return LENGTH

        def __getitem__(self, numbers):
            asked.append(list(numbers))
            return FRAMES[numbers]

    ClipExtractor(c3d, "fc6", 20, window=16)(Frames())
    assert sorted(np.concatenate(asked)) == [*range(8), *range(20, 28), *range(40, 48)]


def test_an_endpoint_that_a_c3d_does_not_have(c3d):
    for options, endpoint, named in (
        ({"final_endpoint": "conv3b"}, "conv5b", ("conv3b", "conv4a", "conv5b")),
        ({}, "fc6", ("pool5", "fc6")),
    ):
        with refused("no_endpoint", *named):
            ClipExtractor(scoringnet_tf.C3D((8, *SIZE, 3), 1 / 16, **options), endpoint)


@pytest.mark.slow
def test_a_segmenter_without_a_c3d_is_named(tmp_path):
    options = {"width_multiplier": 1 / 16, "segmenter": {"network": "resnet50"}}
    scoringnet_tf.ScoringNet(image_size=SIZE, **options).save(tmp_path / "resnet.keras")
    with refused("wrong_model", "resnet.keras"):
        load_c3d(tmp_path / "resnet.keras")


def test_the_c3d_of_a_scoring_net_is_that_of_its_segmenter(stage_model):
    c3d, preprocessor = load_c3d(stage_model)
    segmenter = load_scoring_net(stage_model).segmenter
    np.testing.assert_array_equal(*(one.get_layer("conv5b").kernel for one in (c3d, segmenter.get_layer("c3d"))))
    assert preprocessor.stored.frame_size == (36, 48)


@pytest.fixture(scope="module")
def shipped():
    return load_c3d("diving_small")


@pytest.mark.parametrize(
    ("rate", "aspect", "quality", "named"),
    [(12.5, 4 / 3, 92, "12.5"), (25.0, 16 / 9, 92, "1.78"), (25.0, 4 / 3, 75, "75"), (25.0, 4 / 3, 92, None)],
)
def test_records_of_another_form_than_that_of_training_are_refused(
    shipped, rate, aspect, quality, named, diving_records
):
    c3d, network = shipped
    changes = {"frame_size": network.stored.frame_size, "frame_rate": rate, "aspect": aspect}
    info = dataclasses.replace(DatasetInfo.load(diving_records), settings={"jpeg_quality": quality}, **changes)
    if named is None:
        assert records_preprocessor(c3d, network, info).stored.frame_size == network.stored.frame_size
        return
    with refused("other_form", info.records_dir, named):
        records_preprocessor(c3d, network, info)


def test_features_of_records_name_the_form_of_the_frames(diving_records, c3d):
    """A C3D alone knows none. So features of frames in another form count as others."""
    form = {"jpeg_quality": 61, "fit": "pad"}
    info = dataclasses.replace(DatasetInfo.load(diving_records), aspect=16 / 9, settings=form)
    preprocessor = records_preprocessor(c3d, None, info)
    origin = origin_of(weights_of("diving_small"), None, ClipExtractor(c3d, "pool5"), preprocessor, info)
    assert origin["stored"] == {"frame_size": [36, 48], "aspect": 16 / 9, **form}


STORED = (36, 48)  # frames of `diving_records`


@pytest.fixture(scope="module")
def made(diving_records, tmp_path_factory):
    """(file of a backbone, folder of its features, their records, heads with a large say in them)."""
    folder = tmp_path_factory.mktemp("backbone")
    image = keras.Input((*STORED, 3))
    keras.utils.set_random_seed(0)
    model = keras.Model(image, keras.layers.Conv2D(8, 6, 6, activation="relu", name="first")(image))
    model.save(folder / "mine.keras")
    name = f"{folder}/mine.keras:first"
    command = [f"--backbone={name}", f"--records_dir={diving_records}", f"--output_dir={folder}/features"]
    result = forked("scoringnet_tf.extract", *command)
    assert result.returncode == 0, result.stderr
    build_records("manifest", folder / "features", folder / "records", sport="diving")
    info = DatasetInfo.load(folder / "records")
    heads = scoringnet_tf.ScoringNet.for_records(info, **TINY)
    heads.adapt_features(videos(folder / "records", "train", batch_size=4))
    telling(heads).save(folder / "heads.keras")
    return name, folder / "features", folder / "records", folder / "heads.keras"


def test_features_of_records_are_those_that_the_backbone_gives(made, diving_records):
    name, features, records, _ = made
    backbone = load_backbone(name, STORED)
    frames = videos(diving_records, "test", image_size=STORED, batch_size=4)
    vectors = videos(records, "test", batch_size=4)
    for (seen, _), (read, _) in zip(frames, vectors, strict=True):
        mask = np.asarray(seen["mask"])
        np.testing.assert_array_equal(mask, np.asarray(read["mask"]))
        found, expected = np.asarray(backbone(seen))[mask], np.asarray(read["features"])[mask]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    origin = json.loads((features / "features.json").read_text())
    assert (origin["stride"], origin["size"], origin["image_size"]) == (1, 8, list(STORED))


@pytest.mark.slow
def test_heads_score_a_video_by_the_backbone_as_they_score_its_features(made, tmp_path):
    name, _, _, heads = made
    write_bars(tmp_path / "v.avi", 20)
    model = behind_backbone(scoringnet_tf.ScoringNet.from_preset(heads))
    assert (model.content, model.preprocessor.image_size) == ("frames", STORED) and BACKBONE in model.learned_parts
    inputs = model.preprocessor(tmp_path / "v.avi")
    np.save(tmp_path / "v.npy", np.asarray(load_backbone(name, STORED)(inputs))[0])
    seen = score_video(tmp_path / "v.avi", heads, force=True)
    read = score_video(tmp_path / "v.npy", heads, force=True)
    for score in ("difficulty", "execution", "final"):
        assert getattr(seen, score) == pytest.approx(getattr(read, score), abs=1e-3)
    assert seen.final == pytest.approx(float(model(inputs)["final"][0]), abs=1e-3)
    printed = forked("scoringnet_tf.predict", f"--model={heads}", "--json", "--force", str(tmp_path / "v.avi"))
    assert json.loads(printed.stdout)["final"] == pytest.approx(seen.final, abs=1e-3)


def test_another_backbone_than_they_learned_from_is_refused(made, tmp_path):
    name, _, _, heads = made
    path = name.removesuffix(":first")
    other = keras.models.load_model(path, compile=False)
    other.get_layer("first").kernel.assign_add(np.ones_like(other.get_layer("first").kernel))
    model = scoringnet_tf.ScoringNet.from_preset(heads)
    origin = model.features["origin"] | {"backbone": str(tmp_path / "other.keras")}
    other.save(tmp_path / "other.keras")
    changed = model.with_dtype(None, content={"features": {**model.features, "origin": origin}})
    with refused("other_features", "other.keras"):
        behind_backbone(changed)


def test_features_of_another_rate_than_that_of_training_are_refused(tmp_path):
    features = {"size": 3, "stride": 2, "origin": None}
    heads = telling(scoringnet_tf.ScoringNet(**TINY, content={"features": features}, provenance={"frame_rate": 12.5}))
    np.save(tmp_path / "v.npy", np.zeros((30, 3), np.float32))
    for rate, is_other in ((25.0, False), (10.0, True)):
        (tmp_path / "features.json").write_text(json.dumps({"size": 3, "stride": 2, "frame_rate": rate}))
        with refused("other_features" if is_other else None, "v.npy", "5", "12.5"):
            assert score_video(tmp_path / "v.npy", heads, force=True).final is not None


def test_flags_that_a_backbone_does_not_have_are_named(made, diving_records, tmp_path):
    name, output = made[0], f"--output_dir={tmp_path}/out"
    records = f"--records_dir={diving_records}"
    for code, flags in (
        ("missing_flag", [output, records]),
        ("flags_conflict", [output, records, f"--backbone={name}", "--model=diving_small"]),
        ("flag_unused", [output, records, f"--backbone={name}", "--endpoint=conv5b"]),
        ("flag_unused", [output, records, f"--backbone={name}", "--frame_rate=25"]),
        ("missing_flag", [output, f"--backbone={name}", "tests/clips/diving.mp4"]),
        ("missing_flag", [output, f"--backbone={name}", "--frame_size=36,48", "tests/clips/diving.mp4"]),
        ("wrong_shape", [output, f"--backbone={name}", "--frame_size=40,48", "tests/clips/diving.mp4"]),
        ("not_found", [output, records, f"--backbone={tmp_path}/none.keras"]),
    ):
        result = forked("scoringnet_tf.extract", *flags)
        assert (code_printed(result.stderr), result.returncode) == (code, 1), flags
    assert not (tmp_path / "out").exists()
