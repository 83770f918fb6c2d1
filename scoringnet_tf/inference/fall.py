"""A dive's speeds and jump height, from its flight time, the board's height and gravity alone.

The body's centre leaves the board at v m/s upwards and falls h metres in T seconds: h = g T² / 2 − v T. It rises
v² / 2 g, and enters the water at g T − v. Air is left out.
"""

import collections
import dataclasses
from collections.abc import Collection, Mapping
from typing import TypeAlias

from scoringnet_tf.inference.times import Measure
from scoringnet_tf.inference.words import remark
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.files import read_rows, real_number
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.paths import AnyPath, name_of

Heights: TypeAlias = float | Mapping[str, float] | None  # metres, of all videos or by the name of each

GRAVITY = 9.81
# The centre of the body falls further than from the board to the water, metres: it is higher above the feet as they
# leave than above the hands as they touch. 9 in 10 simulated dives lie within (`data_prep.simulator.diving`).
FURTHER, SPREAD = 0.15, 0.2
HIGHEST_JUMP, HIGHEST_BOARD = 1.2, 40.0
LONG = 0.92  # of the longest flight: a jump of 0.7 m from the highest board
USEFUL = 0.5  # of a measure: with a larger uncertainty it tells a coach nothing
SLOWER, SPEEDS = (2, 4, 8, 16, 32), {2: "half", 4: "a quarter of its"}  # as players and phones slow film down
MEASURES = {"take-off speed": "m/s", "jump height": "m", "entry speed": "m/s"}


def fall_of(flight: Measure, height: float) -> dict[str, Measure]:
    """A flight's `MEASURES`: upwards, the body's centre above its place at the take-off, downwards.

    Args:
        flight: seconds from the take-off to the first touch with the water.
        height: the board's above the water, metres.
    """
    flight = dataclasses.replace(flight, value=max(flight.value, 1e-3))  # a frame may last less
    seconds, fallen = flight.value, height + FURTHER
    up, down = GRAVITY * seconds / 2 - fallen / seconds, GRAVITY * seconds / 2 + fallen / seconds
    up_error, down_error = (_speed_uncertainty(flight, fallen * sign) for sign in (1, -1))
    jump_error = None if up_error is None else ((up + up_error) ** 2 - up**2) / (2 * GRAVITY)  # of its larger side
    values = (up, up_error), (up**2 / (2 * GRAVITY), jump_error), (down, down_error)
    return {
        name: Measure(round(value, 3), unit, None if uncertainty is None else round(uncertainty, 3))
        for (name, unit), (value, uncertainty) in zip(MEASURES.items(), values, strict=True)
    }


def time_of_rise(measures: Mapping[str, Measure]) -> float | None:
    """Seconds from the take-off to the highest point, by the take-off speed among measures; None without it."""
    return measures["take-off speed"].value / GRAVITY if "take-off speed" in measures else None


def _speed_uncertainty(flight: Measure, fallen: float) -> float | None:
    """For g T / 2 ∓ h / T, by those for T and the posture."""
    if flight.uncertainty is None:
        return None
    by_time = (GRAVITY / 2 + fallen / flight.value**2) * flight.uncertainty
    return (by_time**2 + (SPREAD / flight.value) ** 2) ** 0.5


def flight_limits(lowest: float, highest: float) -> tuple[float, float]:
    """The shortest flight from the lowest board, and the longest from the highest, seconds: nobody jumps higher."""
    up = (2 * GRAVITY * HIGHEST_JUMP) ** 0.5
    longest = (up + (up**2 + 2 * GRAVITY * (highest + FURTHER + SPREAD)) ** 0.5) / GRAVITY
    return (2 * max(lowest + FURTHER - SPREAD, 0.0) / GRAVITY) ** 0.5, longest


def flight_problem(seconds: float, lowest: float, highest: float) -> str:
    """What is wrong with a flight that is none from such boards, and what to do."""
    shortest, longest = flight_limits(lowest, highest)
    if seconds < longest:
        return f"is too short for a fall from {lowest:g} m (at least {shortest:.2f} s). Film all of it"
    slower = next(factor for factor in SLOWER if seconds / factor <= longest or factor == SLOWER[-1])
    speed = SPEEDS.get(slower, f"1/{slower}")
    return (
        f"is longer than any from {highest:g} m (at most {longest:.2f} s). "
        f"This film seems to run at {speed} speed (slow motion): with --speed={slower} its times are right"
    )


def fall_measures(
    flight: Measure, sport: Sport, height: float | None = None
) -> tuple[dict[str, Measure], list[Remark]]:
    """What a flight tells from a board so high, if that is known and anybody could have made it; and what to know.

    Its uncertainty counts for it. A measure that is less sure than `USEFUL` is none.
    """
    remarks, unsure = [], flight.uncertainty or 0.0
    if sport.heights and flight.value > LONG * flight_limits(*sport.heights)[1]:
        remarks.append(remark("slow_motion", seconds=flight.value))
    if height is None:
        return {}, remarks
    shortest, longest = flight_limits(height, height)
    if not shortest - unsure <= flight.value <= longest + unsure:
        problem = flight_problem(flight.value, height, height)
        return {}, [*remarks, remark("implausible_fall", seconds=flight.value, problem=problem)]
    measures = fall_of(flight, height)
    vague = [name for name, each in measures.items() if each.value < 0 or (each.uncertainty or 0) > USEFUL * each.value]
    if vague:
        which = ", ".join(f"{name} (± {measures[name].uncertainty:.2f} {measures[name].unit})" for name in vague)
        remarks.append(remark("not_measurable", measures=which))
    return {name: each for name, each in measures.items() if name not in vague}, remarks


# === What a user gives ===


def check_height(sport: Sport, height: float) -> None:
    """InputError if a sport has no fall from a board (`no_fall`), or no board is so high (`out_of_range`)."""
    if not sport.fall:
        message = f"A height has no effect in {sport.name}: it names no fall from a board."
        raise InputError("no_fall", message, "Leave it out, or use a model such as diving_film.")
    if not 0 < height <= HIGHEST_BOARD:
        message = f"A height of {height:g} m is not above 0 and up to {HIGHEST_BOARD:g} m."
        raise InputError("out_of_range", message, "Give the metres from the board to the water.")


def check_speed(speed: float) -> None:
    """InputError unless film may run so many times slower than life (`out_of_range`)."""
    if not 0.1 <= speed <= 100:
        message = f"A speed of {speed:g} is not from 0.1 to 100."
        raise InputError("out_of_range", message, "Give how many times slower than life the film runs, such as 2.")


def read_heights(text: str, sport: Sport) -> Heights:
    """The heights in `--height`: metres, or a CSV file with the columns `video` (file name) and `height`.

    Raises:
        InputError: it is neither; a column, number or row is wrong; as `check_height`.
    """
    if not text.lower().endswith(".csv"):
        return _height(text, sport, "--height")
    columns, rows = read_rows(text, "height")
    if {*columns} != {"video", "height"}:
        message = f"--height={text} needs the columns video and height, not {columns}."
        raise InputError("missing_column", message, "Write them in its first line.")
    heights: dict[str, float] = {}
    for where, row in rows:
        if row["video"] in heights:
            raise InputError("duplicate", f"{where}: {row['video']} occurs again.")
        heights[row["video"]] = _height(row["height"], sport, where)
    return heights


def _height(text: str, sport: Sport, where: str) -> float:
    try:
        height = real_number(text)
    except ValueError as error:
        message = f"{where}: {text!r} is not a number of metres."
        raise InputError("wrong_value", message, "Write it as 3 or 7.5, or name a file that ends in .csv.") from error
    check_height(sport, height)
    return height


def check_named(heights: Heights, videos: Collection[str]) -> None:
    """InputError if a row in heights names no video (`unknown_name`), or several (`duplicate`)."""
    numbers = collections.Counter(map(name_of, {*videos}))
    for name in heights if isinstance(heights, Mapping) else ():
        if not numbers[name]:
            raise InputError("unknown_name", f"--height: no video is called {name}.", "Name the files that you score.")
        if numbers[name] > 1:
            raise InputError("duplicate", f"--height: several videos are called {name}.", "Rename all but one.")


def height_of(heights: Heights, video: AnyPath) -> float | None:
    """The height for a video, metres; None if it is unknown."""
    return heights.get(name_of(str(video))) if isinstance(heights, Mapping) else heights
