"""Tiny datasets in the official layouts: videos of coloured bars whose frame index can be read back from the pixels."""

import contextlib
import csv
import fcntl
import gc
import random
import shutil
import signal
import sys
from fractions import Fraction
from pathlib import Path

import av
import command_forks
import cv2
import numpy as np
import pytest
import scipy.io

import scoringnet_tf  # before TensorFlow: it asks for oneDNN
from scoringnet_tf.support.i3d_files import CACHE, PACKAGE

pytest_plugins = ["chromium"]  # the fixtures of tests/browser
gc.set_threshold(50_000, 20, 20)  # with graphs and models by the dozen, passes of the collector take 7 % of the time

HEIGHT, WIDTH = 48, 64
BITS = 8
# Files of tests that take longest, of make slow and of make test (pytest --durations=150), the longest first in both.
# They begin before all others, so that none of the processes is left alone with one of them at the end.
LONG = (
    "support/test_object_store.py",
    "training/test_resuming.py",
    "test_commands.py",
    "training/test_learning.py",
    "training/test_backbone_run.py",
    "inference/test_film_presets.py",
    "models/test_trainer.py",
    "models/test_keras_habits.py",
    "inference/test_calibration.py",
    "data/test_frame_cache.py",
    "inference/test_long_videos.py",
    "experiments/test_cross_validation.py",
    "models/test_backbones.py",
    "training/test_joint_run.py",
    "training/test_kfs_alone.py",
    "test_package.py",
    "inference/test_clip_versions.py",
    "baselines/test_baseline_run.py",
    "training/test_replicas.py",
    "training/test_resolving.py",
    "training/test_starting.py",
    "training/test_initialization.py",
    "inference/test_golden.py",
    "test_public_api.py",
    "data/test_tfio.py",
    "bad_inputs/test_bad_inputs.py",
    "inference/test_export.py",
    "training/test_run.py",
    "models/test_partial_models.py",
    "inference/test_predictor.py",
    "inference/test_checks.py",
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection():
    """Of several processes the first alone compiles the tests; then the others import them, side by side."""
    command_forks.server()
    with Path(__file__).open() as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(turn, fcntl.LOCK_SH)
        return (yield)


def pytest_collection_modifyitems(items):
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))
    gc.freeze()  # what is imported by now is never garbage


# Keras draws the seeds of initialisers and of dropout from `random` where none is given: the weights of an untrained
# network are the same in every run, whatever came before, and those of a fixture are not those of a test.


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef):
    random.seed(fixturedef.argname)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    random.seed(0)


@contextlib.contextmanager
def disposed(number, handler):
    """Sets what a signal does, here and in processes started in the block; behind a shell's `&` SIGINT is ignored."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def bar_frame(index, color):
    """A frame (H, W, 3) of `color` above; below, eight black or white bars are the bits of `index`."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    frame[: HEIGHT // 2] = color
    bits = [255 * (index >> bit & 1) for bit in range(BITS)]
    frame[HEIGHT // 2 :] = np.repeat(bits, WIDTH // BITS)[np.newaxis, :, np.newaxis]
    return frame


def read_index(frame):
    """The index that `bar_frame` drew, from a frame of any size."""
    height, width = frame.shape[:2]
    bars = np.asarray(frame)[3 * height // 4, :, 1].astype(float)
    centers = (np.arange(BITS) + 0.5) * width / BITS
    return sum(1 << bit for bit, center in enumerate(centers) if bars[int(center)] > 127)


def write_video(path, frames, fps=25, codec="mpeg4", options=None, container=None, times=None, **tags):
    """Writes frames, uint8 (L, H, W, 3), at the best quality of the codec, with tags of the codec's context.

    They are shown at these times, in milliseconds, or at the rate. `path` may be what can be written to, with the name
    of the `container`.
    """
    with av.open(path if hasattr(path, "write") else str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=fps, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for tag, value in tags.items():
            setattr(stream.codec_context, tag, value)
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = int(times[index]), Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def write_bars(path, num_frames, number=0, **kwargs):
    """Writes a video of bars in a colour of its own."""
    write_video(path, [bar_frame(index, bar_color(number)) for index in range(num_frames)], **kwargs)


def write_timed(path, times, rate=30):
    """Bars that are shown at these times, in milliseconds, in a file that states `rate`."""
    write_bars(path, len(times), fps=rate, codec="libx264", options={"qp": "5", "bf": "0"}, times=times)


def bar_color(number):
    """A colour of its own for each video."""
    return (60 + 17 * number % 190, 200 - 23 * number % 180, 40 + 41 * number % 200)


def write_streams(path, sizes):
    """A video stream for each size (height, width, frames), of frames of one grey."""
    with av.open(str(path), "w") as container:
        streams = []
        for height, width, count in sizes:
            is_picture = count == 1
            stream = container.add_stream("mjpeg" if is_picture else "libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p" if is_picture else "yuv420p"
            streams.append((stream, count))
        for stream, count in streams:
            for index in range(count):
                image = np.full((stream.height, stream.width, 3), 40, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def write_images(folder, num_frames, number=0, name="img_{:05d}.jpg", first=1):
    """Writes the same frames as `write_bars` as a folder of images, numbered from `first`."""
    folder.mkdir(parents=True, exist_ok=True)
    color = bar_color(number)
    for index in range(num_frames):
        cv2.imwrite(str(folder / name.format(first + index)), bar_frame(index, color)[..., ::-1])


def write_unlv_diving(folder, num_videos=10, num_test=3):
    """Writes UNLV-Diving's layout: video i has 24 + i frames and stage times 4, 8, 12 + i, 18 + i."""
    videos = Path(folder, "diving_samples_len_ori")
    split = Path(folder, f"split_{num_videos - num_test}_{num_test}")
    videos.mkdir(parents=True)
    split.mkdir()
    numbers = np.arange(1, num_videos + 1)
    for number in numbers:
        write_bars(videos / f"{number:03d}.avi", 24 + number, number)
    difficulty = 2.7 + 0.1 * (numbers % 5)
    execution = 15.0 + numbers
    scipy.io.savemat(folder / "diving_difficulty_level.mat", {"difficulty_level": difficulty[np.newaxis]})
    scipy.io.savemat(folder / "diving_overall_scores.mat", {"overall_scores": (difficulty * execution)[:, np.newaxis]})
    write_split(split, numbers[num_test:], numbers[:num_test])
    rows = [f"4,8,{12 + number},{18 + number}" for number in numbers]
    Path(folder, "jump_drop_water_label.txt").write_text("\n".join(rows) + "\n")
    return folder


def write_split(folder, training, testing):
    """Writes a split as the official files have it: column vectors of uint16."""
    for name, numbers in (("training_idx", training), ("testing_idx", testing)):
        scipy.io.savemat(folder / f"{name}.mat", {name: np.array(numbers, np.uint16)[:, np.newaxis]})


def write_motion(folder, num_videos=6):
    """Writes the layout of simulated motion: 20 frames each, the last third for validation."""
    Path(folder, "videos").mkdir(parents=True)
    header = ["video", "sport", "group", "half_somersaults", "position", "half_twists", "split"]
    rows = []
    for number in range(num_videos):
        write_bars(folder / "videos" / f"{number:05d}.avi", 20, number)
        split = "train" if number < num_videos * 2 // 3 else "validation"
        rows.append([f"{number:05d}", "diving", 1 + number % 3, 3 + number % 9, "BC"[number % 2], 0, split])
    with Path(folder, "motion_classes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return folder


@pytest.fixture
def diving_dir(tmp_path):
    """A folder of its own in UNLV-Diving's layout, to damage at will."""
    return write_unlv_diving(tmp_path / "diving")


def built(name, folder, source):
    """The folder of records, frames of 36×48, of a dataset that was written to `source`."""
    from data_prep.records.building import BuildSettings, build_records

    build_records(name, source, folder / "records", BuildSettings((36, 48)), workers=1)
    return folder / "records"


@pytest.fixture(scope="session")
def diving_records(tmp_path_factory):
    """Records of ten dives."""
    folder = tmp_path_factory.mktemp("diving")
    return built("unlv_diving", folder, write_unlv_diving(folder / "source"))


@pytest.fixture(scope="session")
def motion_records(tmp_path_factory):
    """Records of six flights with classes."""
    folder = tmp_path_factory.mktemp("motion")
    return built("motion", folder, write_motion(folder / "source"))


@pytest.fixture(scope="session")
def ucf101_records(tmp_path_factory):
    """Records of six videos of 20 frames of two actions, four to train and two to test."""
    from layouts import write_ucf101

    folder = tmp_path_factory.mktemp("ucf101")
    return built("ucf101", folder, write_ucf101(folder / "source", num_frames=20))


@pytest.fixture(scope="session")
def diving_features(tmp_path_factory):
    """Records of ten dives of 12 to 21 features in place of frames, whose networks are built in a third of the time."""
    from tiny_records import feature_video, write_records

    rng, videos = np.random.default_rng(0), {"train": [], "test": []}
    for number in range(10):
        scores = {"difficulty": 2.7 + number / 10, "execution": 15.0 + number}
        scores["final"] = scores["difficulty"] * scores["execution"]
        stages = np.repeat([1, 2, 3, 0], [3, 4 + number, 3, 2])
        features = rng.normal(size=(len(stages), 16)).astype(np.float32)
        videos["train" if number > 2 else "test"].append(feature_video(f"{number}", features, stages, **scores))
    return write_records(tmp_path_factory.mktemp("features") / "records", videos)


@pytest.fixture
def diving_copy(diving_records, tmp_path):
    """A copy of those records, to damage at will."""
    return Path(shutil.copytree(diving_records, tmp_path / "records"))


@pytest.fixture(scope="session")
def stage_model(tmp_path_factory):
    """A tiny `ScoringNet` for frames of 36×48 that tells frames of bars apart, as if trained: every stage occurs."""
    import keras

    keras.utils.set_random_seed(0)
    model = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        score_predictor={"clip_lengths": (8, 8)},
        content={"frame_size": (36, 48)},
        dtype="float32",
    )
    layer = model.segmenter.get_layer("fc2")
    frames = np.stack([bar_frame(index, bar_color(0)) for index in range(40)])[np.newaxis, :, :32, :32]
    features = keras.Model(model.segmenter.input, layer.input)({"frames": frames, "mask": np.ones((1, 40), bool)})
    features = np.asarray(features)[0]
    # Stage s wins along a direction of its own around the mean of the features.
    kernel = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)[2][:2]
    kernel = np.transpose([kernel[0], -kernel[0], kernel[1], -kernel[1]])
    layer.set_weights([100 * kernel, -100 * features.mean(axis=0) @ kernel])
    model.scores_learned = True
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.fixture
def without_i3d(monkeypatch, tmp_path):
    """I3D is not installed, whatever is. Its cached file may be made in the `cache_folder`."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # Python says that there is none
