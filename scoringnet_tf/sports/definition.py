"""A sport as plain data: its YAML file, and what records and models keep for a user's own.

    {"name": "vault",
     "stages": ["pre-flight", "posting-flight", "landing"],           # in order; noise is every sport's label 0
     "fragments": {"difficulty": [...stages], "execution": [...]},
     "ranges": {"difficulty": [2, 7.4], "execution": [0, 10], "final": [0, 17.4]},    # and "penalty": 0 or more
     "fusion": "sum_minus_penalty",
     "recognised_as": ["vault"],                        # a backbone's classes, see `Sport`; may be left out
     "moments": {"take-off": "start of posting-flight"},    # or "end of STAGE"; may be left out
     "durations": {"board to mat": "posting-flight"}}       # may be left out
                                        # and so may "fall", one duration, and beside it "heights": [1, 10], metres,
                                        # "measures": [...] of `BODY_MEASURES`, and "dives": a table, see `DiveTable`

    {"name": "golf", "ranges": {"final": [100, 300]}}    # one score; "stages" and "fragments": {"final": [...]} if any

Definitions come from users' files, and with records and models from strangers: everything is checked.
"""

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from scoringnet_tf.sports.dive_table import (
    DIVE_TABLES,
    DiveTable,
    dive_table_definition,
    dive_table_of,
    read_dive_table,
)
from scoringnet_tf.sports.sport import (
    ANY_PENALTY,
    BODY_MEASURES,
    FINAL_ALONE,
    FUSIONS,
    NOISE,
    PREDICTED_SCORES,
    SCORES,
    Sport,
    StageEdge,
)
from scoringnet_tf.sports.values import SUFFIXES, items, mapping, number, read_plain, refuse
from scoringnet_tf.support.messages import InputError, unknown_name

PENALTY = "penalty"
# (keys that are required, optional ones) of a definition, and of one with a final score alone.
UNSCORED_KEYS = (
    "recognised_as",
    "moments",
    "durations",
    "fall",
    "heights",
    "measures",
    "dives",
)  # they change nothing that scores and stages mean
KEYS = (("name", "stages", "fragments", "ranges", "fusion"), UNSCORED_KEYS)
FINAL_ALONE_KEYS = (("name", "ranges"), ("stages", "fragments", *UNSCORED_KEYS))
# Names become columns, files and options, and parts of messages.
NAME = re.compile(r"\w[\w-]{0,63}")
STAGE_NAME = re.compile(r"\w(?:[\w -]{0,62}\w)?")
EDGES = ("start", "end")
EDGE = re.compile(r"(start|end) of (.+)")
RESERVED = (NOISE, "unlabelled")  # the names of frames without a stage
MAX_STAGES = 64
MAX_CLASS = 100  # letters; Kinetics's longest has 47
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
        "recognised_as": list(sport.recognised_as),
        "moments": {name: f"{EDGES[is_end]} of {stage}" for name, stage, is_end in sport.moments},
        "durations": dict(sport.durations),
        "fall": sport.fall,
        "heights": list(sport.heights or ()),
        "measures": list(sport.measures),
        "dives": sport.dives and _kept_dives(sport.dives),
    }
    return {key: value for key, value in definition.items() if value}


def sport_of(definition: Any, where: str) -> Sport:
    """The sport for a definition, as `definition_of` gives it; numbers in a file may be text.

    InputError, naming the file `where` and the key, if one is unknown or missing, or a value wrong.
    """
    parts = definition.get("ranges") if isinstance(definition, Mapping) else None
    final_alone = isinstance(parts, Mapping) and not {*PREDICTED_SCORES} & {*parts}
    values = mapping(where, definition, *(FINAL_ALONE_KEYS if final_alone else KEYS))
    name = _name(f"{where}: name", values["name"], NAME)
    stages = _stages(f"{where}: stages", values["stages"]) if "stages" in values else ()
    ranges = mapping(f"{where}: ranges", values["ranges"], *((FINAL_ALONE,) if final_alone else (SCORES, (PENALTY,))))
    fields: dict[str, Any] = {f"{score}_range": _range(f"{where}: ranges.{score}", ranges[score]) for score in ranges}
    fields["measures"] = _names(f"{where}: measures", values.get("measures", ()), BODY_MEASURES)
    fields["dives"] = _dives(f"{where}: dives", values["dives"]) if "dives" in values else None
    fields["recognised_as"] = _names(f"{where}: recognised_as", values.get("recognised_as", ()))
    fields |= {"name": name, "stages": (NOISE, *stages), **_times(where, values, stages)}
    if final_alone and "fragments" not in values:
        return Sport(**fields, final_fragment=stages)
    fields |= _fragments(where, values, FINAL_ALONE if final_alone else PREDICTED_SCORES, stages)
    if final_alone:
        return Sport(**fields)
    if values["fusion"] not in FUSIONS:
        refuse(f"{where}: fusion", f"one of {', '.join(FUSIONS)}", values["fusion"])
    sport = Sport(**fields, fusion=values["fusion"])
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


def read_sport(path: str | os.PathLike[str]) -> Sport:
    """The sport that a YAML file defines; InputError, naming file and key, if it defines none."""
    definition = read_plain(path, "sport")
    dives = definition.get("dives") if isinstance(definition, dict) else None
    if isinstance(dives, str) and dives.endswith(SUFFIXES):
        definition["dives"] = read_dive_table(pathlib.Path(path).parent / dives)
    return sport_of(definition, str(path))


def sport_yaml(sport: Sport) -> str:
    """The text for a sport's file; `read_sport` takes it back."""
    return yaml.safe_dump(definition_of(sport), sort_keys=False, allow_unicode=True, default_flow_style=None)


# === Values; `where` is the file and the key, for messages ===


def _name(where: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        refuse(where, "a name of at most 64 letters, digits, - and _", value)
    return value


def _stages(where: str, value: Any) -> tuple[str, ...]:
    stages = items(where, value, "a list of the sport's stages, in order")
    if len(stages) > MAX_STAGES:
        refuse(where, f"at most {MAX_STAGES} stages", len(stages))
    _check_columns(where, stages, RESERVED)
    return tuple(stages)


def _check_once(where: str, names: Sequence[Any]) -> None:
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InputError("duplicate", f"{where}: {repeated[0]} stands there twice.")


def _check_columns(where: str, names: Iterable[Any], reserved: Sequence[str]) -> None:
    """InputError if names are wrong, or their columns in a table do not differ."""
    seen: dict[str, str] = {}
    for name in names:
        folded = column_of(_name(where, name, STAGE_NAME))
        if folded in reserved:
            refuse(where, f"names without {' and '.join(reserved)}, which every sport has", name)
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
            refuse(f"{where}: {key}", "a mapping of names", names)
    _check_columns(f"{where}: moments, durations", [*moments, *durations], EDGES)  # a performance has these
    edges = [_edge(f"{where}: moments.{name}", name, value, stages) for name, value in moments.items()]
    for name, stage in durations.items():
        if stage not in stages:
            refuse(f"{where}: durations.{name}", f"a stage of {', '.join(stages)}", stage)
    if "fall" in values and fall not in [*durations]:
        refuse(f"{where}: fall", f"a duration of {', '.join(durations)}", fall)
    heights = _range(f"{where}: heights", values["heights"]) if "heights" in values else None
    if heights and not (fall and heights[0] > 0):
        refuse(f"{where}: heights", "metres above 0, beside a fall", heights)
    return {"moments": tuple(edges), "durations": tuple(durations.items()), "fall": fall, "heights": heights}


def _edge(where: str, name: str, value: Any, stages: Sequence[str]) -> StageEdge:
    found = EDGE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[2] not in stages:
        refuse(where, f"start of STAGE or end of STAGE, a stage of {', '.join(stages)}", value)
    return StageEdge(name, found[2], found[1] == "end")


def _fragments(where: str, values: Mapping, scores: Sequence[str], stages: Sequence[str]) -> dict[str, Any]:
    """{"SCORE_fragment": its stages, in the sport's order}."""
    where, fragments = f"{where}: fragments", mapping(f"{where}: fragments", values["fragments"], scores)
    for score in scores:
        for stage in items(f"{where}.{score}", fragments[score], "a list of stages"):
            if stage not in stages:
                refuse(f"{where}.{score}", f"stages of {', '.join(stages)}", stage)
        _check_once(f"{where}.{score}", fragments[score])
    return {f"{score}_fragment": tuple(stage for stage in stages if stage in fragments[score]) for score in scores}


def _names(where: str, value: Any, known: Sequence[str] = ()) -> tuple[str, ...]:
    """A list of names, each once, of those that are `known`, if they are."""
    names = items(where, value, "a list of names") if value != () else ()
    for name in names:
        if known and name not in known:
            raise unknown_name(where, name, known)
        if not isinstance(name, str) or not 0 < len(name) <= MAX_CLASS:
            refuse(where, f"names of at most {MAX_CLASS} letters", name)
    _check_once(where, names)
    return tuple(names)


def _dives(where: str, value: Any) -> DiveTable:
    if isinstance(value, str) and value not in DIVE_TABLES:
        raise unknown_name(where, value, (*DIVE_TABLES, "a file beside this one: NAME.yaml"))
    return DIVE_TABLES[value] if isinstance(value, str) else dive_table_of(value, where)


def _kept_dives(table: DiveTable) -> str | dict[str, Any]:
    """A table's name if it ships, else the whole."""
    return table.name if DIVE_TABLES.get(table.name) == table else dive_table_definition(table)


def _range(where: str, value: Any) -> tuple[float, float]:
    expected = "two numbers, [smallest, largest]"
    bounds = [number(where, bound) for bound in items(where, value, expected)]
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        refuse(where, expected, bounds)
    return bounds[0], bounds[1]


def _check_contradictions(where: str, sport: Sport, has_penalty_range: bool) -> None:
    if has_penalty_range and sport.fusion != "sum_minus_penalty":
        raise InputError("penalty_unused", f"{where}: ranges.penalty: {sport.fusion} takes no penalty off.")
    # The highest difficulty and execution seldom come together, and a penalty may give points: near is enough.
    fused, final = sport.fuse(*(sport.range_of(part)[1] for part in PREDICTED_SCORES)), sport.final_range[1]
    if final > 0 and not final / MAX_SCALE <= fused <= final * MAX_SCALE:
        expected = f"up to about {fused:g}, the {sport.fusion} of the largest difficulty and execution"
        refuse(f"{where}: ranges.final", expected, final)
