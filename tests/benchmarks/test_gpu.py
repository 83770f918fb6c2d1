"""Operations counted from the model, and the program for GPUs on a CPU, under JAX without TensorFlow."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import scoringnet_tf
from benchmarks import flops

ROOT = pathlib.Path(__file__).parents[2]
TINY = ("--width_multiplier=0.0625", "--image_size=32", "--num_frames=8", "--steps=3", "--largest_batch=1")


def test_convolutions_of_c3d_are_counted_as_by_hand():
    """At full width, 16 frames of 112×112: 38.5 GMAC, as C3D is cited with."""
    trunk = scoringnet_tf.C3D(heads=None)
    by_hand = [(112 * 112 * 16, 3, 64), (56 * 56 * 16, 64, 128), (28 * 28 * 8, 128, 256), (28 * 28 * 8, 256, 256)]
    by_hand += [(14 * 14 * 4, 256, 512), (14 * 14 * 4, 512, 512), *[(7 * 7 * 2, 512, 512)] * 2]
    assert flops.forward(trunk, 16) == 2 * sum(places * 27 * inputs * outputs for places, inputs, outputs in by_hand)
    assert flops.forward(trunk, 16) == pytest.approx(77e9, rel=0.01)


@pytest.mark.interop
def test_operations_of_a_scoring_net_are_those_that_pytorch_counts():
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks.peers.network import ScoringNet

    size, frames = {"image_size": (32, 32), "width_multiplier": 1 / 16}, 12
    ours = scoringnet_tf.ScoringNet(**size, clip_lengths=(8, 8))
    theirs = ScoringNet(32, 1 / 16, clip_length=8).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        theirs(torch.zeros(1, frames, 32, 32, 3, dtype=torch.uint8), torch.ones(1, frames, dtype=torch.bool))
    lstm = 2 * frames * sum(w.numel() for name, w in theirs.segmenter.lstm.named_parameters() if "weight" in name)
    assert flops.forward(ours, frames) == counter.get_total_flops() + lstm  # it knows no LSTM
    assert flops.training_step(ours, frames) == 3 * flops.forward(ours, frames)


def run(code, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *code, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.interop
def test_under_jax_all_is_measured_and_tensorflow_is_not_imported():
    pytest.importorskip("jax", reason="needs JAX: pip install '.[backends]'")
    code = (
        "import json, sys\n"
        "class WithoutTensorFlow:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.split('.')[0] == 'tensorflow': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, WithoutTensorFlow())\n"
        "from absl import flags\n"
        "from benchmarks import gpu\n"
        "flags.FLAGS(sys.argv)\n"
        "measure = gpu.measurements()\n"
        "print(json.dumps([measure('device'), measure('flops'), *(measure(f'{w} 2') for w in gpu.MEASURED)]))"
    )
    result = run(["-c", code], *TINY, "--way=jax", "--precision=bfloat16")
    assert result.returncode == 0, result.stderr
    device, operations, *found = json.loads(result.stdout.splitlines()[-1])
    assert device is None
    assert operations > 0
    assert all(each["memory"] > 0 for each in found)


@pytest.mark.slow
@pytest.mark.interop
def test_without_a_gpu_nothing_is_measured_unless_asked_for(tmp_path):
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    chosen = ("--ways=torch", "--precisions=float32", f"--output={tmp_path / 'gpu.json'}")
    result = run(["-m", "benchmarks.gpu"], *TINY, *chosen)
    assert result.returncode == 0, result.stderr
    assert "torch           float32   not measured: no GPU" in result.stdout


@pytest.mark.slow
@pytest.mark.interop
def test_each_measurement_has_its_rows_and_is_kept_as_it_comes(tmp_path):
    """On a CPU, of two batch sizes; memory is that of the process of the row's own measurement."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    chosen = ("--ways=torch", "--precisions=float32", "--cpu", f"--output={tmp_path / 'gpu.json'}")
    result = run(["-m", "benchmarks.gpu"], *TINY[:-1], "--largest_batch=2", *chosen)
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "gpu.json").read_text())["runs"][0]["rows"]
    assert [(row["measured"], row["batch"]) for row in rows] == [
        (what, size) for what in ("inference", "evaluation", "joint step") for size in (1, 2)
    ]
    assert all(row["memory"] > 0 and row["flops"] == rows[0]["flops"] for row in rows)


def test_a_training_step_is_three_times_the_operations_of_a_video():
    """Of 1e12 in one, two videos in 2 s on a card of 6 TFLOP/s: 1, and 3 in a step forward and back."""
    code = (
        "import sys\n"
        "from absl import flags\n"
        "from benchmarks import gpu\n"
        "flags.FLAGS(sys.argv)\n"
        "ask = lambda what: {'seconds': 2.0, 'memory': 1.0}\n"
        "for what in ('evaluation', 'joint step'):\n"
        "    one, two = gpu._batches(ask, what, {'flops': 1e12, 'peak': 6.0})\n"
        "    print(one['tflops'], two['tflops'], two['share'])"
    )
    result = run(["-c", code], "--largest_batch=2")
    assert result.stdout == "0.5 1.0 0.16666666666666666\n1.5 3.0 0.5\n", result.stderr


def test_a_second_run_keeps_the_figures_of_the_first(tmp_path):
    """Of another precision and size; a file of something else is left as it is, and nothing is measured."""
    code = (
        "import sys\n"
        "from absl import flags\n"
        "from benchmarks import gpu\n"
        "flags.FLAGS(sys.argv)\n"
        "gpu.rows = lambda way, precision: [{'way': way, 'precision': precision, 'missing': 'no GPU'}]\n"
        "gpu.main([])"
    )
    output = tmp_path / "gpu.json"
    for precision, size in (("float32", 32), ("float16", 64)):
        run(["-c", code], "--ways=jax", f"--precisions={precision}", f"--image_size={size}", f"--output={output}")
    runs = json.loads(output.read_text())["runs"]
    assert [each["settings"]["image_size"] for each in runs] == [32, 64] and all(each["machine"] for each in runs)
    assert [row["precision"] for each in runs for row in each["rows"]] == ["float32", "float16"]
    output.write_text('{"rows": []}')
    assert "gpu.json" in run(["-c", code], f"--output={output}").stderr
    assert output.read_text() == '{"rows": []}'


def test_out_of_memory_ends_the_batches_and_another_error_does_not_pass():
    code = (
        "import sys\n"
        "from absl import flags\n"
        "from benchmarks import gpu\n"
        "flags.FLAGS(sys.argv[:1])\n"
        "def run(what, size): raise RuntimeError(sys.argv[1])\n"
        "print(gpu.answer('joint step 4', run, lambda: 0.0))"
    )
    for said in ("RESOURCE_EXHAUSTED: Out of", "CUDA out of memory. Tried to allocate", "ResourceExhaustedError"):
        result = run(["-c", code], said)
        assert result.stdout == "None\n", result.stderr
    assert "RuntimeError: wrong shape" in run(["-c", code], "wrong shape").stderr
