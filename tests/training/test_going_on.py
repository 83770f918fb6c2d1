"""What must be there for a run to go on, and to learn from; what it leaves alone in its folder, and says of it."""

import contextlib
import dataclasses
import json
import types

import pytest
from refusals import refused
from training_runs import batch, changed, settings

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.run import Phase
from scoringnet_tf.training.scoring import ScoringRun

CHANGES = {"training": "joint", "lr_multipliers": {}}


@pytest.fixture(scope="module")
def run(diving_records, tmp_path_factory):
    """A run in whose folder a test puts what others may have left; none of them trains it."""
    return ScoringRun(
        DatasetInfo.load(diving_records), settings(tmp_path_factory.mktemp("run"), diving_records, **CHANGES)
    )


def left(run, monkeypatch, folder, state):
    """`run` in a folder with its configuration and a checkpoint of this state."""
    monkeypatch.setattr(run, "model_dir", folder)
    run.record()
    checkpoint = folder / "checkpoints" / f"{state['phase']}_0001"
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.json").write_text(json.dumps({"steps_done": 1, "epoch": 1, **state}))
    return run


def test_a_checkpoint_of_which_nothing_says_what_run_left_it_is_refused(run, monkeypatch, tmp_path):
    """Copied without its configuration: any settings and videos would go on, and the held-out ones be learned from."""
    left(run, monkeypatch, tmp_path, {"phase": "joint"})
    run.record()
    (tmp_path / "config.json").unlink()
    with refused("not_found", "config.json"):
        run.run()
    assert not (tmp_path / "config.json").exists()


def test_a_checkpoint_of_a_phase_that_the_run_has_not_is_refused(run, monkeypatch, tmp_path):
    """Weights to begin with would be taken neither from it nor from where the flags say."""
    with refused("other_run", "checkpoints", "scoring"):
        left(run, monkeypatch, tmp_path, {"phase": "scoring"}).run()


@pytest.mark.parametrize("best", [0.81, None])
def test_a_best_model_that_is_gone_is_missed(run, monkeypatch, tmp_path, best):
    """The last one would be called the best; where no epoch was the best yet, none is missed."""
    left(run, monkeypatch, tmp_path, {"phase": "joint", "best": best})
    name = "best.keras" if best else "model.weights.h5"
    with refused("not_found", name):
        run.run()


ROWS = "epoch,loss,val_loss\n0,3,nan\n1,3,2.5\n2,3,nan\n3,3,2\n4,3"
SCORED = "epoch,score,video_id,true,predicted\n{},final,a,50,51\n"


@pytest.mark.parametrize(
    ("held_out", "scored", "counted"),
    [(["a"], None, ["2 epochs", "epoch 4"]), (["a"], 4, ["1 epoch", "epoch 2"]), ([], 1, ["4 epochs", "epoch 5"])],
)
def test_epochs_whose_test_scores_were_not_asked_for_are_told(
    run, monkeypatch, tmp_path, capsys, held_out, scored, counted
):
    """Of those that are validated, where any are."""
    for name, value in {"model_dir": tmp_path, "validation_ids": held_out}.items():
        monkeypatch.setattr(run, name, value)
    (tmp_path / "joint.csv").write_text(ROWS)
    if scored:
        (tmp_path / "joint_test_scores.csv").write_text(SCORED.format(scored))
    run.begin(run.phases[0], resumed=True)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(run, "config", changed(run.config, test_scores=True))
    run.begin(run.phases[0], resumed=True)
    printed = capsys.readouterr().out
    assert all(part in printed for part in [str(tmp_path / "joint_test_scores.csv"), *counted])


# === What there is to learn from where videos are held out ===


def test_scores_of_held_out_videos_alone_begin_no_run(run, tmp_path):
    parts = {"difficulty": None, "execution": None}
    videos = {name: {**video, **(parts if name in run.train_ids else {})} for name, video in run.info.videos.items()}
    with refused("no_scores", "difficulty"):
        ScoringRun(
            dataclasses.replace(run.info, videos=videos),
            settings(tmp_path, run.info.records_dir, **CHANGES, scores="parts"),
        )


@pytest.mark.parametrize(("labelled", "cut_short"), [(0, False), (0, True), (1, False)])
def test_labels_of_held_out_videos_alone_end_a_run_after_an_epoch(run, labelled, cut_short):
    """Not one that was cut short: those with labels may have been to come."""
    run.begin(run.phases[0], resumed=False)
    inputs, targets = batch()
    targets["stages"][labelled:] = -1
    run.model.compute_loss(y=targets, y_pred=run.model(inputs))
    loss = float(run.model.learned.trackers["stage_loss"].result())
    check = callbacks.LabelledFrames("records")
    check.set_model(types.SimpleNamespace(stop_training=cut_short))
    with contextlib.nullcontext() if labelled or cut_short else refused("no_stages", "records"):
        check.on_epoch_end(0, {"stage_loss": loss})


def test_labels_are_looked_for_where_kfs_learns_beside_held_out_videos(run, monkeypatch, tmp_path):
    def looks(phase):
        found = run.further_callbacks(Phase(phase, 1), tmp_path)
        return any(isinstance(each, callbacks.LabelledFrames) for each in found)

    monkeypatch.setattr(run, "folder", tmp_path, raising=False)
    assert [looks(phase) for phase in ("joint", "segmentation", "scoring")] == [True, True, False]
    monkeypatch.setattr(run, "validation_ids", [])
    assert not looks("joint")


def test_test_scores_need_test_videos_whose_scores_are_known(run):
    unknown = dict.fromkeys(("difficulty", "execution", "final"))
    videos = {name: {**video, **unknown} for name, video in run.info.videos.items() if video["split"] == "test"}
    info = dataclasses.replace(run.info, videos={**run.info.videos, **videos})
    with refused("no_scores", "3 test videos"):
        ScoringRun(info, changed(run.config, test_scores=True))
