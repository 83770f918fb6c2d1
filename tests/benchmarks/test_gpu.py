"""Operations counted from the model, and the program for GPUs on a CPU, under JAX without TensorFlow."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import scoringnet_tf
from scoringnet_tf.models import flops

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
@pytest.mark.parametrize("cpu", [False, True])
def test_each_measurement_has_its_rows(cpu, tmp_path):
    """On a CPU only if asked, here of two batch sizes."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    chosen = ("--ways=torch", "--precisions=float32", f"--cpu={cpu}", f"--output_dir={tmp_path}")
    result = run(["-m", "benchmarks.gpu"], *TINY[:-1], "--largest_batch=2", *chosen)
    assert result.returncode == 0, result.stderr
    (output,) = tmp_path.glob("gpu-*.json")
    rows = json.loads(output.read_text())["rows"]
    if not cpu:
        assert rows == [{"way": "torch", "precision": "float32", "missing": "no GPU"}]
        return
    sizes = [(what, size) for what in ("inference", "evaluation", "joint step") for size in (1, 2)]
    assert [(row["measured"], row["batch"]) for row in rows] == sizes
    assert all(row["memory"] > 0 and row["flops"] == rows[0]["flops"] for row in rows)


def test_out_of_memory_ends_the_batches_and_another_error_does_not_pass():
    code = (
        "import sys\n"
        "from absl import flags\n"
        "from benchmarks import gpu\n"
        "flags.FLAGS(sys.argv[:1])\n"
        "def answer(said):\n"
        "    def run(what, size): raise RuntimeError(said)\n"
        "    return gpu.answer('joint step 4', run, lambda: 0.0)\n"
        "said = 'RESOURCE_EXHAUSTED: Out of', 'CUDA out of memory. Tried to allocate', 'ResourceExhaustedError'\n"
        "print([answer(each) for each in said], flush=True)\n"
        "answer('wrong shape')"
    )
    result = run(["-c", code])
    assert result.stdout == "[None, None, None]\n" and "RuntimeError: wrong shape" in result.stderr
