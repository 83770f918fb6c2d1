"""What is wrong with paths is said before TensorFlow and the like are imported, which takes seconds."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
CLIP = "tests/clips/diving.mp4"
HEAVY = ("tensorflow", "keras", "scipy", "matplotlib", "sklearn")
# Runs a module, and writes which of `HEAVY` it has imported by its end.
PROBE = f"""
import atexit, pathlib, runpy, sys
file = pathlib.Path(sys.argv[1])
atexit.register(lambda: file.write_text(" ".join(name for name in {HEAVY} if name in sys.modules)))
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
M = "missing"
CASES = [
    f"scoringnet_tf.predict {M}.mp4",
    f"scoringnet_tf.predict {M}.mp4 {M}*.mp4 {{empty}}",
    f"scoringnet_tf.predict --model={M} {CLIP}",
    f"scoringnet_tf.predict --model={M} -",
    f"scoringnet_tf.predict --model={M} --results_dir={{out}} {CLIP}",
    f"scoringnet_tf.train --records_dir={M} --model_dir={{out}}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --initial_model={M}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --training=staged --segmenter={M}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --pretrained={M}",
    "scoringnet_tf.train --records_dir={records} --model_dir={out} --stage_network=resnet50 "
    f"--set=model.fragments.network.weights={M}",
    f"scoringnet_tf.pretrain --records_dir={M} --model_dir={{out}}",
    f"scoringnet_tf.pretrain --records_dir={{motion}} --model_dir={{out}} --pretrained={M}",
    f"scoringnet_tf.evaluate --records_dir={M}",
    f"scoringnet_tf.evaluate --records_dir={{records}} --model={M}",
    f"scoringnet_tf.export --export_dir={{out}} --model={M}",
    f"scoringnet_tf.calibrate --records_dir={M} --model={{model}}",
    f"scoringnet_tf.calibrate --records_dir={{records}} --model={M}",
    f"scoringnet_tf.extract --model={M} --endpoint=conv5b --output_dir={{out}} {CLIP}",
    f"scoringnet_tf.extract --model={{model}} --endpoint=conv5b --output_dir={{out}} {M}.mp4",
    f"scoringnet_tf.extract --model={{model}} --endpoint=conv5b --output_dir={{out}} --records_dir={M}",
    f"scoringnet_tf.report {M}.mp4 --output={{out}}.html",
    f"scoringnet_tf.report {CLIP} --output={{out}}.html --model={M}",
    f"scoringnet_tf.report {CLIP} --output={{out}}.html --judges={M}",
    f"scoringnet_tf.import_weights {M}.pickle --output={{out}}.keras",
    f"scoringnet_tf.import_weights {M}.keras --output={{out}}.keras",
    f"scoringnet_tf.baselines c3d_svr --records_dir={M} --output_dir={{out}}",
    f"scoringnet_tf.baselines c3d_svr --records_dir={{records}} --output_dir={{out}} --pretrained={M}",
    f"scoringnet_tf.experiments run table5 --records_dir={M}",
    f"data_prep build --dataset=unlv_diving --source_dir={M} --output_dir={{out}}",
    f"data_prep check --dataset=unlv_diving --source_dir={M}",
    f"data_prep split --dataset=unlv_diving --source_dir={M} --output={{out}}",
    f"data_prep stages {M} --sport=diving --output={{out}}",
    f"data_prep suggest {M}.mp4 --output={{out}}",
    f"data_prep suggest --videos_dir={M} --output={{out}}",
    f"data_prep suggest {CLIP} --output={{out}} --model={M}",
    f"data_prep describe --records_dir={M}",
    f"data_prep inspect --records_dir={M}",
]


@pytest.fixture
def ended(tmp_path):
    """Runs a command in a process of its own: (exit status, stdout, stderr, which of `HEAVY` were imported)."""

    def run(*words):
        words = [sys.executable, "-c", PROBE, str(tmp_path / "imported"), *map(str, words)]
        result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return result.returncode, result.stdout, result.stderr, (tmp_path / "imported").read_text()

    return run


@pytest.mark.parametrize("command", CASES)
def test_a_missing_input_is_told_before_anything_heavy_is_imported(
    ended, command, tmp_path, diving_records, motion_records, stage_model
):
    (tmp_path / "empty").mkdir()
    places = {"records": diving_records, "motion": motion_records, "model": stage_model, "out": tmp_path / "out"}
    status, _, stderr, imported = ended(*command.format(**places, empty=tmp_path / "empty").split())
    assert (status, imported) == (2 if " check " in command else 1, "")
    assert "Traceback" not in stderr and "missing" in stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"empty", "imported"}


def test_a_video_that_is_missing_has_its_line_of_json(ended):
    words = ("--model=vault_small", "--json", "missing.mp4", "no*.mp4")
    status, stdout, _, imported = ended("scoringnet_tf.predict", *words)
    first, second = map(json.loads, stdout.splitlines())
    assert (status, imported) == (1, "")
    expected = {"video": "missing.mp4", "status": "failed", "model": "vault_small", "sport": "vault"}
    assert expected.items() <= first.items()
    assert second["video"] == "no*.mp4" and second["error"]["code"] == "unreadable"
