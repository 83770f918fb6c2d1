"""A sport with one final score and nothing else: five lines of YAML, and no other score anywhere behind them."""

import csv
import io
import json

import numpy as np
import pytest
from command_forks import forked
from refusals import refused
from training_runs import TINY, settings

from data_prep.datasets import manifest
from data_prep.records.building import build_records
from scoringnet_tf import ScoringNet, from_preset, videos
from scoringnet_tf.data.dataset_info import INDEX_NAME, DatasetInfo
from scoringnet_tf.inference.rendering import failure_row
from scoringnet_tf.inference.result import Performance, VideoScore, failure
from scoringnet_tf.sports import get_sport, kept_form, read_sport, sport_yaml, src
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve

GOLF = """\
# Ten drives are scored together.
name: golf
ranges:
  # points
  final: [100, 300]
"""
OTHER_SCORES = ("difficulty", "execution", "d-src", "e-src", "d_src", "e_src")
READABLE = {".csv", ".json", ".yaml", ".md", ".txt", ".html"}


def write_vectors(folder, num_videos=40):
    """A table of a vector (8,) for every video, all of whose numbers tell of the score."""
    rng, rows = np.random.default_rng(0), ["features,split,final"]
    for number, level in enumerate(rng.permutation(np.linspace(0, 1, num_videos))):
        np.save(folder / f"{number:02d}.npy", 4 * level * np.linspace(-1, 1, 8) + rng.normal(size=8) / 8)
        rows.append(f"{number:02d}.npy,{'test' if number % 4 == 0 else 'train'},{110 + 180 * level:.1f}")
    (folder / "manifest.csv").write_text("\n".join(rows))


def printed(*words):
    """What a command prints on both streams."""
    ended = forked(*words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, ended.stdout + ended.stderr


@pytest.mark.slow
def test_the_whole_way_without_a_word_of_another_score(tmp_path):
    """build → inspect → train → evaluate → predict, by default flags but for the size of the network."""
    source, records, run = tmp_path / "drives", tmp_path / "records", tmp_path / "run"
    source.mkdir()
    (tmp_path / "golf.yaml").write_text(GOLF)
    write_vectors(source)
    of_source = ("--dataset=manifest", f"--source_dir={source}", f"--sport={tmp_path / 'golf.yaml'}")
    tested = sorted(source.glob("*.npy"))[::4]
    said = [
        printed("data_prep", "build", "--dry_run", *of_source),
        printed("data_prep", "build", *of_source, f"--output_dir={records}"),
        printed("data_prep", "inspect", f"--records_dir={records}"),
        printed(
            *("scoringnet_tf.train", f"--records_dir={records}", f"--model_dir={run}", "--width_multiplier=0.125"),
            *("--clip_lengths=1,1", "--validation_fraction=0.3", "--epochs=20", "--learning_rate=0.003"),
        ),
        printed("scoringnet_tf.evaluate", f"--model={run}", f"--records_dir={records}"),
        *(printed("scoringnet_tf.predict", f"--model={run}", *tested, "--force", *flag) for flag in ([], ["--json"])),
        printed("scoringnet_tf.predict", f"--model={run}", *tested, "--force", "--csv"),
    ]
    written = {path: path.read_text() for path in tmp_path.rglob("*") if path.suffix in READABLE}
    for name, text in [*enumerate(both for _, both in said), *written.items()]:
        assert not [score for score in OTHER_SCORES if score in text.casefold()], (name, text)
    finals = [float(row["final"]) for row in csv.DictReader(io.StringIO(said[-1][0]))]
    assert finals == [json.loads(line)["final"] for line in said[-2][0].splitlines()]
    with (source / "manifest.csv").open() as file:
        truth = {row["features"]: float(row["final"]) for row in csv.DictReader(file)}
    assert src(np.array([truth[path.name] for path in tested]), np.array(finals)) > 0.9
    metrics = json.loads((run / "evaluation_test/metrics.json").read_text())
    assert metrics["f_src"] > 0.9 and metrics["f_med"] < metrics["mean_predictor"]["f_med"]
    assert (
        metrics["best_simple"]["f_src"] > 0.9 and metrics["best_simple"]["f_med"] < metrics["mean_predictor"]["f_med"]
    )


# === The definition ===

STAGES = "stages: [swing, impact]\n"


def golf(folder, text=GOLF):
    path = folder / "golf.yaml"
    path.write_text(text)
    return read_sport(path)


@pytest.mark.parametrize(
    ("text", "stages", "fragment"),
    [
        (GOLF, (), ()),
        (GOLF + STAGES, ("swing", "impact"), ("swing", "impact")),
        (GOLF + STAGES + "fragments: {final: [impact]}", ("swing", "impact"), ("impact",)),
    ],
)
def test_a_final_range_is_a_sport_and_goes_into_a_file_and_back(text, stages, fragment, tmp_path):
    sport = golf(tmp_path, text)
    assert (sport.name, sport.scores, sport.range_of("final")) == ("golf", ("final",), (100.0, 300.0))
    assert (sport.stages, sport.fragment("final")) == (("noise", *stages), fragment)
    assert golf(tmp_path, sport_yaml(sport)) == get_sport(json.loads(json.dumps(kept_form(sport)))) == sport
    assert not [score for score in OTHER_SCORES if score in sport_yaml(sport)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOLF + "fusion: sum", "unknown_key"),
        (GOLF + "fragments: {final: [impact]}", "wrong_value"),
        (GOLF + STAGES + "fragments: {difficulty: [impact]}", "unknown_key"),
        (GOLF + "  difficulty: [0, 5]", "missing_key"),
        ("name: golf\nranges: {}", "missing_key"),
    ],
)
def test_what_contradicts_one_score_is_refused(text, code, tmp_path):
    with refused(code, tmp_path / "golf.yaml"):
        golf(tmp_path, text)


# === Records ===


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golf")
    write_vectors(folder, num_videos=8)
    build_records("manifest", folder, folder / "records", sport=golf(folder))
    return folder / "records"


def test_the_index_holds_the_final_score_alone_and_reads_the_others_as_unknown(records):
    index = (records / INDEX_NAME).read_text()
    assert not [score for score in OTHER_SCORES if score in index]
    info = DatasetInfo.load(records)
    assert info.scores == ("final",) and list(info.score_statistics["train"]) == ["final"]
    assert {(video["difficulty"], video["execution"]) for video in info.videos.values()} == {(None, None)}
    _, targets = next(iter(videos(records, "train", batch_size=2)))
    assert set(targets) == {"stages", "final"}


def test_columns_of_parts_are_unused_columns(tmp_path):
    write_vectors(tmp_path, num_videos=2)
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    (tmp_path / "manifest.csv").write_text(f"{lines[0]},execution\n{lines[1]},3\n{lines[2]},\n")
    source = manifest.read(tmp_path, sport=golf(tmp_path))
    assert {(sample.difficulty, sample.execution) for sample in source.samples} == {(None, None)}
    assert any(note.code == "unused_columns" and "execution" in note for note in source.notes)


@pytest.mark.parametrize(("stages", "problems"), [("", True), (STAGES, False)])
def test_stage_labels_of_a_sport_without_stages_are_refused(stages, problems, tmp_path):
    write_vectors(tmp_path, num_videos=2)
    (tmp_path / "stage_labels.csv").write_text("video_id,stage,start_frame,end_frame\n00.npy,swing,0,1")
    source = manifest.read(tmp_path, sport=golf(tmp_path, GOLF + stages))
    assert bool(source.samples[0].problems) == problems


# === Models ===


def test_a_model_of_it_has_one_tower_and_no_kfs_and_is_saved_whole(records, tmp_path):
    model = ScoringNet.for_records(DatasetInfo.load(records), **TINY)
    assert model.scores == ("final",) and model.networks == ("score_predictor",)
    inputs, _ = next(iter(videos(records, "test", batch_size=2)))
    model.save_to_preset(tmp_path)
    again = from_preset(tmp_path)
    assert again.sport == model.sport and set(again(inputs)) == {"final"}
    np.testing.assert_allclose(np.asarray(again(inputs)["final"]), np.asarray(model(inputs)["final"]), rtol=1e-6)


@pytest.mark.parametrize(("fragment", "seen"), [("", [1, 2]), ("fragments: {final: [impact]}", [2])])
def test_with_stages_its_model_finds_them_and_sees_its_fragment(fragment, seen, tmp_path):
    sport = golf(tmp_path, GOLF + STAGES + fragment)
    model = ScoringNet(sport, **TINY)
    assert set(model.output) == {"stages", "labels", "final", "empty_fragments"}
    assert model.fragment_stages == {"final": [sport.stages[stage] for stage in seen]}


def test_models_and_runs_cannot_have_what_the_sport_lacks(records, tmp_path):
    sport, info = golf(tmp_path), DatasetInfo.load(records)
    assert ScoringNet(sport, **TINY).segmenter is None
    with pytest.raises(ValueError, match="scores"):
        ScoringNet(sport, score_predictor={"scores": ("difficulty", "execution")})
    for changes in ({"fragments": "true"}, {"scores": "parts"}):
        with pytest.raises(InputError):
            resolve(check(settings(tmp_path / "run", records, **{**WHOLE, **changes}), info))


WHOLE = {"fragments": "whole", "fragment_jitter": 0, "lr_multipliers": {}}


# === Results ===


def test_results_have_its_score_alone_and_can_be_read_again(tmp_path):
    sport = golf(tmp_path)
    performance = Performance(
        0, 9, 0.0, 0.3, final=210.0, deviations={"final": 4.0}, intervals={"final": (190.0, 230.0)}
    )
    score = VideoScore("a.mp4", sport, 9, 30.0, [], [performance], [])
    failed = [of("b.mp4", None, sport, Remark("unreadable", "b")) for of in (failure, failure_row)]
    said = [str(score), *map(json.dumps, [score.to_dict(), *score.rows(), *failed])]
    assert not [other for other in OTHER_SCORES for text in said if other in text]
    assert set(failed[0]) == set(score.to_dict()) and set(failed[1]) == set(score.rows()[0])
    assert VideoScore.from_dict(json.loads(json.dumps(score.to_dict())), sport) == score
