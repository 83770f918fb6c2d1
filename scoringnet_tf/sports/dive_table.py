"""A table of dives: their degrees of difficulty, and how often each is seen; from a YAML file that you may replace."""

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from scoringnet_tf.sports.dives import (
    ARMSTAND,
    ARMSTAND_DIRECTIONS,
    DIRECTION_NAMES,
    POSITION_NAMES,
    STARTS,
    TWISTING,
    Dive,
    number_of,
    parse_dive,
)
from scoringnet_tf.sports.values import items, mapping, number, read_plain, refuse
from scoringnet_tf.support.messages import InputError, about

NONE = "none"  # in a file: the rules have no such dive
COMPONENTS = ("somersaults", "positions", "twists", "approach", "entry")
SOFTNESS = 0.5  # frequencies count by their root: those of finals say little of a club's training
UNSEEN = 1e-6  # share of a dive that the file does not list
Row = tuple[float | None, ...]  # (7,): a value for each start


@dataclasses.dataclass(frozen=True)
class DiveTable:
    """Difficulty = somersaults + position + twists + approach + entry: components A to E in the rules.

    Keys are metres of the board, half somersaults ("at most" in positions, twists and approach) and half twists. A row
    has a value for each of `STARTS`, None if the rules have no such dive.
    """

    name: str
    somersaults: Mapping[float, Mapping[int, float]] = dataclasses.field(hash=False)
    positions: Mapping[str, Mapping[int, Row]] = dataclasses.field(hash=False)
    twists: Mapping[int, Mapping[int, Row]] = dataclasses.field(hash=False)
    approach: Mapping[float, Mapping[int, Row]] = dataclasses.field(hash=False)
    entry: Mapping[int, Row] = dataclasses.field(hash=False)
    seen: Mapping[float, Mapping[Dive, float]] = dataclasses.field(hash=False)  # how often, relative to the others

    def difficulty(self, dive: Dive, height: float = 10) -> float:
        """A dive's degree of difficulty from a board of so many metres; InputError if there is none."""
        parts = self._parts(dive, height) if height in self.somersaults else (None,)
        values = [part for part in parts if part is not None]
        if len(values) < len(parts):
            message = f"{self.name} has no degree of difficulty for the dive {dive.number} from {height:g} m."
            heights = ", ".join(f"{each:g}" for each in self.heights)
            raise InputError("unknown_name", message, f"It has boards of {heights} m.")
        return round(sum(values), 1)

    @property
    def heights(self) -> list[float]:
        """The boards that it knows, metres."""
        return sorted(self.somersaults)

    def dives(self) -> Iterator[Dive]:
        """Every dive that has a degree of difficulty from a board."""
        somersaults = sorted({number for row in self.somersaults.values() for number in row})
        twists = sorted({number for rows in self.twists.values() for number in rows})
        plain = ((group, group, 0) for group in DIRECTION_NAMES)
        twisting = itertools.product((TWISTING,), DIRECTION_NAMES, twists)
        armstands = itertools.product((ARMSTAND,), ARMSTAND_DIRECTIONS, (0, *twists))
        for group, direction, half_twists in (*plain, *twisting, *armstands):
            for turns, position in itertools.product(somersaults, POSITION_NAMES):
                try:
                    dive = parse_dive(number_of(group, direction, turns, half_twists, position))
                except InputError:
                    continue
                if any(None not in self._parts(dive, height) for height in self.heights):
                    yield dive

    def most_likely(
        self, seen: Mapping[str, Mapping[Any, float]], height: float | None = None
    ) -> list[tuple[Dive, float]]:
        """Dives with their probabilities, the most likely first; none where what was seen fits no dive.

        Args:
            seen: independent probabilities: {"half somersaults": {7: 0.8, 6: 0.2}, "half twists": {0: 1},
                "position": {"tuck": 0.7, "pike": 0.3}, "group": {"inward": 1}}, groups by `STARTS`. What is missing was
                not seen, and leaves the frequencies as they are.
            height: of the board, metres; None: not known.
        """
        boards = [board for metres, board in self.seen.items() if height in (None, metres)] or [*self.seen.values()]
        totals = [sum(board.values()) for board in boards]
        weights = {}
        for dive in self.dives():
            shares = [board.get(dive, 0) / total for board, total in zip(boards, totals, strict=True)]
            weight = max(sum(shares) / max(len(shares), 1), UNSEEN) ** SOFTNESS
            for name, probabilities in seen.items():
                weight *= probabilities.get(SEEN_OF[name](dive), 0.0)
            weights[dive] = weight
        total = sum(weights.values())
        likely = sorted(weights.items(), key=lambda each: -each[1]) if total else []
        return [(dive, weight / total) for dive, weight in likely if weight]

    def _parts(self, dive: Dive, height: float) -> tuple[float | None, ...]:
        turns, start = dive.half_somersaults, STARTS.index(dive.start)
        twists = _band(self.twists, turns) or {}
        unnatural = 0.0 if dive.group == TWISTING else (self.entry.get(turns) or ZEROS)[start]
        return (
            self.somersaults[height].get(turns),
            (_band(self.positions[dive.position], turns) or NO_ROW)[start],
            twists.get(dive.half_twists, NO_ROW)[start] if dive.half_twists else 0.0,
            (_band(self.approach[height], turns) or NO_ROW)[start],
            unnatural,
        )


NO_ROW, ZEROS = (None,) * len(STARTS), (0.0,) * len(STARTS)
SEEN_OF = {
    "half somersaults": lambda dive: dive.half_somersaults,
    "half twists": lambda dive: dive.half_twists,
    "position": lambda dive: POSITION_NAMES[dive.position],
    "group": lambda dive: dive.start,
}


def _band(bands: Mapping[int, Any], turns: int) -> Any:
    """The value of the first band that reaches up to so many half somersaults; None above all."""
    return next((bands[top] for top in sorted(bands) if turns <= top), None)


# === Files ===

SHIPPED = pathlib.Path(__file__).with_name("shipped") / "dives"


def dive_table_of(definition: Any, where: str) -> DiveTable:
    """The table for a file's content, or itself; InputError, naming the file `where` and the key, if it is wrong."""
    if isinstance(definition, DiveTable):
        return definition
    values = mapping(where, definition, ("name", *COMPONENTS), ("seen",))
    if not isinstance(values["name"], str):
        refuse(f"{where}: name", "a name", values["name"])
    somersaults = _keyed(f"{where}: somersaults", values["somersaults"], _metres, _whole, number)
    positions = _keyed(f"{where}: positions", values["positions"], _position, _whole, _row)
    approach = _keyed(f"{where}: approach", values["approach"], _metres, _whole, _row)
    if missing := sorted(somersaults.keys() ^ approach.keys()):
        refuse(f"{where}: approach", "of the heights that somersaults has", missing)
    if missing := [letter for letter in POSITION_NAMES if letter not in positions]:
        raise InputError("missing_key", f"{where}: positions: the key {missing[0]} is missing.")
    twists = _keyed(f"{where}: twists", values["twists"], _whole, _whole, _row)
    entry = _keyed(f"{where}: entry", values["entry"], _whole, _row)
    table = DiveTable(values["name"], somersaults, positions, twists, approach, entry, {})
    seen = _keyed(f"{where}: seen", values.get("seen", {}), _metres, _dive, _weight)
    for height, dives in seen.items():
        for dive in dives:
            try:
                table.difficulty(dive, height)
            except InputError as error:
                raise InputError("wrong_value", f"{where}: seen.{height:g}: {error.message}", error.hint) from error
        if not sum(dives.values()):
            refuse(f"{where}: seen.{height:g}", "of weights above 0", 0)
    return dataclasses.replace(table, seen=seen)


def dive_table_definition(table: DiveTable) -> dict[str, Any]:
    """A table in values that JSON and YAML have; `dive_table_of` takes it back."""
    return {"name": table.name} | {key: _plain(getattr(table, key)) for key in (*COMPONENTS, "seen")}


def read_dive_table(path: str | os.PathLike[str]) -> DiveTable:
    """The table in a YAML file; InputError, naming file and key, if it is none."""
    return dive_table_of(read_plain(path, "table of dives"), str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _plain(each) for key, each in value.items()}
    return [NONE if each is None else each for each in value] if isinstance(value, tuple) else value


def _key(key: Any) -> str:
    return key.number if isinstance(key, Dive) else key if isinstance(key, str) else f"{key:g}"


def _keyed(where: str, value: Any, *readers: Any) -> Any:
    """Mappings in mappings, whose keys the first `readers` read, and whose values the last one."""
    if len(readers) == 1:
        return readers[0](where, value)
    if not isinstance(value, Mapping):
        refuse(where, "a mapping", value)
    return {readers[0](where, key): _keyed(f"{where}.{key}", each, *readers[1:]) for key, each in value.items()}


def _row(where: str, value: Any) -> Row:
    expected = f"{len(STARTS)} numbers or none: {', '.join(STARTS)}"
    row = tuple(None if each == NONE else number(where, each) for each in items(where, value, expected))
    if len(row) != len(STARTS):
        refuse(where, expected, value)
    return row


def _whole(where: str, value: Any) -> int:
    if not str(value).isdecimal():
        refuse(where, "keyed by half turns: 0, 1, 2, …", value)
    return int(value)


def _metres(where: str, value: Any) -> float:
    metres = number(where, value)
    if metres <= 0:
        refuse(where, "keyed by metres above 0", value)
    return metres


def _position(where: str, value: Any) -> str:
    if value not in POSITION_NAMES:
        refuse(where, f"keyed by {', '.join(POSITION_NAMES)}", value)
    return value


def _dive(where: str, value: Any) -> Dive:
    with about(where):
        return parse_dive(str(value))


def _weight(where: str, value: Any) -> float:
    weight = number(where, value)
    if weight < 0:
        refuse(where, "0 or more", value)
    return weight


DIVE_TABLES = {file.stem: read_dive_table(file) for file in sorted(SHIPPED.glob("*.yaml"))}
