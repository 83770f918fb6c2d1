"""What the linters do not check: errors have codes, and the documentation has those that users meet."""

import ast
import pathlib
import re

from scoringnet_tf.inference import words

ROOT = pathlib.Path(__file__).parents[1]
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PACKAGES = ("data_prep", "scoringnet_tf", "benchmarks")
SOURCES = {path: path.read_text(encoding="utf-8") for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))}


def test_codes_of_errors_are_literal_or_passed_on():
    """A literal is in snake_case; any other code is a variable, an attribute or a choice."""
    nodes = [(path, node) for path, source in SOURCES.items() for node in ast.walk(ast.parse(source))]
    classes = [node for _, node in nodes if isinstance(node, ast.ClassDef)]
    errors = {"InputError", *(node.name for node in classes if "InputError" in map(ast.unparse, node.bases))}
    wrong = []
    for path, node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
            code = node.args[0] if node.args else ast.Constant("")
            text = str(code.value) if isinstance(code, ast.Constant) else "passed_on"
            if isinstance(code, ast.JoinedStr) or text == "todo" or not CODE.fullmatch(text):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(code)}")
    assert wrong == []


def test_codes_that_a_coach_may_meet_are_documented():
    """Of predict, report and serve."""
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
