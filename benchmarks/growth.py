"""How time and memory grow along the points of a curve: exponents with intervals, and the cost of one more."""

import numpy as np
import scipy.stats
from matplotlib.figure import Figure

CONFIDENCE = 0.95
LEAST_MIB = 1.0  # less is not told from what happened to be free before
TIME, MEMORY = "#1f6fb4", "#c8500a"  # colours


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
        panel.plot(x, [np.mean(point["seconds"]) for point in points], "o-", color=TIME)
        memory.plot(x, [max(point["mib"], LEAST_MIB) for point in points], "s--", color=MEMORY)
        for axis, label, color in ((panel, "processor seconds", TIME), (memory, "MiB", MEMORY)):
            axis.set_yscale("log")
            axis.set_ylabel(label, color=color)
            axis.tick_params(axis="y", which="both", colors=color)
        panel.set_xscale("log")
        panel.set_xticks(x, [f"{value:,}" for value in x])
        panel.set_xticks([], minor=True)
        panel.set_title(titles[name], fontsize="medium")
        panel.grid(alpha=0.25)
    for panel in panels[len(curves) :]:
        panel.remove()
    return figure
