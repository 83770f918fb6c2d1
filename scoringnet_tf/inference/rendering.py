"""A result for people: text, table rows, and a picture with its key stages."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.inference.fall import likely_board
from scoringnet_tf.inference.measures import READERS
from scoringnet_tf.inference.times import Element, Measure, Moment, of_athlete
from scoringnet_tf.inference.words import MODEL_REASONS, MODEL_WARNINGS, SIDES
from scoringnet_tf.sports import NOISE, SCORES, Sport, column_of, decimals
from scoringnet_tf.sports.dive_table import DiveTable
from scoringnet_tf.sports.dives import parse_dive
from scoringnet_tf.support.drawing import draw_strip, printable, stage_color, stage_patches
from scoringnet_tf.support.messages import InputError, Remark, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, LINE, STRIP = 12.0, 0.2, 0.9  # inches: of the picture; heights of a line of text, and of the stages
BETWEEN, MOST = "   ", 4  # values on a line; so many of the body
ATHLETES = (1, 2)
DIVE = "dive"  # the element that is the whole
DIVES = [of_athlete(DIVE, number) for number in ATHLETES]
UNITS = {"°": "degrees", "°/s": "degrees per s", "m/s": "m per s"}  # as columns name them
NO_STAGE = "no stage"  # how people read `NOISE`
LETTERS = 150  # on a line of the picture

# === Text ===


def lines(score: Any) -> tuple[list[str], list[str]]:
    """A `VideoScore` as text: lines about the video, and those that hold for all results by its model."""
    model = "" if score.model is None else f"model {score.model}, "
    frames = counted(score.num_frames, "frame")
    about = [f"{score.video}: {frames}, {score.fps:g} frames/s; {model}sport {score.sport.name}"]
    several = len(score.performances) > 1
    for performance in score.performances:
        if several:
            about.append(f"  Performance at {performance.start_s:.2f}–{performance.end_s:.2f} s")
        about += _stage_lines(score.stages, performance if several else None)
        about += [f"  {line}" for line in _result_lines(performance, score)]
        about += [f"  {line}" for line in recognised_lines(performance, score.sport)]
        against = "Withheld" if performance.final is None else "Forced despite"
        about += [f"  {against}: {reason}" for reason in performance.own_reasons]
        about += [f"  Warning: {warning}" for warning in performance.warnings]
    about += [f"  {reason}" for reason in score.further_reasons if reason.code not in MODEL_REASONS]
    about += [f"  Warning: {warning}" for warning in score.warnings_of() if warning.code not in MODEL_WARNINGS]
    by_model = [f"Warning: {warning}" for warning in score.warnings if warning.code in MODEL_WARNINGS]
    return about, [*by_model, *score.model_reasons]


def _result_lines(performance: Any, score: Any) -> list[str]:
    return [*time_lines(performance), *body_lines(performance, score.sport), *_score_lines(performance, score)]


def _stage_lines(stages: list[dict[str, Any]], within: Any = None) -> Iterator[str]:
    """A line for each stage; within one performance among several, for each but noise."""
    for stage in stages:
        first = stage["start_frame"]
        if within and (stage["name"] == NOISE or not within.start_frame <= first < within.end_frame):
            continue
        seconds = f"{stage['start_s']:7.2f}–{stage['end_s']:.2f} s"
        name = NO_STAGE if stage["name"] == NOISE else stage["name"]
        yield f"  {seconds:<18} {name:<14} frames {first}–{stage['end_frame'] - 1}"


def time_lines(performance: Any) -> list[str]:
    """A line for a performance's moments, and one for its durations, if there are any."""
    moments = [moment_text(name, moment) for name, moment in performance.moments.items()]
    durations = [measure_text(name, measure) for name, measure in performance.measures.items() if is_duration(measure)]
    return [BETWEEN.join(parts) for parts in (moments, durations) if parts]


def body_lines(performance: Any, sport: Sport) -> list[str]:
    """Lines for what the body shows: the dive, its elements, and measures."""
    dives = [_in_brackets(title, probability) for title, probability in dive_titles(performance, sport).items()]
    elements = ((name, one) for name, one in performance.elements.items() if name not in DIVES)
    parts = [_in_brackets(f"{name} {one.value}", probability_text(one)) for name, one in elements]
    parts += [measure_text(name, one) for name, one in performance.measures.items() if not is_duration(one)]
    return [*dives, *(BETWEEN.join(parts[start : start + MOST]) for start in range(0, len(parts), MOST))]


def dive_titles(performance: Any, sport: Sport) -> dict[str, str]:
    """Number, name and difficulty of the athletes' dives → the number's probability, in words."""
    shown = [performance.elements[name] for name in DIVES if name in performance.elements]
    flight, table = performance.measures.get(sport.fall), sport.dives
    return {_dive_title(one.value, table, flight): probability_text(one) for one in shown} if table else {}


def _dive_title(number: str, table: DiveTable, flight: Measure | None) -> str:
    dive = parse_dive(number)
    board = likely_board(table, dive, flight)
    return dive.title(None if board is None else table.difficulty(dive, board))


def is_duration(measure: Measure) -> bool:
    """Whether stages measure it, and not the body in a frame."""
    return measure.unit == "s" and measure.frame is None


def recognised_lines(performance: Any, sport: Sport) -> list[str]:
    """How surely the performance shows the sport, if that is known."""
    if performance.recognised is None:
        return []
    return [f"Probability of {sport.recognised_as[0]}: {performance.recognised:.2f}"]


def moment_text(name: str, moment: Moment) -> str:
    """A moment in words: take-off 5.53 ± 0.12 s."""
    return measure_text(name, Measure(moment.seconds, "s", moment.uncertainty))


def measure_text(name: str, measure: Measure) -> str:
    """A measure in words: flight time 1.52 ± 0.14 s."""
    return f"{name} {value_text(measure)}"


def value_text(measure: Measure) -> str:
    """A value with its uncertainty and unit: 1.52 ± 0.14 s, −4 ± 8°."""
    digits, space = (0, "") if measure.unit.startswith("°") else (2, " ")
    uncertainty = "" if measure.uncertainty is None else f" ± {measure.uncertainty:.{digits}f}"
    value = f"{round(measure.value, digits) + 0.0:.{digits}f}".replace("-", "−")
    return f"{value}{uncertainty}{space}{measure.unit}"


def side_text(name: str, measure: Measure) -> str:
    """What the sign of a measure means, if it is surely not 0; empty if it means nothing."""
    sides = next((each for known, each in SIDES.items() if name.startswith(known)), ("", ""))
    return sides[measure.value > 0] if abs(measure.value) > (measure.uncertainty or 0.0) else ""


def probability_text(element: Element) -> str:
    """How surely an element is what it is: probability 0.85; empty if that is not known."""
    if element.probability is None:
        return ""
    return "probability above 0.99" if element.probability > 0.99 else f"probability {element.probability:.2f}"


def _in_brackets(text: str, more: str) -> str:
    return f"{text} ({more})" if more else text


def _score_lines(performance: Any, score: Any) -> list[str]:
    """The scores with deviations and intervals if these are known; and what these are."""
    parts = []
    for name in SCORES:
        value, deviation = getattr(performance, name), performance.deviations.get(name)
        if value is not None:
            form = f".{decimals(score.sport.range_of(name))}f"
            part = f"{name} {value:{form}}" + (f" ± {deviation:{form}}" if deviation is not None else "")
            interval = "–".join(f"{end:{form}}" for end in performance.intervals.get(name, ()))
            parts.append(part + (f" ({interval})" if interval else ""))
    if parts and score.model_reasons:
        parts.append("(not a measurement)")
    withheld = "no times" if score.model_reasons and score.sport.moments else "no score"
    scores = [BETWEEN.join(parts) or withheld] if parts or score.status_of(performance) == "withheld" else []
    if performance.intervals and score.interval_level:
        scores.append(f"Brackets: {100 * score.interval_level:.0f} % interval of the true score")
    return scores


# === Tables ===


def columns(sport: Sport) -> tuple[str, ...]:
    """The column names for a table in a sport."""
    times = [(name, "s") for name in (*(moment.name for moment in sport.moments), *dict(sport.durations))]
    return (
        *("video", "performance", "status", "start_s", "end_s", "recognised"),
        *sport.scores,
        *(f"{score}_std" for score in sport.scores),
        *(f"{score}_{end}" for score in sport.scores for end in ("low", "high")),
        *(column for name, unit in times for column in _time_columns(name, unit)),
        *(column for athlete in ATHLETES for column in _body_columns(sport, athlete)),
        *("reasons", "warnings", "error", "model", "sport"),
    )


def _body_columns(sport: Sport, athlete: int) -> Iterator[str]:
    """Columns for what the body of an athlete shows."""
    for name in (*([DIVE] if sport.dives else []), *sport.measures):
        if name in READERS:
            yield from _time_columns(of_athlete(name, athlete), READERS[name][0])
        else:
            yield from (column_of(f"{of_athlete(name, athlete)}{part}") for part in ("", " probability"))


def _time_columns(name: str, unit: str) -> list[str]:
    return [column_of(f"{name} {part}{UNITS.get(unit, unit)}") for part in ("", "uncertainty ")]


def rows(score: Any) -> list[dict[str, Any]]:
    """A row, by `columns`, for each performance in a `VideoScore`, numbered from 1."""
    empty, found = dict.fromkeys(columns(score.sport)), []
    for number, one in enumerate(score.performances, start=1):
        cells = {"video": score.video, "performance": number, "model": score.model, "sport": score.sport.name}
        cells |= {name: getattr(one, name) for name in ("start_s", "end_s", "recognised", *score.sport.scores)}
        cells |= {f"{name}_std": value for name, value in one.deviations.items()}
        for name, element in one.elements.items():
            cells |= {column_of(name): element.value, column_of(f"{name} probability"): element.probability}
        for name, (low, high) in one.intervals.items():
            cells |= {f"{name}_low": low, f"{name}_high": high}
        times = {name: Measure(each.seconds, "s", each.uncertainty) for name, each in one.moments.items()}
        for name, each in (times | one.measures).items():
            values = [None if value is None else round(value, 2) for value in (each.value, each.uncertainty)]
            cells |= zip(_time_columns(name, each.unit), values, strict=True)
        for name, remarks in (("reasons", one.reasons), ("warnings", score.warnings_of(one))):
            cells[name] = " ".join(remark.code for remark in remarks)
        found.append({**empty, **cells, "status": score.status_of(one)})
    return found


def failure_row(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """The row for a video that could not be read, by `columns`."""
    cells = {"video": video, "status": "failed", "error": str(error), "model": model, "sport": sport.name}
    return {**dict.fromkeys(columns(sport)), **cells}


# === Pictures ===


def figure(score: Any) -> "Figure":
    """A picture for a `VideoScore`: its name and scores, key frames, stages, notes. InputError if it has no frames."""
    from matplotlib.figure import Figure  # scores without a picture do not wait for it

    if not score.shown:
        message = f"{score.video} was scored from features: there are no frames to draw."
        raise InputError("no_frames", message, "Score the video itself.")
    images, stages = [decode_jpeg(jpeg) for _, _, jpeg in score.shown], score.stages
    title = [printable(score.video[-LETTERS:]), *_wrapped(_headlines(score))]
    notes = _wrapped([*score.reasons, *score.warnings])
    row = WIDTH / len(images) * images[0].shape[0] / images[0].shape[1]
    height = row + LINE * (len(title) + len(notes) + 2) + (STRIP if stages else 0)
    drawn = Figure(figsize=(WIDTH, height), layout="constrained")
    drawn.suptitle("\n".join(title), x=0.01, ha="left", fontsize=11)
    drawn.supxlabel("\n".join(notes), x=0.01, ha="left", fontsize=8)
    grid = drawn.add_gridspec(2 if stages else 1, len(images), height_ratios=[row, 0.3] if stages else None)
    for column, ((index, time, _), image) in enumerate(zip(score.shown, images, strict=True)):
        axis = drawn.add_subplot(grid[0, column])
        axis.imshow(image, aspect="auto")
        axis.set(xticks=[], yticks=[], xlabel=f"{time:.2f} s")
        at = [run["name"] for run in stages if run["start_frame"] <= index < run["end_frame"]]
        axis.spines[:].set(color=stage_color(score.sport.stage_index(at[0]) if at else 0), linewidth=3.5)
    if stages:
        axis, index_of = drawn.add_subplot(grid[1, :]), score.sport.stage_index
        draw_strip(axis, [(index_of(run["name"]), run["start_s"], run["end_s"]) for run in stages])
        axis.set(yticks=[], xlim=(stages[0]["start_s"], stages[-1]["end_s"]), ylim=(-0.45, 0.45))
        axis.xaxis.set_major_formatter("{x:g} s")
        axis.spines[:].set_visible(False)
        names = (NO_STAGE, *score.sport.stages[1:])
        drawn.legend(handles=stage_patches(names), loc="outside lower right", ncols=9, frameon=False)
    return drawn


def _headlines(score: Any) -> list[str]:
    if len(score.performances) == 1:
        (one,) = score.performances
        return _result_lines(one, score)
    form, number = f".{decimals(score.sport.range_of('final'))}f", counted(len(score.performances), "performance")
    if score.status == "stages":
        return [number]
    finals = (f"{one.final:{form}}" if one.final is not None else "no score" for one in score.performances)
    return [f"{number}: {', '.join(finals)}{' (not a measurement)' if score.model_reasons else ''}"]


def _wrapped(notes: Iterable[str]) -> list[str]:
    return [line for note in notes for line in textwrap.wrap(printable(note), LETTERS)]
