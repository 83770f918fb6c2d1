"""Each notebook runs as whoever opens it runs it: from a clean kernel, in a folder of its own, without a warning."""

import runpy

import pytest
from command_forks import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_kernel_and_the_site_has_its_pictures(path, tmp_path):
    pytest.importorskip("nbclient", reason="needs the extra notebooks: make notebooks")
    notebook = runpy.run_path(str(ROOT / "docs/pictures.py"))["executed"](path, tmp_path)
    said = [(number, each) for number, cell in enumerate(notebook.cells) for each in cell.get("outputs", ())]
    errors = "".join(one.text for _, one in said if one.output_type == "stream" and one.name == "stderr")
    assert "Warning" not in errors
    assert [one for _, one in said if {"image/png", "text/html"} & {*one.get("data", {})}]  # something to look at
    drawn = {f"{path.stem}_{number}.png" for number, one in said if "image/png" in one.get("data", {})}
    assert {each.name for each in ROOT.glob(f"notebooks/pictures/{path.stem}_*.png")} == drawn
