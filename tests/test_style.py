"""What the linters do not check: public functions state their types."""

import ast
import pathlib

import pytest

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
