"""What the linters do not check: errors have codes, and the documentation has those that users meet."""

import re

from command_forks import ROOT

from scoringnet_tf.inference import words

PACKAGES = ("data_prep", "scoringnet_tf", "benchmarks")
SOURCES = {path: path.read_text(encoding="utf-8") for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))}


def test_codes_that_a_coach_may_meet_are_documented():
    package = ROOT / "scoringnet_tf"
    modules = ("annotated_video", "fall", "inputs", "pipeline", "predictor", "rendering", "result_cache", "result")
    paths = [package / "predict.py", *(package / f"inference/{name}.py" for name in modules)]
    paths += [path for name in ("report", "serve") for path in (package / name).glob("*.py")]
    pages = "".join((ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("serving", "bad_inputs"))
    sources = "".join(SOURCES[path] for path in paths)
    codes = set(re.findall(r"(?:Error|Remark)\(\s*\"(\w+)\"", sources)) | {*words.SENTENCES}
    assert {code for code in codes if f"`{code}`" not in pages} == set()


def test_codes_of_the_documentation_exist():
    page = (ROOT / "docs/bad_inputs.md").read_text(encoding="utf-8")
    codes = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.+?) \|", page, re.M)))
    sources = "".join(SOURCES.values())
    assert len(codes) == len(set(codes)) and [code for code in codes if f'"{code}"' not in sources] == []
