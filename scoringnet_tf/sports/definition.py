"""A sport as plain data: its YAML file, and what records and models keep for a user's own.

    {"name": "vault",
     "stages": ["pre-flight", "posting-flight", "landing"],           # in order; noise is every sport's label 0
     "fragments": {"difficulty": [...stages], "execution": [...]},
     "ranges": {"difficulty": [2, 7.4], "execution": [0, 10], "final": [0, 17.4]},    # and "penalty": 0 or more
     "fusion": "sum_minus_penalty",
     "marks": {"panels": [["3 of 5"], ["2 of 4"]], "step": 0.1, "maximum": 10},    # see `Marks`; may be left out
     "recognised_as": ["vault"],                        # a backbone's classes, see `Sport`; may be left out
     "moments": {"take-off": "start of posting-flight"},    # or "end of STAGE"; may be left out
     "durations": {"board to mat": "posting-flight"}}       # may be left out
                                        # and so may "fall", one duration, and beside it "heights": [1, 10], metres

    {"name": "golf", "ranges": {"final": [100, 300]}}    # one score; "stages" and "fragments": {"final": [...]} if any

Definitions come from users' files, and with records and models from strangers: everything is checked.
"""

import dataclasses
import math
import os
import pathlib
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import yaml

from scoringnet_tf.sports.marks import Marks
from scoringnet_tf.sports.sport import (
    ANY_PENALTY,
    FINAL_ALONE,
    FUSIONS,
    NOISE,
    PREDICTED_SCORES,
    SCORES,
    Sport,
    StageEdge,
)
from scoringnet_tf.support.files import real_number
from scoringnet_tf.support.messages import InputError

PENALTY = "penalty"
# (keys that are required, optional ones) of a definition, of one with a final score alone, and of marks.
UNSCORED_KEYS = (
    "recognised_as",
    "moments",
    "durations",
    "fall",
    "heights",
)  # they change nothing that scores and stages mean
KEYS = (("name", "stages", "fragments", "ranges", "fusion"), ("marks", *UNSCORED_KEYS))
FINAL_ALONE_KEYS = (("name", "ranges"), ("stages", "fragments", *UNSCORED_KEYS))
MARKS_KEYS = (("panels", "step", "maximum"), ("factor", "penalty_off_marks"))
# Names become columns, files and options, and parts of messages.
NAME = re.compile(r"\w[\w-]{0,63}")
STAGE_NAME = re.compile(r"\w(?:[\w -]{0,62}\w)?")
EDGES = ("start", "end")
EDGE = re.compile(r"(start|end) of (.+)")
GROUP = re.compile(r"([1-9]\d?) of ([1-9]\d?)")  # of a panel: how many marks count, of how many
RESERVED = (NOISE, "unlabelled")  # the names of frames without a stage
MAX_STAGES = 64
MAX_CLASS = 100  # letters; Kinetics's longest has 47
SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 2**16  # a sport takes one or two thousand
MAX_DEPTH = 8  # of lists in lists; a definition has four
# Every value stays text, for `definition` to read: YAML 1.1 would take the name `no` for false, 010 for 8 and 1:30 for
# 90. libyaml's parser is ten times as fast, if PyYAML was built with it.
PLAIN: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_SCALE = 2  # largest ratio of the highest final score to the fused highest difficulty and execution


def definition_of(sport: Sport) -> dict[str, Any]:
    """A sport's definition, in values that JSON and YAML have; `sport_of` takes it back."""
    ranges = sport.scores if sport.penalty_range == ANY_PENALTY else (*sport.scores, PENALTY)
    definition: dict[str, Any] = {
        "name": sport.name,
        "stages": list(sport.stages[1:]),
        "fragments": {score: list(sport.fragment(score)) for score in sport.tower_scores if sport.num_stages > 1},
        "ranges": {score: list(sport.range_of(score)) for score in ranges},
        "fusion": sport.fusion,
        "marks": {},
        "recognised_as": list(sport.recognised_as),
        "moments": {name: f"{EDGES[is_end]} of {stage}" for name, stage, is_end in sport.moments},
        "durations": dict(sport.durations),
        "fall": sport.fall,
        "heights": list(sport.heights or ()),
    }
    if sport.marks:
        panels = [[f"{kept} of {judges}" for judges, kept in panel] for panel in sport.marks.panels]
        definition["marks"] = {**dataclasses.asdict(sport.marks), "panels": panels}
    return {key: value for key, value in definition.items() if value}


def sport_of(definition: Any, where: str) -> Sport:
    """The sport for a definition, as `definition_of` gives it; numbers in a file may be text.

    InputError, naming the file `where` and the key, if one is unknown or missing, or a value wrong.
    """
    parts = definition.get("ranges") if isinstance(definition, Mapping) else None
    final_alone = isinstance(parts, Mapping) and not {*PREDICTED_SCORES} & {*parts}
    values = _mapping(where, definition, *(FINAL_ALONE_KEYS if final_alone else KEYS))
    name = _name(f"{where}: name", values["name"], NAME)
    stages = _stages(f"{where}: stages", values["stages"]) if "stages" in values else ()
    ranges = _mapping(f"{where}: ranges", values["ranges"], *((FINAL_ALONE,) if final_alone else (SCORES, (PENALTY,))))
    fields: dict[str, Any] = {f"{score}_range": _range(f"{where}: ranges.{score}", ranges[score]) for score in ranges}
    fields["recognised_as"] = _classes(f"{where}: recognised_as", values.get("recognised_as", ()))
    fields |= {"name": name, "stages": (NOISE, *stages), **_times(where, values, stages)}
    if final_alone and "fragments" not in values:
        return Sport(**fields, final_fragment=stages)
    fields |= _fragments(where, values, FINAL_ALONE if final_alone else PREDICTED_SCORES, stages)
    if final_alone:
        return Sport(**fields)
    if values["fusion"] not in tuple(FUSIONS):
        _refuse(f"{where}: fusion", f"one of {', '.join(FUSIONS)}", values["fusion"])
    marks = _marks(f"{where}: marks", values["marks"]) if "marks" in values else None
    sport = Sport(**fields, fusion=values["fusion"], marks=marks)
    _check_contradictions(where, sport, PENALTY in ranges)
    return sport


def differences(sport: Sport, other: Sport) -> list[str]:
    """How two sports' scores and stages differ, each as `KEY VALUE instead of VALUE`."""
    unscored: dict[str, Any] = dict.fromkeys(UNSCORED_KEYS, ())
    ours, theirs = (_flat(definition_of(dataclasses.replace(each, **unscored))) for each in (sport, other))
    return [
        f"{key} {ours.get(key, 'none')} instead of {theirs.get(key, 'none')}"
        for key in [*ours, *(key for key in theirs if key not in ours)]
        if ours.get(key) != theirs.get(key)
    ]


def _flat(definition: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"ranges.final": value, …} from nested mappings."""
    flat: dict[str, Any] = {}
    for key, value in definition.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


# === Files ===


class _Loader(PLAIN):
    """Text, lists and mappings; a key that stands twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        mapping, seen = super().construct_mapping(node, deep), set()  # text alone can be a key: it is hashed there
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return mapping


def read_sport(path: str | os.PathLike[str]) -> Sport:
    """The sport that a YAML file defines; InputError, naming file and key, if it defines none."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of a sport.")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError("wrong_format", f"{path} is longer than {MAX_BYTES:,} bytes, too long for a sport.")
    try:
        depth = 0
        for event in yaml.parse(content, PLAIN):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            problem = "lists within lists without end" if depth > MAX_DEPTH else None
            if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) not in (None, "!"):
                problem = "an anchor, alias or tag"  # a few aliases of aliases are gigabytes
            if problem:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        definition = yaml.load(content, _Loader)  # of text, lists and mappings only
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        message = f"{path}{line} is not plain YAML: {problem or str(error).splitlines()[0]}."
        raise InputError("wrong_format", message) from error
    return sport_of(definition, str(path))


def sport_yaml(sport: Sport) -> str:
    """The text for a sport's file; `read_sport` takes it back."""
    return yaml.safe_dump(definition_of(sport), sort_keys=False, allow_unicode=True, default_flow_style=None)


# === Values; `where` is the file and the key, for messages ===


def _refuse(where: str, expected: str, received: object) -> NoReturn:
    raise InputError("wrong_value", f"{where} must be {expected}, not {reprlib.repr(received)}.")


def _mapping(where: str, value: Any, required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """`value`, a mapping with the keys `required` and none but those and `optional`."""
    if not isinstance(value, Mapping):
        _refuse(where, f"a mapping of {', '.join(required)}", value)
    for key in value:
        if key not in (*required, *optional):
            keys = ", ".join((*required, *optional))
            raise InputError("unknown_key", f"{where}: {key} is no key here.", f"The keys are {keys}.")
    for key in required:
        if key not in value:
            raise InputError("missing_key", f"{where}: the key {key} is missing.")
    return value


def _list(where: str, value: Any, expected: str) -> Sequence[Any]:
    """`value`, a list with at least one item."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        _refuse(where, expected, value)
    return value


def _name(where: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        _refuse(where, "a name of at most 64 letters, digits, - and _", value)
    return value


def _stages(where: str, value: Any) -> tuple[str, ...]:
    stages = _list(where, value, "a list of the sport's stages, in order")
    if len(stages) > MAX_STAGES:
        _refuse(where, f"at most {MAX_STAGES} stages", len(stages))
    _check_columns(where, stages, RESERVED)
    return tuple(stages)


def _check_columns(where: str, names: Iterable[Any], reserved: Sequence[str]) -> None:
    """InputError if names are wrong, or their columns in a table do not differ."""
    seen: dict[str, str] = {}
    for name in names:
        folded = column_of(_name(where, name, STAGE_NAME))
        if folded in reserved:
            _refuse(where, f"names without {' and '.join(reserved)}, which every sport has", name)
        if folded in seen:
            raise InputError("duplicate", f"{where}: {seen[folded]} and {name} are one name.")
        seen[folded] = name


def column_of(name: str) -> str:
    """A table's column for a stage, a moment or a duration."""
    return re.sub(r"[ _-]+", "_", name.casefold())


def _times(where: str, values: Mapping[str, Any], stages: Sequence[str]) -> dict[str, Any]:
    """A sport's `moments`, `durations`, `fall` and `heights`."""
    moments, durations, fall = values.get("moments", {}), values.get("durations", {}), values.get("fall", "")
    for key, names in (("moments", moments), ("durations", durations)):
        if not isinstance(names, Mapping):
            _refuse(f"{where}: {key}", "a mapping of names", names)
    _check_columns(f"{where}: moments, durations", [*moments, *durations], EDGES)  # a performance has these
    edges = [_edge(f"{where}: moments.{name}", name, value, stages) for name, value in moments.items()]
    for name, stage in durations.items():
        if stage not in stages:
            _refuse(f"{where}: durations.{name}", f"a stage of {', '.join(stages)}", stage)
    if "fall" in values and fall not in [*durations]:
        _refuse(f"{where}: fall", f"a duration of {', '.join(durations)}", fall)
    heights = _range(f"{where}: heights", values["heights"]) if "heights" in values else None
    if heights and not (fall and heights[0] > 0):
        _refuse(f"{where}: heights", "metres above 0, beside a fall", heights)
    return {"moments": tuple(edges), "durations": tuple(durations.items()), "fall": fall, "heights": heights}


def _edge(where: str, name: str, value: Any, stages: Sequence[str]) -> StageEdge:
    found = EDGE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[2] not in stages:
        _refuse(where, f"start of STAGE or end of STAGE, a stage of {', '.join(stages)}", value)
    return StageEdge(name, found[2], found[1] == "end")


def _fragments(where: str, values: Mapping, scores: Sequence[str], stages: Sequence[str]) -> dict[str, Any]:
    """{"SCORE_fragment": its stages, in the sport's order}."""
    where, fragments = f"{where}: fragments", _mapping(f"{where}: fragments", values["fragments"], scores)
    for score in scores:
        for stage in _list(f"{where}.{score}", fragments[score], "a list of stages"):
            if stage not in stages:
                _refuse(f"{where}.{score}", f"stages of {', '.join(stages)}", stage)
            if fragments[score].count(stage) > 1:
                raise InputError("duplicate", f"{where}.{score}: {stage} stands there twice.")
    return {f"{score}_fragment": tuple(stage for stage in stages if stage in fragments[score]) for score in scores}


def _classes(where: str, value: Any) -> tuple[str, ...]:
    names = _list(where, value, "a list of classes") if value != () else ()
    if wrong := [name for name in names if not isinstance(name, str) or not 0 < len(name) <= MAX_CLASS]:
        _refuse(where, f"names of at most {MAX_CLASS} letters", wrong[0])
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InputError("duplicate", f"{where}: {repeated[0]} stands there twice.")
    return tuple(names)


def _marks(where: str, value: Any) -> Marks:
    marks = _mapping(where, value, *MARKS_KEYS)
    panels = _panels(f"{where}.panels", marks["panels"])
    numbers = {key: _number(f"{where}.{key}", marks[key]) for key in ("step", "maximum", "factor") if key in marks}
    off_marks = str(marks.get("penalty_off_marks", False)).lower()
    if off_marks not in ("true", "false"):
        _refuse(f"{where}.penalty_off_marks", "true or false", marks["penalty_off_marks"])
    try:
        return Marks(panels, **numbers, penalty_off_marks=off_marks == "true")
    except InputError as error:
        raise InputError(error.code, f"{where}: {error.message}") from error


def _panels(where: str, value: Any) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Every panel's groups (judges, kept)."""
    expected = "a list of panels, each a list of the groups of its judges, like 3 of 5"
    panels = []
    for panel in _list(where, value, expected):
        texts = [group if isinstance(group, str) else "" for group in _list(where, panel, expected)]
        groups = [match for match in map(GROUP.fullmatch, texts) if match]
        if len(groups) < len(texts):
            _refuse(where, expected, panel)
        panels.append(tuple((int(group[2]), int(group[1])) for group in groups))
    return tuple(panels)


def _range(where: str, value: Any) -> tuple[float, float]:
    expected = "two numbers, [smallest, largest]"
    bounds = [_number(where, bound) for bound in _list(where, value, expected)]
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        _refuse(where, expected, bounds)
    return bounds[0], bounds[1]


def _number(where: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else real_number(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        _refuse(where, "a number", value)
    return number


def _check_contradictions(where: str, sport: Sport, has_penalty_range: bool) -> None:
    marks, (_, highest) = sport.marks, sport.range_of("execution")
    by_rule, by_marks = sport.fusion == "sum_minus_penalty", marks is not None and marks.penalty_off_marks
    if by_rule and by_marks:
        _refuse(f"{where}: marks.penalty_off_marks", f"false ({sport.fusion} takes the penalty off already)", True)
    if has_penalty_range and not by_rule and not by_marks:
        raise InputError("penalty_unused", f"{where}: ranges.penalty: no rule and no marks take a penalty off.")
    if marks is not None and not math.isclose(highest, marks.factor * marks.maximum):
        expected = f"up to {marks.factor * marks.maximum:g}, marks.factor × marks.maximum"
        _refuse(f"{where}: ranges.execution", expected, highest)
    # The highest difficulty and execution seldom come together, and a penalty may give points: near is enough.
    fused, final = sport.fuse(sport.range_of("difficulty")[1], highest), sport.final_range[1]
    if final > 0 and not final / MAX_SCALE <= fused <= final * MAX_SCALE:
        expected = f"up to about {fused:g}, the {sport.fusion} of the largest difficulty and execution"
        _refuse(f"{where}: ranges.final", expected, final)
