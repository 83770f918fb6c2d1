"""Users' YAML files as plain text, lists and mappings, and checks of what is in them."""

import math
import os
import pathlib
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import yaml

from scoringnet_tf.support.files import real_number
from scoringnet_tf.support.messages import InputError

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 2**16  # a sport takes one or two thousand
MAX_DEPTH = 8  # of lists in lists; a definition has four
# Every value stays text, for `definition` to read: YAML 1.1 would take the name `no` for false, 010 for 8 and 1:30 for
# 90. libyaml's parser is ten times as fast, if PyYAML was built with it.
PLAIN: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(PLAIN):
    """Text, lists and mappings; a key that stands twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        mapping, seen = super().construct_mapping(node, deep), set()  # text alone can be a key: it is hashed there
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return mapping


def read_plain(path: str | os.PathLike[str], kind: str) -> Any:
    """What a YAML file for a `kind` holds; InputError, naming file and line, if it is none or more than plain."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of a {kind}.")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError("wrong_format", f"{path} is longer than {MAX_BYTES:,} bytes, too long for a {kind}.")
    try:
        depth = 0
        for event in yaml.parse(content, PLAIN):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            problem = "lists within lists without end" if depth > MAX_DEPTH else None
            if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) not in (None, "!"):
                problem = "an anchor, alias or tag"  # a few aliases of aliases are gigabytes
            if problem:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return yaml.load(content, _Loader)  # of text, lists and mappings only
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        message = f"{path}{line} is not plain YAML: {problem or str(error).splitlines()[0]}."
        raise InputError("wrong_format", message) from error


# === Values; `where` is the file and the key, for messages ===


def refuse(where: str, expected: str, received: object) -> NoReturn:
    """InputError (`wrong_value`): what was expected there, and what was received."""
    raise InputError("wrong_value", f"{where} must be {expected}, not {reprlib.repr(received)}.")


def mapping(where: str, value: Any, required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """`value`, a mapping with the keys `required` and none but those and `optional`."""
    if not isinstance(value, Mapping):
        refuse(where, f"a mapping of {', '.join(required)}", value)
    for key in value:
        if key not in (*required, *optional):
            keys = ", ".join((*required, *optional))
            raise InputError("unknown_key", f"{where}: {key} is no key here.", f"The keys are {keys}.")
    for key in required:
        if key not in value:
            raise InputError("missing_key", f"{where}: the key {key} is missing.")
    return value


def items(where: str, value: Any, expected: str) -> Sequence[Any]:
    """`value`, a list with at least one item."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        refuse(where, expected, value)
    return value


def number(where: str, value: Any) -> float:
    """`value`, a finite number or the text for one."""
    try:
        real = math.nan if isinstance(value, bool) else real_number(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        real = math.nan
    if not math.isfinite(real):
        refuse(where, "a number", value)
    return real
