"""Tiny datasets in the official layouts of the field, whose frame indices can be read back from the pixels."""

import csv
import pickle

import numpy as np
import scipy.io
from conftest import write_bars, write_images

from data_prep.records.building import BuildSettings, build_records

SMALL = BuildSettings((36, 48))
SPLITS = {"train": [(1, 1), (1, 2), (2, 5)], "test": [(2, 1)]}  # (video, clip), for the layouts with such keys


def write_pickle(path, value, protocol=2):
    """Writes a pickle; protocol 2 is what the official files have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol))


def change_times(folder, row, line):
    """Changes a row of UNLV-Diving's times; an empty line takes it out."""
    path = folder / "jump_drop_water_label.txt"
    lines = path.read_text().splitlines()
    lines[row - 1 : row] = [line] if line else []
    path.write_text("\n".join(lines))


def write_mtl_aqa(folder, key=tuple, first_image=1):
    """Four dives in two broadcasts of 40 frames; clip (v, c) is frames 6 c … 6 c + 5 of its broadcast, in bars."""
    keys = [pair for pairs in SPLITS.values() for pair in pairs]
    annotations = {
        key((video, clip)): {
            "start_frame": 6 * clip,
            "end_frame": 6 * clip + 5,
            "difficulty": 3.0,
            "final_score": 60.0 + clip,
        }
        for video, clip in keys
    }
    write_pickle(folder / "final_annotations_dict.pkl", annotations)
    for split, pairs in SPLITS.items():
        write_pickle(folder / f"{split}_split_0.pkl", [key(pair) for pair in pairs])
    for video in (1, 2):
        write_images(folder / "whole_videos_frames" / f"{video:02d}", 40, video, "{:06d}.jpg", first_image)
    return folder


def write_aqa7(folder, scale=1, dtype=np.float64, transposed=False, num_frames=103):
    """Dives 1, 2 and 4 to train, 3 to test, and a vault of each; images of the dives, a video of each vault."""
    lists = {"train": [(1, 1, 84.15), (2, 1, 15.1), (1, 2, 51.0), (1, 4, 30.5)], "test": [(2, 2, 14.25), (1, 3, 21.6)]}
    (folder / "Split_4").mkdir(parents=True)
    for split, rows in lists.items():
        table = (np.array(rows) * [1, 1, scale]).round(2).astype(dtype)
        name = f"split_4_{split}_list.mat"
        scipy.io.savemat(folder / "Split_4" / name, {f"consolidated_{split}_list": table.T if transposed else table})
    for number in (1, 2, 3, 4):
        write_images(folder / "diving-out" / f"{number:03d}", num_frames, number)
    (folder / "gym_vault").mkdir()
    for number in (1, 2):
        write_bars(folder / "gym_vault" / f"{number:03d}.avi", num_frames, 4 + number)
    return folder


def write_finediving(folder, key=tuple):
    """Four dives of 12 frames: five of take-off, four of somersaults, three of entry; broadcasts have names here."""
    steps = {2: "Back", 15: "2.5 Soms.Pike", 36: "Entry"}
    keys = {split: [(f"Final{video}", clip) for video, clip in pairs] for split, pairs in SPLITS.items()}
    fine, coarse = {}, {}
    for number, pair in enumerate(pair for pairs in keys.values() for pair in pairs):
        scores = {"action_type": "205B", "dive_score": 3.0 * 21.0, "difficulty": 3.0}
        labels = np.repeat([2, 15, 36], [5, 4, 3])
        fine[key(pair)] = {
            **scores,
            "steps_transit_frames": np.array([105, 109]),
            "frames_labels": labels,
            "sub-action_types": steps,
        }
        coarse[key(pair)] = {**scores, "start_frame": 100, "end_frame": 111, "judge_scores": [7.0, 6.5, 7.0, 7.0, 8.0]}
        write_images(folder / "FINADiving_MTL_256s" / pair[0] / str(pair[1]), 12, number, "{:05d}.jpg", 100)
    write_pickle(folder / "Annotations/FineDiving_fine-grained_annotation.pkl", fine)
    write_pickle(folder / "Annotations/FineDiving_coarse_annotation.pkl", coarse)
    for split, pairs in keys.items():
        write_pickle(folder / "train_test_split" / f"{split}_split.pkl", [key(pair) for pair in pairs])
    return folder


def write_ucf101(folder, test_labels=False, newline="\n", num_frames=6):
    """Two classes, two videos to train and one to test of each."""
    lists = folder / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    classes = ["ApplyEyeMakeup", "BoxingPunchingBag"]
    _write_lines(lists / "classInd.txt", [f"{n} {name}" for n, name in enumerate(classes, start=1)], newline)
    rows = {"train": [], "test": []}
    for label, name in enumerate(classes, start=1):
        (folder / "UCF-101" / name).mkdir(parents=True)
        for group, split in ((1, "test"), (8, "train"), (9, "train")):
            clip = f"{name}/v_{name}_g{group:02d}_c01.avi"
            write_bars(folder / "UCF-101" / clip, num_frames, 10 * label + group)
            rows[split].append(f"{clip} {label}" if split == "train" or test_labels else clip)
    for split, lines in rows.items():
        _write_lines(lists / f"{split}list01.txt", lines, newline)
    return folder


def _write_lines(path, lines, newline):
    path.write_text("".join(f"{line}{newline}" for line in lines), newline="")


MANIFEST_HEADER = ("video", "difficulty", "execution", "final", "split", "pre-starting", "take-flight", "entry", "end")


def write_manifest(folder, rows=None, header=MANIFEST_HEADER):
    """Three dives of one's own: a video, a folder of images, and a GIF in a folder, the last without any score."""
    (folder / "2024 (final)").mkdir(parents=True)
    write_bars(folder / "dive #1, 100%!!.mp4", 20, 1, codec="libx264")
    write_images(folder / "dive 2", 20, 2, "{}.png", 0)
    write_bars(folder / "2024 (final)/dive.avi", 20, 3)
    rows = rows or [
        ("dive #1, 100%!!.mp4", 3.0, 21.0, 63.0, "train", 2, 6, 12, 16),
        ("dive 2", 2.8, "", 56.0, "train", 0, 5, 11, 20),
        ("2024 (final)/dive.avi", "", "", "", "test", "", "", "", ""),
    ]
    write_table(folder / "manifest.csv", header, rows)
    return folder


def build_table(folder, rows, settings=SMALL, sport="diving"):
    """Writes the lines of a manifest.csv and builds their records; returns the folder of these."""
    (folder / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", folder, folder / "records", settings, workers=1, sport=sport)
    return folder / "records"


def write_table(path, header, rows):
    """Writes a CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def problem_codes(source):
    """[(where, code)] of what is wrong with the rows of a source."""
    return [(problem.where, problem.code) for sample in source.samples for problem in sample.problems]


def notes_of(source):
    """{code: sentence} of the notes of a source."""
    return {note.code: str(note) for note in source.notes}
