"""What is not said is the same in Python and on the command line, and of a sport what the paper has for it."""

import ast
import dataclasses
import functools
import inspect

import keras
import pytest
from training_runs import SMALL, defined_flags, settings

import scoringnet_tf
from scoringnet_tf import losses
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.regressor import regressor
from scoringnet_tf.sports import SPORTS, definition_of
from scoringnet_tf.training import scoring
from scoringnet_tf.training.optimizer import LayerwiseAdam

NET, KFS, SP = scoringnet_tf.ScoringNet, scoringnet_tf.KeyFragmentSegmenter, scoringnet_tf.ScorePredictor
PIXELS = ("max_start_shift", "flip", "crop_shift", "zoom", "color_jitter", "degradation")
SCORE_LOSSES = (losses.ScoreLoss, losses.ScoreDistributionLoss)
RANKING = (losses.PairwiseRankingLoss, *SCORE_LOSSES)
# Flag of `train` → the arguments of Python that mean the same.
TRAIN = {
    "image_size": [(each, "image_size") for each in (NET, KFS, SP, scoringnet_tf.ScoringNetPreprocessor)]
    + [(each, "image_size") for each in (input_pipeline.videos, input_pipeline.clips)],
    "width_multiplier": [(each, "width_multiplier") for each in (NET, KFS, SP, scoringnet_tf.C3D)],
    "clip_lengths": [(NET, "clip_lengths"), (SP, "clip_lengths")],
    "stage_network": [(KFS, "network")],
    "lstm_units": [(KFS, "lstm_units")],
    "segmenter_fc_units": [(KFS, "fc_units")],
    "segmenter_dropout": [(KFS, "dropout_rate")],
    "conv_filters": [(SP, "conv_filters")],
    "fc_units": [(SP, "fc_units")],
    "pool_stride": [(SP, "pool_stride"), (regressor, "pool_stride"), (scoringnet_tf.C3D, "pool_stride")],
    "output_activation": [(SP, "output_activation")],
    "head": [(SP, "head")],
    "dropout": [(SP, "dropout_rate")],
    "decoding": [(NET, "decoding"), (StageDecision, "decoding")],
    "views": [(NET, "views")],
    "beta": [(NET, "kernel_l2"), (SP, "kernel_l2")],
    "margin": [(each, "margin") for each in RANKING],
    "pair_reduction": [(each, "reduction") for each in RANKING],
    "ties": [(each, "ties") for each in RANKING],
    "score_sigma": [(losses.ScoreDistributionLoss, "sigma")],
    "stage_loss": [(losses.StageCrossEntropy, "form")],
    "training": [(NET.compile, "phase")],
    "fragments": [(NET.compile, "fragments")],
    "fragment_jitter": [(NET.compile, "fragment_jitter")],
    "freeze": [(NET.compile, "frozen")],
    "learning_rate": [(LayerwiseAdam, "learning_rate"), (keras.optimizers.Adam, "learning_rate")],
    "seed": [(input_pipeline.videos, "seed")],
    "data_service": [(input_pipeline.videos, "service")],
    **{name: [(scoringnet_tf.Augmentation, name)] for name in PIXELS},
}
PRETRAIN = {
    "width_multiplier": TRAIN["width_multiplier"],
    "pool_stride": TRAIN["pool_stride"],
    "image_size": TRAIN["image_size"],
    "top": [(scoringnet_tf.C3D, "top")],
    "dropout": [(scoringnet_tf.C3D, "dropout_rate")],
    "weight_decay": [(scoringnet_tf.C3D, "kernel_l2")],
    "clip_length": [(input_pipeline.clips, "clip_length")],
    "clip_sampling": [(input_pipeline.clips, "sampling")],
    **{name: TRAIN[name] for name in ("learning_rate", "seed", *PIXELS[1:])},
}
OF_A_RUN = {  # what Python says in a call of Keras's or not at all: which data, how long, by what machine
    *("records_dir", "model_dir", "batch_size", "epochs", "validation_fraction", "pretrained"),
    *("decay_rate", "decay_steps", "warmup_steps", "accumulation_steps", "clip_norm", "ema_momentum", "precision"),
    *("patience", "max_steps", "deterministic"),
}
OF_TRAIN = {
    *("initial_model", "segmenter", "resnet50_weights", "segmentation_epochs", "scoring_epochs", "shuffle_labels"),
    *("validation_every", "replicas", "reference", "training_ids", "test_scores", "rates"),
    *("difficulty_fragment", "execution_fragment"),  # none: the sport's
    "scores",  # auto: of the records; of a model without records both
    *("alpha", "loss_units"),  # below
}


def literal(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


@functools.cache
def flags_of(command):
    """Flag → default."""
    return {name: literal(text) for name, text in defined_flags(f"scoringnet_tf.{command}").items()}


def as_listed(value):
    return [literal(str(each)) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("command", "twins", "alone"),
    [("train", TRAIN, OF_A_RUN | OF_TRAIN), ("pretrain", PRETRAIN, OF_A_RUN | {"clips_per_video"})],
)
def test_a_flag_and_its_argument_have_one_default(command, twins, alone):
    flags = {name: as_listed(value) for name, value in flags_of(command).items()}
    assert flags.keys() == twins.keys() | alone  # a new flag belongs here
    of_python = {
        (name, each.__qualname__, argument): as_listed(inspect.signature(each).parameters[argument].default)
        for name, found in twins.items()
        for each, argument in found
    }
    assert of_python == {(name, *rest): flags[name] for name, *rest in of_python}


@pytest.mark.parametrize("head", ["regression", "distribution"])
@pytest.mark.parametrize(("sport", "alpha"), [("diving", 5), ("vault", 10), ("ski_jumping", 5)])
def test_losses_of_a_sport_are_those_of_the_command(sport, alpha, head):
    network = NET(sport, **SMALL, score_predictor={"head": head})
    flags = flags_of("train") | {"head": head}
    by_command = scoring.losses(network, scoring.of_sport(flags, sport))
    by_python = network.default_losses()
    assert {name: loss.get_config() for name, loss in by_python.items()} == {
        name: loss.get_config() for name, loss in by_command.items()
    }
    assert [by_python[score].alpha for score in ("difficulty", "execution")] == [alpha] * 2
    assert by_python["difficulty"].unit == SMALL["score_statistics"]["difficulty"][1]


def test_a_sport_of_ones_own_has_the_general_alpha_whatever_its_name():
    own = {**definition_of(SPORTS["vault"]), "stages": ["run", "posting-flight", "landing"]}
    assert NET(own, **SMALL).default_losses()["execution"].alpha == 5


def test_a_run_learns_and_records_the_alpha_of_its_sport(tmp_path, diving_records):
    diving = DatasetInfo.load(diving_records)
    frames = dict(zip(SPORTS["vault"].stages, diving.stage_frames["train"].values(), strict=True))
    vault = dataclasses.replace(diving, sport="vault", stages=[*SPORTS["vault"].stages], stage_frames={"train": frames})
    for info, given, alpha in ((diving, None, 5), (vault, None, 10), (vault, 0.5, 0.5), (vault, 0.0, 0)):
        run = scoring.ScoringRun(info, settings(tmp_path / "run", diving_records, alpha=given))
        assert run.settings["alpha"] == alpha
        run.begin(run.phases[-1], resumed=True)
        assert run.model.learned.losses["execution"].alpha == alpha
