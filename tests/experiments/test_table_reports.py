"""The table of an experiment: its cells, what it says, its files, which are read again, and when they are replaced."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from refusals import refused
from table_runs import DESCRIBED, EXPERIMENT
from test_table_results import of_stages  # noqa: F401

from scoringnet_tf import bootstrap, sports
from scoringnet_tf.data.splits import read_split
from scoringnet_tf.experiments import report
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.results import Results, read_results
from scoringnet_tf.inference import evaluation
from scoringnet_tf.sports import SCORES

TABLE = dataclasses.replace(EXPERIMENT, rows=EXPERIMENT.rows[:2])
STAGE_TABLE = Experiment("Table 3", "Which?", [Row("worse")], "worse", measures="stages", picture="frames")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 20)


def results_of(rows, seeds=2, renderings=1, videos=12, scores=SCORES):
    """Random scores of rows; `seeds` may be a number for each."""
    rng, ids = np.random.default_rng(0), tuple(f"{video:02d}" for video in range(videos))
    seeds = dict(zip(rows, seeds, strict=True)) if isinstance(seeds, tuple) else dict.fromkeys(rows, seeds)
    truth = {score: rng.uniform(10, 20, videos) for score in scores}
    predicted = {
        row: {score: truth[score] + rng.normal(0, 2, (seeds[row], renderings, videos)) for score in scores}
        for row in rows
    }
    return Results(ids, truth, predicted)


def table_of(results, table=TABLE, described=DESCRIBED):
    return report.markdown(table, report.cells([results], table), described)


# === Cells ===


def test_rows_are_compared_with_the_reference_of_the_table_or_of_a_score():
    for table in (TABLE, EXPERIMENTS["table1"]):
        results = results_of([row.name for row in table.rows])
        cells = report.cells([results], table)
        text = report.markdown(table, cells, DESCRIBED)
        for score in SCORES:
            draws, other = results.drawn(f"{score[0]}_med"), table.reference
            if isinstance(other, dict):
                other = other.get(score)
            for row in draws:
                cell = cells[row][f"{score[0]}_med"]
                assert ("more" in cell) == (other not in (None, row))
                if "more" in cell:
                    assert cell["more"] == bootstrap.interval(draws[row] - draws[other])
                    assert f"{row} against {other} (95 %, paired): " in text


def test_rows_of_other_seeds_are_named_and_not_called_paired():
    """As many, and not the same: what seed 0 of the one and seed 1 of the other differ by is more than the rows."""
    made = results_of(["MSE", "ranking"])
    for seeds in ({"MSE": (0, 1), "ranking": (1, 2)}, {}):
        text = table_of(dataclasses.replace(made, seeds=seeds))
        assert ("(95 %, paired)" in text) == (not seeds) != ("ranking is not compared with MSE" in text)
    assert "Mean of 2 seeds (1 of MSE) on 1 rendering " in table_of(results_of(["MSE", "ranking"], (1, 2)))


def test_a_figure_that_one_seed_does_not_have_is_undefined():
    """SRC of equal predictions: no mean, no interval, no difference from it, or of it from others."""
    made = results_of(["MSE", "ranking"], scores=["final"])
    made.predicted["ranking"]["final"][1] = 5
    found = report.cells([made], TABLE)
    assert np.isnan([found["ranking"]["f_src"]["mean"], *found["ranking"]["f_src"]["interval"]]).all()
    text = table_of(made)
    assert "| ranking | – |" in text and "ranking against MSE (95 %, paired): F-MED" in text
    turned = dataclasses.replace(TABLE, reference="ranking")
    found = report.cells([made], turned)
    assert np.isnan(found["MSE"]["f_src"]["more"]).all() and not np.isnan(found["MSE"]["f_src"]["interval"]).any()
    assert "MSE against ranking (95 %, paired): F-MED" in table_of(made, turned)


def test_a_deviation_is_over_seeds_of_means_over_renderings():
    """Of errors 1, 2, 3 on three renderings, and of 5, 6, 7 by another seed: that of 2 and 6."""
    errors = np.array([[1.0, 2, 3], [5, 6, 7]])[..., None] + np.zeros(4)
    predicted = {"two": {"final": errors}, "one": {"final": errors[:1]}}
    found = report.cells([Results(tuple("abcd"), {"final": np.zeros(4)}, predicted)], TABLE, ["f_med"])
    assert (found["two"]["f_med"]["mean"], found["two"]["f_med"]["std"]) == (4, pytest.approx(8**0.5))
    assert found["one"]["f_med"]["std"] is None


# === What the table says ===


@pytest.mark.parametrize(
    ("data", "said"),
    [("unlv_diving", "| *the paper* | 0.79"), ("mtl_aqa", "| *the paper, of unlv_diving* | 0.79"), ("own", "| 0.81")],
)
def test_of_which_dataset_the_papers_figures_are(data, said):
    table = dataclasses.replace(TABLE, paper={**TABLE.paper, "own": {"MSE": {"f_src": 0.81}}})
    described = {"data": {"name": data, "sport": "diving"}}
    assert said in table_of(results_of(["MSE"], scores=["final"]), table, described)


@pytest.mark.parametrize(
    ("seeds", "renderings", "but"),
    [
        (2, 2, "videos."),
        (1, 2, "videos, but not over seeds, of which there is one."),
        (1, 1, "videos, but not over seeds or renderings, of which there is one."),
    ],
)
def test_an_interval_says_what_it_does_not_cover(seeds, renderings, but):
    assert table_of(results_of(["MSE"], seeds, renderings)).endswith(f"these and the {but}\n")


def test_joints_and_what_was_learned_from_test_videos_are_named():
    trainings = [{"sees": {"joints": "drawn by hand"}}, {}]
    described = {**DESCRIBED, "trainings": trainings, "learned_from_test": {"ranking": 2}}
    text = table_of(results_of(["MSE"]), described=described)
    assert "\nJoints: drawn by hand.\n" in text and text.endswith(": ranking 2.\n")
    assert "Learned from" not in table_of(results_of(["MSE"]))


# === Files ===


def test_what_is_kept_is_read_again_with_its_groups(tmp_path):
    made = results_of(["MSE", "ranking"], 2, 2, 30, ["execution", "final"])
    made.truth["execution"][3] = np.nan
    del made.predicted["MSE"]["execution"]
    text = report.write_results(tmp_path, TABLE, [made], {**DESCRIBED, "preset": "tiny"})
    assert (tmp_path / "table.md").read_text() == text and (tmp_path / "f_src.png").stat().st_size > 1000
    assert "group" not in (tmp_path / "predictions.csv").read_text().splitlines()[0]
    kept = json.loads((tmp_path / "cells.json").read_text())
    (found,) = read_results(tmp_path / "predictions.csv")
    assert kept["preset"] == "tiny" and list(found.predicted["MSE"]) == ["final"]
    assert kept["rows"] == json.loads(json.dumps(report.cells([found], TABLE)))
    truth, predicted = made.truth["final"], made.predicted["ranking"]["final"].reshape(4, 30)
    expected = np.mean([sports.med(truth, one) for one in predicted])
    assert kept["rows"]["ranking"]["f_med"]["mean"] == pytest.approx(expected)
    groups = tuple(f"athlete {video % 4}" if video else None for video in range(30))
    text = report.write_results(tmp_path, TABLE, [dataclasses.replace(made, groups=groups)], DESCRIBED)
    assert "95 % of a bootstrap over these and the videos in 5 groups." in text
    assert read_results(tmp_path / "predictions.csv")[0].groups == groups


def test_a_table_of_stages_is_read_again(of_stages, tmp_path):  # noqa: F811
    groups = ("one",) * 20 + ("two",) * 20
    table = dataclasses.replace(STAGE_TABLE, paper={"diving": {"worse": {"entry": 0.97}}})
    text = report.write_results(tmp_path, table, [dataclasses.replace(of_stages, groups=groups)], DESCRIBED)
    assert "| | noise | pre-starting | take-flight | entry | mean of classes | frames | edit | F1@10 |" in text
    assert "| *the paper* |  |  |  | 0.97 |" in text and (tmp_path / "frames.png").stat().st_size > 1000
    (found,) = read_results(tmp_path / "predictions.csv")
    assert (found.groups, found.names) == (groups, of_stages.names)
    for row, figures in of_stages.predicted.items():
        for name, of_row in figures.items():
            np.testing.assert_allclose(found.predicted[row][name], of_row)


def test_a_table_of_splits_has_means_deviations_and_each_split(tmp_path):
    """What is undefined on one split is undefined in the mean; splits of more, before, are gone."""
    table, row = EXPERIMENTS["table6"], "MSE + ranking"
    made = [results_of([row], 1, 2, 10 + number) for number in range(3)]
    splits = [dict.fromkeys(one.ids, "test") for one in made]
    report.write_results(tmp_path, table, made, DESCRIBED, splits)
    assert [read_split(tmp_path / f"splits/{number}.csv") for number in (1, 2, 3)] == splits
    cell = json.loads((tmp_path / "cells.json").read_text())["rows"][row]["e_med"]
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = []
    for number in "123":
        of_split = [line for line in rows if line["split"] == number]
        pairs = [[float(line[f"{kind}_execution"]) for line in of_split] for kind in ("true", "predicted")]
        expected.append(evaluation.med(*map(np.array, pairs)))
    assert cell["of_splits"] == pytest.approx(expected)
    assert (cell["mean"], cell["std"]) == pytest.approx((np.mean(expected), np.std(expected, ddof=1)))
    assert [len(one.ids) for one in read_results(tmp_path / "predictions.csv")] == [10, 11, 12]
    made[1].predicted[row]["final"][:] = 50.0
    text = report.write_results(tmp_path, table, made[:2], DESCRIBED, splits[:2])
    assert len([*(tmp_path / "splits").iterdir()]) == 2
    assert "| *the paper* | 0.77 ± 0.05 | 0.85 ± 0.03 | 0.79 ± 0.04 | 0.1 ± 0.01 |" in text
    figures = {line.split(" | ")[0]: line.split(" | ") for line in text.splitlines() if line.startswith("| MSE")}
    assert figures[f"| {row}"][3] == figures[f"| {row}, split 2"][3] == "–" and "nan" not in text
    low, high = report.cells(made[:2], table, ["e_med"])[row]["e_med"]["interval"]
    assert f" [{low:.3f}, {high:.3f}]" in figures[f"| {row}"][5] and "± " in figures[f"| {row}"][5]


@pytest.mark.parametrize(
    ("hashes", "trainings", "replaced"),
    [
        (["a", "b"], ["one", "two"], True),
        (["a", "c", "b"], ["one", "two", "three"], True),
        (["b", "c"], ["one", "two"], False),  # other records, or a rendering is missing
        (["a", "b"], ["one", "three"], False),  # another preset, flags, weights, joints, groups; or fewer seeds
    ],
)
@pytest.mark.parametrize("name", ["cells.json", "drawn.json"])
def test_results_of_other_data_or_of_other_trainings_stay(name, hashes, trainings, replaced, tmp_path):
    kept = {"data": {"hash": ["a", "b"]}, "trainings": [{"folder": "one"}, {"folder": "two"}]}
    (tmp_path / name).write_text(json.dumps(kept))
    report.check_replaceable(tmp_path / "new", hashes, trainings)
    with refused(None if replaced else "results_kept", tmp_path):
        report.check_replaceable(tmp_path, hashes, trainings)
    (tmp_path / name).rename(tmp_path / "table.md")
    with refused("results_kept", tmp_path):  # of which nothing is known
        report.check_replaceable(tmp_path, hashes, trainings)


def test_a_report_that_is_killed_leaves_no_figures_of_other_predictions(tmp_path):
    report.write_results(tmp_path, TABLE, [results_of(["MSE"])], DESCRIBED)
    (tmp_path / "predictions.csv").unlink()
    (tmp_path / "predictions.csv").mkdir()
    with pytest.raises(OSError, match="predictions"):
        report.write_results(tmp_path, TABLE, [results_of(["MSE"])], DESCRIBED)
    assert not (tmp_path / "cells.json").exists() and (tmp_path / "table.md").is_file()
