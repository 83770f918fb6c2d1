"""The summary table of a folder of records, printed by `build` and `inspect`."""


def summary(info):
    """What `DatasetInfo` says, as text for a terminal."""
    height, width = info.frame_size
    lines = [f"{info.name} ({info.sport}): frames of {height}×{width}, {info.frame_rate:g} frames/s"]
    if info.simulation is not None:
        easy = info.simulation.get("settings", {}).get("easy")
        lines.append("The pixels are SIMULATED" + (", with the --easy preset." if easy else "."))
    lines += [
        "",
        *_table(["split", "videos", "frames", "hours", "shards"], [_split_row(info, name) for name in info.splits]),
    ]
    scores = [
        _score_row(split, score, values)
        for split, stats in info.score_statistics.items()
        for score, values in stats.items()
    ]
    if scores:
        lines += ["", *_table(["split", "score", "min", "max", "mean", "std"], scores)]
    names = [*info.stages, "unlabelled"]
    stages = [[split, *(f"{counts.get(name, 0):,}" for name in names)] for split, counts in info.stage_frames.items()]
    lines += ["", *_table(["frames of", *names], stages)]
    for head, names in info.classes.items():
        lines.append(f"classes of {head}: {' '.join(names)}")
    lines += ["", f"skipped videos: {len(info.skipped)}"]
    lines += [f"  {problem}" for video in info.skipped for problem in video["problems"]]
    return "\n".join(lines)


def _split_row(info, name):
    split = info.splits[name]
    hours = split["num_frames"] / info.frame_rate / 3600
    return [name, f"{split['num_videos']:,}", f"{split['num_frames']:,}", f"{hours:.2f}", str(len(split["shards"]))]


def _score_row(split, score, values):
    return [split, score, *(f"{values[key]:.2f}" for key in ("min", "max", "mean", "std"))]


def _table(header, rows):
    """Columns as wide as their widest cell; the first is left-aligned, the others right-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, *rows]
    ]
