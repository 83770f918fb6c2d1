"""What `benchmarks.scaling` simulates of a cluster: figures, a picture, tables. Needs SimPy, of the extra bench."""

import dataclasses
import math

import numpy as np

from benchmarks.queues import Stage, best_stretch, expected_seconds, simulate

BUFFER = 2  # videos that wait for each server of a stage, at most
PATIENCE = 5  # times the mean after which a slow attempt is given up
HOPELESS = 3.0  # failures during a piece of work from which on hardly an attempt succeeds
SELDOM = "hardly an attempt succeeds"
MOST = 8  # times as many workers as there are cores, to see what more would do
PER_WORKER = 40  # videos for each worker at least, so that most of the time the line is full
MACHINES = (1, 16, 256)  # that train together
HOURS = (1, 10)  # between two failures of a worker, beside what is assumed: one that may be taken away


def simulated(costs, supply, risks):
    """All figures of the picture and the tables, as JSON has them."""
    gpus = sorted({1, max(1, supply.gpus // 4), max(1, supply.gpus)})
    supplies = [dataclasses.replace(supply, gpus=number) for number in gpus]
    sweep = [2**power for power in range(round(math.log2(MOST * supply.cores)) + 1)]
    return {
        "throughput": [[throughput(costs, each, risks, workers) for workers in sweep] for each in supplies],
        "pieces": [pieces(costs, risks, hours * 3600) for hours in (*HOURS, risks.mtbf / 3600)],
        "straggling": straggling(costs, risks, supply.cores),
        "checkpointing": [checkpointing(risks, machines) for machines in MACHINES],
    }


def scoring_stages(costs, supply, risks, workers):
    """Storage, so many workers that decode, the GPUs with the model, and results."""
    failures = {"failures": 1 / risks.mtbf, "repair": risks.repair}
    slow = {"stragglers": risks.stragglers, "straggle": risks.straggle}
    model = costs.model / supply.gpu_factor
    return [
        Stage("storage", 1, costs.video_bytes / supply.network),
        Stage("decoding", workers, costs.read, costs.spread, BUFFER * workers, **failures, **slow),
        Stage("model", supply.gpus, model, costs.spread, BUFFER * supply.gpus, **failures),
        Stage("results", 1, costs.result_bytes / supply.network, buffer=BUFFER),
    ]


def throughput(costs, supply, risks, workers):
    """Videos a second that a line of scoring finishes while it is full, its bound, and what its servers do."""
    stages = scoring_stages(costs, supply, risks, workers)
    outcome = simulate(stages, np.zeros(max(risks.jobs, PER_WORKER * workers)), risks.seed)
    first, last = np.quantile(outcome.finished, [0.2, 0.8])
    bounds = {stage.name: stage.servers / stage.mean for stage in stages if stage.mean}
    shares = {
        stage.name: {
            name: getattr(usage, name) / outcome.finished[-1] / stage.servers for name in ("useful", "blocked")
        }
        for stage, usage in zip(stages, outcome.usage, strict=True)
    }
    return {
        "gpus": supply.gpus,
        "workers": workers,
        "videos_per_second": float(0.6 * len(outcome.finished) / (last - first)),
        "bound": min(bounds.values()),
        "limit": min(bounds, key=bounds.get),
        "shares": shares,
    }


def losses(useful, beside, failures, risks):
    """How many times its useful seconds a piece of work takes, by the formula and simulated.

    Args:
        useful: {x: seconds of a piece}; those that hardly ever succeed are left out.
        beside: seconds with which every piece begins or ends.
        failures: for every second, each of which loses the piece.
        risks: `Risks`.
    """
    points = []
    for x, seconds in useful.items():
        work = seconds + beside
        if work * failures < HOPELESS:
            stage = Stage("piece", 1, work, failures=failures, repair=risks.repair)
            took = simulate([stage], np.zeros(risks.jobs), risks.seed).seconds / risks.jobs
            expected = expected_seconds(work, failures, risks.repair)
            points.append({"x": x, "expected": expected / seconds, "simulated": took / seconds})
    return points


def pieces(costs, risks, between):
    """Scoring on cores in pieces of several videos, each by a process of its own that fails every `between` seconds."""
    numbers = np.unique(np.geomspace(1, 1e6, 25).round()).tolist()
    useful = {number: number * (costs.read + costs.model) for number in numbers}
    return {"hours": between / 3600, "points": losses(useful, costs.start, 1 / between, risks)}


def checkpointing(risks, machines):
    """Training on so many machines that wait for each other: any failure loses what came after the last checkpoint."""
    failures = machines / risks.mtbf
    best = best_stretch(risks.checkpoint, failures)
    at_best = [point["expected"] for point in losses({best: best}, risks.checkpoint, failures, risks)]
    stretches = np.geomspace(30, 3e5, 25).tolist()
    points = losses(dict(zip(stretches, stretches, strict=True)), risks.checkpoint, failures, risks)
    return {"machines": machines, "best": best, "at_best": at_best[0] if at_best else None, "points": points}


def straggling(costs, risks, workers):
    """When each video of a job is decoded, as shares of the time at best: none slow, waited for, tried again."""
    slow = {"stragglers": risks.stragglers, "straggle": risks.straggle}
    ways = {
        "none slow": {},
        "slow ones waited for": slow,
        f"tried again after {PATIENCE} times the mean": slow | {"patience": PATIENCE * costs.read},
    }
    best = risks.jobs * costs.read / workers
    found = {}
    for name, options in ways.items():
        stage = Stage("decoding", workers, costs.read, costs.spread, **options)
        found[name] = (simulate([stage], np.zeros(risks.jobs), risks.seed).finished / best).tolist()
    return found


def draw(found, path):
    """The four panels of what was simulated, as PNG."""
    from matplotlib.figure import Figure

    from scoringnet_tf.support.drawing import STAGE_COLORS, save_png

    colors = STAGE_COLORS[1:]
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    (line, parts), (slow, training) = figure.subplots(2, 2)
    for color, marker, points in zip(colors, "osD", found["throughput"], strict=False):
        workers = [point["workers"] for point in points]
        rates, bounds = ([point[name] for point in points] for name in ("videos_per_second", "bound"))
        line.loglog(workers, rates, marker, color=color, label=f"{points[0]['gpus']} GPUs (assumed)", fillstyle="none")
        line.loglog(workers, bounds, color=color, linewidth=1)
    line.set(title="Scoring: the slowest stage is the line", xlabel="workers that decode", ylabel="videos/s")
    for color, each in zip(colors, found["pieces"], strict=False):
        _dots_on_line(parts, each["points"], color, f"a failure every {each['hours']:g} h")
    parts.set(title="Pieces of work: start against loss", xlabel="videos in a piece", ylabel="time / useful time")
    for color, (name, times) in zip(colors, found["straggling"].items(), strict=False):
        slow.semilogy(times, 1 - np.arange(len(times)) / len(times), color=color, label=name)
    slow.set(title="The last videos of a job", xlabel="time / time at best", ylabel="share still to come")
    for color, each in zip(colors, found["checkpointing"], strict=False):
        _dots_on_line(training, each["points"], color, f"{each['machines']} machine{'s' * (each['machines'] > 1)}")
        training.axvline(each["best"], color=color, linestyle=":", linewidth=1)
    training.set(title="Training: checkpoints against lost steps", xlabel="seconds between checkpoints")
    training.set(ylabel="time / time of the steps")
    for axes in (parts, training):
        axes.set_ylim(0.97, 2.5)
    for axes in figure.axes:
        axes.legend(frameon=False, fontsize="small")
    save_png(figure, path, dpi=90)


def _dots_on_line(axes, points, color, label):
    """What was simulated on the line of the formula."""
    x, expected, found = ([point[name] for point in points] for name in ("x", "expected", "simulated"))
    axes.semilogx(x, expected, color=color, linewidth=1)
    axes.semilogx(x, found, "o", color=color, markersize=4, label=label)


def summary(found):
    """The same in Markdown."""
    lines = [
        "| GPUs (assumed) | workers | videos/s | at most | by | decoding: at work | held up | model: at work |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for point in (point for points in found["throughput"] for point in points):
        decoding, model = point["shares"]["decoding"], point["shares"]["model"]
        shares = f"{decoding['useful']:.0%} | {decoding['blocked']:.0%} | {model['useful']:.0%}"
        rate = f"{point['videos_per_second']:,.0f} | {point['bound']:,.0f} | {point['limit']}"
        lines.append(f"| {point['gpus']} | {point['workers']} | {rate} | {shares} |")
    lines += ["", "| a failure every | best piece, videos | time / useful time |", "|---|---|---|"]
    for each in found["pieces"]:
        best = min(each["points"], key=lambda point: point["expected"], default=None)
        cells = f"{best['x']:,.0f} | {best['expected']:.3f}" if best else f"– | {SELDOM}"
        lines.append(f"| {each['hours']:g} h | {cells} |")
    lines += ["", "| slow attempts | half are done | all are done |", "|---|---|---|"]
    for name, times in found["straggling"].items():
        lines.append(f"| {name} | {times[len(times) // 2]:.2f} | {times[-1]:.2f} |")
    lines += ["", "| machines | best stretch between checkpoints, s | time / time of the steps |", "|---|---|---|"]
    for each in found["checkpointing"]:
        took = SELDOM if each["at_best"] is None else f"{each['at_best']:.3f}"
        lines.append(f"| {each['machines']} | {each['best']:,.0f} | {took} |")
    return "\n".join(lines)
