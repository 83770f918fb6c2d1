"""Experiments: what is trained and evaluated, once, in which folder; what fails; what the records must have."""

import dataclasses
import hashlib

import pytest
import yaml
from refusals import refused
from table_runs import EXPERIMENT, PRESET, commands, given, surroundings  # noqa: F401

from scoringnet_tf import sports
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import suite, training
from scoringnet_tf.experiments.__main__ import PRESETS, PROJECT
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.training import Training, TrainingError
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields

MSE, RANKING, _ = (row.name for row in EXPERIMENT.rows)


def test_each_training_and_evaluation_is_done_once(surroundings, commands):  # noqa: F811
    first = Training({}, 0)
    assert suite.run([EXPERIMENT], surroundings, 2) == []
    trained, evaluated = commands.of("train"), commands.of("evaluate")
    assert (len(trained), len(evaluated)) == (4, 12)  # two rows share a training; two renderings
    assert sum("--true_fragments" in arguments for arguments in evaluated) == 4
    for arguments in evaluated:  # of the test videos of each rendering
        (records,), (output,) = given(arguments, "records_dir"), given(arguments, "output_dir")
        assert f"test_{DatasetInfo.load(records).data_hash[:10]}" in output
    assert [given(arguments, "seed") for arguments in trained] == [["0"], ["0"], ["1"], ["1"]]
    assert [given(arguments, "alpha") for arguments in trained] == [["0"], ["5"]] * 2
    assert all({"--set=augmentation.flip=false", "--scoring_epochs=1"} <= {*arguments} for arguments in trained)
    assert suite.run([EXPERIMENT], surroundings, 2) == [] and len(commands) == 16
    assert suite.run([EXPERIMENT], surroundings, 3) == [] and len(commands) == 24
    metafile = yaml.safe_load((first.folder(surroundings) / "metafile.yml").read_text())
    assert metafile["configuration"]["data_hash"] == surroundings.records.data_hash
    assert metafile["versions"] == {"keras": "3"} and metafile["hardware"]["cores"] >= 1


def test_a_folder_is_named_by_all_that_its_result_depends_on(surroundings, tmp_path):  # noqa: F811
    def name(changes=(), seed=0, **flags):
        return Training(flags, seed).folder(dataclasses.replace(surroundings, **dict(changes))).name

    same = name()
    assert name(alpha="5").rpartition("-")[2] == same.rpartition("-")[2]  # what the preset says already
    (tmp_path / "other.flags").write_text("# Another\n--scoring_epochs=1\n\n--set=augmentation.flip=false\n--alpha=5\n")
    assert name({"preset": tmp_path / "other.flags"}) == same
    model, ids = tmp_path / "c3d.keras", surroundings.records.videos
    grouped = {video_id: {**video, "group": "a"} for video_id, video in ids.items()}
    sport = sports.kept_form(dataclasses.replace(sports.get_sport("diving"), execution_fragment=("entry",)))
    names = {same, name(alpha="1"), name(seed=1), name({"further": ("--max_steps=2",)})}
    names |= {name({"further": ("--set=augmentation.flip=true",)}), name({"records": surroundings.renderings[0]})}
    names |= {name({"records": dataclasses.replace(surroundings.records, videos=grouped)})}
    names |= {name({"records": dataclasses.replace(surroundings.records, sport=sport)})}
    for content in (b"one", b"two"):
        model.write_bytes(content)
        names |= {name(pretrained=str(model))}
        names |= {name(backbone=f"{model}:conv2a")}
    assert len(names) == 12
    assert name(backbone="c3d") != same and name(backbone="i3d:Mixed_4f") not in names  # of no file
    for text in ("1", "2"):
        (tmp_path / "factors.csv").write_text(text)
        told = dataclasses.replace(surroundings.records, records_dir=tmp_path)
        names |= {name({"records": told}, **{"model.auxiliary": "true"}), name({"records": told})}
    assert len(names) == 14  # the last is the first
    shipped = Training({"initial_model": "diving_small"}, 0).configuration(surroundings)["contents"]["initial_model"]
    assert shipped == hashlib.sha256(model_path("diving_small").read_bytes()).hexdigest()
    for flag in ("pretrained", "initial_model", "backbone"):
        with refused("not_found", f"--{flag}=none"):
            name(**{flag: "none.keras"})


def test_a_failure_is_said_and_stops_nothing_else(surroundings, commands, capsys):  # noqa: F811
    commands.failing = "--alpha=0"
    assert suite.run([EXPERIMENT], surroundings, 1) == ["failed at --alpha=0"]
    assert "experiments: failed at --alpha=0" in capsys.readouterr().err
    assert list(suite.results(EXPERIMENT, surroundings, 1).predicted) == [row.name for row in EXPERIMENT.rows[1:]]
    commands.failing = ""
    suite.run([EXPERIMENT], surroundings, 1)
    assert list(suite.results(EXPERIMENT, surroundings, 1).predicted) == [row.name for row in EXPERIMENT.rows]


def test_an_evaluation_that_fails_costs_no_row_but_its_own(surroundings, commands):  # noqa: F811
    commands.failing = "--true_fragments"
    assert suite.run([EXPERIMENT], surroundings, 1) == ["failed at --true_fragments"] * len(surroundings.tested)
    assert list(suite.results(EXPERIMENT, surroundings, 1).predicted) == [MSE, RANKING]


@pytest.mark.slow
def test_a_command_that_fails_says_its_last_words(tmp_path):
    with pytest.raises(TrainingError) as caught:
        training.run_command("scoringnet_tf.train", [], tmp_path / "log.txt")
    assert "exited 1" in str(caught.value) and "[missing_flag]" in str(caught.value)
    assert (tmp_path / "log.txt").read_text().startswith("$ python -m scoringnet_tf.train")


# === Flags ===


def test_a_row_is_what_it_says_whatever_all_are_given(surroundings, commands):  # noqa: F811
    """`-- --alpha=3` must not turn the row of squared error into one of ranking."""
    further = dataclasses.replace(surroundings, further=("--alpha=3", "--max_steps=2"))
    for row, alpha in zip(EXPERIMENT.rows, ("0", "3"), strict=False):
        Training(row.flags, 0).train(further)
        assert given(commands[-1][1], "alpha")[-1] == alpha and "--max_steps=2" in commands[-1][1]


@pytest.mark.parametrize("argument", ["--seed=3", "--records_dir=x", "stray", "-alpha=3"])
def test_flags_that_every_training_has_of_its_own_are_refused(surroundings, argument):  # noqa: F811
    with refused("wrong_flag", argument):
        dataclasses.replace(surroundings, further=(argument,))


def test_a_preset_may_name_a_flag_file(surroundings, commands, tmp_path):  # noqa: F811
    (tmp_path / "mine.flags").write_text(f"// ours\n--flagfile={surroundings.preset}\n--beta=0.25\n")
    mine = dataclasses.replace(surroundings, preset=tmp_path / "mine.flags")
    assert training.preset_flags(mine.preset) == [*training.preset_flags(surroundings.preset), "--beta=0.25"]
    before = Training({}, 0).folder(mine)
    Training({"alpha": "0"}, 0).train(mine)
    assert {"--alpha=0", "--beta=0.25"} < {*commands[0][1]} and given(commands[0][1], "flagfile") == []
    surroundings.preset.write_text(PRESET + "--dropout=0.125\n")
    assert Training({}, 0).folder(mine) != before
    with refused("not_found", "none.flags"):
        training.preset_flags(tmp_path / "none.flags")


@pytest.mark.parametrize("preset", ["paper", "small"])
@pytest.mark.parametrize("sport", ["diving", "vault"])
@pytest.mark.parametrize("flags", [(), ("--lr_multipliers=c3d:0.5,kfs:3", "--segmenter=m")])
def test_whole_videos_are_trained_without_what_a_preset_says_of_fragments(surroundings, preset, sport, flags):  # noqa: F811
    """The rows of table 4: the first has no KFS and no fragments, whatever the others have."""
    found = dataclasses.replace(surroundings, preset=PROJECT / PRESETS[preset].format(sport=sport), further=flags)
    of_whole, of_key = (Training(row.flags, 0).resolved(found) for row in EXPERIMENTS["table4"].rows[:2])
    assert of_whole["fragments"] == "whole" and not any("fragments." in name for name in of_whole)
    assert "segmenter" not in of_whole and of_key.get("segmenter") == ("m" if flags else None)
    if flags:
        assert (of_whole["lr_multipliers"], of_key["lr_multipliers"]) == ("c3d:0.5", "c3d:0.5,kfs:3")


def test_the_settings_of_sp_are_fields_of_the_configuration():
    """By the names that flags have, or else by their paths; none of what KFS learns by is among them."""
    names = {about.flag or path for path, about, *_ in all_fields(TrainingConfig)}
    scoring = set(training.SCORING_FLAGS)
    of_loss = {name for name in names if name.startswith("loss.") or name in ("alpha", "beta")}
    assert scoring <= names and of_loss <= scoring | {"loss.stages"}
    of_kfs = ("optimizer.", "augmentation.", "start.", "model.fragments.network")
    assert not [name for name in scoring if name.startswith(of_kfs)]


# === A KFS that several trainings share ===

LSTM = "set=model.fragments.network.lstm_units"
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
def staged(surroundings, tmp_path):  # noqa: F811
    flags = ("training=staged", "segmentation_epochs=1", "scoring_epochs=1", "alpha=5")
    (tmp_path / "staged.flags").write_text("\n".join(f"--{flag}" for flag in flags))
    return dataclasses.replace(surroundings, preset=tmp_path / "staged.flags")


def test_rows_that_differ_in_sp_alone_share_a_kfs(staged, commands):  # noqa: F811
    assert suite.run([SHARING], staged, 2) == []
    trained = commands.of("train")
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
    assert [one.is_trained(staged) for one in suite.trainings([SHARING], staged, 2)] == [True] * 12


GIVEN = ({"segmenter": "m"}, {"initial_model": "m"}, {"segmentation_epochs": "0"}, {"scoring_epochs": "0"})


@pytest.mark.parametrize("flags", [{"training": "joint"}, *GIVEN])
def test_a_kfs_that_is_given_or_trained_with_sp_is_not_shared(staged, flags):
    assert Training(flags, 0).kfs(staged) is None
    assert Training({}, 0).kfs(staged) == Training({"training": "staged", "scoring_epochs": "0"}, 0)


def test_a_kfs_that_fails_fails_its_rows_alone(staged, commands):  # noqa: F811
    commands.failing = f"--{LSTM}=9 --scoring_epochs=0"
    failures = suite.run([SHARING], staged, 1)
    assert len(failures) == 2 and "its KFS failed" in failures[1]
    assert list(suite.results(SHARING, staged, 1).predicted) == ["MSE", "ranking", "whole"]


# === Results ===


def test_a_seed_has_its_own_number_where_another_failed(surroundings, commands):  # noqa: F811
    suite.run([EXPERIMENT], surroundings, 3)
    (suite.run_of(EXPERIMENT.rows[0], 0).folder(surroundings) / training.METAFILE).unlink()
    heading, *rows = suite.results(EXPERIMENT, surroundings, 3).lines()
    seeds = {name: {row[1] for row in rows if row[0] == name} for name in (MSE, RANKING)}
    assert heading[1] == "seed" and seeds == {MSE: {1, 2}, RANKING: {0, 1, 2}}


def test_a_report_that_lacks_a_test_video_is_refused(surroundings, commands):  # noqa: F811
    table, where = (
        dataclasses.replace(EXPERIMENT, rows=EXPERIMENT.rows[:1]),
        dataclasses.replace(surroundings, renderings=()),
    )
    suite.run([table], where, 1)
    (path,) = where.folder.glob("*/test_*/predictions.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with refused("damaged", path.parent):
        suite.results(table, where, 1)


@pytest.mark.parametrize(
    ("file", "left", "code"),
    [("metafile.yml", 60, "damaged"), ("metafile.yml", 0, "damaged"), ("metrics.json", 0, "damaged_json")],
)
def test_what_lies_beside_predictions_is_read_whole_or_refused(file, left, code, surroundings, commands):  # noqa: F811
    """A table must not lose what its rows learned from, or which trainings it rests on."""
    suite.run([EXPERIMENT], surroundings, 1)
    (path, *_) = surroundings.folder.rglob(file)
    path.write_bytes(path.read_bytes()[:left])
    with refused(code, path):
        suite.described(EXPERIMENT, [surroundings], 1)


def test_results_know_the_groups_of_their_videos(surroundings, commands):  # noqa: F811
    table = dataclasses.replace(EXPERIMENT, rows=EXPERIMENT.rows[:1])
    suite.run([table], surroundings, 1)
    assert suite.results(table, surroundings, 1).groups == ()
    surroundings.records.videos[max(surroundings.records.split("test")["ids"])]["group"] = "one"
    suite.run([table], surroundings, 1)  # other data, which is trained on anew
    assert suite.results(table, surroundings, 1).groups == (None, None, "one")


def test_rows_may_predict_different_scores(surroundings, commands):  # noqa: F811
    suite.run([EXPERIMENT], surroundings, 1)
    for path in surroundings.folder.glob("alpha=0*/test_*/predictions.csv"):
        lines = [line.split(",") for line in path.read_text().splitlines()]
        path.write_text("\n".join(",".join(line[:1] + line[5:]) for line in lines))  # the final score alone
    found = suite.results(EXPERIMENT, surroundings, 1)
    assert list(found.truth) == list(SCORES)
    assert [list(scores) for scores in found.predicted.values()] == [["final"], list(SCORES), list(SCORES)]


# === What tables need ===


def left_out(tables, where, capsys):
    """(The rows of each table that can be made, names of rows that stderr says are left out)."""
    possible = suite.possible({name: EXPERIMENTS[name] for name in tables}, where)
    lines = capsys.readouterr().err.splitlines()
    rows = {name: [row.name for row in table.rows] for name, table in possible.items()}
    return rows, {line.partition("left out ")[2].partition(":")[0] for line in lines}


def test_tables_are_made_of_the_rows_that_the_records_can_fill(surroundings, capsys, tmp_path):  # noqa: F811
    """A row of joints needs those of every rendering: a system that fails at the second one leaves no row."""
    of_joints = {"Pose + DCT", "ApEnFT"}
    rows, missing = left_out(["table2", "table7"], surroundings, capsys)
    assert rows.keys() == {"table7"} and missing == of_joints
    joints = surroundings.renderings[0].records_dir / "joints"
    joints.mkdir()
    (joints / "joints.json").touch()
    assert left_out(["table7"], surroundings, capsys)[1] == of_joints
    again = dataclasses.replace(surroundings, records=surroundings.renderings[0], renderings=())
    assert left_out(["table7"], again, capsys)[1] == set()
    features = dataclasses.replace(surroundings.records, features={"size": 3})
    without_frames = dataclasses.replace(surroundings, records=features, renderings=())
    rows, missing = left_out(["fig6", "table5", "table7"], without_frames, capsys)
    of_frames = {"baseline", "+KFS", "+KFS, ranking", "ConsISA"}
    assert rows.keys() == {"table5", "table7"}
    assert missing == {"true faults", "without the judges' error", *of_joints, *of_frames}
    with refused("nothing_to_do", "fig6"):
        suite.possible({"fig6": EXPERIMENTS["fig6"]}, without_frames)
    with refused("wrong_sport", "table2"):
        suite.possible({"table2": EXPERIMENTS["table2"]}, surroundings)


@pytest.mark.parametrize("flag", ["--validation_fraction=0.0", "--set=data.validation_fraction=0"])
def test_what_is_of_held_out_videos_is_left_out_where_there_are_none(flag, surroundings, capsys):  # noqa: F811
    none = dataclasses.replace(surroundings, further=(flag,))
    assert left_out(["fig5", "table5"], none, capsys)[0].keys() == {"table5"}
    with refused("nothing_to_do", "fig5"):
        suite.possible({"fig5": EXPERIMENTS["fig5"]}, none)


def test_rows_of_true_fragments_need_the_stages_of_every_test_frame(surroundings, capsys):  # noqa: F811
    """`evaluate` would refuse them once all is trained."""
    names = ("table1", "table3", "table4")
    assert left_out(names, surroundings, capsys)[0].keys() == {*names}
    frames = {split: {**counts} for split, counts in surroundings.records.stage_frames.items()}
    frames["test"]["unlabelled"] = 1
    partly = dataclasses.replace(surroundings.records, stage_frames=frames)
    for without in ({"records": partly}, {"renderings": (partly,)}):
        rows, _ = left_out(names, dataclasses.replace(surroundings, **without), capsys)
        assert rows == {"table4": ["−KFS", "+KFS", "mean score"]}
