"""The summary table of a folder of records, printed by `build` and `inspect`."""

from collections.abc import Sequence

from scoringnet_tf.data.records import DatasetInfo, described_pixels
from scoringnet_tf.sports import NOISE, PREDICTED_SCORES, decimals, get_sport
from scoringnet_tf.support.messages import counted

UNLABELLED = "unlabelled"  # in `DatasetInfo.stage_frames`
KEPT_THOUGH = {  # in `DatasetInfo.videos`
    "inconsistent": "their scores contradict each other",
    "lookalike": "another split has what looks the same",
}
LOST_WITHOUT = {
    "difficulty": "the Difficulty tower cannot be trained on the others, nor D-SRC and D-MED measured",
    "execution": "the Execution tower cannot be trained on the others, nor E-SRC and E-MED measured",
    "final": "F-SRC and F-MED cannot be measured on the others",
}


def summary(info: DatasetInfo) -> str:
    """What `DatasetInfo` says, as text for a terminal."""
    lines = [f"{info.name} ({info.sport_name or 'no sport'}): {_described_steps(info)}"]
    if info.simulation or not info.features:  # of features of anyone's nothing is known
        lines.append(f"The pixels are {described_pixels(info.simulation)}.")
    unit = _unit(info)
    lines += [
        "",
        *table(
            ["split", "videos", unit, f"hours at {info.frame_rate:g}/s", "shards"],
            [_split_row(info, name) for name in info.splits],
        ),
    ]
    scores = [
        _score_row(info, split, score, values)
        for split, stats in info.score_statistics.items()
        for score, values in stats.items()
    ]
    if scores:
        lines += ["", *table(["split", "score", "min", "max", "mean", "std"], scores)]
    names = [*info.stages, UNLABELLED]
    stages = [[split, *(f"{counts.get(name, 0):,}" for name in names)] for split, counts in info.stage_frames.items()]
    lines += ["", *table([f"{unit} of", *names], stages)] if _may_have_stages(info) else []
    for head, names in info.classes.items():
        lines.append(f"classes of {head}: {' '.join(names)}")
    lines += ["", *_limits(info), f"skipped videos: {len(info.skipped)}"]
    lines += [f"  {problem}" for video in info.skipped for problem in video["problems"]]
    for kind, though in KEPT_THOUGH.items():
        kept = [video[kind] for video in info.videos.values() if kind in video]
        lines += [f"videos kept though {though}: {len(kept)}"] if kept else []
        lines += [f"  {problem}" for problems in kept for problem in problems]
    return "\n".join(lines)


def _may_have_stages(info):
    return info.stages != [NOISE]


def _unit(info):
    return "steps" if info.features else "frames"


def _described_steps(info):
    """What a video of the records is made of, in words."""
    if not info.features:
        height, width = info.frame_size
        return f"frames of {height}×{width}, {info.frame_rate:g} frames/s"
    origin, stride = info.features["origin"] or {}, info.features["stride"]
    weights = origin.get("weights")
    made = [str(value) for value in (origin.get("endpoint"), weights and f"of {_file_of(weights)}") if value]
    return (
        f"features of {counted(info.feature_size, 'number')}, one step every {counted(stride, 'frame')}, "
        f"{info.frame_rate:g} steps/s, made by {' '.join(made) or 'what is not known'}"
    )


def _file_of(weights):
    """What `features.json` calls the file of its weights, whoever wrote it."""
    return weights["file"] if isinstance(weights, dict) and "file" in weights else weights


def _limits(info):
    """What can be trained on these records and what cannot; nothing where all is known, or clips are to pretrain on."""
    total = sum(sum(counts.values()) for counts in info.stage_frames.values())
    unlabelled = _may_have_stages(info) and sum(counts.get(UNLABELLED, 0) for counts in info.stage_frames.values())
    known = {score: sum(video[score] is not None for video in info.videos.values()) for score in info.scores}
    if info.classes or (not unlabelled and set(known.values()) == {len(info.videos)}):
        return []
    lines = [f"Can be trained on these records: {_trainable(info)}."]
    if unlabelled:
        lines.append(
            f"{unlabelled:,} of {total:,} {_unit(info)} have no stage label: KFS cannot be trained on those. Where "
            "there is none at all, score whole videos (train --fragments=whole), or use a trained KFS (--segmenter); "
            "where some have one, --fragments=predicted."
        )
    for score, number in known.items():
        if number < len(info.videos):
            of = counted(len(info.videos), "video")
            lines.append(f"{score} is known for {number} of {of}: {LOST_WITHOUT[score]}.")
    return [*lines, ""]


def _trainable(info):
    """What the labels of the training split suffice for: those of other splits teach nothing."""
    if "train" not in info.splits:
        return "nothing, for there is no training split"
    stages = [name for name, count in info.stage_frames.get("train", {}).items() if count and name != UNLABELLED]
    videos = [info.videos[video_id] for video_id in info.splits["train"]["ids"]]
    known = {score for score in LOST_WITHOUT if any(video[score] is not None for video in videos)}
    towers = [f"the {score.capitalize()} tower" for score in PREDICTED_SCORES if score in known]
    if len(towers) < len(PREDICTED_SCORES):
        towers = ["one tower for the final score"] if "final" in known else []
    return ", ".join([*(["KFS"] if stages else []), *towers]) or "nothing"


def _split_row(info, name):
    split = info.splits[name]
    hours = "–" if info.has_vectors else f"{split['num_frames'] / info.frame_rate / 3600:.2f}"
    return [name, f"{split['num_videos']:,}", f"{split['num_frames']:,}", hours, str(len(split["shards"]))]


def _score_row(info, split, score, values):
    form = f".{decimals(get_sport(info.sport).range_of(score))}f"
    return [split, score, *(f"{values[key]:{form}}" for key in ("min", "max", "mean", "std"))]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; the first is left-aligned, the others right-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, *rows]
    ]
