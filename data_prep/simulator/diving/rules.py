"""The dives from the 10 m platform and their degree of difficulty (World Aquatics diving rules, appendices 3 and 4).

A dive number such as `5253B` reads: group 5 (twisting), direction 2 (back), 5 half somersaults, 3 half twists, piked.
`407C` is group 4 (inward), 7 half somersaults, tucked. `6243D` starts in an armstand and turns backwards.
"""

import dataclasses

from scoringnet_tf.support.messages import InputError

FORWARD, BACK, REVERSE, INWARD = 1, 2, 3, 4
DIRECTION_NAMES = {FORWARD: "forward", BACK: "back", REVERSE: "reverse", INWARD: "inward"}
POSITION_NAMES = {"A": "straight", "B": "pike", "C": "tuck", "D": "free"}
TWISTING, ARMSTAND = 5, 6


@dataclasses.dataclass(frozen=True)
class Dive:
    """One dive of the table."""

    number: str  # dive number as announced, position letter included
    group: int  # 1 forward, 2 back, 3 reverse, 4 inward, 5 twisting, 6 armstand
    direction: int  # take-off direction, 1 to 4; for groups 1 to 4 the group itself
    half_somersaults: int  # number of half somersaults
    half_twists: int  # number of half twists
    position: str  # A straight, B pike, C tuck, D free

    @property
    def armstand(self) -> bool:
        """Whether the dive starts in a handstand."""
        return self.group == ARMSTAND

    @property
    def head_first(self) -> bool:
        """Whether the hands meet the water first."""
        return (self.half_somersaults + self.armstand) % 2 == 1


def parse_dive(number: str) -> Dive:
    """The dive with a number, such as 5253B; InputError if it is no such number."""
    digits, position = number[:-1], number[-1:]
    if not digits.isdecimal() or position not in POSITION_NAMES or len(digits) not in (3, 4):
        raise InputError("wrong_value", f"{number!r} is no dive number, such as 107B, 5253B or 6243D.")
    group = int(digits[0])
    if group in (TWISTING, ARMSTAND):
        direction, half_somersaults, half_twists = int(digits[1]), int(digits[2]), int(digits[3:] or 0)
    else:  # the second digit of groups 1 to 4 says "flying", which the platform no longer sees
        direction, half_somersaults, half_twists = group, int(digits[2:]), 0
    if group not in range(1, 7) or direction not in DIRECTION_NAMES:
        raise InputError("wrong_value", f"{number!r} is no dive of the groups 1 to 6 and directions 1 to 4.")
    return Dive(number, group, direction, half_somersaults, half_twists, position)


# Component A: half somersaults → value, by height of the board in metres.
SOMERSAULTS = {
    3: {0: 1.0, 1: 1.3, 2: 1.3, 3: 1.5, 4: 1.8, 5: 2.2, 6: 2.3, 7: 2.8, 9: 3.6},
    10: {0: 1.0, 1: 1.3, 2: 1.4, 3: 1.5, 4: 1.9, 5: 2.1, 6: 2.5, 7: 2.7, 9: 3.5},
}

# Component B: position → most half somersaults of the band → forward, back, reverse, inward, armstand.
FLIGHT_POSITION: dict[str, dict[int, tuple[float | None, ...]]] = {
    "C": {
        2: (0.1, 0.1, 0.1, -0.3, 0.1),
        4: (0.0, 0.0, 0.0, 0.1, 0.0),
        5: (0.0, 0.1, 0.0, 0.2, 0.1),
        7: (0.0, 0.0, 0.0, 0.3, 0.2),
        9: (0.2, None, None, 0.4, None),
    },
    "B": {
        2: (0.2, 0.2, 0.2, -0.2, 0.3),
        4: (0.1, 0.3, 0.3, 0.3, 0.3),
        5: (0.2, 0.3, 0.2, 0.5, None),
        7: (0.3, 0.3, 0.3, 0.6, 0.4),
        9: (0.6, None, None, 0.7, None),
    },
    "A": {2: (0.3, 0.3, 0.3, 0.1, 0.4), 4: (0.4, 0.5, 0.6, 0.8, 0.5), 5: (0.6, 0.7, 0.6, None, None)},
    "D": {2: (0.1, 0.1, 0.1, -0.1, 0.0), 4: (0.0, -0.1, -0.1, 0.2, 0.0), 5: (0.0, -0.1, -0.2, 0.4, None)},
}

# Component C: half twists → value; two and a half somersaults and more have their own row beside the forward dives.
TWISTS_FORWARD = {0: 0.0, 1: 0.4, 2: 0.6, 3: 0.8, 4: 1.0, 5: 1.2, 6: 1.5, 7: 1.7, 8: 1.9, 9: 2.1}
TWISTS_OTHER = {0: 0.0, 1: 0.4, 2: 0.4, 3: 0.8, 4: 0.8, 5: 1.2, 6: 1.4, 7: 1.7, 8: 1.8, 9: 2.1}
TWISTS_OTHER_MANY_SOMERSAULTS = {0: 0.0, 1: 0.0, 2: 0.4, 3: 0.6, 4: 0.8, 5: 1.0}

# Component D by height: forward, back, reverse, inward (two half somersaults at most; more).
APPROACH = {3: (0.0, 0.2, 0.3, 0.3, 0.3), 10: (0.0, 0.2, 0.3, 0.3, 0.2)}
APPROACH_ARMSTAND = {FORWARD: 0.2, BACK: 0.2, REVERSE: 0.3}

# Component E, the unnatural entry, of dives without twists: half somersaults → value.
ENTRY_FORWARD_INWARD = {2: 0.1, 4: 0.2, 6: 0.2}
ENTRY_BACK_REVERSE = {1: 0.1, 3: 0.2, 5: 0.3, 7: 0.4, 9: 0.5}
ENTRY_ARMSTAND_BACK_REVERSE = {4: 0.3, 6: 0.4}


def degree_of_difficulty(dive: Dive, height: int = 10) -> float:
    """A + B + C + D + E of the rules for a board of 10 or 3 metres, to one decimal; or InputError."""
    parts = (
        SOMERSAULTS[height].get(dive.half_somersaults),
        _flight_position(dive),
        _twists(dive),
        _approach(dive, height),
        _unnatural_entry(dive),
    )
    values = [part for part in parts if part is not None]
    if len(values) < len(parts):
        raise InputError("unknown_name", f"The rules have no degree of difficulty for the dive {dive.number}.")
    return round(sum(values), 1)


def _flight_position(dive: Dive) -> float | None:
    if dive.armstand and dive.position == "D" and dive.direction == FORWARD:
        return 0.4  # an armstand forward in free position carries the difficulty that E gives armstands backwards
    column = 4 if dive.armstand else dive.direction - 1
    bands = FLIGHT_POSITION[dive.position]
    band = next((top for top in bands if dive.half_somersaults <= top), None)
    return None if band is None else bands[band][column]


def _twists(dive: Dive) -> float | None:
    if dive.direction == FORWARD:
        return TWISTS_FORWARD.get(dive.half_twists)
    if dive.armstand and dive.half_twists == 1:
        return 0.0
    if dive.half_twists == 1 and dive.half_somersaults <= 2:
        return 0.2
    table = TWISTS_OTHER_MANY_SOMERSAULTS if dive.half_somersaults >= 5 else TWISTS_OTHER
    return table.get(dive.half_twists)


def _approach(dive: Dive, height: int) -> float | None:
    if dive.armstand:
        return APPROACH_ARMSTAND.get(dive.direction)
    many_inward = dive.direction == INWARD and dive.half_somersaults > 2
    return APPROACH[height][4 if many_inward else dive.direction - 1]


def _unnatural_entry(dive: Dive) -> float:
    if dive.armstand:
        return 0.0 if dive.direction == FORWARD else ENTRY_ARMSTAND_BACK_REVERSE.get(dive.half_somersaults, 0.0)
    if dive.group == TWISTING:
        return 0.0
    table = ENTRY_FORWARD_INWARD if dive.direction in (FORWARD, INWARD) else ENTRY_BACK_REVERSE
    return table.get(dive.half_somersaults, 0.0)


# How often a dive is seen in a hundred or so platform finals. Those with weight 0 are compulsory dives of other
# competitions: the simulator shows them in replays and in the motion task alone.
_SEEN = """
107B 25, 107C 2, 109B 2, 109C 25, 205B 6, 205C 2, 207B 35, 207C 30, 305B 4, 305C 5, 307B 12, 307C 10, 405B 2, 407B 12,
407C 40, 409C 4, 5136D 2, 5152B 4, 5154B 5, 5156B 4, 5253B 25, 5255B 25, 5353B 4, 5355B 5, 6142D 3, 6241B 2, 6243D 15,
6245D 15, 626B 6, 626C 15, 636C 3, 101B 0, 103B 0, 201B 0, 203B 0, 301B 0, 303C 0, 401B 0, 403B 0, 612B 0, 614B 0,
5132D 0, 5231D 0, 5235D 0, 5331D 0
"""
_COUNTS = {number: int(count) for number, count in (entry.split() for entry in _SEEN.split(","))}
DIVES = {number: parse_dive(number) for number in _COUNTS}
FREQUENCIES = {DIVES[number]: count for number, count in sorted(_COUNTS.items()) if count}  # of dives seen in finals
DIFFICULTIES = {dive: degree_of_difficulty(dive) for dive in FREQUENCIES}
