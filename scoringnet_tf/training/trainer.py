"""The training step of ScoringNet (§3.3, §4.2): Eq. 10 in one step, with loss scaling, staged or joint."""

import keras
import tensorflow as tf
from keras import ops

from scoringnet_tf import losses, metrics
from scoringnet_tf.sports import PREDICTED_SCORES

LOSS_TERMS = (
    "stage_loss",
    "difficulty_mse",
    "difficulty_ranking",
    "execution_mse",
    "execution_ranking",
    "weight_decay",
)


class Trainer(keras.Model):
    """Trains a `ScoringNet` on the batches of `input_pipeline.videos`.

    Args:
        network: the `ScoringNet`.
        alpha: weight of the ranking loss in both towers (Eqs. 8, 9).
        margin: δ of Eq. 7, in the units of the loss.
        pair_reduction: "sum" (Eq. 7) or "mean" over the pairs of a batch.
        loss_units: "standard" divides scores by their standard deviation in training before Eqs. 6 and 7, so that one
            α and one δ suit difficulty (std ≈ 0.3) and execution (std ≈ 4) alike; "points" does not.
        stage_loss_form: "categorical" or "binary", see `losses.stage_cross_entropy`.
        fragments: what SP is trained on: "true" stages, "predicted" ones, or "scheduled", a per-video draw of the two
            whose chance of the true ones `true_fragment_share` a callback lowers from 1 to 0.
        fragment_jitter: each fragment is moved in time by a random 0 to this many frames, either way: predicted
            fragments, which SP will see, begin and end a little early or late.
        trunk_rate: factor on the updates of every C3D: below 1 a pretrained trunk changes more slowly than what was
            put on top of it.

    `phase` says what a step trains: "segmentation", "scoring" or both, "joint"; set it before `compile`.
    """

    def __init__(
        self,
        network,
        alpha=5.0,
        margin=0.5,
        pair_reduction="sum",
        loss_units="standard",
        stage_loss_form="categorical",
        fragments="true",
        fragment_jitter=0,
        trunk_rate=1.0,
    ):
        super().__init__(name="trainer")
        self.network = network
        self.alpha, self.margin, self.pair_reduction = alpha, margin, pair_reduction
        self.stage_loss_form = stage_loss_form
        self.fragments = fragments
        self.fragment_jitter = fragment_jitter
        self.trunk_rate = trunk_rate
        self.phase = "joint"
        statistics = network.get_config()["score_statistics"]
        self.loss_scale = {
            score: 1.0 / statistics[score][1] if loss_units == "standard" else 1.0 for score in PREDICTED_SCORES
        }
        self.true_fragment_share = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="true_fragment_share"
        )
        self.seed_generator = keras.random.SeedGenerator(0)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", *LOSS_TERMS)}
        self.frame_accuracy = metrics.FrameAccuracy(name="frame_accuracy")
        self.built = True

    @property
    def metrics(self):
        return [*self.trackers.values(), self.frame_accuracy]

    def phase_variables(self):
        """The trainable variables of the current phase."""
        part = {"segmentation": self.network.segmenter, "scoring": self.network.score_predictor}
        return part.get(self.phase, self.network).trainable_variables

    def trunks(self):
        """The C3D of KFS and of both towers."""
        towers = [self.network.score_predictor.get_layer(f"{score}_tower") for score in PREDICTED_SCORES]
        return [part.get_layer("c3d") for part in (self.network.segmenter, *towers)]

    def call(self, inputs, training=None):
        return self.network(inputs, training=training)

    # === One step ===

    def train_step(self, data):
        """One step on `(inputs, targets)`; returns the running means of every loss term since the epoch began."""
        inputs, targets = data
        variables = self.phase_variables()
        with tf.GradientTape() as tape:
            terms, probabilities = self.loss_terms(inputs, targets)
            loss = self.total(terms)
            scaled = self.optimizer.scale_loss(loss)
        self.update(tape.gradient(scaled, variables), variables)
        for name, value in {"loss": loss, **terms}.items():
            self.trackers[name].update_state(value)
        if probabilities is not None:
            self.frame_accuracy.update_state(targets["stages"], probabilities)
        return {metric.name: metric.result() for metric in self.metrics if self.reports(metric.name)}

    def update(self, gradients, variables):
        """Applies the gradients; the trunks then keep only `trunk_rate` of their change."""
        slow = {id(v) for c3d in self.trunks() for v in c3d.trainable_variables} if self.trunk_rate != 1.0 else ()
        trunk = [variable for variable in variables if id(variable) in slow]
        before = [tf.identity(variable) for variable in trunk]
        self.optimizer.apply(gradients, variables)
        for variable, old in zip(trunk, before, strict=True):
            variable.assign(old + self.trunk_rate * (variable - old))

    def loss_terms(self, inputs, targets):
        """The terms of Eq. 10 that the phase trains, unweighted, and KFS's probabilities (None where it is not run)."""
        terms, probabilities = {}, None
        if self.phase != "scoring" or self.fragments != "true":
            probabilities = self.network.segmenter(inputs, training=self.phase != "scoring")
        if self.phase != "scoring":
            terms["stage_loss"] = losses.stage_cross_entropy(targets["stages"], probabilities, self.stage_loss_form)
        if self.phase != "segmentation":
            stages = self.jitter(self.fragment_stages(targets["stages"], probabilities))
            scores = self.network.score_fragments(inputs["frames"], stages, inputs["mask"], training=True)
            terms.update(self.score_terms(targets, scores))
            terms["weight_decay"] = ops.sum(self.network.score_predictor.losses)
        return terms, probabilities

    def score_terms(self, targets, scores):
        terms = {}
        for score, scale in self.loss_scale.items():
            truth, predicted = targets[score] * scale, scores[score] * scale
            terms[f"{score}_mse"] = losses.half_mean_squared_error(truth, predicted)
            terms[f"{score}_ranking"] = losses.pairwise_ranking(truth, predicted, self.margin, self.pair_reduction)
        return terms

    def total(self, terms):
        """Eq. 10: L_d + L_e + L_ce, with α on the ranking terms; β is inside the weight term already."""
        weight = {"difficulty_ranking": self.alpha, "execution_ranking": self.alpha}
        return sum(weight.get(name, 1.0) * value for name, value in terms.items())

    def fragment_stages(self, true_stages, probabilities):
        """Stages int (B, L) that cut the fragments; a video without labels always takes the predicted ones."""
        if self.fragments == "true":
            return true_stages
        predicted = ops.cast(ops.argmax(probabilities, axis=-1), "int32")
        if self.fragments == "predicted":
            return predicted
        draw = keras.random.uniform(ops.shape(true_stages)[:1], seed=self.seed_generator)
        labelled = ops.any(true_stages >= 0, axis=1)
        use_true = ops.logical_and(labelled, draw < self.true_fragment_share)
        return ops.where(use_true[:, None], true_stages, predicted)

    def jitter(self, stages):
        """Moves the stages int (B, L) of each video by up to `fragment_jitter` frames; the ends repeat."""
        if not self.fragment_jitter:
            return stages
        batch, length = ops.shape(stages)
        reach = self.fragment_jitter
        moved = keras.random.randint((batch, 1), -reach, reach + 1, dtype="int32", seed=self.seed_generator)
        source = ops.clip(ops.arange(length, dtype="int32")[None] + moved, 0, length - 1)
        return ops.take_along_axis(stages, source, axis=1)

    def reports(self, name):
        """Whether the quantity called `name` exists in the current phase."""
        if name == "loss":
            return True
        if name == "stage_loss":
            return self.phase != "scoring"
        if name == "frame_accuracy":
            return self.phase != "scoring" or self.fragments != "true"
        return self.phase != "segmentation"
