"""How time and memory grow along the points of a curve: exponents with intervals, and the cost of one more."""

import numpy as np
import scipy.stats
from matplotlib.figure import Figure

CONFIDENCE = 0.95
LEAST_MIB = 1.0  # less is not told from what happened to be free before
TIME, MEMORY = "#1f6fb4", "#c8500a"  # colours
ROOM = 1.6  # above and below a curve


def slope(x, y):
    """(b, low, high) of y = a·x^b by least squares of the logarithms, with the 95 % interval of Student's t.

    `x` and `y` are positive, (N,); the interval is infinite with N = 2.
    """
    return per_unit(np.log(x), np.log(y))


def per_unit(x, y):
    """(b, low, high) of y = a + b·x, the same way."""
    found, freedom = scipy.stats.linregress(np.asarray(x, float), y), len(x) - 2
    half = found.stderr * scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom) if freedom else np.inf
    return float(found.slope), float(found.slope - half), float(found.slope + half)


def table(curves, titles):
    """The curves, {name: [{"x", "seconds": [of every run], "mib"}]}, in Markdown: exponents, and what one more costs.

    `titles` is {name: what x is}.
    """
    lines = ["| x | from, to | time ~ x^b | one more, ms | memory ~ x^b | one more, MiB |", "|---|---|---|---|---|---|"]
    for name, points in curves.items():
        x, seconds = np.array([(point["x"], seconds) for point in points for seconds in point["seconds"]], float).T
        grown = [(point["x"], point["mib"]) for point in points if point["mib"] >= LEAST_MIB]
        sizes, mib = np.array(grown, float).reshape(-1, 2).T
        fits = [slope(x, seconds), per_unit(x, 1000 * seconds)]
        fits += [fit(sizes, mib) if len(grown) > 2 else None for fit in (slope, per_unit)]
        cells = ["–" if fit is None else "{:.3g} [{:.3g}, {:.3g}]".format(*fit) for fit in fits]
        span = f"{points[0]['x']:,}, {points[-1]['x']:,}"
        lines.append(f"| {' | '.join((titles[name], span, *cells))} |")
    return "\n".join(lines)


def picture(curves, titles):
    """A panel for each curve, as of `table`: seconds on the left and MiB on the right, both axes logarithmic."""
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, points) in zip(panels, curves.items(), strict=False):
        x, memory = [point["x"] for point in points], panel.twinx()
        seconds = [float(np.mean(point["seconds"])) for point in points]
        mib = [max(point["mib"], LEAST_MIB) for point in points]
        _draw(panel, x, seconds, "o-", "processor seconds", TIME)
        _draw(memory, x, mib, "s--", "MiB", MEMORY)
        panel.set_xscale("log")
        panel.set_xticks(x, [f"{value:,}" for value in x], fontsize="small")
        panel.set_xticks([], minor=True)
        panel.set_title(titles[name], fontsize="medium")
        panel.grid(alpha=0.25)
    for panel in panels[len(curves) :]:
        panel.remove()
    return figure


def _draw(axis, x, y, line, label, color):
    """A curve whose axis names its least and its greatest value."""
    least, greatest = min(y), max(y)
    axis.plot(x, y, line, color=color)
    axis.set_yscale("log")
    axis.set_ylim(least / ROOM, greatest * ROOM)
    ticks = [least, greatest] if greatest > ROOM * least else [greatest]
    axis.set_yticks(ticks, [f"{value:.2g}" if value < 10 else f"{value:,.0f}" for value in ticks], color=color)
    axis.set_yticks([], minor=True)
    axis.set_ylabel(label, color=color)
