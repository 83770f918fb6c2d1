"""Which rows the table has, how they are chosen, and the data that they are measured on."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from benchmarks import rows

ROOT = pathlib.Path(__file__).parents[2]


def test_every_row_has_a_name_of_its_own_and_the_whole_table_adds_full_width(tmp_path):
    whole, quick = ([each.name for each in rows.comparisons(tmp_path, quick)] for quick in (False, True))
    of_full = {"training.full.float32", "training.full.bfloat16"}
    of_full |= {f"backbone.full.{name}" for name in ("C3D", "I3D", "I3D_frozen")}
    of_full |= {f"i3d.{size}.{precision}" for size in (168, 224) for precision in rows.PRECISIONS}
    assert set(whole) - set(quick) == of_full
    for comparison in rows.comparisons(tmp_path, quick=False):
        names = [(row.name, row.against, row.unit) for row in comparison.rows]
        assert len(set(names)) == len(names)
    assert not list(tmp_path.iterdir()), "nothing is made before it is needed"


def test_the_table_is_printed_and_written(tmp_path):
    """In a process of its own: commands define flags of the same names."""
    code = (
        "import contextlib\n"
        "from absl import flags\n"
        "from benchmarks import pairs, rows, table\n"
        "row = pairs.Row('step', 'theirs', 'a', 'b', 's', pairs.Target(2.0))\n"
        "ask = {'a': 3.0, 'b': 2.0}.get\n"
        "fake = pairs.Comparison('x', lambda: contextlib.nullcontext(ask), None, (row,))\n"
        "rows.comparisons = lambda folder, quick: [fake]\n"
        "flags.FLAGS(['table', '--output_dir=new', '--rounds=2'])\n"
        "table.main([])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].endswith("1.50  1.50–1.50    ≤ 2×  yes")
    (output,) = (tmp_path / "new").iterdir()
    written = json.loads(output.read_text())
    assert written["rows"][0] | {"met": True, "ratio": 1.5, "figures": [[3.0, 2.0]] * 2} == written["rows"][0]
    assert written["machine"]["packages"]["keras"]


@pytest.mark.interop
def test_the_peers_start_without_tensorflow():
    """Else they would be measured with what ours takes to start."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    code = "import sys, benchmarks.peers.scripts; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
