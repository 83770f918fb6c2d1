"""What the reference does to docstrings: parameters that share a line, `start, end: …`, get one each."""

import re

import griffe

SHARED = re.compile(r"^( +)(\w+(?:, \w+)+): (.*(?:\n\1 +.*)*)", re.MULTILINE)


class SharedParameters(griffe.Extension):
    """Gives every name of such a line the text behind it, before docstrings are read."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Changes the docstring of a class, a function or a module."""
        if obj.docstring:
            obj.docstring.value = SHARED.sub(_apart, obj.docstring.value)


def _apart(found: re.Match[str]) -> str:
    indent, names, text = found.groups()
    return "\n".join(f"{indent}{name}: {text}" for name in names.split(", "))
