"""A fall's flight time: what gravity alone allows, and when it looks like slow motion.

The body's centre leaves the board at v m/s upwards and falls h metres in T seconds: h = g T² / 2 − v T. Without air.
"""

from scoringnet_tf.body.skeleton import GRAVITY
from scoringnet_tf.inference.times import Measure
from scoringnet_tf.inference.words import remark
from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.dive_table import DiveTable
from scoringnet_tf.sports.dives import Dive
from scoringnet_tf.support.messages import InputError, Remark

# The centre of the body falls further than from the board to the water, metres: it is higher above the feet as they
# leave than above the hands as they touch. 9 in 10 simulated dives lie within (`data_prep.simulator.diving`).
FURTHER, SPREAD = 0.15, 0.2
HIGHEST_JUMP = 1.2
LONG = 0.92  # of the longest flight: a jump of 0.7 m from the highest board
SLOWER, SPEEDS = (2, 4, 8, 16, 32), {2: "half", 4: "a quarter of its"}  # as players and phones slow film down


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


def likely_board(table: DiveTable, dive: Dive, flight: Measure | None = None) -> float | None:
    """The board, metres, from which a dive is seen most, among those that its flight may come from; None: no such."""
    shares = {height: dives[dive] / sum(dives.values()) for height, dives in table.seen.items() if dives.get(dive)}
    possible = [height for height in shares if flight is None or _may_last(flight, height)]
    return max(possible, key=shares.__getitem__, default=None)


def _may_last(flight: Measure, height: float) -> bool:
    """Whether a flight may come from a board so high."""
    shortest, longest = flight_limits(height, height)
    unsure = flight.uncertainty or 0.0
    return shortest - unsure <= flight.value <= longest + unsure


def slow_motion(flight: Measure, sport: Sport) -> list[Remark]:
    """A warning about a flight that is nearly too long for the sport's boards."""
    is_long = sport.heights is not None and flight.value > LONG * flight_limits(*sport.heights)[1]
    return [remark("slow_motion", seconds=flight.value)] if is_long else []


def check_speed(speed: float) -> None:
    """InputError unless film may run so many times slower than life (`out_of_range`)."""
    if not 0.1 <= speed <= 100:
        message = f"A speed of {speed:g} is not from 0.1 to 100."
        raise InputError("out_of_range", message, "Give how many times slower than life the film runs, such as 2.")
