"""Shortcuts find what is there to be found without watching, and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import write_video
from refusals import refused

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import shortcuts
from scoringnet_tf.sports import SCORES

NUMBER, TESTED = 60, 20


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    """The take-flight is as long as the dive is difficult, the entry as bright as the execution is high."""
    folder, rng = tmp_path_factory.mktemp("shortcuts"), np.random.default_rng(0)
    rows = ["video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"]
    for number in range(NUMBER):
        flight, execution = int(rng.integers(3, 12)), round(float(rng.uniform(10, 28)), 1)
        difficulty = 2.0 + flight / 10
        bright = np.full((24, 32, 3), round(255 * execution / 30), np.uint8)
        noise = rng.integers(0, 256, (2 + flight + 2, 24, 32, 3)).astype(np.uint8)
        frames = [*noise[: 2 + flight], bright, bright, *noise[-2:]]
        write_video(folder / f"{number:02d}.avi", frames)
        split = "test" if number < TESTED else "train"
        starts = f"0,2,{2 + flight},{4 + flight}"
        rows.append(f"{number:02d}.avi,{split},{difficulty:.1f},{execution},{difficulty * execution:.2f},{starts}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", folder, folder / "records", BuildSettings((24, 32)), workers=1, sport="diving")
    return DatasetInfo.load(folder / "records")


def test_each_shortcut_finds_its_own(info):
    found = shortcuts.shortcuts(info, (info,))
    assert found.ids == tuple(sorted(info.split("test")["ids"]))
    expected = [info.videos[video_id]["execution"] for video_id in found.ids]
    np.testing.assert_allclose(found.truth["execution"], expected, atol=1e-3)
    src = {
        (row, score): float(found.figure(row, score, "src").item()) for row in found.predicted for score in found.truth
    }
    assert src["stage durations", "difficulty"] > 0.99
    assert abs(src["stage durations", "execution"]) < 0.5
    assert src["one 16×12 grey frame", "execution"] > 0.95
    assert abs(src["one 16×12 grey frame", "difficulty"]) < 0.5
    assert src["true difficulty", "difficulty"] > 0.99
    assert np.isnan(src["mean predictor", "final"])
    final = found.predicted["stage durations"]["difficulty"] * found.predicted["stage durations"]["execution"]
    np.testing.assert_allclose(found.predicted["stage durations"]["final"], final)


def test_each_shortcut_is_given_what_its_name_says():
    names = ("durations", "colour", "small", "full")
    watched = SimpleNamespace(**{name: name for name in names}, scores={"difficulty": np.array([3.0])})
    given = {row: look(watched) for row, look in shortcuts.SHORTCUTS.items()}
    expected = ("stage durations", "colour and brightness", "one 16×12 grey frame", "one grey frame")
    assert [given[row] for row in expected] == list(names) and given["true difficulty"].tolist() == [[3.0]]


def test_the_mean_predictor_answers_the_training_mean(info):
    found = shortcuts.shortcuts(info, (info, info))
    mean = np.mean([info.videos[video_id]["difficulty"] for video_id in info.split("train")["ids"]])
    np.testing.assert_allclose(
        found.predicted["mean predictor"]["difficulty"], np.full((1, 2, TESTED), mean), rtol=1e-6
    )


def test_each_rendering_is_predicted_of_its_own_pixels(monkeypatch):
    """A score that is the brightness, of the same videos twice: as they are, and brighter by 3."""
    scores = {score: np.full(30, np.nan) for score in SCORES} | {"execution": np.arange(30.0)}

    def watch(brighter, _):
        colour = np.arange(30.0)[:, None] + brighter
        return shortcuts.Watched(tuple(map(str, range(30))), scores, colour, colour, colour, colour)

    monkeypatch.setattr(shortcuts, "watch", watch)
    (predicted,) = shortcuts.shortcuts(0, (0, 3)).predicted["colour and brightness"]["execution"]
    np.testing.assert_allclose(predicted, [np.arange(30.0), np.arange(30.0) + 3], atol=0.05)


def test_the_penalty_is_chosen_by_groups(monkeypatch):
    """Whole athletes are left out, so that how one looks tells no score; without groups one video in turn is."""
    import sklearn.linear_model

    seen, athletes = [], np.repeat(np.arange(10), 3)

    class Recorded(sklearn.linear_model.RidgeCV):
        def __init__(self, alphas, cv=None):
            super().__init__(alphas, cv=cv)
            seen.append(cv)

    monkeypatch.setattr(sklearn.linear_model, "RidgeCV", Recorded)
    rng = np.random.default_rng(0)
    for groups in ((), tuple(f"athlete {number}" for number in athletes)):
        scores = {name: np.full(30, np.nan) for name in SCORES} | {"execution": rng.normal(size=30)}
        watched = shortcuts.Watched(tuple(map(str, range(30))), scores, *[rng.normal(size=(30, 4))] * 4, groups=groups)
        monkeypatch.setattr(shortcuts, "watch", lambda *_, watched=watched: watched)
        shortcuts.shortcuts(0, (1,))
    assert seen[:4] == [None] * 4 and len(seen) == 8
    left_out = np.concatenate([tested for _, tested in seen[-1]])
    assert sorted(left_out) == list(range(30)) and len(seen[-1]) == 5
    for trained, tested in seen[-1]:
        assert not {*athletes[trained]} & {*athletes[tested]}


def test_what_is_not_known_of_every_video_is_left_out_and_named(info, tmp_path, capsys):
    """A difficulty, and the stages of some frames: without these only the length of the video is left."""
    folder = info.records_dir.parent
    lines = (folder / "manifest.csv").read_text().splitlines()
    cells = lines[5].split(",")
    lines[5] = ",".join([*cells[:2], "", cells[3], "", *cells[5:]])
    lines[6] = ",".join([*lines[6].split(",")[:5], "", "", "", ""])
    (folder / "unknown.csv").write_text("\n".join(lines))
    options = {"workers": 1, "sport": "diving", "manifest_csv": folder / "unknown.csv"}
    build_records("manifest", folder, tmp_path / "records", BuildSettings((24, 32)), **options)
    made = DatasetInfo.load(tmp_path / "records")
    found = shortcuts.shortcuts(made, (made,))
    assert not {"stage durations", "true difficulty"} & found.predicted.keys()
    assert {"colour and brightness", "one grey frame"} <= found.predicted.keys()
    said = capsys.readouterr().err
    for name in ("stage durations", "true difficulty"):
        assert f"shortcuts: left out {name}: it is not known of every video." in said


def test_features_have_no_shortcuts(info):
    features = shortcuts.dataclasses.replace(info, features={"size": 3})
    with refused("features_given"):
        shortcuts.watch(features, "test")
