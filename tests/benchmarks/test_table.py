"""The table's rows, how their sides take turns, what is printed; and that the peers are what ours is compared with."""

import contextlib
import json
import sys

import numpy as np
import pytest
from command_forks import forked

from benchmarks import data, rows, worker
from benchmarks.rows import Result, Row
from benchmarks.worker import NotMeasured, Side

ROW = Row("step", "theirs", Side("ours", {}), Side("peer", {}), target=0.85)


def test_every_row_has_a_name_of_its_own(tmp_path):
    names = [row.name for row in rows.rows(tmp_path)]
    assert len(set(names)) == len(names) == 12
    assert not list(tmp_path.iterdir()), "nothing is made before it is needed"


def test_neighbours_take_turns_and_the_first_pair_is_not_counted(monkeypatch):
    asked, answers = [], {"ours": [9.0, 1.0, 2.0, 6.0], "peer": [9.0, 2.0, 4.0, 3.0]}

    def started(side):
        return contextlib.nullcontext(lambda: asked.append(side.function) or answers[side.function].pop(0))

    monkeypatch.setattr(rows, "started", started)
    result = rows.measured(ROW, 3)
    assert result.figures == [(1.0, 2.0), (2.0, 4.0), (6.0, 3.0)]
    assert asked == ["ours", "peer", "peer", "ours", "ours", "peer", "peer", "ours"]
    text = rows.table([result, Result(ROW, [], "no PyTorch")])  # not 2 / 3: the median of the ratios
    assert " ".join(text.splitlines()[1].split()) == "step theirs 2 s 3 s 0.50 0.50–2.00 ≤ 0.85× yes"
    assert text.endswith("step: not measured: no PyTorch")


SERVED = """
import sys
def figures(numbers):
    def measure():
        print("said by a library")
        return numbers.pop(0) if numbers else sys.exit("figures: stopped.")
    return measure
"""


def test_a_process_answers_and_its_last_words_are_the_reason_for_no_answer(tmp_path, monkeypatch):
    (tmp_path / "served_here.py").write_text(SERVED)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    side = Side("served_here.figures", {"numbers": [0.5, 2]})
    with worker.started(side) as measure:
        assert [measure(), measure()] == [0.5, 2]
        with pytest.raises(NotMeasured, match=r"^figures: stopped\.$"):
            measure()
    assert rows.measured(ROW._replace(ours=side, peer=side), 3).missing == "figures: stopped."


@pytest.mark.interop
def test_the_peer_of_i3d_is_as_large_and_sees_as_much():
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    from benchmarks.peers.i3d import I3D
    from scoringnet_tf import I3D as OURS

    ours, theirs, frames = OURS((None, 40, 36, 3)), I3D().eval(), np.zeros((1, 12, 40, 36, 3), np.uint8)
    kernels = sum(weight.numel() for name, weight in theirs.named_parameters() if name.endswith("conv.weight"))
    assert kernels == sum(np.prod(weight.shape) for weight in ours.weights if weight.name == "kernel")
    with torch.inference_mode():
        assert theirs(torch.from_numpy(frames)).permute(0, 2, 3, 4, 1).shape == ours(frames).shape


@pytest.mark.interop
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_figures_of_the_scikit_learn_script_are_ours(tmp_path):
    from benchmarks.peers.regressions import compare

    folder = data.vectors(tmp_path, 24, 3)
    words = ["--nonetwork", f"--records_dir={folder / 'records'}", f"--output_dir={tmp_path / 'output'}"]
    assert forked("scoringnet_tf", "cross_validate", *words).returncode == 0
    ours = json.loads((tmp_path / "output/cells.json").read_text())["rows"]
    theirs = compare(folder / "source")
    assert [*theirs] == [*ours] and theirs["Ridge"][0] > 0.3, "there is something to learn"
    for name, figures in theirs.items():
        expected = np.array([ours[name][figure]["mean"] for figure in ("f_src", "f_med")], float)  # None: undefined
        np.testing.assert_allclose(figures, expected, rtol=1e-6, err_msg=name)
