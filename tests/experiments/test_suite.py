"""Experiments: what is trained and evaluated, once; what fails; tables that can be computed again from what is kept."""

import csv
import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
import yaml
from command_forks import forked
from refusals import code_printed, refused

from scoringnet_tf import bootstrap, sports
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import intervals, report, suite, training
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.fitting import Fitting
from scoringnet_tf.experiments.training import Surroundings, Training, TrainingError
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields

EXPERIMENT = Experiment(
    "Table",
    "Which?",
    [Row("MSE", {"alpha": "0"}), Row("ranking"), Row("ranking, true fragments", {}, ("--true_fragments",))],
    "MSE",
    {"diving": {"MSE": {"f_src": 0.79}}},
)
PRESET = """# Command: …
--alpha=5
--set=augmentation.flip=false
--scoring_epochs=1
"""


@pytest.fixture
def surroundings(diving_records, tmp_path):
    (tmp_path / "preset.flags").write_text(PRESET)
    info = DatasetInfo.load(diving_records)
    shutil.copytree(diving_records, tmp_path / "again")
    index = json.loads((tmp_path / "again/dataset_info.json").read_text())
    (tmp_path / "again/dataset_info.json").write_text(json.dumps({**index, "data_hash": "0123456789ab"}))
    again = DatasetInfo.load(tmp_path / "again")
    return Surroundings(tmp_path / "preset.flags", info, (again,), tmp_path / "runs")


@pytest.fixture
def commands(monkeypatch):
    """Commands that were run; each leaves what the real one leaves, with scores of its own."""
    seen = []

    def fake(module, arguments, log):
        seen.append((module, arguments))
        flags = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        if module == "scoringnet_tf.train":
            (log.parent / "config.json").write_text('{"versions": {"keras": "3"}}')
        else:
            write_report(flags, np.random.default_rng(len(seen)))

    monkeypatch.setattr(training, "run_command", fake)
    return seen


def write_report(flags, rng):
    info = DatasetInfo.load(flags["records_dir"])
    folder = training.Path(flags["output_dir"])
    folder.mkdir()
    with (folder / "predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", *(f"{kind}_{score}" for score in SCORES for kind in ("true", "predicted"))])
        for video_id in reversed(info.split("test")["ids"]):
            truth = [info.videos[video_id][score] for score in SCORES]
            writer.writerow([video_id, *(value for score in truth for value in (score, score + rng.normal()))])


def test_each_training_and_evaluation_is_done_once(surroundings, commands):
    assert suite.run([EXPERIMENT], surroundings, 2) == []
    trained = [arguments for module, arguments in commands if module.endswith("train")]
    evaluated = [arguments for module, arguments in commands if module.endswith("evaluate")]
    assert (len(trained), len(evaluated)) == (4, 12)  # two rows share a training; two renderings
    assert sum("--true_fragments" in arguments for arguments in evaluated) == 4
    for arguments in evaluated:  # of the test videos of each rendering, not thrice of those that were trained on
        given = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
        assert f"test_{DatasetInfo.load(given['records_dir']).data_hash[:10]}" in given["output_dir"]
    assert sum(f"--records_dir={surroundings.renderings[0].records_dir}" in arguments for arguments in evaluated) == 6
    assert [next(a for a in arguments if a.startswith("--seed")) for arguments in trained] == [
        *["--seed=0"] * 2,
        *["--seed=1"] * 2,
    ]
    assert ["--alpha=0" in arguments for arguments in trained] == [True, False] * 2
    for arguments in trained:
        assert {"--set=augmentation.flip=false", "--scoring_epochs=1"} <= set(arguments)  # the preset's
    assert suite.run([EXPERIMENT], surroundings, 2) == [] and len(commands) == 16
    assert suite.run([EXPERIMENT], surroundings, 3) == [] and len(commands) == 24
    metafile = yaml.safe_load(next(surroundings.folder.glob("*/metafile.yml")).read_text())
    assert metafile["configuration"]["data_hash"] == surroundings.records.data_hash
    assert metafile["versions"] == {"keras": "3"} and metafile["hardware"]["cores"] >= 1


def test_a_folder_is_named_by_all_that_its_result_depends_on(surroundings, tmp_path, monkeypatch):
    def name(changes=(), **flags):
        return Training(flags, 0).folder(training.dataclasses.replace(surroundings, **dict(changes))).name

    same = name()
    assert name(alpha="5").rpartition("-")[2] == same.rpartition("-")[2]  # what the preset says already
    (tmp_path / "other.flags").write_text(
        "# Another comment\n--scoring_epochs=1\n\n--set=augmentation.flip=false\n--alpha=5\n"
    )
    assert name({"preset": tmp_path / "other.flags"}) == same
    assert name({"folder": surroundings.folder, "further": ("--set=augmentation.flip=true",)}) != same
    assert name({"further": ("--max_steps=2",)}) != same
    assert name({"records": surroundings.renderings[0]}) != same
    assert name(alpha="1") != same
    assert Training({}, 1).folder(surroundings).name != same
    model = tmp_path / "c3d.keras"
    model.write_bytes(b"one")
    first = name(pretrained=str(model))
    model.write_bytes(b"two")
    assert name(pretrained=str(model)) != first
    with refused("not_found", "--pretrained=none"):
        name(pretrained="none")
    monkeypatch.setattr(training, "__version__", "0.0")
    assert name() != same


def test_a_failure_is_said_and_stops_nothing_else(surroundings, commands, monkeypatch, capsys):
    succeed = training.run_command

    def failing(module, arguments, log):
        if "--alpha=0" in arguments:
            raise TrainingError("scoringnet_tf.train exited 1: --alpha: no")
        succeed(module, arguments, log)

    monkeypatch.setattr(training, "run_command", failing)
    assert suite.run([EXPERIMENT], surroundings, 1) == ["scoringnet_tf.train exited 1: --alpha: no"]
    assert "experiments: scoringnet_tf.train exited 1" in capsys.readouterr().err
    assert list(suite.results(EXPERIMENT, surroundings, 1).predicted) == ["ranking", "ranking, true fragments"]
    monkeypatch.setattr(training, "run_command", succeed)
    suite.run([EXPERIMENT], surroundings, 1)
    assert list(suite.results(EXPERIMENT, surroundings, 1).predicted) == [row.name for row in EXPERIMENT.rows]


def test_a_command_that_fails_says_its_last_words(tmp_path):
    with pytest.raises(TrainingError, match=r"scoringnet_tf\.train exited 1: train: .*\[missing_flag\]"):
        training.run_command("scoringnet_tf.train", [], tmp_path / "log.txt")
    assert (tmp_path / "log.txt").read_text().startswith("$ python -m scoringnet_tf.train")


def test_cells_can_be_computed_again_from_the_predictions_that_are_kept(surroundings, commands, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 50)
    suite.run([EXPERIMENT], surroundings, 2)
    results = suite.results(EXPERIMENT, surroundings, 2)
    text = report.write_results(tmp_path / "table", EXPERIMENT, results, "unlv_diving", "diving", {"preset": "tiny"})
    kept = json.loads((tmp_path / "table/cells.json").read_text())
    assert kept["preset"] == "tiny" and (tmp_path / "table/f_src.png").stat().st_size > 1000
    with (tmp_path / "table/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name, row in kept["rows"].items():
        for score in SCORES:
            found = []
            for seed, rendering in np.ndindex(2, 2):
                chosen = [r for r in rows if (r["row"], r["seed"], r["rendering"]) == (name, str(seed), str(rendering))]
                truth, predicted = (
                    np.array([float(r[f"{kind}_{score}"]) for r in chosen]) for kind in ("true", "predicted")
                )
                found.append([sports.src(truth, predicted), sports.med(truth, predicted)])
            mean = np.mean(found, axis=0)
            assert row[f"{score[0]}_src"]["mean"] == pytest.approx(mean[0], abs=1e-4)
            assert row[f"{score[0]}_med"]["mean"] == pytest.approx(mean[1], abs=1e-4)
        assert ("more" in row["f_src"]) == (name != "MSE")
    assert "| *the paper* |  |  | 0.79 |" in text
    assert "ranking against MSE (95 %, paired): D-SRC" in text


def test_the_catalogue_is_consistent():
    for experiment in EXPERIMENTS.values():
        names = [row.name for row in experiment.rows]
        assert len(set(names)) == len(names)
        references = experiment.reference
        assert {row.against for row in experiment.rows} <= {None, *names}
        assert (
            experiment.compute
            or experiment.resplit
            or {*(references.values() if isinstance(references, dict) else [references])} <= {*names}
        )
        for printed in (*experiment.paper.values(), *experiment.paper_std.values()):
            assert printed.keys() <= set(names)


def test_rows_ask_what_their_titles_say():
    for name in ("table1", "table2"):
        for row in EXPERIMENTS[name].rows:
            fragment = row.name.replace(" + ", ",")
            both = {"model.fragments.difficulty": fragment, "model.fragments.execution": fragment}
            assert row.flags == {"alpha": "0", **both} and row.evaluation == ("--true_fragments",)
    rows = {name: {row.name: (row.flags, row.evaluation) for row in table.rows} for name, table in EXPERIMENTS.items()}
    mse, ranking, whole = {"alpha": "0"}, {}, {"fragments": "whole"}
    assert rows["table4"] == {
        "−KFS": ({**mse, **whole}, ()),
        "+KFS": (mse, ()),
        "+KFS, true fragments": (mse, ("--true_fragments",)),
    }
    assert rows["table5"] == rows["fig5"] == {"MSE": (mse, ()), "MSE + ranking": (ranking, ())}
    assert rows["control"] == {"true scores": ({}, ()), "exchanged scores": ({"data.shuffle_labels": "true"}, ())}
    for name, (flags, _) in rows["heads"].items():
        if name != "S3D":
            assert (flags["alpha"] == "0") == ("ranking" not in name)
            assert flags["head"] == ("distribution" if name.startswith("distribution") else "regression")
    for name, (flags, _) in rows["ranking"].items():
        setting, _, loss = name.rpartition(": ")
        against = next(row.against for row in EXPERIMENTS["ranking"].rows if row.name == name)
        assert against == (f"{setting}: MSE" if setting and loss == "MSE + ranking" else None)
        assert flags.items() >= rows["ranking"][against][0].items() - {("alpha", "0")} if against else True
        assert ("alpha", "0") in flags.items() if loss == "MSE" else flags.get("alpha") != "0"
    networks = {"ResNet50": "resnet50", "C3D": "c3d", "C3D + ED-TCN": "c3d_ed_tcn"}
    for table in ("table3", "fig4"):
        for name, (flags, _) in rows[table].items():
            assert flags.get("stage_network") == networks.get(name.partition(",")[0])
    varied = {name: next(iter(flags.items()), None) for name, (flags, _) in rows["stability"].items()}
    for name, value in varied.items():
        sign, _, number = name.partition(" = ")
        of = {"α": "alpha", "δ": "ranking_margin", "β": "beta", "batch": "batch_size", "clips": "clip_lengths"}.get(
            sign
        )
        of = of or {"rate": "learning_rate", "LSTM units": "model.fragments.network.lstm_units"}.get(sign)
        assert value == (of and (of, number)) or (name, value) == ("sum over pairs", ("loss.pair_reduction", "sum"))


@pytest.mark.parametrize(
    ("name", "difficulty", "execution"),
    [
        ("table1", "take-flight", "take-flight + entry"),
        ("table2", "posting-flight", "posting-flight + landing"),
    ],
)
def test_fragments_are_compared_with_those_that_the_paper_takes_for_each_score(name, difficulty, execution):
    table = EXPERIMENTS[name]
    assert table.reference == {"difficulty": difficulty, "execution": execution}
    rng = np.random.default_rng(0)
    truth = {score: rng.uniform(10, 20, 12) for score in SCORES}
    predicted = {
        row.name: {score: truth[score] + rng.normal(0, 1 + place, (2, 1, 12)) for score in SCORES}
        for place, row in enumerate(table.rows)
    }
    results = intervals.Results(tuple("abcdefghijkl"), truth, predicted)
    cells = report.cells(results, table)
    for score, reference in table.reference.items():
        figure = f"{score[0]}_src"
        draws = results.drawn(figure)
        assert "more" not in cells[reference][figure]
        for row in predicted.keys() - {reference}:
            assert cells[row][figure]["more"] == bootstrap.interval(draws[row] - draws[reference])
    assert not any("more" in cells[row][f"f_{measure}"] for row in predicted for measure in sports.MEASURES)
    text = report.markdown(table, cells, "unlv", table.sport)
    for row in predicted.keys() - {difficulty, execution}:
        assert f"{row} against {difficulty} (95 %, paired): D-SRC" in text
        assert f"{row} against {execution} (95 %, paired): E-SRC" in text


def test_results_know_the_groups_of_their_videos(surroundings, commands):
    """In their order; where no video has one there are none."""
    table = dataclasses.replace(EXPERIMENT, rows=EXPERIMENT.rows[:1])
    assert suite.run([table], surroundings, 1) == []
    assert suite.results(table, surroundings, 1).groups == ()
    last = max(surroundings.records.split("test")["ids"])
    surroundings.records.videos[last]["group"] = "one"  # other data, which is trained on anew
    assert suite.run([table], surroundings, 1) == []
    assert suite.results(table, surroundings, 1).groups == (None, None, "one")


def test_a_row_may_be_compared_with_one_of_its_own():
    rows = [Row("MSE"), Row("ranking"), Row("slow: MSE"), Row("slow: ranking", against="slow: MSE")]
    table = Experiment("Table", "Which?", rows, "MSE")
    rng = np.random.default_rng(0)
    truth = {"final": rng.uniform(10, 20, 12)}
    predicted = {row.name: {"final": truth["final"] + rng.normal(0, 1, (2, 1, 12))} for row in rows}
    results = intervals.Results(tuple("abcdefghijkl"), truth, predicted)
    cells, draws = report.cells(results, table), results.drawn("f_med")
    for row, other in {"ranking": "MSE", "slow: MSE": "MSE", "slow: ranking": "slow: MSE"}.items():
        assert cells[row]["f_med"]["more"] == bootstrap.interval(draws[row] - draws[other])
    assert "more" not in cells["MSE"]["f_med"]
    said = report.markdown(table, cells, "unlv", "diving").splitlines()
    compared = [line.partition(" (95 %")[0] for line in said if "paired" in line]
    assert compared == ["ranking against MSE", "slow: MSE against MSE", "slow: ranking against slow: MSE"]


@pytest.mark.slow
def test_a_trained_row_stands_beside_what_is_computed(surroundings, commands, tmp_path):
    shortcuts = EXPERIMENTS["shortcuts"]
    assert (
        suite.with_beside(shortcuts, surroundings, 2) is shortcuts
        and suite.trainings([shortcuts], surroundings, 2) == []
    )
    of_table_5 = dataclasses.replace(EXPERIMENTS["table5"], rows=[shortcuts.beside])
    assert suite.run([of_table_5], surroundings, 2) == []
    table = suite.with_beside(shortcuts, surroundings, 3)
    assert table.rows == [shortcuts.beside] and shortcuts.beside.flags == EXPERIMENTS["table5"].rows[1].flags
    results, alone = suite.results(table, surroundings, 3), suite.results(of_table_5, surroundings, 3)
    ours = shortcuts.reference
    for score in SCORES:
        at = [alone.ids.index(video_id) for video_id in results.ids]
        np.testing.assert_array_equal(results.predicted[ours][score], alone.predicted[ours][score][..., at])
        np.testing.assert_allclose(results.truth[score], alone.truth[score][at], atol=1e-4)
    computed = shortcuts.compute(surroundings.records, surroundings.tested).predicted["mean predictor"]["final"]
    np.testing.assert_array_equal(results.predicted["mean predictor"]["final"], np.repeat(computed, 2, axis=0))
    cells = report.cells(results, table)
    assert cells["mean predictor"]["f_med"]["seeds"] == 2 and "more" in cells["mean predictor"]["f_med"]
    assert f"mean predictor against {ours} (95 %, paired): D-MED" in report.markdown(table, cells, "unlv", "diving")
    others = intervals.Results(("b", "c", "a"), {"final": np.zeros(3)}, {"ours": {"final": np.array([[[2.0, 3, 1]]])}})
    ridge = intervals.Results(("a", "b", "c"), {"final": np.arange(3.0)}, {"mean": {"final": np.ones((1, 1, 3))}})
    assert suite._beside(others, ridge).predicted["ours"]["final"].tolist() == [[[1, 2, 3]]]
    (tmp_path / "lacking.flags").write_text("--pretrained=nowhere.keras")
    lacking = dataclasses.replace(surroundings, preset=tmp_path / "lacking.flags")
    assert suite.with_beside(shortcuts, lacking, 2) is shortcuts


def test_a_table_with_a_row_beside_it_is_not_replaced_by_one_of_another_preset(surroundings, commands, tmp_path):
    """Of a file of the same name, whose trainings are there as well."""
    words = ["report", "shortcuts", f"--records_dir={surroundings.records.records_dir}", "--seeds=1"]
    words += [f"--preset={surroundings.preset}", f"--runs_dir={surroundings.folder}"]
    words += [f"--renderings={tmp_path / 'again'}", f"--results_dir={tmp_path / 'results'}"]
    row = dataclasses.replace(EXPERIMENTS["table5"], rows=[EXPERIMENTS["shortcuts"].beside])
    assert suite.run([row], surroundings, 1) == []
    assert forked("scoringnet_tf.experiments", *words).returncode == 0
    cells = tmp_path / "results/diving/shortcuts/cells.json"
    assert "ScoringNet (MSE + ranking)" in json.loads(cells.read_text())["rows"]
    before = cells.read_bytes()
    surroundings.preset.write_text(PRESET.replace("--alpha=5", "--alpha=3"))
    assert suite.run([row], surroundings, 1) == []
    result = forked("scoringnet_tf.experiments", *words)
    assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"
    assert cells.read_bytes() == before


@pytest.mark.slow
def test_a_real_run_is_trained_evaluated_and_described(diving_records, tmp_path):
    flags = "--image_size=32,32 --width_multiplier=0.0625 --batch_size=4 --clip_lengths=8,8 --validation_fraction=0.3"
    flags += " --fragments=whole --scores=final --epochs=1 --max_steps=1"
    (tmp_path / "tiny.flags").write_text("\n".join(flags.split()))
    info = DatasetInfo.load(diving_records)
    surroundings = Surroundings(tmp_path / "tiny.flags", info, (), tmp_path / "runs")
    experiment = Experiment("Table", "Which?", [Row("preset")], "preset")
    assert suite.run([experiment], surroundings, 1) == []
    results = suite.results(experiment, surroundings, 1)
    assert results.predicted["preset"]["final"].shape == (1, 1, len(info.split("test")["ids"]))
    assert list(results.ids) == sorted(info.split("test")["ids"])
    expected = [info.videos[video_id]["final"] for video_id in results.ids]
    np.testing.assert_allclose(results.truth["final"], expected, atol=1e-3)


def test_tables_of_another_sport_are_refused(surroundings):
    possible = suite.possible(EXPERIMENTS, surroundings)
    assert "table2" not in possible and "table1" in possible
    with refused("wrong_sport", "table2 (of vault)"):
        suite.possible({"table2": EXPERIMENTS["table2"]}, surroundings)


def test_a_row_is_what_it_says_whatever_all_are_given(surroundings, commands):
    """`-- --alpha=3` must not turn the row of squared error into one of ranking."""
    given = training.dataclasses.replace(surroundings, further=("--alpha=3", "--max_steps=2"))
    mse, ranking = (Training(row.flags, 0) for row in EXPERIMENT.rows[:2])
    assert mse.configuration(given)["flags"]["alpha"] == "0"
    assert ranking.configuration(given)["flags"]["alpha"] == "3"
    mse.train(given)
    _, arguments = commands[0]
    alphas = [argument for argument in arguments if argument.startswith("--alpha")]
    assert alphas[-1] == "--alpha=0" and "--max_steps=2" in arguments


@pytest.mark.parametrize("argument", ["--seed=3", "--records_dir=x", "stray", "-alpha=3"])
def test_flags_that_every_training_has_of_its_own_are_refused(surroundings, argument):
    with refused("wrong_flag", argument):
        training.dataclasses.replace(surroundings, further=(argument,))


def test_a_preset_may_name_a_flag_file_and_a_row_stands_above_both(surroundings, commands, tmp_path):
    """Also what is in the named file is part of the configuration."""
    (tmp_path / "mine.flags").write_text(f"// ours\n--flagfile={surroundings.preset}\n--beta=0.25\n")
    mine = training.dataclasses.replace(surroundings, preset=tmp_path / "mine.flags")
    inner = training.preset_flags(surroundings.preset)
    assert training.preset_flags(mine.preset) == [*inner, "--beta=0.25"] and len(inner) > 1
    mse = suite.run_of(EXPERIMENT.rows[0], 0)
    before = mse.folder(mine)
    mse.train(mine)
    assert not [argument for argument in commands[0][1] if argument.startswith("--flagfile")]
    assert "--alpha=0" in commands[0][1] and "--beta=0.25" in commands[0][1]
    surroundings.preset.write_text(PRESET + "--dropout=0.125\n")
    assert mse.folder(mine) != before
    for content, code in (
        (f"--flagfile={tmp_path}/none.flags", "not_found"),
        (f"--flagfile={mine.preset}", "circular_flag_file"),
    ):
        mine.preset.write_text(content)
        with refused(code, "--flagfile="):
            training.preset_flags(mine.preset)


def test_a_seed_has_its_own_number_where_another_failed(surroundings, commands):
    suite.run([EXPERIMENT], surroundings, 3)
    missing = suite.run_of(EXPERIMENT.rows[0], 0).folder(surroundings)
    (missing / training.METAFILE).unlink()
    heading, *rows = suite.results(EXPERIMENT, surroundings, 3).lines()
    seeds = {name: {row[1] for row in rows if row[0] == name} for name in {row[0] for row in rows}}
    assert heading[1] == "seed"
    assert seeds[EXPERIMENT.rows[0].name] == {1, 2} and seeds[EXPERIMENT.rows[1].name] == {0, 1, 2}


def test_rows_of_fewer_seeds_are_named(surroundings, commands):
    suite.run([EXPERIMENT], surroundings, 2)
    results = suite.results(EXPERIMENT, surroundings, 2)
    results.predicted["MSE"]["final"] = results.predicted["MSE"]["final"][:1]
    found = {
        row: {"f_src": {"mean": 0.5, "interval": (0.4, 0.6), "seeds": len(scores["final"]), "renderings": 2}}
        for row, scores in results.predicted.items()
    }
    text = report.markdown(EXPERIMENT, found, "unlv_diving", "diving")
    assert "Mean of 2 seeds (1 of MSE) on 2 renderings" in text and "nan" not in text


def test_rows_of_other_seeds_are_not_called_paired(surroundings, commands, monkeypatch):
    """As many, and not the same: what seed 0 of the one and seed 1 of the other differ by is more than the rows."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    suite.run([EXPERIMENT], surroundings, 3)
    for row, seed in zip(EXPERIMENT.rows, (0, 1, 1), strict=True):
        (suite.run_of(row, seed).folder(surroundings) / training.METAFILE).unlink(missing_ok=True)
    found = report.cells(suite.results(EXPERIMENT, surroundings, 3), EXPERIMENT)
    assert all(cell["seeds"] == 2 and "more" not in cell for row in found.values() for cell in row.values())
    text = report.markdown(EXPERIMENT, found, "unlv_diving", "diving")
    assert "ranking is not compared with MSE, whose seeds are others." in text and "(95 %, paired)" not in text


def test_a_figure_that_one_seed_does_not_have_is_undefined(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    scores = np.random.default_rng(0).normal(size=(2, 1, 12))
    equal = scores.copy()
    equal[1] = 5
    predicted = {"MSE": {"final": scores}, "ranking": {"final": equal}}
    made = intervals.Results(tuple(map(str, range(12))), {"final": np.arange(12.0)}, predicted)
    found = report.cells(made, EXPERIMENT)
    assert np.isnan([found["ranking"]["f_src"]["mean"], *found["ranking"]["f_src"]["interval"]]).all()
    text = report.markdown(EXPERIMENT, found, "unlv_diving", "diving")
    assert "| ranking | – |" in text and "ranking against MSE (95 %, paired): F-MED" in text
    turned = dataclasses.replace(EXPERIMENT, reference="ranking")
    found = report.cells(made, turned)  # nor does anything differ from it
    assert np.isnan(found["MSE"]["f_src"]["more"]).all() and not np.isnan(found["MSE"]["f_src"]["interval"]).any()
    text = report.markdown(turned, found, "unlv_diving", "diving")
    assert "MSE against ranking (95 %, paired): F-MED" in text


def test_a_deviation_is_over_seeds_of_means_over_renderings(monkeypatch):
    """Of errors 1, 2, 3 on three renderings, and of 5, 6, 7 by another seed: that of 2 and 6."""
    monkeypatch.setattr(bootstrap, "DRAWS", 2)
    errors = np.array([[1.0, 2, 3], [5, 6, 7]])[..., None] + np.zeros(4)
    predicted = {"two": {"final": errors}, "one": {"final": errors[:1]}}
    found = report.cells(intervals.Results(tuple("abcd"), {"final": np.zeros(4)}, predicted), EXPERIMENT, ["f_med"])
    assert (found["two"]["f_med"]["mean"], found["two"]["f_med"]["std"]) == (4, pytest.approx(8**0.5))
    assert found["one"]["f_med"]["std"] is None


@pytest.mark.parametrize("run", [Training({}, 0), Fitting({}, 0, "c3d_svr")])
def test_runs_of_other_groups_or_of_another_sport_of_that_name_are_others(run, surroundings):
    """No data hash covers these: the index keeps them, not the records."""
    names = {"plain": run.folder(surroundings).name}
    of_groups = {video_id: {**video, "group": "a"} for video_id, video in surroundings.records.videos.items()}
    sport = sports.kept_form(dataclasses.replace(sports.get_sport("diving"), execution_fragment=("entry",)))
    for what, change in (("groups", {"videos": of_groups}), ("sport", {"sport": sport})):
        records = dataclasses.replace(surroundings.records, **change)
        names[what] = run.folder(dataclasses.replace(surroundings, records=records)).name
    assert len(set(names.values())) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [("unlv_diving", "| *the paper* | 0.79"), ("mtl_aqa", "| *the paper, of unlv_diving* | 0.79"), ("own", "| 0.81")],
)
def test_of_which_dataset_the_papers_figures_are(data, said):
    experiment = dataclasses.replace(EXPERIMENT, paper={**EXPERIMENT.paper, "own": {"MSE": {"f_src": 0.81}}})
    found = {"MSE": {"f_src": {"mean": 0.5, "interval": (0.4, 0.6), "seeds": 1, "renderings": 1}}}
    assert said in report.markdown(experiment, found, data, "diving")


def test_a_model_that_ships_is_part_of_a_configuration(surroundings):
    row = Training({"initial_model": "diving_small"}, 0)
    content = row.configuration(surroundings)["contents"]["initial_model"]
    path = model_path("diving_small")
    assert content == hashlib.sha256(path.read_bytes()).hexdigest()
    with refused("not_found", "--initial_model=diving_smal"):
        Training({"initial_model": "diving_smal"}, 0).configuration(surroundings)


# === A KFS that several trainings share ===

STAGED = """--training=staged
--segmentation_epochs=1
--scoring_epochs=1
--alpha=5
"""
SHARING = Experiment(
    "Table",
    "Which?",
    [
        Row("MSE", {"alpha": "0"}),
        Row("ranking"),
        Row("whole", {"fragments": "whole"}),
        Row("KFS", {"model.fragments.network.lstm_units": "9"}),
    ],
)


@pytest.fixture
def staged(surroundings, tmp_path):
    (tmp_path / "staged.flags").write_text(STAGED)
    return training.dataclasses.replace(surroundings, preset=tmp_path / "staged.flags")


LSTM = "set=model.fragments.network.lstm_units"


def given(arguments, name):
    return [word.removeprefix(f"--{name}=") for word in arguments if word.startswith(f"--{name}=")]


def test_rows_that_differ_in_sp_alone_share_a_kfs(staged, commands):
    assert suite.run([SHARING], staged, 2) == []
    trained = [arguments for module, arguments in commands if module.endswith("train")]
    alone = [arguments for arguments in trained if given(arguments, "scoring_epochs") == ["0"]]
    assert [given(arguments, "seed") for arguments in alone] == [["0"], ["0"], ["1"], ["1"]]
    assert [given(arguments, LSTM) for arguments in alone] == [[], ["9"]] * 2
    assert not any(given(arguments, "alpha") for arguments in alone)  # SP's, which does not matter
    folders = [given(arguments, "model_dir") for arguments in alone]
    first = [arguments for arguments in trained if given(arguments, "seed") == ["0"] and arguments not in alone]
    assert [given(arguments, "segmenter") for arguments in first] == [folders[0], folders[0], [], folders[1]]
    assert [given(arguments, "segmentation_epochs") for arguments in first] == [["0"], ["0"], ["1"], ["0"]]
    metafile = yaml.safe_load((training.Path(given(first[0], "model_dir")[0]) / "metafile.yml").read_text())
    assert metafile["configuration"]["kfs"] == training.Path(folders[0][0]).name
    assert metafile["configuration"]["flags"]["segmentation_epochs"] == "1"
    states = {training.state(staged) for training in suite.trainings([SHARING], staged, 2)}
    assert states == {"trained"} and len(suite.trainings([SHARING], staged, 2)) == 12


@pytest.mark.parametrize(
    "flags",
    [{"training": "joint"}, {"segmentation_epochs": "0"}, {"segmenter": "m"}, {"initial_model": "m"}],
)
def test_a_kfs_that_is_given_or_trained_with_sp_is_not_shared(staged, flags):
    assert Training(flags, 0).kfs(staged) is None
    assert Training({}, 0).kfs(staged) == Training({"training": "staged", "scoring_epochs": "0"}, 0)
    assert Training({"scoring_epochs": "0"}, 0).kfs(staged) is None


def test_a_kfs_that_fails_fails_its_rows_alone(staged, commands, monkeypatch):
    succeed, tried = training.run_command, []

    def failing(module, arguments, log):
        if given(arguments, "scoring_epochs") == ["0"] and not given(arguments, LSTM):
            tried.append(arguments)
            raise TrainingError("no KFS")
        succeed(module, arguments, log)

    monkeypatch.setattr(training, "run_command", failing)
    failures = suite.run([SHARING], staged, 1)
    assert [failure.partition(": ")[2] or failure for failure in failures] == ["no KFS", *["its KFS failed"] * 2]
    assert len(tried) == 1
    assert list(suite.results(SHARING, staged, 1).predicted) == ["whole", "KFS"]


def test_an_evaluation_that_fails_costs_no_row_but_its_own(staged, commands, monkeypatch):
    """Not those that take the KFS which could not be evaluated in one way, nor its own in another."""
    succeed = training.run_command

    def failing(module, arguments, log):
        if "--decoding=ordered" in arguments:
            raise TrainingError("no order")
        succeed(module, arguments, log)

    monkeypatch.setattr(training, "run_command", failing)
    rows = [
        Row("in order", {"scoring_epochs": "0"}, ("--decoding=ordered",)),
        Row("frame by frame", {"scoring_epochs": "0"}, ("--decoding=argmax",)),
        Row("scores"),
    ]
    table = Experiment("Table", "Which?", rows)
    assert suite.run([table], staged, 1) == ["no order"] * len(staged.tested)
    assert list(suite.results(table, staged, 1).predicted) == ["frame by frame", "scores"]


def test_rows_may_predict_different_scores(surroundings, commands, monkeypatch):
    """The scores of a table are those of any of its rows, in the order of all tables."""
    succeed = training.run_command

    def without(module, arguments, log):
        succeed(module, arguments, log)
        if report_folder := given(arguments, "output_dir"):
            path = training.Path(report_folder[0]) / "predictions.csv"
            if "alpha=0" in str(path):
                lines = [line.split(",") for line in path.read_text().splitlines()]
                path.write_text("\n".join(",".join(line[:1] + line[5:]) for line in lines))  # the final score alone

    monkeypatch.setattr(training, "run_command", without)
    assert suite.run([EXPERIMENT], surroundings, 1) == []
    found = suite.results(EXPERIMENT, surroundings, 1)
    assert list(found.truth) == list(SCORES)
    assert [list(scores) for scores in found.predicted.values()] == [["final"], list(SCORES), list(SCORES)]


@pytest.mark.parametrize(
    ("seeds", "renderings", "but"),
    [
        (2, 2, "videos."),
        (1, 2, "videos, but not over seeds, of which there is one."),
        (2, 1, "videos, but not over renderings, of which there is one."),
        (1, 1, "videos, but not over seeds or renderings, of which there is one."),
    ],
)
def test_an_interval_says_what_it_does_not_cover(seeds, renderings, but, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    truth = {"final": np.arange(9.0)}
    predicted = {"MSE": {"final": np.random.default_rng(0).normal(size=(seeds, renderings, 9))}}
    found = report.cells(intervals.Results(tuple("abcdefghi"), truth, predicted), EXPERIMENT)
    assert report.markdown(EXPERIMENT, found, "unlv_diving", "diving").endswith(f"these and the {but}\n")


def test_a_row_of_joints_needs_those_of_every_rendering(surroundings, tmp_path, capsys):
    """Before anything is fitted: a system that fails at the second rendering leaves no row."""
    (records,) = surroundings.renderings
    shutil.copytree(records.records_dir, tmp_path / "other")
    found = dataclasses.replace(surroundings, records=records, renderings=(DatasetInfo.load(tmp_path / "other"),))
    for info in found.tested:
        folder = training.Path(info.records_dir) / "joints"
        folder.mkdir()
        (folder / "joints.json").write_text("{}")
    table = {"table7": EXPERIMENTS["table7"]}
    of_joints = {"Pose + DCT", "ApEnFT"}
    assert of_joints < {row.name for row in suite.possible(table, found)["table7"].rows}
    (tmp_path / "other/joints/joints.json").unlink()
    assert not of_joints & {row.name for row in suite.possible(table, found)["table7"].rows}
    assert "left out Pose + DCT: the records have no joints" in capsys.readouterr().err


def test_what_computes_is_described_with_its_accelerators(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "GPUS", tmp_path)
    assert "accelerators" not in training.hardware()
    for number in range(2):
        (tmp_path / f"0000:0{number}").mkdir()
        (tmp_path / f"0000:0{number}/information").write_text("Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 16\n")
    assert training.hardware()["accelerators"] == ["NVIDIA H100 80GB HBM3"] * 2


@pytest.mark.parametrize("preset", ["paper", "small"])
@pytest.mark.parametrize("sport", ["diving", "vault"])
@pytest.mark.parametrize(
    "flags", [(), ("--lr_multipliers=c3d:0.5,kfs:3", "--views=6", "--segmenter=m")], ids=["plain", "kfs"]
)
def test_whole_videos_are_trained_without_what_a_preset_says_of_fragments(surroundings, preset, sport, flags):
    """The rows of table 4: the first has no KFS and no fragments, whatever the others have."""
    from scoringnet_tf.experiments.__main__ import PRESETS, PROJECT

    found = dataclasses.replace(surroundings, preset=PROJECT / PRESETS[preset].format(sport=sport), further=flags)
    of_whole, of_key, _ = (Training(row.flags, 0).resolved(found) for row in EXPERIMENTS["table4"].rows)
    assert of_whole["fragments"] == "whole" and not any("fragments." in name for name in of_whole)
    assert "segmenter" not in of_whole and of_key.get("segmenter") == ("m" if flags else None)
    if flags:
        assert [of_whole[name] for name in ("lr_multipliers", "views")] == ["c3d:0.5", "2"]
        assert [of_key[name] for name in ("lr_multipliers", "views")] == ["c3d:0.5,kfs:3", "6"]
    elif preset == "paper":
        assert of_key["model.fragments.difficulty"] and of_key["model.fragments.execution"]


def test_a_figure_of_held_out_videos_needs_some(surroundings, capsys):
    fig5 = EXPERIMENTS["fig5"]
    assert suite.holds_out(fig5, surroundings)
    for fraction, some in (("0", False), ("0.0", False), ("0.05", True), ("10", True)):
        given = dataclasses.replace(surroundings, further=(f"--validation_fraction={fraction}",))
        assert suite.holds_out(fig5, given) == some, fraction
        tables = suite.possible({"fig5": fig5, "table5": EXPERIMENTS["table5"]}, given)
        assert ("fig5" in tables, "table5" in tables) == (some, True), fraction
        assert ("fig5: left out: no video is held out of training" in capsys.readouterr().err) != some
    of_records = {**surroundings.records.splits, "validation": surroundings.records.splits["test"]}
    records = dataclasses.replace(surroundings.records, splits=of_records)
    none_of_training = ("--validation_fraction=0",)
    assert suite.holds_out(fig5, dataclasses.replace(surroundings, records=records, further=none_of_training))


def test_the_settings_of_sp_are_fields_of_the_configuration():
    """By the names that flags have, or else by their paths; none of what KFS learns by is among them."""
    names = {about.flag or path for path, about, *_ in all_fields(TrainingConfig)}
    scoring = set(training.SCORING_FLAGS)
    assert scoring <= names
    assert {name for name in names if name.startswith("loss.") or name in ("alpha", "beta", "ranking_margin")} <= (
        scoring | {"loss.stages"}
    )
    assert not [
        name
        for name in scoring
        if name.startswith(("optimizer.", "augmentation.", "start.", "model.fragments.network"))
    ]
