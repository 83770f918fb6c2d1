"""The same performance in two splits is found by its pictures; other performances are not."""

import cv2
import numpy as np
import pytest
from conftest import write_video
from layouts import write_table
from refusals import codes, refused

from data_prep.datasets.sample import Sample
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.records.same_performance import (
    ALIKE,
    HEIGHT,
    MOVING_ALIKE,
    PICTURES,
    STILL,
    WIDTH,
    SeenPerformances,
    thumbnails,
)
from data_prep.records.summary import summary
from scoringnet_tf.data.preprocessing import StoredForm

STORED = StoredForm((24, 32), jpeg_quality=75)
HEADER = ("video", "split", "final")


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
    write_table(tmp_path / "manifest.csv", HEADER, rows)
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert codes(lines[:number]) == ["lookalike"]
    assert all(text in lines[0] for text in ("manifest.csv, row 5", "manifest.csv, row 3", "1.mp4 (train)"))
    write_table(tmp_path / "manifest.csv", HEADER, [(video, "train", 60) for video, *_ in rows])
    assert check("manifest", tmp_path, workers=1, sport="diving")[1] == 0


@pytest.mark.parametrize("choice", ["drop", "keep"])
def test_a_lookalike_is_refused_dropped_or_kept_and_marked(tmp_path, choice):
    for name, codec in (("a.mp4", "libx264"), ("b.avi", "mpeg4")):
        write(tmp_path / name, blob_video(1), codec=codec)
    write_table(tmp_path / "manifest.csv", HEADER, [("a.mp4", "train", 60), ("b.avi", "test", 60)])
    with refused("bad_rows", "--on_lookalike=drop"):
        build_records("manifest", tmp_path, tmp_path / "records", workers=1, sport="diving")
    settings = BuildSettings((36, 48), on_lookalike=choice)
    info, _ = build_records("manifest", tmp_path, tmp_path / "records", settings, workers=1, sport="diving")
    assert info.videos.keys() == ({"a.mp4", "b.avi"} if choice == "keep" else {"a.mp4"})
    marked = [name for name, video in info.videos.items() if "lookalike" in video]
    assert marked == (["b.avi"] if choice == "keep" else []) and len(info.skipped) == (choice == "drop")
    assert "row 3" in summary(info)


def pairs(videos):
    """Pairs of videos that are taken for one; every one is in a split of its own."""
    samples = [Sample(str(index), None, str(index), f"row {index}") for index in range(len(videos))]
    pictures = [thumbnails([STORED.encode(frame, 1.0) for frame in frames]) for frames in videos]
    seen = SeenPerformances({sample.split: 1 for sample in samples})
    others = seen.same_in_another_split(list(zip(samples, pictures, strict=True)))
    return [(other.video_id, sample.video_id) for sample, other in zip(samples, others, strict=True) if other]


def test_other_performances_are_not_taken_for_one():
    assert pairs([blob_video(seed) for seed in range(20)]) == []
    assert pairs([blob_video(0, background=number) for number in range(5)]) == []
    frame = blob_video(0)[:1]
    noise = [np.random.default_rng(seed).normal(0, 0.5, (20, *frame.shape[1:])) for seed in (0, 1)]
    assert pairs([np.clip(frame + each, 0, 255).astype(np.uint8) for each in noise]) == []


def planted(rng, number):
    """Videos of noise, every other one made of an earlier: the same, mirrored, noisier, brighter, standing still."""
    videos = list(rng.integers(0, 200, (number, PICTURES, HEIGHT, WIDTH, 3)))
    for index in range(3, number, 2):
        copy = videos[rng.integers(index)]
        still = np.broadcast_to(copy[:1], copy.shape)
        made = (copy, copy[:, :, ::-1], copy + rng.normal(0, 3, copy.shape), copy + 40, still)
        videos[index] = made[rng.integers(len(made))]
    return [np.clip(video, 0, 255).astype(np.uint8) for video in videos]


def one_by_one(samples, videos):
    """Places of what each shows, by every pair of videos: None if no earlier one of another split shows it."""

    def moving(video):
        grey = video.astype(float).mean(axis=-1)
        return (grey - grey.mean(axis=0)).ravel()

    def same(first, second):
        changes = moving(first), moving(second)
        if min(map(np.std, changes)) < STILL or np.corrcoef(*changes)[0, 1] < MOVING_ALIKE:
            return False
        return np.sqrt(np.mean((first.astype(float) - second) ** 2)) <= ALIKE

    for index, (sample, video) in enumerate(zip(samples, videos, strict=True)):
        earlier = [other for other in range(index) if samples[other].split != sample.split]
        views = (video, video[:, :, ::-1])
        yield next((other for shown in views for other in earlier if same(shown, videos[other])), None)


def test_blocks_find_what_every_pair_by_itself_does():
    rng = np.random.default_rng(5)
    videos, splits = planted(rng, 90), rng.choice(["train", "validation", "test"], 90)
    samples = [Sample(str(index), None, split, f"row {index}") for index, split in enumerate(splits)]
    expected = list(one_by_one(samples, videos))
    assert 15 < sum(other is not None for other in expected) < 40
    performances = list(zip(samples, videos, strict=True))
    for block in (1, 7, 100):
        seen, found = SeenPerformances({"train": 90, "validation": 90, "test": 90}, block), []
        for start in range(0, 90, block):
            found += seen.same_in_another_split(performances[start : start + block])
        assert found == [None if other is None else samples[other] for other in expected]
