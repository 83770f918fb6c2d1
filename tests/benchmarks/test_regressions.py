"""The scikit-learn script that `cross_validate` is measured against makes the same comparison."""

import json

import numpy as np
import pytest
from command_forks import forked

from benchmarks import data
from benchmarks.peers.regressions import compare


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_figures_are_the_same(tmp_path):
    folder = data.vectors(tmp_path, 24, 3)
    records, output = f"--records_dir={folder / 'records'}", f"--output_dir={tmp_path / 'output'}"
    result = forked("scoringnet_tf.cross_validate", "--nonetwork", records, output)
    assert result.returncode == 0, result.stderr
    ours = json.loads((tmp_path / "output/cells.json").read_text())["rows"]
    theirs = compare(folder / "source")
    assert [*theirs] == [*ours]
    for name, figures in theirs.items():
        expected = np.array([ours[name][figure]["mean"] for figure in ("f_src", "f_med")], float)  # None: undefined
        np.testing.assert_allclose(figures, expected, rtol=1e-6, err_msg=name)
    assert theirs["Ridge"][0] > 0.3, "there is something to learn"
