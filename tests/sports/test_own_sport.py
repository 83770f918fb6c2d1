"""A sport of one's own goes with its records and models: they need no file, and do not mix with others of its name."""

import csv
import dataclasses
import json

import pytest
from command_forks import forked
from conftest import write_bars
from layouts import build_table
from refusals import code_printed, refused
from training_runs import TINY

import scoringnet_tf
from data_prep.datasets import motion
from data_prep.records.checks import check
from data_prep.records.summary import summary
from scoringnet_tf.data.dataset_info import INDEX_NAME, DatasetInfo
from scoringnet_tf.inference.feature_folder import write_tables
from scoringnet_tf.models.compatibility import check_fits
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.sports import definition_of, get_sport, named_sport, sport_yaml
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.initialization import load_segmenter

OWN = dataclasses.replace(get_sport("ski_jumping"), name="summer_jumping", final_range=(0.0, 250.0))
HEADER = "video,split,group,difficulty,execution,final,in-run,flight,landing,out-run,end"


@pytest.fixture(scope="module")
def own_records(tmp_path_factory):
    """Records of two videos whose sport is a file that is no longer there; -4.5 points of wind were given."""
    folder = tmp_path_factory.mktemp("own")
    for number in (1, 2):
        write_bars(folder / f"{number}.avi", 16, number)
    rows = ["1.avi,train,Ann,60.5,54,119,2,4,8,10,14", "2.avi,test,,58,51.5,,3,5,7,9,12"]
    file = folder / "mine.yaml"
    file.write_text(sport_yaml(OWN), encoding="utf-8")
    records = build_table(folder, [HEADER, *rows], sport=str(file))
    file.unlink()
    return records


def test_records_hold_the_whole_definition(own_records):
    info = DatasetInfo.load(own_records)
    assert get_sport(info.sport) == OWN and info.sport_name == "summer_jumping"
    assert info.stages == ["noise", "in-run", "flight", "landing", "out-run"]
    assert info.stage_frames["train"] == {"noise": 4, "in-run": 2, "flight": 4, "landing": 2, "out-run": 4}
    assert info.videos["1.avi"]["final"] == 119 and info.videos["2.avi"]["final"] == 109.5
    assert "(summer_jumping)" in summary(info)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sport": "summer_jumping"}, "unknown_name"),
        ({"sport": {**definition_of(OWN), "fusion": "x"}}, "wrong_value"),
        ({"stages": ["noise", "flight"]}, "other_stages"),
    ],
)
def test_records_of_no_sound_sport_are_refused(own_records, change, code, tmp_path):
    index = json.loads((own_records / INDEX_NAME).read_text(encoding="utf-8"))
    (tmp_path / INDEX_NAME).write_text(json.dumps({**index, **change}), encoding="utf-8")
    with refused(code, tmp_path / INDEX_NAME):
        DatasetInfo.load(tmp_path)


def test_a_model_holds_the_whole_definition(own_records, tmp_path):
    info = DatasetInfo.load(own_records)
    # Two videos, one to train on: its scores do not vary.
    info.score_statistics["train"] = {score: {"mean": 50.0, "std": 9.0} for score in ("difficulty", "execution")}
    model = scoringnet_tf.ScoringNet.for_records(info, **TINY)
    model.save_to_preset(tmp_path / "run")
    loaded = load_scoring_net(tmp_path / "run")
    assert loaded.sport == loaded.score_predictor.sport == OWN
    assert loaded.get_config()["sport"] == loaded.segmenter.get_config()["sport"] == definition_of(OWN)
    assert loaded.segmenter.output_shape[-1] == 5
    check_fits(loaded, info)


def test_clips_to_pretrain_on_may_be_of_ones_own_sport(tmp_path):
    (tmp_path / "motion_classes.csv").write_text("video,sport,turns,split\n1,summer_jumping,2,train\n")
    with refused("unknown_name", "summer_jumping"):
        motion.read(tmp_path)
    source = motion.read(tmp_path, sport=OWN)
    assert get_sport(source.sport) == OWN and source.sport_name == "summer_jumping"
    with refused("unknown_name", "diving", "summer_jumping"):
        motion.read(tmp_path, sport="diving")


@pytest.mark.parametrize("stage", ["num_frames", "end"])
def test_a_stage_that_is_called_as_a_column_is_refused(stage, tmp_path):
    (tmp_path / "manifest.csv").write_text("video,split,final\n1.avi,train,100\n")
    sport = dataclasses.replace(OWN, stages=(*OWN.stages, stage))
    with refused("name_taken", "summer_jumping", stage):
        check("manifest", tmp_path, workers=1, sport=sport)


@pytest.mark.slow
def test_a_trained_kfs_of_another_sport_is_refused():
    """Of as many stages, which would be other ones."""
    renamed = dataclasses.replace(OWN, stages=("noise", "out-run", *OWN.stages[1:4]))
    network, source = (scoringnet_tf.ScoringNet(sport=sport, **TINY) for sport in (OWN, renamed))
    with pytest.raises(InputError, match="out-run"):
        load_segmenter(network, source, "kfs.keras")


def test_features_of_its_records_come_with_its_file(own_records, tmp_path):
    """The tables that `extract` writes beside them, athletes included."""
    simulation = {"simulated": True, "settings": {"easy": True}}
    option = write_tables(dataclasses.replace(DatasetInfo.load(own_records), simulation=simulation), tmp_path)
    assert named_sport(option) == OWN
    assert json.loads((tmp_path / "simulation.json").read_text()) == simulation
    rows = list(csv.DictReader((tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["video"]: row["group"] for row in rows} == {"1.avi": "Ann", "2.avi": ""}


def data_prep(*arguments):
    return forked("data_prep", *arguments)


def test_commands_take_the_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(sport_yaml(OWN).replace("fusion: sum", "fusion: some"), encoding="utf-8")
    flags = ["--dataset=manifest", f"--source_dir={tmp_path}", f"--sport={tmp_path}/mine.yaml"]
    wrong = data_prep("build", "--dry_run", *flags)
    assert (wrong.returncode, code_printed(wrong.stderr)) == (1, "wrong_value") and "mine.yaml: fusion" in wrong.stderr
