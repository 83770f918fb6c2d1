"""A summary for a folder with records, printed by `build` and `inspect`."""

from collections.abc import Sequence

from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.sports import NOISE, PREDICTED_SCORES, decimals, get_sport
from scoringnet_tf.support.messages import counted

UNLABELLED = "unlabelled"  # in `DatasetInfo.stage_frames`
KEPT = {  # in `DatasetInfo.videos`
    "inconsistent": "videos kept with contradicting scores",
    "lookalike": "videos kept that look like one of another split",
}
LOST_WITHOUT = {
    "difficulty": "the others cannot train the Difficulty tower, and have no D-SRC and D-MED",
    "execution": "the others cannot train the Execution tower, and have no E-SRC and E-MED",
    "final": "the others have no F-SRC and F-MED",
}
WITHOUT_STAGES = (
    "If some have one, set --fragments=predicted. If none has one, score whole videos (train --fragments=whole), or "
    "use a trained KFS (--segmenter)."
)


def summary(info: DatasetInfo) -> str:
    """`DatasetInfo` as text for a terminal."""
    lines = [f"{info.name} ({info.sport_name or 'no sport'}): {_described_steps(info)}"]
    if info.simulation or not info.features:  # features tell nothing of their pixels
        lines.append(f"The pixels are {described_pixels(info.simulation)}.")
    unit = "steps" if info.features else "frames"
    header = ["split", "videos", unit, f"hours at {info.frame_rate:g}/s", "shards"]
    lines += ["", *_table(header, [_split_row(info, name) for name in info.splits])]
    scores = [
        _score_row(info, split, score, values)
        for split, stats in info.score_statistics.items()
        for score, values in stats.items()
    ]
    if scores:
        lines += ["", *_table(["split", "score", "min", "max", "mean", "std"], scores)]
    if info.stages != [NOISE]:
        names = [*info.stages, UNLABELLED]
        stages = [[split, *(f"{found.get(name, 0):,}" for name in names)] for split, found in info.stage_frames.items()]
        lines += ["", *_table([f"{unit} of", *names], stages)]
    lines += [f"classes of {head}: {' '.join(names)}" for head, names in info.classes.items()]
    lines += ["", *_limits(info, unit), f"skipped videos: {len(info.skipped)}"]
    lines += [f"  {problem}" for video in info.skipped for problem in video["problems"]]
    for kind, title in KEPT.items():
        kept = [video[kind] for video in info.videos.values() if kind in video]
        lines += [f"{title}: {len(kept)}"] if kept else []
        lines += [f"  {problem}" for problems in kept for problem in problems]
    return "\n".join(lines)


def _described_steps(info: DatasetInfo) -> str:
    if not info.features:
        height, width = info.frame_size
        return f"frames of {height}×{width}, {info.frame_rate:g} frames/s"
    origin, stride = info.features["origin"] or {}, info.features["stride"]
    weights = origin.get("weights")
    weights = weights.get("file", weights) if isinstance(weights, dict) else weights
    made_by = " of ".join(str(value) for value in (origin.get("endpoint"), weights) if value) or "an unknown model"
    return f"features of {info.feature_size} numbers, a step every {stride} frames, made by {made_by}"


def _limits(info: DatasetInfo, unit: str) -> list[str]:
    """What can be trained; nothing if all labels are known, or if the clips are to pretrain on."""
    total = sum(sum(counts.values()) for counts in info.stage_frames.values())
    unlabelled = info.stages != [NOISE] and sum(counts.get(UNLABELLED, 0) for counts in info.stage_frames.values())
    known = {score: sum(video[score] is not None for video in info.videos.values()) for score in info.scores}
    if info.classes or (not unlabelled and set(known.values()) == {len(info.videos)}):
        return []
    lines = [f"These records can train: {_trainable(info)}."]
    if unlabelled:
        lines.append(f"{unlabelled:,} of {total:,} {unit} have no stage label and cannot train KFS. {WITHOUT_STAGES}")
    videos = counted(len(info.videos), "video")
    lines += [
        f"{score} is known for {number} of {videos}: {LOST_WITHOUT[score]}."
        for score, number in known.items()
        if number < len(info.videos)
    ]
    return [*lines, ""]


def _trainable(info: DatasetInfo) -> str:
    if "train" not in info.splits:
        return "nothing, as there is no training split"
    stages = [name for name, count in info.stage_frames.get("train", {}).items() if count and name != UNLABELLED]
    videos = [info.videos[video_id] for video_id in info.splits["train"]["ids"]]
    known = {score for score in LOST_WITHOUT if any(video[score] is not None for video in videos)}
    towers = [f"the {score.capitalize()} tower" for score in PREDICTED_SCORES if score in known]
    if len(towers) < len(PREDICTED_SCORES):
        towers = ["one tower for the final score"] if "final" in known else []
    return ", ".join([*(["KFS"] if stages else []), *towers]) or "nothing"


def _split_row(info: DatasetInfo, name: str) -> list[str]:
    split = info.splits[name]
    hours = "–" if info.has_vectors else f"{split['num_frames'] / info.frame_rate / 3600:.2f}"
    return [name, f"{split['num_videos']:,}", f"{split['num_frames']:,}", hours, str(len(split["shards"]))]


def _score_row(info: DatasetInfo, split: str, score: str, values: dict[str, float]) -> list[str]:
    form = f".{decimals(get_sport(info.sport).range_of(score))}f"
    return [split, score, *(f"{values[key]:{form}}" for key in ("min", "max", "mean", "std"))]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in [header, *rows]
    ]
