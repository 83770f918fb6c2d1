"""What the linters do not check: public functions state their types, and errors have codes."""

import ast
import pathlib
import re

import pytest

from scoringnet_tf.inference import words

ROOT = pathlib.Path(__file__).parents[1]
TYPED = ("data_prep", "scoringnet_tf")


def python_files(name):
    """The modules of a folder, or the one module."""
    path = ROOT / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def public_functions(node, in_class=False):
    """(function, whether it is a method) of a module or class, for every name without a leading underscore."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and (not item.name.startswith("_") or item.name == "__init__"):
            yield item, in_class
        elif isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            yield from public_functions(item, in_class=True)


def without_type(function, is_method):
    """The parameters of a function, but `_`, that state no type; "return" where it does not say what it returns."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    missing = [argument.arg for argument in named if argument and argument.arg != "_" and not argument.annotation]
    if is_method and missing[:1] in (["self"], ["cls"]):
        missing = missing[1:]
    return missing + (["return"] if function.returns is None and function.name != "__init__" else [])


@pytest.mark.parametrize("name", TYPED)
def test_public_functions_state_their_types(name):
    found = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: {', '.join(missing)}"
        for path in python_files(name)
        for function, is_method in public_functions(ast.parse(path.read_text(encoding="utf-8")))
        if (missing := without_type(function, is_method))
    ]
    assert found == []


# === Codes of errors ===

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SOURCES = [path for name in (*TYPED, "benchmarks") for path in python_files(name)]


def test_codes_of_errors_are_literal_or_passed_on():
    """A literal is in snake_case; any other code is a variable, an attribute or a choice."""
    nodes = [(path, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    derived = {
        node.name
        for _, node in nodes
        if isinstance(node, ast.ClassDef) and "InputError" in map(ast.unparse, node.bases)
    }
    wrong = []
    for path, node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"InputError"} | derived:
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
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    codes = set(re.findall(r"(?:Error|Remark)\(\s*\"(\w+)\"", sources)) | {*words.SENTENCES}
    assert {code for code in codes if f"`{code}`" not in pages} == set()


def test_codes_of_the_documentation_exist():
    page = (ROOT / "docs/bad_inputs.md").read_text(encoding="utf-8")
    codes = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.+?) \|", page, re.M)))
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert len(codes) == len(set(codes)) and [code for code in codes if f'"{code}"' not in sources] == []
