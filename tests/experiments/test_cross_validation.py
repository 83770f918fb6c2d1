"""Cross-validation: ScoringNet beside what needs no network, and which of them is best in words."""

import csv
import dataclasses

import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed
from scipy import stats
from test_commands import started
from tiny_records import feature_video, write_records

from scoringnet_tf import bootstrap
from scoringnet_tf.baselines.simple import SimpleSystems
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import write_split
from scoringnet_tf.experiments import report
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.folds import alone, beside, verdict, with_validation
from scoringnet_tf.experiments.results import Results
from scoringnet_tf.experiments.training import Surroundings

EXPERIMENT = Experiment("", "", [Row("ScoringNet")], "ScoringNet", resplit=True)


def fold_of(seed, **errors):
    """Results of 40 videos, of rows that err so much."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(40, 90, 40)
    predicted = {name: {"final": (truth + error * rng.normal(size=40))[None, None]} for name, error in errors.items()}
    return Results(tuple(map(str, range(40))), {"final": truth}, predicted)


@pytest.fixture
def few_draws(monkeypatch):
    """Enough for rows that are far apart, or alike."""
    monkeypatch.setattr(bootstrap, "DRAWS", 100)


NEITHER = "Ridge is not told apart from ScoringNet by order. Ridge is not told apart from ScoringNet by error."


@pytest.mark.parametrize(
    ("ours", "ridge", "said"),
    [
        (2, 30, "ScoringNet orders the videos better than Ridge. ScoringNet comes closer to the scores than Ridge."),
        (30, 2, "Ridge orders the videos better than ScoringNet. Ridge comes closer to the scores than ScoringNet."),
        (10, 10, NEITHER),
    ],
)
@pytest.mark.usefixtures("few_draws")
def test_the_verdict_is_what_paired_intervals_tell_apart(ours, ridge, said):
    folds = [fold_of(seed, ScoringNet=ours, Ridge=ridge, Mean=300) for seed in range(4)]
    assert verdict(folds, EXPERIMENT).endswith(f"). {said}")


@pytest.mark.usefixtures("few_draws")
def test_each_measure_has_its_own_best_system():
    """One system orders best and errs by 100 points, a constant errs less than any."""
    folds = [fold_of(seed, ScoringNet=30, Ridge=2, Mean=1) for seed in range(4)]
    for fold in folds:
        fold.predicted["Ridge"]["final"] += 100.0
        fold.predicted["Mean"]["final"][:] = 65.0
    cells = report.cells(folds, EXPERIMENT)
    order, error = cells["Ridge"]["f_src"]["mean"], cells["Ridge"]["f_med"]["mean"]
    said = verdict(folds, EXPERIMENT)
    assert said.startswith(f"Best by F-SRC: Ridge ({order:.3f} and {error:.3g}); by F-MED: Mean (– and 1")
    assert said.endswith(
        "). Ridge orders the videos better than ScoringNet. Mean comes closer to the scores than ScoringNet."
    )


@pytest.mark.usefixtures("few_draws")
def test_a_fold_of_one_video_is_left_out_of_the_order_and_counted():
    folds = [fold_of(seed, ScoringNet=30, Ridge=2, Mean=300) for seed in range(3)]
    predicted = {row: {"final": of["final"][..., :1]} for row, of in folds[0].predicted.items()}
    folds.append(Results(("0",), {"final": folds[0].truth["final"][:1]}, predicted))
    said = verdict(folds, EXPERIMENT)
    assert "Ridge orders the videos better than ScoringNet. Ridge comes closer to the scores" in said
    assert " F-SRC is not defined in 1 of 4 splits." in said
    cells = report.cells(folds, EXPERIMENT, ["f_src", "f_med"])["Ridge"]
    for name, number in (("f_src", 3), ("f_med", 4)):
        assert cells[name]["mean"] == pytest.approx(np.mean([each.values("Ridge", name) for each in folds[:number]]))


def test_folds_of_one_video_each_are_compared_by_error_alone():
    """A fold of one video has no interval of its own: the folds are drawn."""
    whole = fold_of(0, ScoringNet=30, Ridge=2)
    folds = [
        Results(
            (str(place),),
            {"final": whole.truth["final"][[place]]},
            {row: {"final": of["final"][..., [place]]} for row, of in whole.predicted.items()},
        )
        for place in range(40)
    ]
    said = verdict(folds, EXPERIMENT)
    assert said.startswith("Best by F-MED: Ridge (– and 1.") and "order." in said
    assert "Ridge comes closer to the scores than ScoringNet. ScoringNet and the others are not compared by" in said
    (cell,) = report.cells(folds, EXPERIMENT, ["f_med"])["Ridge"].values()
    errors = np.abs(whole.predicted["Ridge"]["final"][0, 0] - whole.truth["final"])
    expected = stats.bootstrap((errors,), np.mean, rng=0).confidence_interval
    assert cell["interval"] == pytest.approx(tuple(expected), abs=0.05)


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("lacking", ["ScoringNet", "Ridge"])
def test_a_row_without_an_order_in_one_fold_is_named_and_compared_in_the_others(lacking):
    folds = [fold_of(seed, ScoringNet=30, Ridge=2) for seed in range(3)]
    folds[1].predicted[lacking]["final"][:] = 65.0
    cells, said = report.cells(folds, EXPERIMENT, ["f_src"]), verdict(folds, EXPERIMENT)
    assert np.isnan(cells[lacking]["f_src"]["mean"])
    others = report.cells([folds[0], folds[2]], EXPERIMENT, ["f_src"])
    assert cells["Ridge"]["f_src"]["more"] == others["Ridge"]["f_src"]["more"]
    assert f"F-SRC of {lacking} is not defined in 1 of 3 splits." in said
    assert ("Ridge orders the videos better than ScoringNet." in said) == (lacking == "ScoringNet")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Thirty sequences of 5 to 34 steps of three athletes, whose score is the mean of their first feature."""
    rng, videos = np.random.default_rng(0), []
    for number in range(30):
        level = rng.normal()
        values = rng.normal(size=(5 + number, 4)).astype("float32") * 0.1
        values[:, 0] += level
        videos.append(
            feature_video(f"{number:02d}", values, difficulty=2.0, execution=20 + level, final=50 + 5 * level)
        )
    groups = {f"{number:02d}": f"athlete {number % 3}" for number in range(30)}
    folder = tmp_path_factory.mktemp("cross") / "records"
    return write_records(folder, {"train": videos[:25], "test": videos[25:]}, groups=groups)


def test_simple_systems_learn_from_the_training_videos_of_a_fold(records):
    info = DatasetInfo.load(records)
    ids = tuple(info.split("test")["ids"])
    truth = {"final": info.true_scores("final", ids)}
    ours = Results(ids, truth, {"ScoringNet": {"final": np.zeros((2, 1, len(ids)))}})
    found = beside(ours, SimpleSystems(info), info)
    assert [*found.predicted] == [
        *("ScoringNet", "Mean score", "Duration", "Ridge", "SVR"),
        *("Gaussian process", "Extra trees", "First principal component"),
    ]
    mean = info.true_scores("final", info.split("train")["ids"]).mean()
    np.testing.assert_allclose(found.predicted["Mean score"]["final"], np.full((1, 1, 5), mean))
    assert np.abs(found.predicted["Ridge"]["final"] - truth["final"]).mean() < 1.0


def test_scores_that_no_training_video_has_are_left_out_and_one_known_group_suffices(records):
    info = DatasetInfo.load(records)
    known = [video_id for video_id in info.split("train")["ids"] if info.videos[video_id]["group"] == "athlete 0"]
    videos = {
        name: {**video, "difficulty": None, "execution": video["execution"] if name in known else None}
        for name, video in info.videos.items()
    }
    fold = dataclasses.replace(info, videos=videos)
    results = alone(fold)
    assert [*results.truth] == ["execution", "final"]
    found = beside(results, SimpleSystems(fold), fold).predicted["Ridge"]
    assert all(np.isfinite(found[score]).all() for score in results.truth)


@pytest.mark.parametrize(("athletes", "held_out"), [(3, ("--validation_fraction=0",)), (25, ()), (None, ())])
def test_one_group_alone_is_learned_from(records, athletes, held_out):
    info = DatasetInfo.load(records)
    videos = {name: {**video, "group": athletes and f"{int(name) % athletes}"} for name, video in info.videos.items()}
    fold = Surroundings(None, dataclasses.replace(info, videos=videos), (), records)
    assert with_validation([fold])[0].further == held_out
    chosen = dataclasses.replace(fold, further=("--validation_fraction=0.3",))
    assert with_validation([chosen]) == [chosen]


@pytest.mark.slow
def test_the_command_tests_every_video_once_and_is_not_done_again(records, tmp_path):
    words = ["scoringnet_tf", "cross_validate", f"--records_dir={records}", f"--output_dir={tmp_path / 'out'}"]
    words += ["--group=group", "--folds=2"]
    further = ["--", "--max_steps=2", "--width_multiplier=0.125", "--fragments=whole", "--scores=final"]
    first = started(*words, "--title=Thirty sequences", *further)  # trainings take as long as they take
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("**Thirty sequences.**")
    with (tmp_path / "out/predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert "group" not in rows[0]  # a group is a fold, or a part of one
    for name in ("ScoringNet", "Ridge"):
        assert sorted(row["video_id"] for row in rows if row["row"] == name) == [f"{n:02d}" for n in range(30)]
    models = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/trainings").rglob("*.keras")}
    assert len(models) >= 2
    again = forked(*words, "--title=Thirty sequences", *further)
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in models} == models
    table = (tmp_path / "out/table.md").read_text()
    refused = forked(*words, "--nonetwork")
    assert refused.returncode == 1 and code_printed(refused.stderr) == "results_kept", refused.stderr
    assert (tmp_path / "out/table.md").read_text() == table
    replaced = forked(*words, "--nonetwork", "--overwrite")
    assert replaced.returncode == 0 and "ScoringNet" not in (tmp_path / "out/table.md").read_text(), replaced.stderr


@pytest.mark.parametrize(("way", "draws_groups"), [("--folds=2", False), ("--split_files=FILE", True)])
def test_scikit_learn_alone_is_compared_without_a_training(records, tmp_path, way, draws_groups):
    """Intervals are over groups unless a fold parts them, or is made of them as above."""
    write_split(tmp_path / "split.csv", {f"{n:02d}": "train" if n % 3 else "test" for n in range(30)})
    words = [f"--records_dir={records}", f"--output_dir={tmp_path}", "--nonetwork"]
    words.append(way.replace("FILE", str(tmp_path / "split.csv")))
    result = forked("scoringnet_tf", "cross_validate", *words)
    assert result.returncode == 0, result.stderr
    assert "| Gaussian process |" in result.stdout and "ScoringNet" not in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Best by F-SRC: ")
    assert not [*(tmp_path / "trainings").glob("*seed*")]
    assert ("group" in (tmp_path / "predictions.csv").read_text().splitlines()[0].split(",")) == draws_groups


def test_equal_scores_are_refused_before_anything_is_trained(tmp_path):
    videos = [feature_video(f"{n:02d}", np.ones((3, 2), "float32") * n, final=50.0) for n in range(6)]
    folder = write_records(tmp_path / "records", {"train": videos})
    result = forked("scoringnet_tf", "cross_validate", f"--records_dir={folder}", f"--output_dir={tmp_path / 'out'}")
    assert result.returncode == 1 and code_printed(result.stderr) == "equal_scores"


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--group=player"], "unknown_name"),
        (["--folds=3", "--split_files=one.csv"], "flags_conflict"),
        (["--folds=31"], "out_of_range"),
        (["further"], "unexpected_argument"),
    ],
)
def test_what_the_command_refuses(records, tmp_path, flags, code):
    result = forked("scoringnet_tf", "cross_validate", f"--records_dir={records}", f"--output_dir={tmp_path}", *flags)
    assert result.returncode == 1 and code_printed(result.stderr) == code
