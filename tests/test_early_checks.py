"""A wrong path is refused before TensorFlow and the like are imported, which takes seconds."""

import json
import subprocess
import sys

import pytest
from command_forks import ROOT
from refusals import code_printed

CLIP = "tests/clips/diving.mp4"
HEAVY = ("tensorflow", "keras", "scipy", "matplotlib", "sklearn")
# Runs commands, each in a fork of a process that has imported what is light, and prints what became of them.
FORKS = f"""
import json, os, runpy, sys, tempfile, traceback
import scoringnet_tf.support.cli, scoringnet_tf.data.video, scoringnet_tf.data.dataset_info
results = []
for words in json.load(sys.stdin):
    files = [tempfile.TemporaryFile("w+") for _ in range(2)]
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, file in enumerate(files, start=1):
            os.dup2(file.fileno(), number)
        sys.argv, status = words, 0
        try:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            status = stop.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(100 if any(name in sys.modules for name in {HEAVY}) else status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    texts = [file.seek(0) or file.read() for file in files]
    results.append([status, *texts])
json.dump(results, sys.stdout)
"""
M = "missing"
CASES = [
    f"scoringnet_tf.predict {M}.mp4",
    f"scoringnet_tf.predict {M}.mp4 {M}*.mp4 {{empty}}",
    f"scoringnet_tf.predict --model={M} {CLIP}",
    f"scoringnet_tf.train --records_dir={M} --model_dir={{out}}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --initial_model={M}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --training=staged --segmenter={M}",
    f"scoringnet_tf.train --records_dir={{records}} --model_dir={{out}} --pretrained={M}",
    f"scoringnet_tf.pretrain --records_dir={M} --model_dir={{out}}",
    f"scoringnet_tf.pretrain --records_dir={{motion}} --model_dir={{out}} --pretrained={M}",
    f"scoringnet_tf.evaluate --records_dir={M}",
    f"scoringnet_tf.evaluate --records_dir={{records}} --model={M}",
    f"scoringnet_tf.export --export_dir={{out}} --model={M}",
    f"scoringnet_tf.calibrate --records_dir={M} --model={{model}}",
    f"scoringnet_tf.extract --model={M} --endpoint=conv5b --output_dir={{out}} {CLIP}",
    f"scoringnet_tf.extract --model={{model}} --endpoint=conv5b --output_dir={{out}} {M}.mp4",
    f"scoringnet_tf.extract --model={{model}} --endpoint=conv5b --output_dir={{out}} --records_dir={M}",
    f"scoringnet_tf.report {M}.mp4 --output={{out}}.html",
    f"scoringnet_tf.import_weights {M}.pickle --output={{out}}.keras",
    f"scoringnet_tf.baselines c3d_svr --records_dir={M} --output_dir={{out}}",
    f"scoringnet_tf.baselines c3d_svr --records_dir={{records}} --output_dir={{out}} --pretrained={M}",
    f"scoringnet_tf.experiments run table5 --records_dir={M}",
    f"data_prep build --dataset=unlv_diving --source_dir={M} --output_dir={{out}}",
    f"data_prep build --dry_run --dataset=unlv_diving --source_dir={M}",
    f"data_prep inspect --records_dir={M}",
]
JSON = f"scoringnet_tf.predict --model=vault_small --json {M}.mp4 no*.mp4"


@pytest.fixture(scope="module")
def results(tmp_path_factory, diving_records, motion_records, stage_model):
    """Command → (exit status, 100 where something heavy was imported; stdout; stderr)."""
    folder = tmp_path_factory.mktemp("early")
    (folder / "empty").mkdir()
    places = {"records": diving_records, "motion": motion_records, "model": stage_model, "out": folder / "out"}
    commands = [*CASES, JSON]
    words = json.dumps([command.format(**places, empty=folder / "empty").split() for command in commands])
    printed = subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, input=words, stdout=subprocess.PIPE, text=True)
    assert [path.name for path in folder.iterdir()] == ["empty"]
    return dict(zip(commands, json.loads(printed.stdout), strict=True))


@pytest.mark.parametrize("command", CASES)
def test_a_missing_input_is_told_before_anything_heavy_is_imported(results, command):
    status, _, stderr = results[command]
    assert status == (2 if " check " in command else 1) and M in stderr and "Traceback" not in stderr
    assert code_printed(stderr) in ("not_found", "unreadable")


def test_a_video_that_is_missing_has_its_line_of_json(results):
    status, stdout, _ = results[JSON]
    first, second = map(json.loads, stdout.splitlines())
    expected = {"video": "missing.mp4", "status": "failed", "model": "vault_small", "sport": "vault"}
    assert status == 1 and expected.items() <= first.items()
    assert second["video"] == "no*.mp4" and second["error"]["code"] == "unreadable"
