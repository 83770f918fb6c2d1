"""Files of sports: YAML that holds a definition, see `definition`."""

import os
import pathlib
from typing import Any

import yaml

from scoringnet_tf.sports.definition import definition_of, sport_of
from scoringnet_tf.sports.sport import Sport
from scoringnet_tf.support.errors import InputError

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 2**16  # a sport takes one or two thousand
MAX_DEPTH = 8  # of lists in lists; a definition has four
# Every value stays text, for `definition` to read: YAML 1.1 would take the name `no` for false, 010 for 8 and 1:30 for
# 90. libyaml's parser is ten times as fast, if PyYAML was built with it.
PLAIN: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(PLAIN):
    """Text, lists and mappings; a key that stands twice is an error."""

    def construct_mapping(self, node, deep=False):
        mapping, seen = super().construct_mapping(node, deep), set()  # text alone can be a key: it is hashed there
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return mapping


def read_sport(path: str | os.PathLike[str]) -> Sport:
    """The sport that a YAML file defines.

    Raises:
        InputError: naming file and key: there is no such file, it is no plain YAML, or it defines no sport.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of a sport.")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    return parse_sport(content, str(path))


def parse_sport(content: bytes, where: str) -> Sport:
    """The sport that the bytes of a YAML file define; `where` names it in messages. Raises as `read_sport`."""
    if len(content) > MAX_BYTES:
        raise InputError("wrong_format", f"{where} is longer than {MAX_BYTES:,} bytes, too long for a sport.")
    try:
        _check_plain(content)
        definition = yaml.load(content, _Loader)  # of text, lists and mappings only
    except yaml.YAMLError as error:
        raise InputError("wrong_format", f"{where}{_line(error)} is not plain YAML: {_problem(error)}.") from error
    return sport_of(definition, where)


def sport_yaml(sport: Sport) -> str:
    """The text of the file of a sport; `read_sport` gives the sport back."""
    return yaml.safe_dump(definition_of(sport), sort_keys=False, allow_unicode=True, default_flow_style=None)


def _check_plain(content):
    """YAMLError for what no sport needs: aliases, which can make much of little, tags, deep nesting."""
    depth = 0
    for event in yaml.parse(content, PLAIN):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        problem = "lists within lists without end" if depth > MAX_DEPTH else None
        if getattr(event, "anchor", None) is not None:
            problem = f"an anchor or alias, {event.anchor}"
        if getattr(event, "tag", None) not in (None, "!"):
            problem = f"a tag, {event.tag}"
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _line(error):
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error):
    return getattr(error, "problem", None) or str(error).splitlines()[0]
