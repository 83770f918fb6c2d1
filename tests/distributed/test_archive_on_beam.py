"""The example of docs/serving.md that scores an archive on Apache Beam, to the letter."""

import json
import re
import subprocess
import sys

import pytest
from command_forks import ROOT
from conftest import write_bars

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: make distributed installs it")


def test_the_example_scores_an_archive(tmp_path):
    (tmp_path / "archive").mkdir()
    for number in range(2):
        write_bars(tmp_path / f"archive/{number}.mp4", 24 + number, number=number)
    (tmp_path / "archive/bad.mp4").write_text("not a video")
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", page, re.S) if "apache_beam" in code)
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True, timeout=400)
    results = map(json.loads, (tmp_path / "scores.jsonl").read_text().splitlines())
    status = {result["video"]: result["status"] for result in results}
    assert status.pop("archive/bad.mp4") == "failed"
    assert status.keys() == {"archive/0.mp4", "archive/1.mp4"} and "failed" not in status.values()
