"""What the linters do not check: the documentation has the codes that users meet."""

import re

from command_forks import ROOT

from scoringnet_tf.inference import words

PACKAGE = ROOT / "scoringnet_tf"


def codes(pattern, folder):
    """The codes of what the modules of a folder of the package make."""
    paths = [path for path in PACKAGE.glob(f"{folder}/*.py") if path.name != "__main__.py"]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    return re.findall(rf"{pattern}\(\s*\"(\w+)\"", sources)


def test_codes_of_results_and_of_the_web_page_are_documented():
    """Those of errors are not: their hints say what to do."""
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    documented = {*words.SENTENCES, *codes("Remark", "inference"), *codes("Error", "serve")}
    assert {code for code in documented if f"`{code}`" not in page} == set()
