"""Fig. 5: which samples are chosen, by their true scores alone; how many close pairs are in order."""

import csv
import dataclasses
import shutil

import numpy as np
import pytest
from table_runs import commands, given, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import curves, learning_curves, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, TRAIN_VIDEOS
from scoringnet_tf.experiments.training import Training

FIG5 = EXPERIMENTS["fig5"]


def course(truth, predicted):
    ids = tuple(f"{number:02d}" for number in range(len(truth)))
    return curves.Course(ids, np.array(truth, float), np.arange(1, len(predicted) + 1), np.array(predicted, float))


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        ([20, 16, 9, 13.5, 15.5, 13.5], [3, 4, 1]),  # 13.5, 15.5 and 16, around 14.5
        ([1, 2, 3, 9, 9, 9, 9, 10], [2, 3, 7]),
        ([1, 2, 9, 9, 9], [0, 1, 2]),
        ([10, 10, 12], [0, 2]),
    ],
)
def test_samples_are_of_adjacent_scores_around_the_median(truth, expected):
    assert curves.samples(course(truth, [[0] * len(truth)])) == expected


def test_only_close_pairs_of_different_scores_count():
    """A pair is close within half a deviation, 1.96 points: the first two and no other; ties do not count."""
    one = course([10, 11.9, 18, 18, 20.1], [[1, 2, 0, 0, 0], [2, 1, 9, 8, 7], [1, 1, 0, 0, 0]])
    assert 1.9 < curves.CLOSE * one.truth.std() < 2.1
    assert curves.share_in_order(one).tolist() == [1.0, 0.0, 0.0]
    assert np.isnan(curves.share_in_order(course([1, 1], [[0, 1]]))).all()


@pytest.fixture
def trained(surroundings, commands):  # noqa: F811
    """Both rows of two seeds; under the ranking loss every close pair comes into order."""
    suite.run([FIG5], surroundings, 2)
    for row in FIG5.rows:
        for seed in range(2):
            folder = Training(row.flags, seed).folder(surroundings)
            with (folder / "scoring_scores.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["epoch", "score", "video_id", "true", "predicted"])
                for epoch in range(1, 5):
                    for number in range(9):
                        sign = 1 if row.name != "MSE" and epoch > 1 else -1
                        video_id, true = f"{number + 1:03d}", 12 + number / 2
                        writer.writerow([epoch, "execution", video_id, true, 14 + sign * number / 4])
                        writer.writerow([epoch, "final", video_id, 50, 50])
    return surroundings


def test_curves_are_drawn_and_kept(trained, tmp_path):
    text = curves.write_curves(tmp_path / "fig5", FIG5, trained, 2)
    assert "| MSE | 0.000 | 0.000 |" in text and "| MSE + ranking | 1.000 | 0.750 |" in text
    assert "true scores: 13.50, 14.00, 14.50" in text and "mean of 2 seeds" in text
    with (tmp_path / "fig5/curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 4 * 9
    assert {(row["video_id"], float(row["true"])) for row in rows} == {(f"{n + 1:03d}", 12 + n / 2) for n in range(9)}
    for row in rows:  # in order from the second epoch on, and under the ranking loss alone
        sign = 1 if row["row"] != "MSE" and row["epoch"] in "234" else -1
        assert float(row["predicted"]) == 14 + sign * (int(row["video_id"]) - 1) / 4
    assert (tmp_path / "fig5/fig5.png").stat().st_size > 10_000


def test_rows_are_drawn_of_the_seeds_that_all_have(trained, tmp_path):
    for row, seed, text in zip(FIG5.rows, (0, 1), ("mean of 1 seed.", None), strict=True):
        path = Training(row.flags, seed).folder(trained) / "scoring_scores.csv"
        path.write_text("\n".join(line for line in path.read_text().splitlines() if ",execution," not in line))
        found = curves.write_curves(tmp_path / f"{seed}", FIG5, trained, 2)
        assert found is None if text is None else text in found
    with (tmp_path / "0/curves.csv").open(newline="") as file:
        assert {(row["row"], row["seed"]) for row in csv.DictReader(file)} == {(row.name, "1") for row in FIG5.rows}
    assert not (tmp_path / "1").exists()


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


def test_groups_that_changed_since_are_those_of_fewer_videos(surroundings):  # noqa: F811
    """No data hash tells of groups, and the index of fewer videos is kept from run to run."""
    fewer, info = Training({TRAIN_VIDEOS: "3"}, 0), surroundings.records
    before, test_id = fewer.folder(surroundings), info.split("test")["ids"][0]
    info.videos[test_id]["group"] = "a"
    assert fewer.records(surroundings).videos[test_id]["group"] == "a" and fewer.folder(surroundings) != before


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
