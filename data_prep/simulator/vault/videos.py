"""The vault simulator: films planned vaults, and writes the labels that belong to them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_prep.simulator import clips, files
from data_prep.simulator.scene import noise
from data_prep.simulator.scene.effects import Broadcast, random_style
from data_prep.simulator.scoring.faults import share_deduction
from data_prep.simulator.settings import Settings
from data_prep.simulator.vault import filming as vault_filming
from data_prep.simulator.vault import labels
from data_prep.simulator.vault.faults import FAULTS, random_trait
from data_prep.simulator.vault.labels import label_files
from data_prep.simulator.vault.plan import FILM, VaultPlan, plan
from data_prep.simulator.vault.rules import DIFFICULTIES
from scoringnet_tf.sports import get_sport

__all__ = ["film", "label_files", "plan", "write_labels"]

EASY = "**easy**: one vault for each difficulty, one hall filmed from one side, crowd and scoreboard as the only noise"
TIMING = (
    "Clips are about as short as those of UNLV-Vault: of the pre-flight (run-up and springboard) they show the last "
    f"{labels.PRE_FLIGHT_KEPT:.0%} of its seconds, of the landing the first {labels.LANDING_KEPT:.0%}, and the whole "
    "posting-flight, from the springboard to the mat."
)


def film(plan: VaultPlan, settings: Settings) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a planned video."""
    rng = settings.random(plan.video_id, FILM)
    scene = vault_filming.random_scene(settings.width, settings.height, settings.easy, rng)
    broadcast = Broadcast(random_style(rng), settings.width, settings.height, rng)
    first, take_off, touch_down, end = plan.boundaries
    frames = np.arange(first, end).astype(float)
    vault = vault_filming.vault_shot(scene, plan.vault, plan.trait, (take_off, touch_down), frames, rng)
    before = _noise(first, plan, scene, settings.easy, rng)
    after = _noise(plan.num_frames - end, plan, scene, settings.easy, rng)
    for index, frame in enumerate(itertools.chain(before, vault, after)):
        yield broadcast(frame, index)


def _noise(num_frames, plan, scene, easy, rng):
    """Shots of no stage, one after the other."""
    width, height = scene.view.width, scene.view.height
    shots = {
        "crowd": lambda length: noise.crowd_shot(length, width, height, rng),
        "scoreboard": lambda length: noise.scoreboard_shot(length, width, height, rng),
        "replay": lambda length: _replay(length, plan, scene, rng),
        "walk": lambda length: vault_filming.walk_shot(scene, length, rng),
        "close_up": lambda length: noise.close_up_shot(
            length, scene.hall.world, scene.appearance, width, height, scene.mirrored, rng
        ),
    }
    kinds = list(shots)[:2] if easy else list(shots)
    while num_frames > 0:
        length = num_frames if num_frames < 16 else int(rng.integers(8, min(36, num_frames) + 1))
        yield from shots[rng.choice(kinds)](length)
        num_frames -= length


def _replay(num_frames, plan, scene, rng):
    """Another vault than that of the plan, and another's faults."""
    vaults = [vault for vault in DIFFICULTIES if vault != plan.vault]
    severities = share_deduction(labels.draw_deduction(rng), FAULTS, rng)
    vault = vaults[rng.integers(len(vaults))]
    return vault_filming.replay_shot(scene, vault, random_trait(severities, rng), num_frames, rng)


def stage_segments(plan: VaultPlan) -> list[tuple[str, int, int]]:
    """(stage, first frame, end frame) that cover a video, in order."""
    noise_stage, *vault_stages = get_sport("vault").stages
    edges = (0, *plan.boundaries, plan.num_frames)
    segments = zip((noise_stage, *vault_stages, noise_stage), edges[:-1], edges[1:], strict=True)
    return [segment for segment in segments if segment[2] > segment[1]]


def write_labels(plans: list[VaultPlan], settings: Settings, folder: Path) -> None:
    """Writes the label files of the official layout (clips: `motion_classes.csv`), the true factors, and the card."""
    _write_factors(plans, folder)
    if settings.task == "scoring":
        _write_official_labels(plans, folder)
    else:
        clips.write_classes(plans, settings, _motion_classes, folder)
    _write_card(plans, settings, folder)


def _motion_classes(plan):
    vault = plan.vault
    return {
        "family": vault.family,
        "half_somersaults": vault.half_somersaults,
        "position": vault.position,
        "half_twists": vault.half_twists,
    }


def _write_official_labels(plans, folder):
    difficulty = np.array([p.difficulty for p in plans])
    overall = get_sport("vault").fuse(difficulty, np.array([p.execution for p in plans]))
    files.write_vector(folder / "gym_vault_overall_scores.mat", "overall_scores", overall)
    files.write_vector(folder / "gym_vault_difficulty_level.mat", "difficulty_level", difficulty)
    ids = {split: [p.video_id for p in plans if p.split == split] for split in ("train", "test")}
    split_dir = folder / f"split_{len(ids['train'])}_{len(ids['test'])}"
    split_dir.mkdir(exist_ok=True)
    for part, split in (("training", "train"), ("testing", "test")):
        files.write_ids(split_dir, f"{part}_idx", ids[split])
    rows = [(p.path.stem, *segment) for p in plans for segment in stage_segments(p)]
    files.write_csv(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)


def _write_factors(plans, folder):
    header = ("video_id", "vault", "difficulty", "execution", *(fault.name for fault in FAULTS))
    header += ("off_line_m", "distance_m", "fall", "marks")
    rows = [
        (
            *(p.video_id, p.vault.name, p.difficulty, round(p.execution, 4)),
            *(round(p.trait.severities[fault.name], 4) for fault in FAULTS),
            *(round(p.trait.off_line, 2), round(p.trait.distance, 2), int(p.trait.falls)),
            " ".join(map(str, p.marks)),
        )
        for p in plans
    ]
    files.write_csv(folder / "factors.csv", header, rows)


def _write_card(plans, settings, folder):
    from data_prep.simulator.card import write_card  # SciPy's statistics take a second that no worker should wait

    notes = [f"Preset: {EASY if settings.easy else 'standard (not easy)'}.", *_sources(settings)]
    t0, t1, t2, t3 = np.array([p.boundaries for p in plans]).T
    total = np.array([p.num_frames for p in plans])
    spans = {"posting-flight": t2 - t1}
    if settings.task == "scoring":
        notes.append(TIMING)
        spans = {"noise before": t0, "pre-flight": t1 - t0, **spans, "landing": t3 - t2, "noise after": total - t3}
    write_card(folder, settings, plans, elements=[p.vault.name for p in plans], faults=FAULTS, spans=spans, notes=notes)


def _sources(settings):
    """Sentences that say what the labels of real vaults are, and are not."""
    if not settings.labels_dir:
        return []
    real = labels.read_statistics(settings.labels_dir)
    return [
        f"Scores are rows of `{labels.SCORES}` ({len(real.final)} real vaults), drawn without replacement while they "
        "last; execution is final − difficulty, so a penalty counts as part of execution.",
        f"Durations are rows of `{labels.SECONDS}` ({len(real.seconds)} usable, {real.unusable} left out for a "
        f"posting-flight outside {labels.USABLE_FLIGHT[0]} to {labels.USABLE_FLIGHT[1]} s). Those are not the "
        "scored vaults, so durations say nothing about scores.",
        "The split keeps UNLV-Vault's proportion, 120 : 56, whatever `--test_fraction` says.",
        "A difficulty that the table of 2009–2012 lacks is shown by a vault of the nearest one.",
    ]
