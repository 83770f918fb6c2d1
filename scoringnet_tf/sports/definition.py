"""A sport as plain data: what a file of one holds, and what records and models keep of one that does not ship.

    {"name": "vault",
     "stages": ["pre-flight", "posting-flight", "landing"],           # in order; noise is every sport's label 0
     "fragments": {"difficulty": [...stages], "execution": [...]},
     "ranges": {"difficulty": [2, 7.4], "execution": [0, 10], "final": [0, 17.4]},    # and "penalty": 0 or more
     "fusion": "sum_minus_penalty",
     "marks": {"panels": [["3 of 5"], ["2 of 4"]], "step": 0.1, "maximum": 10}}    # see `Marks`; may be left out

    {"name": "golf", "ranges": {"final": [100, 300]}}    # one score; "stages" and "fragments": {"final": [...]} if any

Definitions come from users' files, and with records and models from strangers: all is checked, and nothing is guessed.
"""

import dataclasses
import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from scoringnet_tf.sports.marks import Marks
from scoringnet_tf.sports.sport import ANY_PENALTY, FINAL_ALONE, FUSIONS, NOISE, PREDICTED_SCORES, SCORES, Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import real_number

PENALTY = "penalty"
KEYS = ("name", "stages", "fragments", "ranges", "fusion")
OPTIONAL_KEYS = ("marks",)
FINAL_KEYS, OPTIONAL_FINAL_KEYS = ("name", "ranges"), ("stages", "fragments")  # of a sport with a final score alone
MARKS_KEYS = ("panels", "step", "maximum")
OPTIONAL_MARKS_KEYS = ("factor", "penalty_off_marks")
# They become names of columns, files and options, and parts of messages.
NAME = re.compile(r"\w[\w-]{0,63}")
GROUP = re.compile(r"([1-9]\d?) of ([1-9]\d?)")  # of a panel: how many marks count, of how many
STAGE_NAME = re.compile(r"\w(?:[\w -]{0,62}\w)?")
RESERVED = (NOISE, "unlabelled")  # what frames without a stage are called
MAX_STAGES = 64
FAR = 2  # times: the largest final score and what the rule makes of the largest difficulty and execution are nearer


def definition_of(sport: Sport) -> dict[str, Any]:
    """The definition of a sport, of values that JSON and YAML have; `sport_of` takes it back."""
    ranges = sport.scores if sport.penalty_range == ANY_PENALTY else (*sport.scores, PENALTY)
    definition: dict[str, Any] = {
        "name": sport.name,
        "stages": list(sport.stages[1:]),
        "fragments": {score: list(sport.fragment(score)) for score in sport.tower_scores},
        "ranges": {score: list(sport.range_of(score)) for score in ranges},
        "fusion": sport.fusion,
    }
    if not definition["stages"]:
        del definition["stages"], definition["fragments"]
    if not sport.fusion:
        del definition["fusion"]
    return definition | ({"marks": _marks_definition(sport.marks)} if sport.marks else {})


def _marks_definition(marks):
    panels = [[f"{kept} of {judges}" for judges, kept in panel] for panel in marks.panels]
    return {**dataclasses.asdict(marks), "panels": panels}


def sport_of(definition: Any, where: str) -> Sport:
    """The sport of a definition.

    Args:
        definition: what `definition_of` gives; from a file its numbers may be text.
        where: the file that it stands in, for messages.

    Raises:
        InputError: a key is unknown or missing, or a value is not what it should be, or contradicts another; it names
            `where` and the key.
    """
    if _has_final_alone(definition):
        return _final_score_sport(definition, where)
    values = _mapping(where, definition, KEYS, OPTIONAL_KEYS)
    name = _name(f"{where}: name", values["name"], NAME)
    stages = _stages(f"{where}: stages", values["stages"])
    fragments = _mapping(f"{where}: fragments", values["fragments"], PREDICTED_SCORES)
    ranges = _mapping(f"{where}: ranges", values["ranges"], SCORES, (PENALTY,))
    fusion = values["fusion"]
    if fusion not in tuple(FUSIONS):
        _refuse(f"{where}: fusion", f"one of {', '.join(FUSIONS)}", fusion)
    marks = _marks(f"{where}: marks", values["marks"]) if "marks" in values else None
    _check_penalty(where, fusion, marks, PENALTY in ranges)
    fragment = {score: _fragment(f"{where}: fragments.{score}", fragments[score], stages) for score in PREDICTED_SCORES}
    bounds = {score: _range(f"{where}: ranges.{score}", ranges[score]) for score in ranges}
    sport = Sport(
        name=name,
        stages=(NOISE, *stages),
        difficulty_fragment=fragment["difficulty"],
        execution_fragment=fragment["execution"],
        difficulty_range=bounds["difficulty"],
        execution_range=bounds["execution"],
        final_range=bounds["final"],
        penalty_range=bounds.get(PENALTY, ANY_PENALTY),
        fusion=fusion,
        marks=marks,
    )
    _check_highest(where, sport)
    return sport


def _has_final_alone(definition):
    """Whether a definition has ranges, and none of them is of a part of the final score."""
    ranges = definition.get("ranges") if isinstance(definition, Mapping) else None
    return isinstance(ranges, Mapping) and not {*PREDICTED_SCORES} & {*ranges}


def _final_score_sport(definition, where):
    for key, code in (("fusion", "fusion_without_parts"), ("marks", "marks_without_execution")):
        if key in definition:
            raise InputError(code, f"{where}: {key} needs ranges of difficulty and execution.")
    values = _mapping(where, definition, FINAL_KEYS, OPTIONAL_FINAL_KEYS)
    name = _name(f"{where}: name", values["name"], NAME)
    final = _range(f"{where}: ranges.final", _mapping(f"{where}: ranges", values["ranges"], FINAL_ALONE)["final"])
    stages = _stages(f"{where}: stages", values["stages"]) if "stages" in values else ()
    fragment = stages
    if "fragments" in values:
        if not stages:
            raise InputError("no_stages", f"{where}: fragments need stages to choose from.")
        fragments = _mapping(f"{where}: fragments", values["fragments"], FINAL_ALONE)
        fragment = _fragment(f"{where}: fragments.final", fragments["final"], stages)
    return Sport(name=name, stages=(NOISE, *stages), final_range=final, final_fragment=fragment)


def differences(sport: Sport, other: Sport) -> list[str]:
    """What is defined differently in two sports, one part after the other, as `KEY VALUE instead of VALUE`."""
    ours, theirs = _flat(definition_of(sport)), _flat(definition_of(other))
    return [
        f"{key} {ours.get(key, 'none')} instead of {theirs.get(key, 'none')}"
        for key in [*ours, *(key for key in theirs if key not in ours)]
        if ours.get(key) != theirs.get(key)
    ]


def _flat(definition, prefix=""):
    """{"ranges.final": value, …} of nested mappings."""
    flat: dict[str, Any] = {}
    for key, value in definition.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _refuse(where, expected, received) -> NoReturn:
    raise InputError("wrong_value", f"{where} must be {expected}, not {reprlib.repr(received)}.")


def _mapping(where, value, required, optional=()):
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


def _list(where, value, expected):
    """`value`, a list of at least one item."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        _refuse(where, expected, value)
    return value


def _name(where, value, pattern):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        _refuse(where, "a name of at most 64 letters, digits, - and _", value)
    return value


def _stages(where, value):
    stages = _list(where, value, "a list of the sport's stages, in order")
    if len(stages) > MAX_STAGES:
        _refuse(where, f"at most {MAX_STAGES} stages", len(stages))
    seen: dict[str, str] = {}
    for stage in stages:
        # As the columns of a table are told apart.
        folded = re.sub(r"[ _-]+", "_", _name(where, stage, STAGE_NAME).casefold())
        if folded in RESERVED:
            _refuse(where, f"the stages without {' and '.join(RESERVED)}, which every sport has", stage)
        if folded in seen:
            raise InputError("duplicate", f"{where}: {seen[folded]} and {stage} are one stage.")
        seen[folded] = stage
    return tuple(stages)


def _fragment(where, value, stages):
    """The stages of a fragment, in the order of the sport."""
    fragment = _list(where, value, "a list of stages")
    for stage in fragment:
        if stage not in stages:
            _refuse(where, f"stages of {', '.join(stages)}", stage)
        if fragment.count(stage) > 1:
            raise InputError("duplicate", f"{where}: {stage} stands there twice.")
    return tuple(stage for stage in stages if stage in fragment)


def _marks(where, value):
    marks = _mapping(where, value, MARKS_KEYS, OPTIONAL_MARKS_KEYS)
    panels = _panels(f"{where}.panels", marks["panels"])
    numbers = {key: _number(f"{where}.{key}", marks[key]) for key in ("step", "maximum", "factor") if key in marks}
    off_marks = _truth(f"{where}.penalty_off_marks", marks.get("penalty_off_marks", False))
    try:
        return Marks(panels, **numbers, penalty_off_marks=off_marks)
    except InputError as error:
        raise InputError(error.code, f"{where}: {error.message}") from error


def _panels(where, value):
    """The groups (judges, kept) of every panel."""
    expected = "a list of panels, each a list of the groups of its judges, like 3 of 5"
    panels = []
    for panel in _list(where, value, expected):
        texts = [group if isinstance(group, str) else "" for group in _list(where, panel, expected)]
        groups = [match for match in map(GROUP.fullmatch, texts) if match]
        if len(groups) < len(texts):
            _refuse(where, expected, panel)
        panels.append(tuple((int(group[2]), int(group[1])) for group in groups))
    return tuple(panels)


def _check_penalty(where, fusion, marks, has_range):
    """InputError where a penalty would be taken off twice, or has a range and is never taken off."""
    of_rule, of_marks = fusion == "sum_minus_penalty", marks is not None and marks.penalty_off_marks
    if of_rule and of_marks:
        _refuse(f"{where}: marks.penalty_off_marks", f"false ({fusion} takes the penalty off already)", True)
    if has_range and not of_rule and not of_marks:
        raise InputError(
            "penalty_unused", f"{where}: ranges.penalty: neither {fusion} nor the marks take a penalty off."
        )


def _check_highest(where, sport):
    """InputError where the highest scores contradict the marks or the rule: one of them is of another scale."""
    highest, marks = sport.execution_range[1], sport.marks
    if marks is not None and not math.isclose(highest, marks.factor * marks.maximum):
        expected = f"{marks.factor * marks.maximum:g} as the largest, marks.factor × marks.maximum"
        _refuse(f"{where}: ranges.execution", expected, highest)
    # Seldom do the highest difficulty and execution come together, and a penalty may give points: near is enough.
    fused, final = sport.fuse(sport.difficulty_range[1], highest), sport.final_range[1]
    if final > 0 and not final / FAR <= fused <= final * FAR:
        expected = f"about {fused:g} as the largest, the {sport.fusion} of the largest difficulty and execution"
        _refuse(f"{where}: ranges.final", expected, final)


def _range(where, value):
    bounds = _list(where, value, "two numbers, [smallest, largest]")
    if len(bounds) != 2:
        _refuse(where, "two numbers, [smallest, largest]", list(bounds))
    low, high = (_number(where, bound) for bound in bounds)
    if low > high:
        _refuse(where, "[smallest, largest]", [low, high])
    return low, high


def _number(where, value):
    try:
        number = math.nan if isinstance(value, bool) else real_number(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        _refuse(where, "a number", value)
    return number


def _truth(where, value):
    for truth in (True, False):
        if value is truth or value == str(truth).lower():
            return truth
    _refuse(where, "true or false", value)
