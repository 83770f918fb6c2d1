"""A result for people: text, rows of a table, and a picture of its key stages."""

import base64
import bisect
import csv
import hashlib
import html
import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.sports import NOISE, SCORES, Sport, decimals
from scoringnet_tf.support.drawing import draw_strip, in_any_script, printable, save_png, stage_color, stage_patches
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.paths import AnyPath, as_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches: of the picture; heights of its parts, of scores and notes for each line.
WIDTH, NAME, SCORE_LINE, GAP, TIMES, STRIP, LABELS, NOTE = 12.0, 0.3, 0.24, 0.14, 0.2, 0.27, 0.35, 0.19
MARGIN = 0.012  # of the width, at both sides
LETTERS, LETTERS_OF_SCORES = 175, 110  # of a note, and of scores, on a line
COLUMNS = 10  # frames in a picture
HEADER_BYTES = 4096  # of a PNG file: what stands before its picture

# === Text ===


def text(score: Any) -> str:
    """A `VideoScore` as text."""
    model = "" if score.model is None else f"model {score.model}, "
    frames = counted(score.num_frames, "frame")
    lines = [f"{score.video}: {frames}, {score.fps:g} frames/s; {model}sport {score.sport.name}"]
    several = len(score.performances) > 1
    for performance in score.performances:
        if several:
            lines.append(f"  Performance at {performance.start_s:.2f}–{performance.end_s:.2f} s")
        lines += [_stage_line(stage) for stage in score.stages if not several or _is_within(stage, performance)]
        trust = _trust_line(performance, score.interval_level)
        lines += [f"  {_score_line(performance, score.sport)}", *([f"  {trust}"] if trust else [])]
        against = "Withheld" if performance.final is None else "Forced despite"
        lines += [f"  {against}: {reason}" for reason in performance.reasons]
        lines += [f"  Warning: {warning}" for warning in performance.warnings]
    lines += [f"  {reason}" for reason in score.further_reasons]
    lines += [f"  Warning: {warning}" for warning in score.warnings_of()]
    return "\n".join(lines)


def _stage_line(stage):
    seconds = f"{stage['start_s']:7.2f}–{stage['end_s']:.2f} s"
    return f"  {seconds:<18} {stage['name']:<14} frames {stage['start_frame']}–{stage['end_frame'] - 1}"


def _is_within(stage, performance):
    inside = performance.start_frame <= stage["start_frame"] < performance.end_frame
    return inside and stage["name"] != NOISE


def _score_line(performance, sport):
    """The scores on one line, with deviations and intervals if these are known; or that there are none."""
    parts = []
    for name in SCORES:
        value, deviation = getattr(performance, name), performance.deviations.get(name)
        if value is not None:
            form = f".{decimals(sport.range_of(name))}f"
            part = f"{name} {value:{form}}" + (f" ± {deviation:{form}}" if deviation is not None else "")
            interval = "–".join(f"{end:{form}}" for end in performance.intervals.get(name, ()))
            parts.append(part + (f" ({interval})" if interval else ""))
    return "   ".join(parts) or "no score"


def _trust_line(performance, level):
    """How reliable the scores are, and what the brackets are; empty if neither is known."""
    parts = [f"Reliability: {performance.reliability}"] if performance.reliability else []
    if performance.intervals and level:
        parts.append(f"brackets: {100 * level:.0f} % interval of the true score")
    return "; ".join(parts)


# === Tables ===


def columns(sport: Sport) -> tuple[str, ...]:
    """The names of the columns of a table of results of a sport."""
    return (
        *("video", "performance", "status", "start_s", "end_s"),
        *sport.scores,
        *(f"{score}_std" for score in sport.scores),
        *(f"{score}_{end}" for score in sport.scores for end in ("low", "high")),
        *("reliability", "reasons", "warnings", "error", "model", "sport"),
    )


def rows(score: Any) -> list[dict[str, Any]]:
    """A row of `columns` for each performance of a `VideoScore`."""
    known = {"video": score.video, "model": score.model, "sport": score.sport.name}
    shared = {**dict.fromkeys(columns(score.sport)), **known}
    return [
        {**shared, "performance": number, "warnings": _codes(score.warnings_of(one)), **_cells(one, score.sport.scores)}
        for number, one in enumerate(score.performances, start=1)
    ]


def failure_row(video: str, model: str | None, sport: Sport, error: Remark) -> dict[str, Any]:
    """The row of `columns` of a video that could not be read."""
    known = {"video": video, "status": "failed", "error": str(error), "model": model, "sport": sport.name}
    return {**dict.fromkeys(columns(sport)), **known}


def save_table(score: Any, path: AnyPath) -> None:
    """Writes the `rows` of a `VideoScore` as CSV; of names that are no UTF-8 the bytes, as on the screen."""
    with (
        replacing_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.DictWriter(file, columns(score.sport))
        writer.writeheader()
        writer.writerows(rows(score))


def _cells(performance, scores):
    """The cells of `columns` that a performance fills."""
    known = {name: getattr(performance, name) for name in ("start_s", "end_s", "status", *scores)}
    deviations = {f"{score}_std": value for score, value in performance.deviations.items()}
    ends = {
        f"{score}_{end}": value
        for score, interval in performance.intervals.items()
        for end, value in zip(("low", "high"), interval, strict=True)
    }
    grade = performance.reliability.grade if performance.reliability else None
    return {**known, **deviations, **ends, "reliability": grade, "reasons": _codes(performance.reasons)}


def _codes(remarks):
    return " ".join(remark.code for remark in remarks)


# === Pictures ===


def figure(score: Any) -> "Figure":
    """The `picture` of a `VideoScore`; InputError if it has no frames."""
    if not score.shown:
        raise InputError("no_frames", f"{score.video} was scored from features: there are no frames to draw.")
    if len(score.performances) > 1:
        form = f".{decimals(score.sport.range_of('final'))}f"
        finals = (f"{one.final:{form}}" if one.final is not None else "no score" for one in score.performances)
        scores, trust = f"{counted(len(score.performances), 'performance')}: {', '.join(finals)}", ""
    else:
        scores = _score_line(score.performances[0], score.sport)
        trust = _trust_line(score.performances[0], score.interval_level)
    notes = [*([f"{trust}."] if trust else []), *score.reasons, *score.warnings]
    return picture(score.sport, score.stages, score.shown, score.video, scores, notes)


def page(score: Any) -> str:
    """HTML for a notebook: the picture of a `VideoScore`, if there is one, above its text."""
    readable = str(score).encode("utf-8", "backslashreplace").decode("utf-8")  # a name may be no text
    below = f"<pre>{html.escape(readable)}</pre>"
    if not score.shown:
        return below
    file = io.BytesIO()
    save_png(figure(score), file)
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    return f'<img src="{source}" alt="Frames of the key stages" style="max-width: 100%">{below}'


def key_frames(
    stages: Sequence[dict[str, Any]], num_frames: int, first_frame: int = 0, columns: int = COLUMNS
) -> list[int]:
    """The frames to draw: of each stage but noise at least one, of longer ones more, at the centres of equal parts.

    Of a video without stages they are those of the whole; of one with more stages than columns, of some of them.

    Args:
        stages: runs as in `VideoScore.stages`.
        num_frames: of the video.
        first_frame: number of its first frame, from which the result counts.
        columns: how many to draw.
    """
    runs = [run for run in stages if run["name"] != NOISE]
    spans = [(run["start_frame"] - first_frame, run["end_frame"] - first_frame) for run in runs] or [(0, num_frames)]
    spans = [spans[index * len(spans) // columns] for index in range(columns)] if len(spans) > columns else spans
    total, left = sum(end - start for start, end in spans), columns - len(spans)
    counts = [1 + left * (end - start) // total for start, end in spans]
    return [
        start + int((part + 0.5) * (end - start) / count)
        for (start, end), count in zip(spans, counts, strict=True)
        for part in range(count)
    ]


def save_figure(figure: "Figure", path: AnyPath, video: str) -> None:
    """Writes a figure of a video as PNG, which appears whole or not at all, and which `is_figure_of` knows again."""
    with replacing_file(path) as temporary:
        save_png(figure, temporary, source=_mark(video))


def is_figure_of(path: AnyPath, video: str) -> bool:
    """Whether a file is what `save_figure` wrote of a video at the same place.

    Raises:
        OSError: it cannot be read.
    """
    with as_path(path).open("rb") as file:
        return _mark(video).encode() in file.read(HEADER_BYTES)


def _mark(video):
    """A hash of the path of the video: a picture that is passed on does not reveal its owner's folders."""
    return hashlib.sha256(str(as_path(video).absolute()).encode("utf-8", "surrogateescape")).hexdigest()


def picture(
    sport: Sport,
    stages: Sequence[dict[str, Any]],
    frames: Sequence[tuple[int, float, bytes]],
    name: str,
    scores: str,
    notes: Sequence[str] = (),
) -> "Figure":
    """Draws a scored video.

    Args:
        sport: of its stages.
        stages: runs as in `VideoScore.stages`.
        frames: (number, time in seconds, JPEG) of each, drawn in the colour of its stage.
        name: of the video.
        scores: on one line, which is broken if it is too long.
        notes: why there is no score, and warnings; a sentence each.
    """
    from matplotlib.figure import Figure  # scores without a picture do not wait for it

    # 1. Lay out: name, scores, frames, times, strip, notes.
    images = [decode_jpeg(jpeg) for _, _, jpeg in frames]
    lines = [line for note in notes for line in textwrap.wrap(printable(note), LETTERS)]
    of_scores = textwrap.wrap(scores, LETTERS_OF_SCORES)
    title = SCORE_LINE * len(of_scores) + GAP
    row = WIDTH / len(frames) * images[0].shape[0] / images[0].shape[1]
    below = TIMES + (STRIP + LABELS if stages else 0) + NOTE * len(lines)
    total = NAME + title + row + below
    figure = Figure(figsize=(WIDTH, total))

    # 2. Draw each part.
    top, bottom = 1 - (NAME + title) / total, below / total
    grid = figure.add_gridspec(1, len(frames), wspace=0.06, left=MARGIN, right=1 - MARGIN, bottom=bottom, top=top)
    for column, ((index, time, _), image) in enumerate(zip(frames, images, strict=True)):
        axis = figure.add_subplot(grid[0, column])
        _draw_frame(axis, image, f"{time:.2f} s", stage_color(_stage_at(sport, stages, index)))
    end = figure.bbox.width
    if stages:
        height = STRIP / total
        strip = figure.add_axes((MARGIN, (below - TIMES) / total - height, 1 - 2 * MARGIN, height))
        _draw_stages(strip, stages, sport)
        handles = stage_patches(sport.stages)
        figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(1, 1), ncols=len(handles), frameon=False)
        end = figure.legends[0].get_window_extent().x0
    _draw_name(figure, name, 1 - NAME / total / 2, end)
    middle = 1 - (NAME + title / 2) / total
    figure.text(MARGIN, middle, "\n".join(of_scores), va="center", fontsize=13, fontweight="bold")
    for number, line in enumerate(lines):
        figure.text(MARGIN, (len(lines) - number - 0.5) * NOTE / total, line, va="center", fontsize=8)
    return figure


def _draw_name(figure, name, height, end):
    """Draws the name of a video up to `end`, in pixels from the left; of one that is too long the last letters."""
    text = figure.text(MARGIN, height, "", va="center", fontsize=10)

    def fits(cut):
        text.set_text(printable(f"…{name[cut:]}" if cut else name))
        return text.get_window_extent().x1 < end - MARGIN * figure.bbox.width

    with in_any_script():
        fits(bisect.bisect_left(range(len(name)), True, key=fits))


def _draw_stages(axis, stages, sport):
    draw_strip(axis, [(sport.stage_index(stage["name"]), stage["start_s"], stage["end_s"]) for stage in stages])
    axis.set(yticks=[], xlim=(stages[0]["start_s"], stages[-1]["end_s"]), ylim=(-0.45, 0.45))
    axis.xaxis.set_major_formatter("{x:g} s")
    axis.spines[:].set_visible(False)


def _stage_at(sport, stages, index):
    """Label of the stage at a frame; noise if the model finds no stages."""
    return next((sport.stage_index(run["name"]) for run in stages if run["start_frame"] <= index < run["end_frame"]), 0)


def _draw_frame(axis, image, time, color):
    axis.imshow(image, aspect="auto")
    axis.set(xticks=[], yticks=[])
    axis.set_xlabel(time, fontsize=8, labelpad=2)
    axis.spines[:].set(color=color, linewidth=3.5)
