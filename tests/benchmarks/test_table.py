"""Which rows the table has, how they are chosen, and the data that they are measured on."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from command_forks import ROOT

from benchmarks import pairs, rows
from benchmarks.pairs import Comparison, NotMeasured, Result, Row, Target


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


RATIO = Row("step", "theirs", "a", "b", "s", Target(0.85))


def side(answers, asked, name):
    """A side that gives these figures in turn, and writes down that it was asked."""

    def ask(what):
        asked.append((name, what))
        return answers.pop(0)

    return lambda: contextlib.nullcontext(ask)


def test_neighbours_take_turns_and_the_first_pair_is_not_counted():
    asked = []
    ours, peer = side([9.0, 1.0, 2.0, 6.0], asked, "ours"), side([9.0, 2.0, 4.0, 3.0], asked, "peer")
    (result,) = pairs.measured(Comparison("x", ours, peer, (RATIO,)), 3)
    assert result.figures == ((1.0, 2.0), (2.0, 4.0), (6.0, 3.0))
    assert [name for name, _ in asked] == ["ours", "peer", "peer", "ours", "ours", "peer", "peer", "ours"]
    assert {what for name, what in asked if name == "peer"} == {"b"}
    # not 2 / 3: the median of the ratios
    assert [result.median(of) for of in ("ratio", "ours", "peer")] == [0.5, 2.0, 3.0]
    assert result.to_dict()["spread"] == (0.5, 2.0)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (Target(0.5), True),
        (Target(0.49), False),
        (Target(0.5, at_most=False), True),
        (Target(0.51, at_most=False), False),
        (Target(2.2, of="ours"), True),
        (Target(0.99, of="ours"), False),
    ],
)
def test_targets(target, met):
    assert Result("x", Row("step", "theirs", "a", "b", "s", target), ((1.0, 2.0),)).met is met


def test_a_side_that_fails_leaves_a_reason_and_what_was_measured_before():
    def ask(what):
        if what == "bad":
            raise NotMeasured("no PyTorch")
        return 1.0

    rows = (RATIO, Row("next", "theirs", "bad", "b", "s"), Row("last", "theirs", "a", "b", "s"))
    results = list(pairs.measured(Comparison("x", lambda: contextlib.nullcontext(ask), None, rows), 1))
    assert [result.missing for result in results] == ["", "no PyTorch", "no PyTorch"]
    assert results[1].to_dict()["missing"] == "no PyTorch"
    text = pairs.table(results)
    assert "x, next: not measured: no PyTorch" in text
    expected = "x: step theirs 1 s 1 s 1.00 1.00–1.00 ≤ 0.85× no"
    assert text.splitlines()[1].split() == expected.split()


SERVED = """
import sys
def measurements(size):
    def measure(what):
        print("said by a library")
        if what == "stop":
            sys.exit("what: stopped.")
        return {"half": 0.5, "size": size}[what]
    return measure
"""


def test_a_process_answers_and_its_last_words_are_the_reason_for_no_answer(tmp_path, monkeypatch):
    (tmp_path / "served_here.py").write_text(SERVED)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    made = []
    start = pairs.worker("served_here", size=lambda: made.append(1) or tmp_path)
    assert made == []
    with start() as ask:
        assert [ask("half"), ask("size"), made] == [0.5, str(tmp_path), [1]]
        with pytest.raises(NotMeasured, match=r"^what: stopped\.$"):
            ask("stop")
