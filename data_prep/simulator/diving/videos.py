"""The diving simulator: films planned dives, and writes the labels that belong to them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_prep.simulator import clips, files
from data_prep.simulator.diving import filming as dive_filming
from data_prep.simulator.diving import labels
from data_prep.simulator.diving.labels import label_files
from data_prep.simulator.diving.motion import FAULTS, random_trait
from data_prep.simulator.diving.plan import FILM, DivePlan, plan, unusable_rows
from data_prep.simulator.diving.rules import competition_dives
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.effects import Broadcast, random_style
from data_prep.simulator.scoring.faults import share_deduction
from data_prep.simulator.settings import Settings
from scoringnet_tf.sports import get_sport

EASY = (
    "**easy**: one dive for each degree of difficulty, one venue filmed from one side, "
    "no replay, water or close-up among the noise"
)

__all__ = ["film", "label_files", "plan", "write_labels"]


def film(plan: DivePlan, settings: Settings) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a planned video."""
    rng = settings.random(plan.video_id, FILM)
    scene = dive_filming.random_scene(settings.width, settings.height, settings.easy, rng)
    broadcast = Broadcast(random_style(rng), settings.width, settings.height, rng)
    first, last = (plan.lead, plan.boundaries[3] + plan.linger) if settings.task == "scoring" else (0, plan.num_frames)
    dive = dive_filming.dive_shot(scene, plan.dive, plan.trait, plan.boundaries, np.arange(first, last), rng)
    before = _noise(plan.lead, plan, scene, settings.easy, rng)
    after = _noise(plan.num_frames - last, plan, scene, settings.easy, rng, after_dive=True)
    for index, frame in enumerate(itertools.chain(before, dive, after)):
        yield broadcast(frame, index)


def _noise(num_frames, plan, scene, easy, rng, after_dive=False):
    """Shots of no stage, one after the other; never water first after a dive, which would hide where it ends."""
    width, height = scene.view.width, scene.view.height
    kinds = ["crowd", "scoreboard"] if easy else ["crowd", "scoreboard", "replay", "water", "close_up"]
    while num_frames > 0:
        length = num_frames if num_frames < 16 else int(rng.integers(8, min(36, num_frames) + 1))
        kind = rng.choice([kind for kind in kinds if not (after_dive and kind == "water")])
        if kind == "crowd":
            yield from noise.crowd_shot(length, width, height, rng)
        elif kind == "scoreboard":
            yield from noise.scoreboard_shot(length, width, height, rng)
        elif kind == "close_up":
            yield from noise.close_up_shot(length, scene.world, scene.appearance, width, height, scene.mirrored, rng)
        elif kind == "water":
            yield from dive_filming.water_shot(scene, length, rng)
        else:
            yield from _replay(length, plan, scene, rng)
        num_frames, after_dive = num_frames - length, False


def _replay(num_frames, plan, scene, rng):
    """Another dive than that of the plan, and another's faults."""
    dives = [dive for dive in competition_dives() if dive != plan.dive]
    severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
    dive = dives[rng.integers(len(dives))]
    return dive_filming.replay_shot(scene, dive, random_trait(severities, rng), num_frames, rng)


def stage_segments(plan: DivePlan) -> list[tuple[str, int, int]]:
    """(stage, first frame, end frame) that cover a video, in order."""
    t0, _, t2, t3 = plan.boundaries
    noise_stage, *dive_stages = get_sport("diving").stages
    edges = (0, plan.lead, t0, t2, t3, plan.num_frames)
    segments = zip((noise_stage, *dive_stages, noise_stage), edges[:-1], edges[1:], strict=True)
    return [segment for segment in segments if segment[2] > segment[1]]


def write_labels(plans: list[DivePlan], settings: Settings, folder: Path) -> None:
    """Writes the label files of the official layout (clips: `motion_classes.csv`), the true factors, and the card."""
    _write_factors(plans, folder)
    if settings.task == "scoring":
        _write_official_labels(plans, settings, folder)
    else:
        clips.write_classes(plans, settings, _motion_classes, folder)
    _write_card(plans, settings, folder)


def _motion_classes(plan):
    dive = plan.dive
    return {
        "group": dive.group,
        "half_somersaults": dive.half_somersaults,
        "position": dive.position,
        "half_twists": dive.half_twists,
    }


def _write_card(plans, settings, folder):
    from data_prep.simulator.card import write_card  # SciPy's statistics take a second that no worker should wait

    notes = [f"Preset: {EASY if settings.easy else 'standard (not easy)'}."]
    if settings.labels_dir and (real := labels.read_labels(settings.labels_dir)).unusable:
        notes.append(f"{unusable_rows(real, settings.labels_dir)}.")
    t0, t1, t2, t3 = np.array([p.boundaries for p in plans]).T
    lead, total = np.array([(p.lead, p.num_frames) for p in plans]).T
    spans = {"take-off": t1 - t0, "flight": t2 - t1}
    if settings.task == "scoring":
        spans = {"noise before": lead, "pre-starting": t0 - lead, **spans, "entry": t3 - t2, "noise after": total - t3}
    write_card(
        folder, settings, plans, elements=[p.dive.number for p in plans], faults=FAULTS, spans=spans, notes=notes
    )


def _write_official_labels(plans, settings, folder):
    if settings.labels_dir:
        real = labels.read_labels(settings.labels_dir)
        overall, difficulty, boundaries, name = real.overall, real.difficulty, real.boundaries, real.split_name
    else:
        difficulty = np.array([p.difficulty for p in plans])
        overall = difficulty * np.array([p.execution for p in plans])
        boundaries = np.array([p.boundaries for p in plans])
        name = f"split_{sum(p.split == 'train' for p in plans)}_{sum(p.split == 'test' for p in plans)}"
    files.write_vector(folder / labels.SCORES[0], labels.SCORES[1], overall)
    files.write_vector(folder / labels.DIFFICULTIES[0], labels.DIFFICULTIES[1], difficulty)
    (folder / name).mkdir(exist_ok=True)
    for part, split in (("training", "train"), ("testing", "test")):
        files.write_ids(folder / name, f"{part}_idx", [p.video_id for p in plans if p.split == split])
    rows = [(p.path.stem, *segment) for p in plans for segment in stage_segments(p)]
    files.write_csv(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)
    text = "".join(",".join(map(str, row)) + "\n" for row in boundaries.tolist())
    files.replace_bytes(folder / labels.STAGES, text.encode())


def _write_factors(plans, folder):
    header = ("video_id", "dive", "difficulty", "execution", *(fault.name for fault in FAULTS))
    header += ("entry_angle_deg", "distance_m", "leg_separation_deg", "arms_up", "marks")
    rows = [
        (
            *(p.video_id, p.dive.number, p.difficulty, round(p.execution, 4)),
            *(round(p.trait.severities[fault.name], 4) for fault in FAULTS),
            *(round(p.trait.entry_angle, 1), round(p.trait.distance, 2), round(p.trait.leg_separation, 1)),
            *(int(p.trait.arms_up), " ".join(map(str, p.marks))),
        )
        for p in plans
    ]
    files.write_csv(folder / "factors.csv", header, rows)
