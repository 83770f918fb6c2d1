"""Learning curves: which videos a row learns from, and what is kept of it."""

import csv
import dataclasses
import shutil

import numpy as np
import pytest
from table_runs import commands, given, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import learning_curves, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, TRAIN_VIDEOS
from scoringnet_tf.experiments.training import Training

ALL = EXPERIMENTS["learning_curves"]
SHORT = dataclasses.replace(  # of ten dives, seven to learn from
    ALL,
    rows=[
        *ALL.rows[:2],
        *(
            dataclasses.replace(row, name=f"{row.name}, {number} videos", flags={**row.flags, TRAIN_VIDEOS: number})
            for number in ("3", "5")
            for row in ALL.rows[:2]
        ),
    ],
)


def learned_from(arguments):
    """The training videos of the records that a training was given."""
    return {*DatasetInfo.load(given(arguments, "records_dir")[0]).splits["train"]["ids"]}


def test_larger_sets_hold_the_smaller_ones_of_their_seed(surroundings, commands):  # noqa: F811
    assert suite.run([SHORT], surroundings, 2) == []
    trained = commands.of("train")
    assert not any(argument.startswith(f"--{TRAIN_VIDEOS}") for arguments in trained for argument in arguments)
    sets = {}
    for arguments in trained:
        (seed,) = given(arguments, "seed")
        ids = frozenset(learned_from(arguments))
        sets.setdefault(seed, {}).setdefault(len(ids), set()).add(ids)
    (three,), (five,), (seven,) = (sets["0"][number] for number in (3, 5, 7))
    assert three < five < seven == {*surroundings.records.splits["train"]["ids"]}
    assert sets["1"].keys() == {3, 5, 7} and sets["1"][3] != sets["0"][3] and sets["1"][7] == sets["0"][7]


def test_scores_are_scaled_by_the_videos_that_are_learned_from(surroundings):  # noqa: F811
    records = Training({TRAIN_VIDEOS: "3"}, 0).records(surroundings)
    finals = [surroundings.records.videos[video_id]["final"] for video_id in records.splits["train"]["ids"]]
    assert records.score_statistics["train"]["final"]["mean"] == pytest.approx(np.mean(finals))
    assert records.splits["test"]["ids"] == surroundings.records.splits["test"]["ids"]


def test_records_that_moved_are_read_where_they_are(surroundings, tmp_path):  # noqa: F811
    shutil.copytree(surroundings.records.records_dir, tmp_path / "moved")
    moved = dataclasses.replace(surroundings, records=DatasetInfo.load(tmp_path / "moved"))
    first, second = (Training({TRAIN_VIDEOS: "3"}, 0).records(each) for each in (surroundings, moved))
    assert (first.source, second.source) == (str(surroundings.records.records_dir), str(tmp_path / "moved"))
    assert first.split("train")["ids"] == second.split("train")["ids"]


def test_rows_of_more_videos_than_there_are_are_left_out(surroundings, capsys):  # noqa: F811
    (possible,) = suite.possible({"learning_curves": ALL}, surroundings).values()
    assert not any(TRAIN_VIDEOS in row.flags for row in possible.rows) and len(possible.rows) >= 6
    assert "left out key fragments, 3000 videos" in capsys.readouterr().err


def test_curves_tables_and_pictures_are_written(surroundings, commands, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    folder = tmp_path / "kept"
    assert learning_curves.write_learning_curves(folder, SHORT, surroundings, 2) is None
    suite.run([SHORT], surroundings, 2)
    text = learning_curves.write_learning_curves(folder, SHORT, surroundings, 2)
    assert text == (folder / "table.md").read_text() and "| key fragments |" in text and "5 videos |" not in text
    assert "whole video against key fragments (95 %, paired)" in text
    results = suite.results(SHORT, surroundings, 2)
    assert "| | 3 (2 seeds) | 5 (2 seeds) | 7 (2 seeds) |" in text
    draws, numbers = results.drawn("e_src"), {"3": ", 3 videos", "5": ", 5 videos", "7": ""}
    (shown,) = [line for line in text.splitlines() if line.startswith("| key fragments − whole video: E-SRC")]
    for cell, more in zip(shown.strip("|").split("|")[1:], numbers.values(), strict=True):
        low, high = bootstrap.interval(draws[f"key fragments{more}"] - draws[f"whole video{more}"])
        assert cell.strip().strip("*") == f"{low:+.3f} to {high:+.3f}" and ("**" in cell) == (low * high > 0)
    (Training({**SHORT.rows[0].flags}, 1).folder(surroundings) / "metafile.yml").unlink()
    again = learning_curves.write_learning_curves(tmp_path / "again", SHORT, surroundings, 2)
    (fewer,) = [line for line in again.splitlines() if line.startswith("| key fragments − whole video: E-SRC")]
    assert fewer.split(" | ")[1:3] == shown.split(" | ")[1:3] and fewer.endswith(" |  |")  # of other seeds
    with (folder / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 2 * 2  # ways, sets, seeds, renderings
    for row in rows:
        name = row["way"] + ("" if row["training_videos"] == "7" else f", {row['training_videos']} videos")
        measured = results.values(name, "f_med")[int(row["seed"]), int(row["rendering"])]
        assert float(row["f_med"]) == pytest.approx(measured, abs=1e-6)
    assert all((folder / f"{name}.png").stat().st_size > 10_000 for name in learning_curves.PICTURES)
