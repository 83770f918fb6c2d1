"""α of the ranking loss (§4.2): the sport's, unless a flag says otherwise; the same in Python and in a command."""

import pytest
from training_runs import SMALL, changed, scoring_run, settings

import scoringnet_tf
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import SPORTS, definition_of
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.network import losses
from scoringnet_tf.training.plan import of_sport

FEATURES = {"content": {"features": {"size": 4, "stride": 1, "origin": None}}}  # a model that is made fast


@pytest.mark.parametrize("head", ["regression", "distribution"])
@pytest.mark.parametrize(("sport", "alpha"), [("diving", 5), ("vault", 10), ("ski_jumping", 5)])
def test_losses_of_a_sport_are_those_of_the_command(sport, alpha, head):
    network = scoringnet_tf.ScoringNet(sport, **merged(SMALL, FEATURES, {"score_predictor": {"head": head}}))
    by_command = losses(network, of_sport(changed(TrainingConfig(), head=head), sport))
    by_python = network.default_losses()
    assert {name: loss.get_config() for name, loss in by_python.items()} == {
        name: loss.get_config() for name, loss in by_command.items()
    }
    assert [by_python[score].alpha for score in ("difficulty", "execution")] == [alpha] * 2
    assert by_python["difficulty"].unit == SMALL["score_predictor"]["score_statistics"]["difficulty"][1]


def test_a_sport_of_ones_own_has_the_general_alpha_whatever_its_name():
    own = {**definition_of(SPORTS["vault"]), "stages": ["run", "posting-flight", "landing"]}
    assert scoringnet_tf.ScoringNet(own, **merged(SMALL, FEATURES)).default_losses()["execution"].alpha == 5


def test_a_run_learns_and_records_the_alpha_of_its_sport(tmp_path, diving_records):
    for sport, given, alpha in (("diving", None, 5), ("vault", None, 10), ("vault", 0.5, 0.5), ("vault", 0.0, 0)):
        assert of_sport(settings(tmp_path, diving_records, alpha=given), sport).loss.alpha == alpha
    run = scoring_run(diving_records, tmp_path / "run", alpha=None)
    run.task.compile(run, run.phases[-1])
    assert run.record.config.loss.alpha == run.model.terms.losses["execution"].alpha == 5
