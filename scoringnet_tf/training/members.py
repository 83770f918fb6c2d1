"""An ensemble: trainings of one configuration that differ in seed and held-out videos, and one model of them all."""

import dataclasses
from pathlib import Path

from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records, shown
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.models.parameter_groups import BACKBONE
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import checksum
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import RemotePath, as_path
from scoringnet_tf.training.config import SEPARATE, Joint, Staged, TrainingConfig
from scoringnet_tf.training.network import of_sport
from scoringnet_tf.training.run import BEST
from scoringnet_tf.training.run_record import MEMBERS, RunRecord
from scoringnet_tf.training.scoring import ScoringRun, phases
from scoringnet_tf.training.strategy import workers


def train(config: TrainingConfig) -> Path | RemotePath:
    """Trains a `ScoringNet`, or goes on where a run in `config.run.model_dir` stopped; returns the best model's path.

    Raises:
        InputError: the records do not hold what is asked for, or what is asked for contradicts itself.
    """
    return run_of(load_records(config.data.records_dir), config).run()


def run_of(info: DatasetInfo, config: TrainingConfig) -> "ScoringRun | MembersRun":
    """The run of a configuration, of one model or of several members; InputError as of `train`."""
    return MembersRun(info, config) if config.model.members > 1 else ScoringRun(info, config)


class MembersRun:
    """Runs in MODEL_DIR/members, one after the other, whose towers become one model, MODEL_DIR/best.keras.

    Each has the next seed and holds another part of the training videos out, or of their groups, unless none is held
    out or the records have a validation split. KFS is the same for all: that of the first. Rerun to resume.

    Raises:
        InputError: as `ScoringRun`; KFS or a backbone would become another in each member, nothing would be scored, or
            several machines train together (`flags_conflict`).
    """

    worker = 0

    def __init__(self, info: DatasetInfo, config: TrainingConfig) -> None:
        _check(config)
        self.info, self.config = info, of_sport(config, info.sport)
        self.model_dir, number = as_path(config.run.model_dir), config.model.members
        self.members = [self._of_member(member) for member in range(1, number + 1)]
        self.model: ScoringNet

    def run(self) -> Path | RemotePath:
        """Trains what is left; returns the path of the model of all members."""
        steps, paths = [self._steps(config) for config in self.members], []
        with tqdm(total=sum(steps), unit="step", mininterval=1.0) as bar:
            for member, config in enumerate(self.members, 1):
                bar.set_description(f"member {member} of {len(self.members)}")
                run = ScoringRun(self.info, config)
                if member == 1:
                    self._record(run)
                run.bar = bar
                paths.append(run.run())
                bar.n = sum(steps[:member])
        self.model, best = ScoringNet.of_members([load_scoring_net(path) for path in paths]), self.model_dir / BEST
        # Else what `calibrate` has put into it since stays there.
        if not best.is_file() or checksum(load_scoring_net(best)) != checksum(self.model):
            self.model.save(best)
        return best

    def _of_member(self, member):
        """The configuration of a member, from 1."""
        config, number = self.config, self.config.model.members
        data, schedule, folder = config.data, config.schedule, self.model_dir / MEMBERS
        if data.validation_fraction and "validation" not in self.info.splits:
            data = dataclasses.replace(data, validation_fraction=1 / number, validation_fold=member)
        has_kfs = config.fragments is not None and not config.starts.get("segmenter")
        if member > 1 and has_kfs and isinstance(schedule, Staged) and schedule.segmentation_epochs:
            schedule = dataclasses.replace(schedule, segmentation_epochs=0, segmenter=str(folder / "1"))
        seed = (config.run.seed + member - 1) % 2**32
        run = dataclasses.replace(config.run, model_dir=str(folder / str(member)), seed=seed)
        model = dataclasses.replace(config.model, members=1)
        return dataclasses.replace(config, data=data, schedule=schedule, run=run, model=model)

    def _steps(self, config):
        """Those of all phases of a member."""
        ids = split_ids(self.info, "train", config.data.validation_fraction, fold=config.data.validation_fold)
        return -(-len(ids) // config.data.batch_size) * sum(phase.epochs for phase in phases(config))

    def _record(self, first):
        """Writes config.json of the whole: together the members learn from all training videos."""
        learned = {shown(self.info.videos[video_id]) for video_id in self.info.split("train")["ids"]}
        record = RunRecord(self.config, self.info.data_hash, first.dtype, (), first.built_of())
        record.write(self.model_dir, learned | first.learned_from())


def _check(config):
    """InputError if members would differ in more than their towers, or cannot be trained one after the other."""
    rates = config.optimizer.lr_multipliers
    learns = any(rate and part.partition("/")[0] == BACKBONE for part, rate in rates.items())
    hint = ""
    if config.trains_kfs_alone:
        conflict, hint = "--scoring_epochs=0, which trains no score", "Leave one out."
    elif isinstance(config.schedule, Joint) and config.fragments is not None:
        conflict = "--training=joint, by which each member would find other stages"
        hint = "Use --training=staged, or --fragments=whole."
    elif config.backbone and (learns or config.backbone.startswith(f"{SEPARATE}:")):
        conflict, hint = "a backbone that learns, as it would become another in each member", "Freeze it."
    elif workers()[1] > 1:
        conflict, hint = "several machines", "Train them on one."
    else:
        return
    raise InputError("flags_conflict", f"--members={config.model.members} does not work with {conflict}.", hint)
