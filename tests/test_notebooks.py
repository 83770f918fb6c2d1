"""Notebooks as they are committed: short, without outputs, and of what is public; `make notebooks` runs them."""

import ast
import json
import re

import pytest
from command_forks import ROOT

import scoringnet_tf

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLIC = {*scoringnet_tf.__all__, "experiments"}


def cells(path, kind):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_short_without_outputs_and_its_links_lead_somewhere(path):
    code, words = cells(path, "code"), ["".join(cell["source"]) for cell in cells(path, "markdown")]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert path.stat().st_size < 20_000 and len(code) <= 10
    assert max(len("".join(cell["source"]).splitlines()) for cell in code) <= 40
    assert re.match(r"# \w", words[0])
    links = re.findall(r"\]\(([^)#\s]+)", "".join(words))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_imports_what_is_public(path):
    sources = ["".join(cell["source"]) for cell in cells(path, "code")]
    python = "\n".join(re.sub(r"^%.*$", "", text, flags=re.M) for text in sources if not text.startswith("%%"))
    for node in ast.walk(ast.parse(python)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith(("scoringnet_tf", "data_prep")):
            assert node.module == "scoringnet_tf" and {alias.name for alias in node.names} <= PUBLIC
        elif isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if re.match(r"data_prep|scoringnet_tf\.", alias.name)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "scoringnet_tf" or node.attr in PUBLIC
            assert not node.attr.startswith("_")
