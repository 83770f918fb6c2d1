"""What the linters do not check: the documentation has the codes of the web page."""

import re

from command_forks import ROOT


def test_codes_of_the_web_page_are_documented():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    modules = [path for path in (ROOT / "scoringnet_tf/serve").glob("*.py") if path.name != "__main__.py"]
    sources = "".join(path.read_text(encoding="utf-8") for path in modules)
    assert {code for code in re.findall(r"Error\(\s*\"(\w+)\"", sources) if f"`{code}`" not in page} == set()
