"""What is not said is the same in Python and on the command line, and of a sport what the paper has for it."""

import inspect

import keras
import pytest
from training_runs import SMALL, STATISTICS, changed, scoring_run, settings

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.regressor import regressor
from scoringnet_tf.models.scoring_net import SCORE_PREDICTOR, SEGMENTER
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import SPORTS, definition_of
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.fields import all_fields
from scoringnet_tf.training.network import losses as losses_of
from scoringnet_tf.training.optimizer import LayerwiseAdam
from scoringnet_tf.training.plan import of_sport

NET, KFS, SP = scoringnet_tf.ScoringNet, scoringnet_tf.KeyFragmentSegmenter, scoringnet_tf.ScorePredictor
PIXELS = ("max_start_shift", "flip", "crop_shift", "zoom", "color_jitter", "degradation")
SCORE_LOSSES = (losses.ScoreLoss, losses.ScoreDistributionLoss)
RANKING = (losses.PairwiseRankingLoss, *SCORE_LOSSES)
FEATURES = {"content": {"features": {"size": 4, "stride": 1, "origin": None}}}  # a model that is made fast
NETWORK, FRAGMENTS = "model.fragments.network.", "model.fragments."
# Field of the configuration → the arguments of Python that mean the same.
TRAIN = {
    "data.image_size": [(each, "image_size") for each in (NET, KFS, SP, scoringnet_tf.ScoringNetPreprocessor)]
    + [(each, "image_size") for each in (input_pipeline.videos, input_pipeline.clips)],
    "data.cache": [(input_pipeline.videos, "cache"), (input_pipeline.clips, "cache")],
    "model.width_multiplier": [(each, "width_multiplier") for each in (NET, KFS, SP, scoringnet_tf.C3D)],
    "model.clip_lengths": [(SP, "clip_lengths")],
    "model.fragments": [(NET.compile, "fragments")],
    f"{FRAGMENTS}jitter": [(NET.compile, "fragment_jitter")],
    f"{FRAGMENTS}decoding": [(StageDecision, "decoding")],
    f"{FRAGMENTS}network": [(KFS, "network")],
    f"{NETWORK}lstm_units": [(KFS, "lstm_units")],
    f"{NETWORK}fc_units": [(KFS, "fc_units")],
    f"{NETWORK}dropout": [(KFS, "dropout_rate")],
    "model.conv_filters": [(SP, "conv_filters")],
    "model.fc_units": [(SP, "fc_units")],
    "model.pool_stride": [(SP, "pool_stride"), (regressor, "pool_stride"), (scoringnet_tf.C3D, "pool_stride")],
    "model.head": [(SP, "head")],
    "model.head.output_activation": [(SP, "output_activation")],
    "model.head.sigma": [(losses.ScoreDistributionLoss, "sigma")],
    "model.dropout": [(SP, "dropout_rate")],
    "loss.beta": [(SP, "kernel_l2")],
    "loss.ranking_margin": [(each, "margin") for each in RANKING],
    "loss.pair_reduction": [(each, "reduction") for each in RANKING],
    "loss.ties": [(each, "ties") for each in RANKING],
    "loss.stages": [(losses.StageCrossEntropy, "form")],
    "optimizer.learning_rate": [(LayerwiseAdam, "learning_rate"), (keras.optimizers.Adam, "learning_rate")],
    "schedule": [(NET.compile, "phase")],
    "run.seed": [(input_pipeline.videos, "seed")],
    **{f"augmentation.{name}": [(scoringnet_tf.Augmentation, name)] for name in PIXELS},
}
PRETRAIN = {
    **{name: TRAIN[name] for name in ("data.image_size", "data.cache")},
    "data.clip_length": [(input_pipeline.clips, "clip_length")],
    "data.clip_sampling": [(input_pipeline.clips, "sampling")],
    "model.width_multiplier": TRAIN["model.width_multiplier"],
    "model.top": [(scoringnet_tf.C3D, "top")],
    "model.dropout": [(scoringnet_tf.C3D, "dropout_rate")],
    "model.weight_decay": [(scoringnet_tf.C3D, "kernel_l2")],
    **{name: TRAIN[name] for name in ("optimizer.learning_rate", "run.seed")},
    **{f"augmentation.{name}": [(scoringnet_tf.Augmentation, name)] for name in PIXELS[1:]},
}


def as_listed(value):
    return list(value) if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(("cls", "twins"), [(TrainingConfig, TRAIN), (PretrainingConfig, PRETRAIN)])
def test_a_field_and_its_argument_have_one_default(cls, twins):
    fields = {
        path: about.name_of(default) if about.alternatives else as_listed(default)
        for path, about, _, default in all_fields(cls)
    }
    of_python = {
        (path, each.__qualname__, argument): as_listed(inspect.signature(each).parameters[argument].default)
        for path, found in twins.items()
        for each, argument in found
    }
    assert of_python == {(path, *rest): fields[path] for path, *rest in of_python}
    if cls is TrainingConfig:
        of_net = {f"{FRAGMENTS}decoding": SEGMENTER["decoding"], "model.views": SCORE_PREDICTOR["views"]}
        assert of_net == {path: fields[path] for path in of_net}


@pytest.mark.parametrize("head", ["regression", "distribution"])
@pytest.mark.parametrize(("sport", "alpha"), [("diving", 5), ("vault", 10), ("ski_jumping", 5)])
def test_losses_of_a_sport_are_those_of_the_command(sport, alpha, head):
    network = NET(sport, **merged(SMALL, FEATURES, {"score_predictor": {"head": head}}))
    config = changed(TrainingConfig(), head=head)
    by_command = losses_of(network, of_sport(config, sport))
    by_python = network.default_losses()
    assert {name: loss.get_config() for name, loss in by_python.items()} == {
        name: loss.get_config() for name, loss in by_command.items()
    }
    assert [by_python[score].alpha for score in ("difficulty", "execution")] == [alpha] * 2
    assert by_python["difficulty"].unit == STATISTICS["difficulty"][1]


def test_a_sport_of_ones_own_has_the_general_alpha_whatever_its_name():
    own = {**definition_of(SPORTS["vault"]), "stages": ["run", "posting-flight", "landing"]}
    assert NET(own, **merged(SMALL, FEATURES)).default_losses()["execution"].alpha == 5


def test_a_run_learns_and_records_the_alpha_of_its_sport(tmp_path, diving_features):
    for sport, given, alpha in (("diving", None, 5), ("vault", None, 10), ("vault", 0.5, 0.5), ("vault", 0.0, 0)):
        assert of_sport(settings(tmp_path, diving_features, alpha=given), sport).loss.alpha == alpha
    run = scoring_run(diving_features, tmp_path / "run", alpha=None, lr_multipliers={})
    run.task.compile_phase(run, run.phases[-1])
    assert run.record.config.loss.alpha == run.model.terms.losses["execution"].alpha == 5
