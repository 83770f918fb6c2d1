"""The column of best test epochs: chosen on the test videos, computed again from what is kept, nowhere else."""

import csv
import json
import sys

import numpy as np
import pytest
from scipy import stats
from test_suite import EXPERIMENT, commands, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import best_epochs, suite, training
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.experiments.kept import wrong_cells
from scoringnet_tf.experiments.report import BEST

EPOCHS = 5


@pytest.fixture
def kept(surroundings, commands, monkeypatch):  # noqa: F811
    """(Folder of each training that keeps its test scores → (EPOCHS, V) that it predicted, ids in their order.)"""
    told, fake = {}, training.run_command

    def train(module, arguments, log):
        fake(module, arguments, log)
        if module == "scoringnet_tf.train" and "--set=run.test_scores=true" in arguments:
            info = DatasetInfo.load(next(a.partition("=")[2] for a in arguments if a.startswith("--records_dir")))
            ids = info.split("test")["ids"][::-1]
            predicted = np.random.default_rng(len(told)).normal(size=(EPOCHS, len(ids))).round(6)
            predicted[0] = 1.0  # SRC of equal predictions is undefined, and not the best
            told[log.parent] = dict(zip(ids, predicted.T, strict=True))
            with (log.parent / "scoring_test_scores.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["epoch", "score", "video_id", "true", "predicted"])
                for epoch in range(EPOCHS):
                    for score, sign in (("execution", -1), ("final", 1)):
                        for video_id in ids:
                            value = sign * told[log.parent][video_id][epoch]
                            writer.writerow([epoch + 1, score, video_id, info.videos[video_id]["final"], value])

    monkeypatch.setattr(training, "run_command", train)
    return told


def best_src(info, predicted):
    """The highest Spearman correlation over the epochs, by SciPy."""
    truth = [info.videos[video_id]["final"] for video_id in predicted]
    epochs = np.array([*predicted.values()]).T[1:]
    return max(stats.spearmanr(truth, epoch).statistic for epoch in epochs)


@pytest.fixture
def asked(surroundings, kept, tmp_path, monkeypatch):  # noqa: F811
    """Runs the command with these arguments; returns the folder of a table."""
    from scoringnet_tf.experiments import __main__ as command

    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    where = [f"--records_dir={surroundings.records.records_dir}", f"--preset={surroundings.preset}"]
    where += [f"--renderings={surroundings.renderings[0].records_dir}"]
    folders = [f"--runs_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}"]

    def run(table, *arguments):
        monkeypatch.setattr(sys, "argv", ["experiments", "run", table, *where, *folders, *arguments])
        command.flags.FLAGS.unparse_flags()
        for name in ("best_test_epoch", "overwrite"):
            command.flags.FLAGS[name].value = False
        assert command.main(command.flags.FLAGS(sys.argv)[1:]) == 0
        return tmp_path / "results/diving" / table

    return run


def test_a_column_has_the_mean_of_each_seed_s_best_epoch(asked, kept, surroundings):  # noqa: F811
    folder = asked("table5", "--seeds=2", "--best_test_epoch")
    rows = json.loads((folder / "cells.json").read_text())["rows"]
    for row in EXPERIMENTS["table5"].rows:
        of_row = [told for path, told in kept.items() if path.name.startswith("alpha=0") == (row.name == "MSE")]
        figures = [best_src(surroundings.records, told) for told in of_row]
        assert len(figures) == 2 and rows[row.name][BEST]["mean"] == pytest.approx(np.mean(figures))
        assert (rows[row.name][BEST]["seeds"], rows[row.name][BEST]["renderings"]) == (2, 1)
        assert rows[row.name]["f_src"]["renderings"] == 2  # which is of the epoch that training kept
    text = (folder / "table.md").read_text()
    assert f"| {BEST} |" in text.splitlines()[2] and text.rstrip().endswith(
        f"{BEST}: of each training the epoch was chosen on the test videos of the first rendering themselves."
    )
    assert wrong_cells(folder) == []
    (folder / "best_test_epoch.csv").write_text((folder / "best_test_epoch.csv").read_text().replace("-", ""))
    assert {wrong.rpartition(", ")[2] for wrong in wrong_cells(folder)} == {BEST}
    # Without it, in the same place.
    asked("table5", "--seeds=2", "--overwrite")
    assert BEST not in (folder / "table.md").read_text() and not (folder / "best_test_epoch.csv").exists()


def test_of_several_splits_each_has_its_own(asked, kept):
    folder = asked("table6", "--splits=2", "--best_test_epoch")
    cell = json.loads((folder / "cells.json").read_text())["rows"]["MSE + ranking"][BEST]
    assert len(kept) == len(cell["of_splits"]) == 2
    for predicted, figure in zip(kept.values(), cell["of_splits"], strict=True):
        (info,) = (info for path in kept if (info := _records_of(path)).split("test")["ids"][::-1] == [*predicted])
        assert figure == pytest.approx(best_src(info, predicted))
    assert wrong_cells(folder) == []
    assert BEST in (folder / "table.md").read_text()


def _records_of(folder):
    command = (folder / "metafile.yml").read_text()
    return DatasetInfo.load(command.partition("--records_dir=")[2].split()[0])


def test_rows_that_are_not_scored_so_have_none(surroundings, commands, kept):  # noqa: F811
    """Those on true fragments, those of trainings that kept no test scores, and tables of stages."""
    assert suite.run([EXPERIMENT], surroundings, 1) == []
    assert best_epochs.best_test_epochs(EXPERIMENT, surroundings, 1) is None
    keeping = training.dataclasses.replace(surroundings, further=(best_epochs.FLAG,))
    assert suite.run([EXPERIMENT], keeping, 1) == []
    found = best_epochs.best_test_epochs(EXPERIMENT, keeping, 1)
    assert list(found.predicted) == ["MSE", "ranking"] and found.predicted["MSE"]["final"].shape == (1, 1, 3)
    of_stages = training.dataclasses.replace(EXPERIMENT, measures="stages")
    assert best_epochs.best_test_epochs(of_stages, keeping, 1) is None
