"""What a run says before and at its first steps: device, memory, seconds a step; what is too large is refused."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import rows_of

from scoringnet_tf.data import frame_cache
from scoringnet_tf.training import startup
from scoringnet_tf.training.callbacks import FiguresLog, ProgressBar
from scoringnet_tf.training.plan import Phase
from scoringnet_tf.training.startup import announce, step_bytes

GIB, MIB = 2**30, 2**20


def run_of(model, batch_size=2, lengths=(10, 30), sport_name="diving"):
    """A run of a model on videos of these lengths, as far as its memory goes."""
    videos = {str(number): {"num_frames": length} for number, length in enumerate(lengths)}
    return types.SimpleNamespace(
        model=model,
        phases=[Phase("joint", 1)],
        train_ids=[*videos],
        info=types.SimpleNamespace(videos=videos, sport_name=sport_name),
        config=types.SimpleNamespace(data=types.SimpleNamespace(batch_size=batch_size)),
        dtype="float32",
    )


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("mixed_bfloat16", 2)])
def test_memory_goes_by_what_learns_the_longest_video_and_the_weights(dtype, size):
    """By hand: 4 · 4 · 5 numbers for each of 2 × 30 frames, 5 means for each video, 27 · 3 · 5 + 5 weights."""
    frames = keras.Input((None, 4, 4, 3))
    inner = keras.Model(frames, keras.layers.Conv3D(5, 3, padding="same", dtype=dtype)(frames))
    model = keras.Model(frames, keras.layers.GlobalAveragePooling3D(dtype=dtype)(inner(frames)))
    assert step_bytes(run_of(model), Phase("joint", 1)) == 1.5 * size * (2 * 30 * 80 + 2 * 5) + 16 * 410
    inner.trainable = False  # then nothing is kept to go back to
    assert step_bytes(run_of(model), Phase("joint", 1)) == 0


@pytest.mark.parametrize(
    ("free", "codes"), [(100 * GIB, []), (10 * GIB, ["memory_short"]), (1 * GIB, None)], ids=["much", "less", "little"]
)
def test_device_and_memory_are_told_and_too_little_is_refused(monkeypatch, capsys, free, codes):
    monkeypatch.setattr(startup, "step_bytes", lambda *_: 12 * GIB)
    monkeypatch.setattr(startup, "free_memory", lambda: free)
    if codes is None:
        with refused("out_of_memory", "12 GiB", "--batch_size"):
            announce(run_of(None))
        return
    announce(run_of(None, sport_name="vault"))
    first, *others = capsys.readouterr().out.splitlines()
    assert "CPU" in first and "float32" in first and "12 GiB" in first
    assert [line.rpartition("[")[2] for line in others] == [f"{code}]" for code in [*codes, "slow_on_cpu"]]
    assert "recipes/vault_small.flags" in others[-1]


def test_a_gpu_is_named_and_its_memory_is_not_that_of_the_host(monkeypatch, capsys):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "H100"})
    monkeypatch.setattr(startup, "step_bytes", lambda *_: 12 * GIB)
    monkeypatch.setattr(startup, "free_memory", lambda: 0)
    announce(run_of(None))
    printed = capsys.readouterr().out
    assert "H100" in printed and "12 GiB" in printed and len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("limit", "used", "cached"),
    [("max", "current", "inactive_file"), ("memory/limit_in_bytes", "usage_in_bytes", "total_inactive_file")],
    ids=["cgroup 2", "cgroup 1"],
)
def test_memory_of_a_container_is_free_where_files_fill_it(monkeypatch, tmp_path, limit, used, cached):
    """3 MiB of its limit of 4 are used, of which 2 are a cache of files, which gives way."""
    folder = tmp_path / limit.rpartition("/")[0]
    folder.mkdir(exist_ok=True)
    contents = {limit.rpartition("/")[2]: 4 * MIB, used: 3 * MIB, "stat": f"other 5\n{cached} {2 * MIB}\n"}
    for name, content in contents.items():
        (folder / f"memory.{name}").write_text(str(content))
    monkeypatch.setattr(frame_cache, "GROUPS", tmp_path)
    assert frame_cache.free_memory() == 3 * MIB


def test_the_seconds_of_a_step_are_told_after_the_second(capsys):
    bar = ProgressBar("joint", 7, 0, {})
    for batch in range(3):
        assert ("s a step" in capsys.readouterr().out) == (batch == 2)
        bar.on_train_batch_end(batch, {"loss": 1.0})
    bar.on_train_end()
    assert "s a step" not in capsys.readouterr().out


def test_an_epoch_without_validation_has_no_point_in_a_curve_and_nan_in_the_table(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), "float32")
    logger = FiguresLog(tmp_path / "joint.csv", "val_accuracy")
    curves = keras.callbacks.TensorBoard(tmp_path / "curves", write_graph=False)
    options = {"epochs": 3, "validation_data": (x, x), "validation_freq": [2], "verbose": 0}
    model.fit(x, x, callbacks=[logger, curves], **options)
    rows = rows_of(tmp_path / "joint.csv")
    assert [row["val_loss"] == "nan" for row in rows] == [True, False, True]
    assert [row["val_accuracy"] for row in rows] == ["nan"] * 3  # what chooses has a column from the first epoch on
    (events,) = (tmp_path / "curves/validation").glob("events.*")
    found = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset([str(events)])]
    steps = {event.step for event in found for value in event.summary.value if value.tag == "epoch_loss"}
    assert steps == {1}
