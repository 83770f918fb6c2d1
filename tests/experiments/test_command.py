"""The command: what it prints and returns, splits of the videos, and results that it does not replace."""

import json
import sys

import pytest
from refusals import code_printed, refused
from table_runs import commands, given, surroundings  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.data.splits import write_split
from scoringnet_tf.experiments import __main__ as command
from scoringnet_tf.experiments import suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS


@pytest.fixture
def asked(surroundings, tmp_path, monkeypatch):  # noqa: F811
    """Runs the command in this process with these words; returns its status."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    where = [f"--records_dir={surroundings.records.records_dir}", f"--preset={surroundings.preset}"]
    where += [f"--runs_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}"]

    def run(*words):
        flags = command.flags.FLAGS
        monkeypatch.setattr(sys, "argv", ["experiments", *words, *where])
        for name in ("overwrite", "renderings", "split_files", "seeds", "splits", "train_videos"):
            flags[name].value = flags[name].default
        flags.unparse_flags()
        return command.main(flags(sys.argv)[1:])

    return run


def test_a_table_is_written_and_replaced_only_by_more(asked, commands, surroundings, tmp_path, capsys):  # noqa: F811
    cells = tmp_path / "results/diving/table5/cells.json"
    rendering = f"--renderings={surroundings.renderings[0].records_dir}"
    assert asked("run", "table5", "--seeds=1") == 0 and "| *the paper* |" in capsys.readouterr().out
    kept = json.loads(cells.read_text())
    assert kept["data"] == {"name": "unlv_diving", "sport": "diving", "hash": [surroundings.records.data_hash]}
    assert (len(kept["trainings"]), kept["preset"]) == (3, "preset.flags")
    assert asked("run", "table5", "--seeds=2", rendering) == 0  # more of both
    before, number = cells.read_bytes(), len(commands)
    for words in (("--seeds=1", rendering), ("--seeds=2",)):
        with refused("results_kept", "table5"):  # before anything is trained
            asked("run", "table5", *words)
    surroundings.preset.write_text("--alpha=3\n")  # another preset of that name
    with refused("results_kept"):
        asked("run", "table5", "--seeds=2", rendering)
    assert cells.read_bytes() == before and len(commands) == number
    assert asked("run", "table5", "--seeds=1", "--overwrite") == 0 and cells.read_bytes() != before
    commands.failing = "--alpha=0"
    assert asked("run", "table5", "--seeds=3", "--overwrite") == 1
    assert "experiments: failed at --alpha=0" in capsys.readouterr().err


def test_a_table_learns_from_fewer_videos(asked, commands, surroundings, tmp_path):  # noqa: F811
    with refused("out_of_range", "--train_videos", "Give at most 7"):
        asked("run", "table5", "--train_videos=8")
    assert asked("run", "table5", "--seeds=1", "--train_videos=3") == 0
    info = surroundings.records
    for arguments in commands.of("train"):
        learned = DatasetInfo.load(given(arguments, "records_dir")[0])
        assert len(learned.splits["train"]["ids"]) == 3 and learned.splits["test"]["ids"] == info.splits["test"]["ids"]
    kept = json.loads((tmp_path / "results/diving/table5/cells.json").read_text())
    assert kept["data"]["hash"] != [info.data_hash]


def test_all_splits_are_trained_and_kept_if_one_fails_later(asked, commands, tmp_path, capsys):  # noqa: F811
    assert asked("run", "table6", "--splits=2") == 0 and "over 2 splits" in capsys.readouterr().out
    assert (len(commands.of("train")), len(commands.of("evaluate"))) == (2, 2)
    cells = tmp_path / "results/diving/table6/cells.json"
    before, commands.failing = cells.read_bytes(), "--seed=0"
    next((tmp_path / "runs").glob("preset*/metafile.yml")).unlink()  # one is no longer done
    assert asked("run", "table6", "--splits=2") == 1 and code_printed(capsys.readouterr().err) == "results_kept"
    assert cells.read_bytes() == before


def test_a_figure_is_drawn_and_described(asked, commands, tmp_path, capsys):  # noqa: F811
    assert asked("run", "fig5", "--seeds=1") == 0 and "nothing is done yet" in capsys.readouterr().out
    for folder in (tmp_path / "runs").glob("*-seed=0-*"):
        lines = [f"{epoch},execution,{v:03d},{v},{epoch * v}" for epoch in (1, 2) for v in range(1, 10)]
        (folder / "joint_scores.csv").write_text("\n".join(["epoch,score,video_id,true,predicted", *lines]))
    assert asked("run", "fig5", "--seeds=1") == 0 and "![](fig5.png)" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "results/diving/fig5/drawn.json").read_text())["trainings"]) == 2


def test_each_split_is_trained_and_tested_on_its_own_videos(surroundings, commands):  # noqa: F811
    chosen = suite.splits_of(surroundings, 2, [])
    wheres = suite.surroundings_of(surroundings, chosen)
    for split, where in zip(chosen, wheres, strict=True):
        assert suite.run([EXPERIMENTS["table6"]], where, 1) == []
        result = suite.results(EXPERIMENTS["table6"], where, 1)
        assert list(result.ids) == sorted(video_id for video_id, of in split.items() if of == "test")
        assert result.predicted["MSE + ranking"]["final"].shape == (1, 2, 3)
    assert [len(commands.of(name)) for name in ("train", "evaluate")] == [2, 4]
    again = suite.surroundings_of(surroundings, chosen)
    assert [where.records.data_hash for where in again] == [where.records.data_hash for where in wheres]


def test_files_of_splits_may_leave_records_out_where_they_are_of_one_size(surroundings, tmp_path):  # noqa: F811
    """As the published splits of MIT-Diving are, of UNLV-Diving's videos."""
    (split,) = suite.splits_of(surroundings, 1, [])
    tested, trained = (sorted(video_id for video_id in split if split[video_id] == of) for of in ("test", "train"))
    lefts = {"1": (tested[0], trained[0]), "2": (tested[1], trained[1]), "other": trained[:2], "whole": (), "same": ()}
    files = {name: str(tmp_path / f"{name}.csv") for name in lefts}
    for name, left in lefts.items():
        write_split(tmp_path / f"{name}.csv", {v: of for v, of in split.items() if v not in left})
    found = suite.splits_of(surroundings, 6, [files["1"], files["2"]])
    assert [split.keys() - one.keys() for one in found] == [{*lefts["1"]}, {*lefts["2"]}]
    first, _ = suite.surroundings_of(surroundings, found)
    assert {*first.records.videos} == {*found[0]} and first.records.split("test")["ids"] == tested[1:]
    assert suite.splits_of(surroundings, 6, [files["whole"]]) == [split]
    for names in (["1"], ["1", "other"], ["1", "whole"]):
        with refused("not_in_split", files["1"], *lefts["1"]):
            suite.splits_of(surroundings, 6, [files[name] for name in names])
    with refused("duplicate", files["whole"], files["same"]):
        suite.splits_of(surroundings, 6, [files["whole"], files["same"]])


def test_a_rendering_with_other_scores_of_what_a_split_tests_is_refused(surroundings):  # noqa: F811
    again = surroundings.renderings[0]
    chosen = suite.splits_of(surroundings, 3, [])
    for video_id in again.split("train")["ids"]:
        again.videos[video_id]["final"] += 1
    check_renderings(surroundings.records, surroundings.renderings)
    with refused("other_videos"):
        suite.surroundings_of(surroundings, chosen)
