"""Fig. 6: what the difficulty tower's first convolution gives for one frame, in models trained in three ways."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.sports import decimals, get_sport
from scoringnet_tf.support.drawing import save_png
from scoringnet_tf.support.files import write_text
from scoringnet_tf.support.messages import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scoringnet_tf.models.scoring_net import ScoringNet

SCORE, SHOWN_SCORE = "difficulty", 3.7  # §4.6: a test video of that true difficulty
CHANNELS, FEW = (8, 44), 8  # §4.6, counted from 1; of a narrower layer the first few


def write_feature_maps(folder: Path, experiment: Experiment, surroundings: Surroundings, _: int) -> str | None:
    """Writes fig6.png and table.md for the trained models of the first seed; returns the text, or None without any."""
    from scoringnet_tf.models.presets import load_scoring_net

    runs = {row.name: Training(row.flags, 0) for row in experiment.rows}
    folders = {name: run.folder(surroundings) for name, run in runs.items() if run.is_trained(surroundings)}
    models = {name: load_scoring_net(str(path)) for name, path in folders.items()}
    models = {name: model for name, model in models.items() if SCORE in model.scores}
    if not models:
        return None
    info, sport = surroundings.records, get_sport(surroundings.records.sport)
    name, places = chosen_video(info), decimals(sport.range_of(SCORE))
    frames, stages = read_video(info, name, next(iter(models.values())).image_size)
    frame, maps = chosen_frame(stages, sport.stage_indices(sport.fragment(SCORE))), {}
    heads = f"test video {name}, true {SCORE} {info.videos[name][SCORE]:g}", "predicted", f"frame nearest to {frame}"
    lines = [f"**{experiment.title}.** {experiment.question}", "", "![](fig6.png)", "", f"| {' | '.join(heads)} |"]
    lines.append("|---|---|---|")
    for row, model in models.items():
        predicted, numbers, clip_maps = feature_maps(model, frames)
        place = int(np.abs(numbers - frame).argmin())
        maps[row] = clip_maps[place]
        lines.append(f"| {row} | {predicted:.{places}f} | {numbers[place]} |")
    text = "\n".join([*lines, ""])
    save_png(draw(frames[frame], maps), folder / "fig6.png")
    write_text(folder / "table.md", text)
    return text


def chosen_video(info: DatasetInfo) -> str:
    """The test video whose true difficulty is nearest to the paper's; in vault, which lacks that, to the median."""
    values = {video_id: info.videos[video_id][SCORE] for video_id in sorted(info.split("test")["ids"])}
    known = {video_id: value for video_id, value in values.items() if value is not None}
    if not known:
        raise InputError("no_scores", f"{info.records_dir}: no test video has a known {SCORE}.")
    wanted = SHOWN_SCORE if get_sport(info.sport).name == "diving" else float(np.median(list(known.values())))
    return min(known, key=lambda video_id: abs(known[video_id] - wanted))


def chosen_frame(stages: np.ndarray, fragment: Sequence[int]) -> int:
    """The middle frame of the stages `fragment`, or of all frames if none is in these."""
    frames = np.flatnonzero(np.isin(stages, fragment))
    return int(frames[len(frames) // 2]) if len(frames) else len(stages) // 2


def read_video(info: DatasetInfo, video_id: str, image_size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """A test video as models take it: frames uint8 (L, H, W, 3), cropped to `image_size`; true stages int (L,)."""
    from scoringnet_tf.data import input_pipeline

    ((inputs, targets),) = input_pipeline.videos(
        info.records_dir, "test", image_size=image_size, batch_size=1, ids=[video_id], pad_to_multiple=1
    )
    return inputs["frames"][0].numpy(), targets["stages"][0].numpy()


def feature_maps(model: "ScoringNet", frames: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """A model's score for frames (L, H, W, 3), and the maps of the clip that its tower sees.

    Returns:
        (points; frame numbers (T,) of the clip; its maps (T, H, W, C) after the first convolution).
    """
    mask = np.ones((1, len(frames)), bool)
    outputs = model({"frames": frames[None], "mask": mask}, training=False)
    numbers = np.arange(len(frames), dtype=np.int32)[None, :, None, None, None]
    clips, _ = model.select_fragments(numbers, outputs.get("labels"), mask)
    clip = np.asarray(clips[f"{SCORE}_clip"])[0, :, 0, 0, 0]
    c3d = model.score_predictor.towers[SCORE].get_layer("c3d")
    maps = c3d.endpoint("conv1a")(frames[clip][None], training=False)
    return float(outputs[SCORE][0]), clip, np.asarray(maps)[0].astype(np.float32)


def channels(number: int) -> list[int]:
    """The shown ones of so many channels, counted from 0: the paper's, or the first few of a narrow layer."""
    return [channel - 1 for channel in CHANNELS] if number >= max(CHANNELS) else list(range(min(number, FEW)))


def draw(frame: np.ndarray, maps: Mapping[str, np.ndarray]) -> "Figure":
    """The frame, and beside it each model's maps (H, W, C): the lighter, the larger (as in the paper)."""
    from matplotlib.figure import Figure  # a wrong path does not wait for it

    shown = channels(next(iter(maps.values())).shape[-1])
    figure = Figure(figsize=(1.6 * (len(shown) + 1), 1.8 * len(maps)), layout="constrained")
    grid = figure.subplots(len(maps), len(shown) + 1, squeeze=False)
    for row, (axes, (name, found)) in enumerate(zip(grid, maps.items(), strict=True)):
        axes[0].imshow(frame)
        axes[0].set_ylabel(name, fontsize="small")
        for axis, channel in zip(axes[1:], shown, strict=True):
            axis.imshow(found[:, :, channel], cmap="gray")
            axis.set_title("" if row else f"channel {channel + 1}", fontsize="small")
    for axis in grid.ravel():
        axis.set(xticks=[], yticks=[])
    return figure
