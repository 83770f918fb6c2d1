"""The same performance in two splits is found by what it shows; other performances are not."""

import cv2
import numpy as np
import pytest
from conftest import write_video
from layouts import write_table

from data_prep.datasets.sample import Sample
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.dry_run import check
from data_prep.records.same_performance import SeenPerformances, thumbnails
from data_prep.records.summary import summary
from data_prep.simulator.dataset import simulate
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import read_video
from scoringnet_tf.support.errors import InputError

STORED = StoredForm((24, 32), jpeg_quality=75)
SIX_DIVES = Settings(
    sport="diving",
    task="scoring",
    num_videos=6,
    seed=0,
    labels_dir=None,
    easy=False,
    test_fraction=0.2,
    height=72,
    width=96,
)


def blob_video(seed, size=(96, 128), length=60, background=0):
    """A bright body on a path of its own before a still background: dives before one camera."""
    rng = np.random.default_rng(background)
    scene = cv2.resize(rng.integers(0, 200, (6, 8, 3)).astype(np.uint8), size[::-1], interpolation=cv2.INTER_CUBIC)
    start, speed, bend = np.random.default_rng(seed).uniform([0.2, -0.2, 0.6], [0.8, 0.2, 1.4])
    frames = []
    for time in np.linspace(0, 1, length):
        frame, x, y = scene.copy(), start + speed * time, 0.1 + 0.8 * time**bend
        cv2.circle(frame, (round(x * size[1]), round(y * size[0])), 9, (250, 210, 180), -1)
        frames.append(frame)
    return np.stack(frames)


def write(path, frames, size=None, mirrored=False, **kwargs):
    size = size or frames.shape[1:3]
    resized = [cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA) for frame in frames]
    write_video(path, [np.ascontiguousarray(frame[:, :: -1 if mirrored else 1]) for frame in resized], **kwargs)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("copy.mp4", {"codec": "libx264", "size": (48, 64)}),
        ("copy.avi", {"codec": "mpeg4", "size": (144, 192)}),
        ("copy.webm", {"codec": "libvpx-vp9", "fps": 30, "mirrored": True}),
    ],
)
def test_a_copy_in_another_split_is_named_by_both_rows(tmp_path, name, made):
    for seed in range(3):
        write(tmp_path / f"{seed}.mp4", blob_video(seed), codec="libx264")
    write(tmp_path / name, blob_video(1), **made)
    rows = [*((f"{seed}.mp4", "train", 60) for seed in range(3)), (name, "test", 60)]
    write_table(tmp_path / "manifest.csv", ("video", "split", "final"), rows)
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert lines[:number] == [
        "manifest.csv, row 5: expected a performance that no other split has. Received: what manifest.csv, row 3 "
        "shows, 1.mp4 (train), in other bytes"
    ]
    assert "Of 1 video another split has what looks the same: see build --on_lookalike." in lines
    write_table(tmp_path / "manifest.csv", ("video", "split", "final"), [(video, "train", 60) for video, *_ in rows])
    assert check("manifest", tmp_path, workers=1, sport="diving")[1] == 0


@pytest.mark.parametrize("choice", ["drop", "keep"])
def test_what_looks_the_same_is_refused_dropped_or_kept_and_marked(tmp_path, choice):
    for name, codec in (("a.mp4", "libx264"), ("b.avi", "mpeg4")):
        write(tmp_path / name, blob_video(1), codec=codec)
    write_table(tmp_path / "manifest.csv", ("video", "split", "final"), [("a.mp4", "train", 60), ("b.avi", "test", 60)])
    with pytest.raises(InputError, match=r"--on_lookalike=drop \(or =keep, marked in the index\) leaves them out"):
        build_records("manifest", tmp_path, tmp_path / "records", workers=1, sport="diving")
    settings = BuildSettings((36, 48), on_lookalike=choice)
    info, _ = build_records("manifest", tmp_path, tmp_path / "records", settings, workers=1, sport="diving")
    assert info.videos.keys() == ({"a.mp4", "b.avi"} if choice == "keep" else {"a.mp4"})
    marked = [name for name, video in info.videos.items() if "lookalike" in video]
    assert marked == (["b.avi"] if choice == "keep" else []) and len(info.skipped) == (choice == "drop")
    assert ("videos kept though another split has what looks the same: 1" in summary(info)) == (choice == "keep")


def found(videos):
    """Pairs of videos that are taken for one; every one is in a split of its own."""
    seen = SeenPerformances(len(videos))
    for index, frames in enumerate(videos):
        sample = Sample(str(index), None, str(index), f"row {index}")
        other = seen.same_in_another_split(sample, thumbnails([STORED.encode(frame, 1.0) for frame in frames]))
        if other is not None:
            yield other.video_id, sample.video_id


def test_other_dives_before_a_camera_that_stands_still_are_not_taken_for_one():
    assert list(found([blob_video(seed) for seed in range(20)])) == []


def test_simulated_dives_are_told_apart_and_their_copies_found(tmp_path):
    simulate(SIX_DIVES, tmp_path / "dives", 1)
    dives = [read_video(path).frames for path in sorted((tmp_path / "dives").rglob("*.avi"))]
    write(tmp_path / "copy.mp4", dives[2], size=(48, 64), codec="libx264", mirrored=True)
    assert list(found([*dives, read_video(tmp_path / "copy.mp4").frames])) == [("2", "6")]


def test_the_same_movement_elsewhere_is_not_taken_for_one():
    assert list(found([blob_video(0, background=number) for number in range(5)])) == []


def test_videos_in_which_nothing_moves_are_not_compared():
    frame = blob_video(0)[:1]
    noisy = [
        np.clip(frame + np.random.default_rng(seed).normal(0, 0.5, (20, *frame.shape[1:])), 0, 255) for seed in (0, 1)
    ]
    assert list(found([video.astype(np.uint8) for video in noisy])) == []
