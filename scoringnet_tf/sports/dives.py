"""A dive's number, such as 5253B, and its words; the numbers that fit what was seen.

`5253B` reads: group 5 (twisting), direction 2 (back), 5 half somersaults, 3 half twists, piked. `407C` is group 4
(inward), 7 half somersaults, tucked. `6243D` starts in an armstand and turns backwards.
"""

import dataclasses

from scoringnet_tf.support.messages import InputError, about

FORWARD, BACK, REVERSE, INWARD = 1, 2, 3, 4
TWISTING, ARMSTAND = 5, 6
DIRECTION_NAMES = {FORWARD: "forward", BACK: "back", REVERSE: "reverse", INWARD: "inward"}
POSITION_NAMES = {"A": "straight", "B": "pike", "C": "tuck", "D": "free"}
ARMSTAND_DIRECTIONS = (FORWARD, BACK, REVERSE)
# How a dive begins, as a body shows it: from the feet in four directions, from the hands in three.
STARTS = (*DIRECTION_NAMES.values(), *(f"armstand {DIRECTION_NAMES[each]}" for each in ARMSTAND_DIRECTIONS))
MAX_HALF_TURNS = 11


@dataclasses.dataclass(frozen=True)
class Dive:
    """One dive; `parse_dive` and `number_of` make those that can exist."""

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

    @property
    def start(self) -> str:
        """How it begins: one of `STARTS`."""
        return f"armstand {DIRECTION_NAMES[self.direction]}" if self.armstand else DIRECTION_NAMES[self.direction]

    @property
    def words(self) -> str:
        """Its name, such as "back 2½ somersaults, 1½ twists, pike"."""
        turns = {0: "jump", 1: "dive"}.get(self.half_somersaults) or _counted(self.half_somersaults, "somersault")
        twists = [_counted(self.half_twists, "twist")] if self.half_twists else []
        return ", ".join((f"{self.start} {turns}", *twists, POSITION_NAMES[self.position]))

    def title(self, difficulty: float | None = None) -> str:
        """Number and words, such as "207C, back 3½ somersaults, tuck: 3.3"; without the last part if not known."""
        return f"{self.number}, {self.words}" + ("" if difficulty is None else f": {difficulty:.1f}")


def _counted(halves: int, noun: str) -> str:
    """Half turns as "½ twist", "1 twist" or "1½ twists"."""
    return f"{halves // 2 or ''}{'½' * (halves % 2)} {noun}{'s' * (halves > 2)}"


def number_of(group: int, direction: int, half_somersaults: int, half_twists: int, position: str) -> str:
    """A dive's number; InputError (`wrong_value`) if the rules have no such dive.

    Args:
        group: 1 forward, 2 back, 3 reverse, 4 inward, 5 twisting, 6 armstand.
        direction: 1 to 4; that of groups 1 to 4 is the group, armstands have no 4.
        half_somersaults: 0 (a jump) to 11; 1 to 9 beside twists and in armstands.
        half_twists: 1 to 9 in group 5, up to 9 in group 6, none in the others.
        position: A straight, B pike, C tuck, D free; D beside twists alone.
    """
    plain, twisting, armstand = group in DIRECTION_NAMES, group == TWISTING, group == ARMSTAND
    wrong = {
        f"group {group}": not (plain or twisting or armstand),
        f"direction {direction}": direction not in (ARMSTAND_DIRECTIONS if armstand else DIRECTION_NAMES),
        f"direction {direction} in group {group}": plain and direction != group,
        f"half somersaults {half_somersaults}": not (
            0 <= half_somersaults <= MAX_HALF_TURNS if plain else 1 <= half_somersaults <= 9
        ),
        f"half twists {half_twists} in group {group}": not twisting <= half_twists <= (0 if plain else 9),
        f"position {position}": position not in POSITION_NAMES or (position == "D" and not half_twists),
    }
    if problem := next((text for text, is_so in wrong.items() if is_so), None):
        raise InputError("wrong_value", f"There is no such dive: {problem}.", "See the rules' dive numbers.")
    digits = f"{group}0{half_somersaults}" if plain else f"{group}{direction}{half_somersaults}{half_twists or ''}"
    return digits + position


def parse_dive(number: str) -> Dive:
    """The dive with a number, such as 5253B; InputError (`wrong_value`) if it is no such number."""
    digits, position = number[:-1], number[-1:]
    if not (digits.isascii() and digits.isdecimal() and len(digits) in (3, 4)):
        raise InputError("wrong_value", f"{number!r} is no dive number, such as 107B, 5253B or 6243D.")
    group = int(digits[0])
    if group in DIRECTION_NAMES:
        fields = (group, group, int(digits[2:]), 0, position)
    else:
        fields = (group, int(digits[1]), int(digits[2]), int(digits[3:] or 0), position)
    with about(repr(number)):
        parsed = number_of(*fields)
    if parsed != number:  # the second digit in groups 1 to 4 once said "flying"
        raise InputError("wrong_value", f"{number!r} is no dive number; {parsed} is.")
    return Dive(number, *fields)
