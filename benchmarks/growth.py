"""How time and memory grow along the points of a curve: exponents with intervals, and the cost of one more."""

import numpy as np
import scipy.stats

CONFIDENCE = 0.95
LEAST_MIB = 1.0  # less is not told from what happened to be free before


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
