"""What points of a curve say of how time and memory grow: exponents with intervals, the cost of one more, a picture.

A curve is a list of points {"x": …, "seconds": [of every run], "mib": …}.
"""

import itertools

import numpy as np
import scipy.stats

CONFIDENCE = 0.95
LEAST_MIB = 1.0  # less is not told from what happened to be free before


def slope(x, y):
    """(b, low, high) of y = a·x^b by least squares of the logarithms, with the 95 % interval of Student's t.

    Args:
        x, y: positive, (N,), two of x at least; the interval is infinite with N = 2.
    """
    return _fitted(np.log(x), np.log(y))


def per_unit(x, y):
    """(b, low, high) of y = a + b·x, the same way."""
    return _fitted(np.asarray(x, float), np.asarray(y, float))


def _fitted(x, y):
    found, freedom = scipy.stats.linregress(x, y), len(x) - 2
    half = found.stderr * scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom) if freedom else np.inf
    return float(found.slope), float(found.slope - half), float(found.slope + half)


def timed(points):
    """X and seconds of every run of a curve."""
    return tuple(np.array([(point["x"], seconds) for point in points for seconds in point["seconds"]], float).T)


def sized(points):
    """X and MiB of the points of a curve where memory grew."""
    pairs = [(point["x"], point["mib"]) for point in points if point["mib"] >= LEAST_MIB]
    return tuple(np.array(pairs, float).reshape(-1, 2).T)


def table(curves, titles):
    """The curves in Markdown: exponents of time and memory, and what one more costs.

    Args:
        curves: {name: points}.
        titles: {name: what x is}.
    """
    lines = ["| x | from, to | time ~ x^b | one more, ms | memory ~ x^b | one more, MiB |", "|---|---|---|---|---|---|"]
    for name, points in curves.items():
        (x, seconds), (sizes, mib) = timed(points), sized(points)
        time = _interval(*slope(x, seconds)), _interval(*per_unit(x, 1000 * seconds))
        memory = [_interval(*fit(sizes, mib)) if len(sizes) > 2 else "–" for fit in (slope, per_unit)]
        span = f"{points[0]['x']:,}, {points[-1]['x']:,}"
        lines.append(f"| {' | '.join((titles[name], span, *time, *memory))} |")
    return "\n".join(lines)


def _interval(value, low, high):
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def draw(curves, titles, path):
    """A panel of time and memory for each curve, with the fitted lines, as PNG."""
    from matplotlib.figure import Figure

    from scoringnet_tf.support.drawing import STAGE_COLORS, save_png

    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(4 * columns, 3.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in itertools.zip_longest(panels, curves):
        if name is None:
            axes.set_axis_off()
            continue
        _line(axes, *timed(curves[name]), STAGE_COLORS[2], "o", "time, s of processor")
        if len(sized(curves[name])[0]) > 2:
            _line(axes, *sized(curves[name]), STAGE_COLORS[5], "s", "memory, MiB")
        axes.set(xlabel=titles[name], xscale="log", yscale="log")
        measured = [point["x"] for point in curves[name]]
        axes.set_xticks(measured, [f"{x:,}" for x in measured])
        axes.minorticks_off()
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.4)  # room for the legend
        axes.legend(frameon=False, fontsize="small", loc="upper left")
    save_png(figure, path, dpi=90)


def _line(axes, x, y, color, marker, label):
    exponent, low, high = slope(x, y)
    axes.plot(x, y, marker, color=color, fillstyle="none", label=f"{label}: x^{exponent:.2f} [{low:.2f}, {high:.2f}]")
    ends = np.array([x.min(), x.max()])
    middle = np.exp(np.log(x).mean()), np.exp(np.log(y).mean())
    axes.plot(ends, middle[1] * (ends / middle[0]) ** exponent, color=color, linewidth=1)
