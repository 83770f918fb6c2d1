"""Table 6: rows on several splits, which are kept; mean and deviation over them; cells computed again."""

import csv
import dataclasses
import json
import sys

import numpy as np
import pytest
from refusals import code_printed, refused
from test_suite import commands, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.data.custom_splits import read_split, write_split
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.experiments import splits, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.inference import evaluation
from scoringnet_tf.support.errors import InputError

TABLE6 = EXPERIMENTS["table6"]


@pytest.fixture
def done(surroundings, commands):  # noqa: F811
    """Three splits, trained on and tested on two renderings each."""
    chosen = splits.splits_of(surroundings, 3, [])
    wheres = splits.surroundings_of(surroundings, chosen)
    for where in wheres:
        assert suite.run([TABLE6], where, 1) == []
    return chosen, wheres, [suite.results(TABLE6, where, 1) for where in wheres]


def test_each_split_is_trained_and_tested_on_its_own_videos(done, commands, surroundings):  # noqa: F811
    chosen, wheres, results = done
    assert [sum(module.endswith(name) for module, _ in commands) for name in ("train", "evaluate")] == [3, 6]
    for split, where, result in zip(chosen, wheres, results, strict=True):
        assert list(result.ids) == sorted(video_id for video_id, of in split.items() if of == "test")
        assert result.predicted["MSE + ranking"]["final"].shape == (1, 2, 3)
        assert where.records.source == str(surroundings.records.records_dir)
    again = splits.surroundings_of(surroundings, chosen)
    assert [where.records.data_hash for where in again] == [where.records.data_hash for where in wheres]


def test_cells_and_splits_are_kept(done, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 50)
    chosen, _, results = done
    text = splits.write_results(
        tmp_path / "table6", TABLE6, chosen, results, "unlv_diving", "diving", {"preset": "tiny"}
    )
    assert [read_split(tmp_path / f"table6/splits/{number}.csv") for number in (1, 2, 3)] == chosen
    splits.write_results(tmp_path / "fewer", TABLE6, chosen, results, "unlv_diving", "diving", {})
    splits.write_results(tmp_path / "fewer", TABLE6, chosen[1:], results[1:], "unlv_diving", "diving", {})
    assert [read_split(path) for path in sorted((tmp_path / "fewer/splits").iterdir())] == chosen[1:]
    cell = json.loads((tmp_path / "table6/cells.json").read_text())["rows"]["MSE + ranking"]["e_med"]
    with (tmp_path / "table6/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    of_splits = []
    for number in "123":
        truth, predicted = (
            np.array([float(r[f"{kind}_execution"]) for r in rows if r["split"] == number])
            for kind in ("true", "predicted")
        )
        of_splits.append(evaluation.med(truth, predicted))
    assert cell["of_splits"] == pytest.approx(of_splits, abs=1e-3)
    assert (cell["mean"], cell["std"]) == pytest.approx((np.mean(of_splits), np.std(of_splits, ddof=1)), abs=1e-3)
    assert "| *the paper* | 0.77 ± 0.05 | 0.85 ± 0.03 | 0.79 ± 0.04 | 0.1 ± 0.01 |" in text
    assert "| MSE + ranking, split 3 |" in text
    assert "over 3 splits (videos: 7 train, 3 test); in brackets 95 % of a bootstrap" in text
    low, high = cell["interval"]
    assert f"{cell['mean']:.3f} ± {cell['std']:.3f} [{low:.3f}, {high:.3f}]" in text


def test_what_is_undefined_on_a_split_is_undefined_in_the_mean(done, monkeypatch):
    """SRC of equal predictions: neither a mean nor an interval of the other splits."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    results = done[2]
    results[1].predicted["MSE + ranking"]["final"][:] = 50.0
    found = {"MSE + ranking": splits.summary("MSE + ranking", results)}
    assert np.isnan([found["MSE + ranking"]["f_src"]["mean"], *found["MSE + ranking"]["f_src"]["interval"]]).all()
    assert not np.isnan(found["MSE + ranking"]["e_src"]["interval"]).any()
    lines = splits.markdown(TABLE6, found, "unlv_diving", "diving", "3 splits").splitlines()
    cells = {line.split(" | ")[0]: line.split(" | ")[3] for line in lines if line.startswith("| MSE")}
    assert cells["| MSE + ranking"] == cells["| MSE + ranking, split 2"] == "–"
    assert "nan" not in "".join(lines)


def test_files_may_leave_records_out_where_they_are_of_one_size(surroundings, tmp_path):  # noqa: F811
    """As the published splits of MIT-Diving are, of UNLV-Diving's videos."""
    (split,) = splits.splits_of(surroundings, 1, [])
    tested, trained = (sorted(video_id for video_id in split if split[video_id] == of) for of in ("test", "train"))
    for name, left in (("1", (tested[0], trained[0])), ("2", (tested[1], trained[1])), ("other", trained[:2])):
        part = {video_id: of for video_id, of in split.items() if video_id not in left}
        write_split(tmp_path / f"{name}.csv", part)
    found = splits.splits_of(surroundings, 6, [tmp_path / "1.csv", tmp_path / "2.csv"])
    assert [split.keys() - one.keys() for one in found] == [{tested[0], trained[0]}, {tested[1], trained[1]}]
    assert [splits.sizes(one) for one in found] == ["6 train, 2 test"] * 2
    first, _ = splits.surroundings_of(surroundings, found)
    assert {*first.records.videos} == {*found[0]} and first.records.split("test")["ids"] == tested[1:]
    write_split(tmp_path / "whole.csv", split)
    for others in (["1.csv"], ["1.csv", "other.csv"], ["1.csv", "whole.csv"]):
        with refused("not_in_split", "1.csv"):
            splits.splits_of(surroundings, 6, [tmp_path / name for name in others])


def test_a_file_of_a_part_of_the_records_is_refused(surroundings, tmp_path):  # noqa: F811
    (split,) = splits.splits_of(surroundings, 1, [])
    write_split(tmp_path / "whole.csv", split)
    assert splits.splits_of(surroundings, 6, [tmp_path / "whole.csv"]) == [split]
    part = {video_id: of for video_id, of in split.items() if video_id not in ("002", "009")}
    write_split(tmp_path / "part.csv", part)
    with refused("not_in_split", "part.csv", "002, 009"):
        splits.splits_of(surroundings, 6, [tmp_path / "whole.csv", tmp_path / "part.csv"])
    write_split(tmp_path / "again.csv", split)
    with refused("duplicate", "whole.csv", "again.csv"):
        splits.splits_of(surroundings, 6, [tmp_path / "whole.csv", tmp_path / "again.csv"])


def test_a_rendering_with_other_scores_of_what_a_split_tests_is_refused(surroundings):  # noqa: F811
    """Of its training videos nobody asks until they are tested."""
    again = surroundings.renderings[0]
    chosen = splits.splits_of(surroundings, 3, [])
    for video_id in again.split("train")["ids"]:
        again.videos[video_id]["final"] += 1
    check_renderings(surroundings.records, surroundings.renderings)
    with pytest.raises(InputError):
        splits.surroundings_of(surroundings, chosen)


def test_the_command_says_what_failed_and_fills_pages(surroundings, commands, tmp_path, monkeypatch, capsys):  # noqa: F811
    from scoringnet_tf.experiments import __main__ as command

    monkeypatch.setattr(bootstrap, "DRAWS", 5)
    monkeypatch.setattr(command, "PROJECT", tmp_path / "project")
    page = tmp_path / "project/README.md"
    page.parent.mkdir()
    page.write_text("<!-- results: diving/table5 -->\n<!-- /results -->\n")
    words = [f"--runs_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}", "--seeds=1"]
    words += [f"--records_dir={surroundings.records.records_dir}", f"--preset={surroundings.preset}"]

    def status(*given):
        monkeypatch.setattr(sys, "argv", ["experiments", *given, *words])
        command.flags.FLAGS.unparse_flags()
        command.flags.FLAGS.write_docs = False
        return command.main(command.flags.FLAGS(sys.argv)[1:])

    assert status("run", "table5") == status("report", "table5") == 0 and "| MSE |" not in page.read_text()
    assert status("report", "table5", "--write_docs") == 0 and "| MSE |" in page.read_text()
    assert f"{page}: tables are new." in capsys.readouterr().out
    monkeypatch.setattr(suite, "run", lambda *_: ["out of memory"])
    assert status("run", "table5") == 1 and "experiments: out of memory" in capsys.readouterr().err


def test_the_command_says_which_records_splits_leave_out(surroundings, tmp_path, capsys, monkeypatch):  # noqa: F811
    """Once each."""
    from scoringnet_tf.experiments import __main__ as command

    (split,) = splits.splits_of(surroundings, 1, [])
    words = [f"--records_dir={surroundings.records.records_dir}", f"--preset={surroundings.preset}"]
    words += [f"--runs_dir={tmp_path / 'runs'}", f"--split_files={tmp_path / '1.csv'},{tmp_path / '2.csv'}"]
    tested = [video_id for video_id in split if split[video_id] == "test"]
    for name, left in zip("12", tested, strict=False):
        write_split(tmp_path / f"{name}.csv", {video_id: of for video_id, of in split.items() if video_id != left})
    monkeypatch.setattr(sys, "argv", ["experiments", "status", "table6", *words])
    command.flags.FLAGS.unparse_flags()
    assert command.main(command.flags.FLAGS(sys.argv)[1:]) == 0
    first, second, *trainings = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / '1.csv'}: of 10 records it leaves 1 out."
    assert second == f"{tmp_path / '2.csv'}: of 10 records it leaves 1 out."
    assert len(trainings) == 2 and all(line.startswith("missing ") for line in trainings)
    command.flags.FLAGS.split_files = []


def test_the_command_goes_over_all_splits(surroundings, commands, tmp_path, monkeypatch, capsys):  # noqa: F811
    from scoringnet_tf.experiments import __main__ as command

    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    folders = [f"--runs_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}"]
    where = [f"--records_dir={surroundings.records.records_dir}", f"--preset={surroundings.preset}"]
    for name, printed in (("run", "over 2 splits"), ("status", "trained "), ("report", "over 2 splits")):
        monkeypatch.setattr(sys, "argv", ["experiments", name, "table6", "--splits=2", *where, *folders])
        command.flags.FLAGS.unparse_flags()
        assert command.main(command.flags.FLAGS(sys.argv)[1:]) == 0
        assert printed in capsys.readouterr().out
    assert len(commands) == 4
    # One is no longer done: what two gave stays.
    next((tmp_path / "runs").glob("preset*/metafile.yml")).unlink()
    before = (tmp_path / "results/diving/table6/cells.json").read_bytes()
    monkeypatch.setattr(sys, "argv", ["experiments", "report", "table6", "--splits=2", *where, *folders])
    command.flags.FLAGS.unparse_flags()
    assert command.main(command.flags.FLAGS(sys.argv)[1:]) == 1
    assert code_printed(capsys.readouterr().err) == "results_kept"
    assert (tmp_path / "results/diving/table6/cells.json").read_bytes() == before
    # Of another dataset the paper's figures are said to be of its own; of the tables on one split too.
    other = dataclasses.replace(surroundings.records, name="mtl_aqa")
    monkeypatch.setattr(command, "load_records", lambda _: other)
    for table in ("table6", "table5"):
        monkeypatch.setattr(sys, "argv", ["experiments", "run", table, "--splits=2", "--seeds=1", *where, *folders])
        command.flags.FLAGS.unparse_flags()
        assert command.main(command.flags.FLAGS(sys.argv)[1:]) == 0
        assert "| *the paper, of unlv_diving* |" in capsys.readouterr().out
