"""Real data: the page's own lines make records of S3D's features of UNLV-Diving, and its row is as printed."""

import json
import os
import pathlib
import re

import pytest

from data_prep.records.building import build_records
from scoringnet_tf.baselines.run import Run
from scoringnet_tf.experiments import suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS

PAGE = pathlib.Path(__file__).parents[2] / "docs/results.md"


@pytest.mark.slow
def test_s3d_on_real_features(tmp_path, monkeypatch):
    if "SCORINGNET_REAL_DATA" not in os.environ:
        pytest.skip("SCORINGNET_REAL_DATA is not set: no real features")
    (tmp_path / "UNLV_DIVING").symlink_to(pathlib.Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving"))
    monkeypatch.chdir(tmp_path)
    exec(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.S)[1], {})
    info, _ = build_records("manifest", tmp_path / "VECTORS", tmp_path / "records", workers=1, sport="diving")
    assert [len(info.split(split)["ids"]) for split in ("train", "test")] == [300, 70]
    assert all(suite.has(info, row.needs) for row in EXPERIMENTS["heads"].rows)
    (report,) = Run("s3d", info, (info,), "test", tmp_path / "run", tmp_path / "features", "motion_small").run()
    measured = json.loads((report / "metrics.json").read_text())
    assert measured["f_src"] == pytest.approx(0.853, abs=0.005) and measured["f_med"] == pytest.approx(8.40, abs=0.05)
