"""A model whose KFS alone was trained finds stages; nothing takes the scores of its SP, which has not learned."""

import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars
from refusals import code_printed, refused
from tiny_records import feature_video, write_records
from training_runs import TINY, changed, eagerly, scoring_run, settings, trained_by

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.calibration import calibrate
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve
from scoringnet_tf.weights.c3d import c3d_of_tower


@pytest.fixture(scope="module")
def alone(diving_records, tmp_path_factory):
    """The path of such a model."""
    info = DatasetInfo.load(diving_records)
    network = scoringnet_tf.ScoringNet.for_records(info, **TINY)
    network.learned_parts = {"kfs"}
    path = tmp_path_factory.mktemp("alone") / "best.keras"
    network.save(path)
    return path


@pytest.fixture(scope="module")
def diving_video(tmp_path_factory):
    """The path of a video."""
    path = tmp_path_factory.mktemp("video") / "dive.avi"
    write_bars(path, 30)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "phases"),
    [
        ({"training": "staged", "scoring_epochs": 0}, [False]),
        ({"training": "staged", "scoring_epochs": 1}, [False, True]),  # KFS at its best lies beside SP as it was
        ({"training": "staged", "scoring_epochs": 0, "initial_model": "learned"}, [True]),
        ({"training": "staged", "scoring_epochs": 0, "initial_model": "alone"}, [False]),
    ],
    ids=str,
)
def test_a_run_says_whether_sp_has_learned(alone, diving_records, tmp_path, changes, phases):
    info = DatasetInfo.load(diving_records)
    options = settings(tmp_path / "run", diving_records, **changes)
    if "initial_model" in changes:
        network = build_network(info, options, "float32")
        network.learned_parts = {"kfs"} if changes["initial_model"] == "alone" else {"kfs", "difficulty", "execution"}
        network.save(tmp_path / "first.keras")
        options = changed(options, initial_model=str(tmp_path / "first.keras"))
    run, found = eagerly(resolve(check(options, info))), []
    for phase in run.phases:
        run.task.compile_phase(run, phase)
        for inputs, targets in run.task.training_batches(run, phase, 0).take(1):
            run.model.train_on_batch(inputs, targets)
        run.model.save(tmp_path / "kept.keras")
        found.append(load_scoring_net(tmp_path / "kept.keras").scores_learned)
    assert found == phases


@pytest.mark.slow
def test_its_scores_are_refused_and_its_stages_are_found(alone, diving_records, diving_video):
    model = load_scoring_net(alone)
    assert not model.scores_learned and load_scoring_net("diving_small").scores_learned
    with refused("not_trained"):
        c3d_of_tower(model, "execution")
    reference = calibrate(model, scoringnet_tf.DatasetInfo.load(diving_records)).reference
    assert reference.durations and not reference.intervals.half_widths
    for seen in (
        scoringnet_tf.score_video(diving_video, model),
        scoringnet_tf.score_video(diving_video, alone, force=True),
    ):
        assert seen.stages and seen.final is None and seen.reasons[-1].code == "scores_not_learned"


def test_it_is_not_exported(alone, tmp_path):
    result = forked("scoringnet_tf.export", f"--model={alone}", f"--export_dir={tmp_path / 'served'}")
    assert code_printed(result.stderr) == "not_trained" and not (tmp_path / "served").exists()


@pytest.mark.slow
def test_evaluate_says_it(alone, diving_records, tmp_path):
    words = [f"--model={alone}", f"--records_dir={diving_records}", f"--output_dir={tmp_path / 'evaluation'}"]
    result = forked("scoringnet_tf.evaluate", *words)
    assert result.returncode == 0, result.stderr
    assert "difficulty and execution" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("scores", [{}, {"difficulty": 3.0, "execution": 20.0, "final": 60.0}], ids=["none", "equal"])
def test_stages_alone_train_the_stage_head_and_are_evaluated(tmp_path, scores):
    """As a coach has them who corrected dives that no one scored; SP needs scores that differ."""
    rng, stages = np.random.default_rng(0), np.repeat([1, 2, 3, 0], [3, 5, 3, 2])
    videos = [feature_video(str(n), rng.normal(size=(13, 16)).astype(np.float32), stages, **scores) for n in range(5)]
    records = write_records(tmp_path / "records", {"train": videos[:4], "test": videos[4:]})
    options = {"scoring_epochs": 0, "segmentation_epochs": 1, "validation_fraction": 0.0}
    options |= {"reference": True, "lr_multipliers": {}}
    for start in ({}, {"initial_model": str(tmp_path / "run/last.keras")}):
        run = scoring_run(records, tmp_path / ("again" if start else "run"), **options | start)
        assert run.model.score_predictor.get_config()["score_statistics"]["execution"] == (0.0, 1.0)
        path = trained_by(eagerly(run))
    with refused("equal_scores" if scores else "no_scores", records):
        check(settings(tmp_path / "sp", records, validation_fraction=0.0), DatasetInfo.load(records))
    words = [f"--model={path}", f"--records_dir={records}", f"--output_dir={tmp_path / 'evaluation'}"]
    result = forked("scoringnet_tf.evaluate", *words)
    assert result.returncode == 0, result.stderr
    heads = result.stdout.split("\n")[0].split()
    assert heads[:3] == ["frames", "edit", "F1@50"] and (len(heads) > 3) == bool(scores)
