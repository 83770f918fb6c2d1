"""What a run is to learn from which records, and what is refused before TensorFlow is imported."""

import types

import pytest
from refusals import refused
from training_runs import settings

from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.sports import SCORES
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.plan import (
    Plan,
    ScoreTargets,
    check,
    check_folder,
    check_fragments,
    check_held_out,
    check_stages,
    check_start,
    phases,
    score_targets,
)

PARTS, FINAL = ("difficulty", "execution"), ("final",)
FULL = {"difficulty": 3.0, "execution": 20.0, "final": 60.0}
FINAL_ONLY = {"difficulty": None, "execution": None, "final": 60.0}
DIFFICULTY_ONLY = {"difficulty": 3.0, "execution": None, "final": None}
NOTHING = dict.fromkeys(FULL)


def records(*kinds, **fields):
    """Records whose training videos know these scores, and whose test videos know nothing."""
    videos = {str(number): {**known, "split": "train"} for number, known in enumerate(kinds)}
    fields = {"records_dir": "records", "features": None, "scores": SCORES, **fields}
    return types.SimpleNamespace(videos={**videos, "t": {**NOTHING, "split": "test"}}, **fields)


@pytest.mark.parametrize(
    ("kinds", "asked", "towers", "final_too"),
    [
        ([FULL] * 3, "auto", PARTS, False),
        ([FULL] * 3, "final", FINAL, False),
        ([FINAL_ONLY] * 3, "auto", FINAL, False),
        ([FULL] * 2 + [FINAL_ONLY] * 2, "auto", PARTS, True),
        ([FULL] * 2 + [FINAL_ONLY] * 3, "auto", FINAL, False),
        ([FULL] + [FINAL_ONLY] * 3, "parts", PARTS, True),
        ([FULL] + [NOTHING] * 3, "auto", PARTS, False),
        ([FULL] + [DIFFICULTY_ONLY] * 3, "auto", PARTS, False),
    ],
)
def test_scores_are_chosen_from_what_is_known(kinds, asked, towers, final_too):
    found = score_targets(records(*kinds), asked)
    assert (found.towers, found.final_too) == (towers, final_too)
    assert found.message


@pytest.mark.parametrize(
    ("kinds", "asked"), [([NOTHING] * 2, "auto"), ([DIFFICULTY_ONLY] * 2, "final"), ([FINAL_ONLY] * 2, "parts")]
)
def test_records_without_the_scores_are_refused(kinds, asked):
    with refused("no_scores", "records"):
        score_targets(records(*kinds), asked)


def test_kfs_alone_needs_no_fragments(tmp_path):
    """Tables train it once for rows whose SP may learn from predicted fragments."""
    alone = settings(tmp_path, tmp_path, training="staged", scoring_epochs=0)
    check_stages(records(FULL, stage_frames={"train": {"unlabelled": 4, "entry": 6}}), alone)
    with refused("no_stages", "records"):
        check_stages(records(FULL, stage_frames={"train": {"unlabelled": 10}}), alone)
    with refused("no_training_split", "records", "test"):
        check_stages(records(FULL, stage_frames={"test": {"entry": 9}}, splits={"test": {}}), alone)


FRAGMENTS = {"difficulty": ["take-flight"], "execution": ["take-flight", "entry"]}


def test_a_tower_needs_frames_of_its_fragment(tmp_path, capsys):
    """Without one it would see whole videos in every step."""

    def check(frames, **changes):
        info = records(FULL, stage_frames={"train": frames}, stages=["noise", "pre-starting", "take-flight", "entry"])
        check_fragments(info, settings(tmp_path, tmp_path, **changes), FRAGMENTS)

    check({"noise": 9, "pre-starting": 9, "take-flight": 9, "entry": 9})
    assert capsys.readouterr().out == ""
    check({"pre-starting": 9, "take-flight": 9, "entry": 9})
    assert capsys.readouterr().out == "No training frame shows noise: KFS cannot learn it.\n"
    for changes in ({}, {"segmenter": "m", "fragments": "true"}):
        with refused("no_stages", "records", "take-flight", "difficulty"):
            check({"noise": 9, "entry": 9}, **changes)
    check({"noise": 9, "entry": 9}, segmenter="m", fragments="predicted")
    check({"noise": 9, "entry": 9}, training="staged", scoring_epochs=0)
    assert "No training frame shows pre-starting, take-flight" in capsys.readouterr().out
    check_fragments(None, settings(tmp_path, tmp_path), {})


@pytest.mark.parametrize(
    ("unlabelled", "changes", "allowed"),
    [
        (0, {"fragments": "true"}, True),
        (7, {"fragments": "true"}, False),
        (7, {"fragments": "predicted"}, True),
        (100, {"fragments": "predicted"}, False),
        (100, {"fragments": "predicted", "segmenter": "kfs.keras"}, True),
        (100, {"fragments": "true", "segmenter": "kfs.keras"}, False),
        (100, {"fragments": "predicted", "initial_model": "x.keras", "segmentation_epochs": 0}, True),
        (100, {"fragments": "predicted", "initial_model": "x.keras", "segmentation_epochs": 1}, False),
        (100, {"fragments": "whole", "segmentation_epochs": 0}, True),
    ],
)
def test_what_partly_labelled_videos_allow(unlabelled, changes, allowed):
    """Of 100 frames some have no stage."""
    info = records(FULL, stage_frames={"train": {"noise": 100 - unlabelled, "unlabelled": unlabelled}})
    config = settings("run", "records", **changes)
    check_start(info, config)
    with refused(None if allowed else "no_stages", "records", f"{unlabelled} frames"):
        check_stages(info, config)


FEATURES = {"size": 3, "stride": 1, "origin": None}


@pytest.mark.parametrize(
    ("changes", "features", "code", "named"),
    [
        ({"fragments": "whole", "segmenter": "m"}, None, "flags_conflict", "--segmenter"),
        ({"segmentation_epochs": 0}, None, "no_segmenter", "--segmentation_epochs=0"),
        ({"scoring_epochs": 0, "segmenter": "m"}, None, "no_segmenter", "--scoring_epochs=0"),
        ({"scoring_epochs": 0, "fragments": "whole"}, None, "no_segmenter", "--scoring_epochs=0"),
        ({"scoring_epochs": 0, "segmentation_epochs": 0, "initial_model": "m"}, None, "no_segmenter", "epochs=0"),
        ({"pretrained": "c3d.keras"}, FEATURES, "wrong_format", "--pretrained"),
        ({"stage_network": "resnet50"}, FEATURES, "wrong_format", "--stage_network=resnet50"),
        ({"batch_size": 1}, None, "out_of_range", "--batch_size=1"),
    ],
)
def test_what_does_not_go_together(changes, features, code, named, tmp_path):
    with refused(code, named):
        check_start(records(FULL, features=features), settings(tmp_path, tmp_path, **changes))


@pytest.mark.parametrize("changes", [{"alpha": 0}, {"training": "staged", "scoring_epochs": 0}, {"batch_size": 2}])
def test_what_ranks_no_pairs_may_learn_from_one_video_at_a_time(changes, tmp_path):
    check_start(records(FULL), settings(tmp_path, tmp_path, **{"batch_size": 1, **changes}))


def test_equal_scores_teach_nothing_however_their_mean_was_rounded():
    """The deviation of 253 difficulties of 3.2 is 4e-16."""
    info = records(*[FULL | {"difficulty": 3.2, "execution": 20.0 + number / 10} for number in range(253)])
    info.score_statistics = score_statistics(info.videos)
    assert 0 < info.score_statistics["train"]["difficulty"]["std"] < 1e-12
    with refused("equal_scores", "difficulty"):
        DatasetInfo.check_learnable(info, ("execution", "difficulty"))


@pytest.mark.parametrize(("values", "score"), [([3.2, 3.2], "difficulty"), ([3.2, 3.3], "final")])
def test_a_constant_score_is_told_at_once(values, score, tmp_path, diving_records):
    """Not by what is held out, whatever is: a video that is tested on may have another score."""
    info = DatasetInfo.load(diving_records)
    for number, name in enumerate(info.splits["train"]["ids"]):
        info.videos[name] |= {"difficulty": values[number % 2], "final": 70.0}
    info.score_statistics = score_statistics(info.videos)
    towers = "parts" if score == "difficulty" else "final"
    for changes in ({"validation_fraction": 0.3}, {"validation_fraction": 0.0}):
        with refused("equal_scores", "records", score):
            check(settings(tmp_path, diving_records, scores=towers, **changes), info)


def plan_of(info, train_ids, validation_ids, towers=PARTS):
    return Plan(TrainingConfig(), info, (), train_ids, validation_ids, ScoreTargets(towers, False, ""))


def test_held_out_videos_of_one_final_score_choose_nothing():
    info = records(FULL, FULL | {"final": 61.0}, splits={})
    first, second, *_ = info.videos
    plan = plan_of(info, [first], [first, second])
    check_held_out(plan)
    info.videos[second]["final"] = info.videos[first]["final"]
    with refused("few_held_out", "--validation_fraction=0.1", "2 videos"):
        check_held_out(plan)
    info.videos[second]["final"] = None
    info.splits["validation"] = {}
    with refused("few_held_out", "validation split", "2 videos"):
        check_held_out(plan)


def test_scores_that_held_out_videos_alone_know_teach_nothing():
    """The choice of towers is of all training videos: it does not depend on which are held out."""
    info = records(FULL, FINAL_ONLY, FINAL_ONLY | {"final": 61.0})
    first, *others, _ = info.videos
    check_held_out(plan_of(info, [first, *others], others))
    check_held_out(plan_of(info, others, others, FINAL))
    with refused("no_scores", "difficulty and execution"):
        check_held_out(plan_of(info, others, others))


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"patience": 3, "validation_fraction": 0.0}, "nothing_held_out", ["run.patience=3"]),
        ({"validation_fraction": 0.1}, "few_held_out", ["--validation_fraction=0.1", "1 video"]),
        ({"accumulation_steps": 3, "epochs": 1}, "nothing_learned", ["accumulation_steps=3", "2 batches"]),
        ({"initial_model": "no.keras"}, "not_found", ["--initial_model=no.keras"]),
    ],
)
def test_what_would_choose_or_learn_nothing_is_refused(changes, code, named, diving_records, tmp_path):
    with refused(code, *named):
        check(
            settings(tmp_path / "run", diving_records, **{"training": "joint", **changes}),
            DatasetInfo.load(diving_records),
        )
    assert not (tmp_path / "run").exists()


def test_kfs_alone_needs_no_scores_to_choose_by_and_joint_training_no_epochs_of_kfs(diving_records, tmp_path):
    info, joint = DatasetInfo.load(diving_records), {"training": "joint", "segmentation_epochs": 0}
    for changes in ({"training": "staged", "scoring_epochs": 0, "validation_fraction": 0.1}, joint):
        check(settings(tmp_path, diving_records, **changes), info)


def test_phases_of_a_schedule(tmp_path):
    def names(**changes):
        made = phases(settings(tmp_path, tmp_path, **changes))
        return [(phase.name, phase.epochs, phase.first_epoch) for phase in made]

    staged = {"segmentation_epochs": 3, "scoring_epochs": 5}
    assert names(**staged) == [("segmentation", 3, 0), ("scoring", 5, 3)]
    assert names(**staged, segmenter="model.keras") == [("scoring", 5, 0)]  # a KFS that is given is not trained
    assert names(**staged, fragments="whole") == [("scoring", 5, 0)]
    assert names(**staged | {"scoring_epochs": 0}) == [("segmentation", 3, 0)]
    assert names(training="joint", epochs=9, segmentation_epochs=0) == [("joint", 9, 0)]


# === The folder of a run ===


@pytest.mark.parametrize("name", ["last.keras", "best.keras", "model.keras"])
def test_models_that_a_run_would_overwrite_are_left_alone(tmp_path, name):
    plan = Plan(settings(tmp_path, "records"), records(FULL), (), [], [])
    check_folder(plan)
    (tmp_path / name).write_bytes(b"of somebody")
    with refused("exists", name):
        check_folder(plan)


@pytest.mark.parametrize("place", ["", "mine.keras"])
def test_a_model_to_start_from_is_not_overwritten(tmp_path, monkeypatch, place):
    """However its folder is written."""
    (tmp_path / (place or "mine.keras")).touch()
    monkeypatch.chdir(tmp_path.parent)
    plan = Plan(settings(tmp_path.name, "records", initial_model=str(tmp_path / place)), records(FULL), (), [], [])
    with refused("start_in_model_dir", "--initial_model"):
        check_folder(plan)
