"""Each notebook runs as whoever opens it runs it: from a clean kernel, in a folder of its own, without a warning."""

import os
import pathlib
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 600  # for a cell; all of a notebook takes a minute and a half on two quiet cores


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_kernel(path, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="needs the extra notebooks: make notebooks")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra notebooks: make notebooks")
    (tmp_path / "notebooks").mkdir()
    for folder in ("tests/clips", "results/diving/table5"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    # What %%sh calls python is what an environment that is active calls so; the package is that of this folder.
    monkeypatch.setenv("PATH", os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(tmp_path / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources=where).execute()
    said = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    errors = "".join(output.text for output in said if output.output_type == "stream" and output.name == "stderr")
    assert "Warning" not in errors
    assert [output for output in said if {"image/png", "text/html"} & {*output.get("data", {})}]  # something to look at
