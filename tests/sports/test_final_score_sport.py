"""A sport with one final score and nothing else: five lines of YAML, and no other score anywhere behind them."""

import csv
import io
import json

import numpy as np
import pytest
from command_forks import forked

from scoringnet_tf.sports import src

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
        np.save(folder / f"{number:02d}.npy", 4 * level * np.linspace(-1, 1, 8) + rng.normal(size=8) / 4)
        rows.append(f"{number:02d}.npy,{'test' if number % 4 == 0 else 'train'},{110 + 180 * level:.1f}")
    (folder / "manifest.csv").write_text("\n".join(rows))


def printed(*words):
    """What a command prints on both streams."""
    ended = forked(*words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, ended.stdout + ended.stderr


@pytest.mark.slow
def test_the_whole_way_without_a_word_of_another_score(tmp_path):
    """build → describe → train → evaluate → predict, by default flags but for the size of the network."""
    source, records, run = tmp_path / "drives", tmp_path / "records", tmp_path / "run"
    source.mkdir()
    (tmp_path / "golf.yaml").write_text(GOLF)
    write_vectors(source)
    of_source = ("--dataset=manifest", f"--source_dir={source}", f"--sport={tmp_path / 'golf.yaml'}")
    tested = sorted(source.glob("*.npy"))[::4]
    said = [
        printed("data_prep", "check", *of_source),
        printed("data_prep", "build", *of_source, f"--output_dir={records}"),
        printed("data_prep", "inspect", f"--records_dir={records}"),
        printed("data_prep", "describe", f"--records_dir={records}", "--json"),
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
    rows = list(csv.DictReader(io.StringIO(said[-1][0])))
    lines = [json.loads(line) for line in said[-2][0].splitlines()]
    finals = np.array([float(row["final"]) for row in rows])
    assert finals.tolist() == [line["final"] for line in lines]
    with (source / "manifest.csv").open() as file:
        truth = {row["features"]: float(row["final"]) for row in csv.DictReader(file)}
    assert src(np.array([truth[path.name] for path in tested]), finals) > 0.9
    metrics = json.loads((run / "evaluation_test/metrics.json").read_text())
    assert metrics["f_src"] > 0.9 and metrics["f_med"] < metrics["mean_predictor"]["f_med"]
