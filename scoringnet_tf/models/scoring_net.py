"""ScoringNet: key fragment segmentation and score prediction in one functional model (§3, Fig. 1)."""

import keras
from keras import ops

from scoringnet_tf import __version__
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.fragments import FragmentSelector
from scoringnet_tf.models.objective import Objective
from scoringnet_tf.models.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.models.saving import Preset
from scoringnet_tf.models.score_prediction import ScorePredictor
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter
from scoringnet_tf.sports import PREDICTED_SCORES, get_sport
from scoringnet_tf.support.errors import InputError


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoringNet(Preset, Objective, keras.Model):
    """Scores an untrimmed video: KFS labels its frames, the key fragments go to SP, SP's scores are fused.

    Call arguments: `{"frames": (B, L, H, W, 3) in 0…255 RGB, "mask": bool (B, L), true for real frames}`; L is free,
    shorter videos of a batch are padded on the right. Returns a dictionary:

    - `stages`: (B, L, S) stage probabilities per frame;
    - `labels`: int32 (B, L), the stage of every frame, see `decoding`; those of padding mean nothing;
    - `difficulty`, `execution`, `final`: (B,) in points of the sport;
    - `empty_fragments`: bool (B, 2): KFS found no frame for the difficulty (0) or execution (1) fragment, and that
      tower saw the whole video instead.

    The fragments are cut by `labels`: no gradient flows from SP to KFS. `preprocessor` makes the inputs from a video.

    `compile`, `fit` and `evaluate` are Keras's own, on batches of `data.input_pipeline.videos`, with Eq. 10 as the loss
    and the figures of §4.2 as metrics; see `compile`.

    Args:
        sport, image_size, width_multiplier, preprocessing: of both parts.
        clip_lengths, score_statistics, kernel_l2: of `ScorePredictor`.
        segmenter: further arguments of `KeyFragmentSegmenter`, e.g. `{"lstm_units": 512}`.
        score_predictor: further arguments of `ScorePredictor`, e.g. `{"dropout_rate": 0.1}`.
        frame_size: (H, W) that videos are resized to before the centre crop to `image_size`; recorded so that whoever
            feeds the model treats frames as its training did.
        stored: `jpeg_quality`, `aspect` and `fit` of the records that it was trained on (`DatasetInfo.stored`), kept
            for the same reason; None for those of the models that ship, see `ScoringNetPreprocessor`.
        decoding: how the stages are decided: `"argmax"`, frame by frame as in the paper (§4.3), `"ordered"` or
            `"cyclic"`, see `StageDecision`.
        provenance: what the weights were trained on; plain values, kept with the model.

    Example:
    >>> model = ScoringNet(sport="diving", image_size=(64, 64), width_multiplier=1 / 8)
    >>> scores = model({"frames": frames, "mask": mask})  # doctest: +SKIP
    >>> model.compile(keras.optimizers.Adam(1e-3))
    >>> model.fit(videos(RECORDS, "train", batch_size=8))  # doctest: +SKIP
    """

    def __init__(
        self,
        sport="diving",
        image_size=(112, 112),
        width_multiplier=1.0,
        clip_lengths=(32, 32),
        score_statistics=None,
        kernel_l2=0.0005,
        segmenter=None,
        score_predictor=None,
        frame_size=(128, 171),
        provenance=None,
        preprocessing=None,
        stored=None,
        decoding="argmax",
        dtype=None,
        name="scoring_net",
        **kwargs,
    ):
        rules = get_sport(sport)
        shared = {
            "sport": sport,
            "image_size": image_size,
            "width_multiplier": width_multiplier,
            "preprocessing": preprocessing,
            "dtype": dtype,
        }
        kfs = KeyFragmentSegmenter(**shared, **(segmenter or {}))
        sp = ScorePredictor(
            **shared,
            clip_lengths=clip_lengths,
            score_statistics=score_statistics,
            kernel_l2=kernel_l2,
            **(score_predictor or {}),
        )
        selectors = [
            FragmentSelector([rules.stage_index(stage) for stage in fragment], length, name=f"{score}_fragment")
            for score, fragment, length in zip(
                ("difficulty", "execution"),
                (rules.difficulty_fragment, rules.execution_fragment),
                clip_lengths,
                strict=True,
            )
        ]

        # === Functional Model ===
        inputs = {
            "frames": keras.Input((None, *image_size, 3), dtype="uint8", name="frames"),
            "mask": keras.Input((None,), dtype="bool", name="mask"),
        }
        probabilities = kfs(inputs)
        decision = StageDecision(decoding, name="stage_decision")
        labels = decision(probabilities, inputs["mask"])
        (difficulty_clip, no_difficulty), (execution_clip, no_execution) = (
            selector(inputs["frames"], labels, inputs["mask"]) for selector in selectors
        )
        scores = sp({"difficulty_clip": difficulty_clip, "execution_clip": execution_clip})
        empty = ops.stack([no_difficulty, no_execution], axis=1)
        outputs = {"stages": probabilities, "labels": labels, **scores, "empty_fragments": empty}
        super().__init__(inputs, outputs, name=name, **kwargs)

        # === Config ===
        self.segmenter = kfs
        self.score_predictor = sp
        self.stage_decision = decision
        self.selectors = selectors
        self.preprocessor = ScoringNetPreprocessor(image_size, frame_size, **(stored or {}))
        self._config = {
            **shared,
            "image_size": tuple(image_size),
            "clip_lengths": tuple(clip_lengths),
            "score_statistics": {k: list(v) for k, v in score_statistics.items()} if score_statistics else None,
            "kernel_l2": kernel_l2,
            "segmenter": segmenter,
            "score_predictor": score_predictor,
            "frame_size": tuple(frame_size),
            "stored": stored,
            "decoding": decoding,
            "provenance": provenance,
        }

    @classmethod
    def for_records(cls, info, **options):
        """A new model for a folder of records: its sport, the statistics of its training scores, its frames.

        Args:
            info: `DatasetInfo` of the records.
            **options: further arguments of the constructor.

        Raises:
            InputError: a score is unknown in the training split, or all its values are the same.
        """
        known = info.score_statistics.get("train", {})
        missing = " and ".join(score for score in PREDICTED_SCORES if not known.get(score))
        if missing:
            raise InputError(f"{info.records_dir}: expected known {missing} scores in the training split.")
        constant = " and ".join(score for score in PREDICTED_SCORES if not known[score]["std"] > 0)
        if constant:
            raise InputError(f"{info.records_dir}: expected different values of {constant} to learn from.")
        return cls(
            sport=info.sport,
            score_statistics={score: (known[score]["mean"], known[score]["std"]) for score in PREDICTED_SCORES},
            frame_size=info.frame_size,
            stored=info.stored,
            provenance={
                "dataset": info.name,
                "data_hash": info.data_hash,
                "frame_rate": info.frame_rate,
                "simulation": info.simulation,
                "package_version": __version__,
            },
            **options,
        )

    @property
    def sport(self):
        """The `sports.Sport` that this model scores."""
        return get_sport(self._config["sport"])

    @property
    def image_size(self):
        """(H, W) of the frames that the model takes."""
        return self._config["image_size"]

    @property
    def frame_size(self):
        """(H, W) that videos are resized to before the centre crop to `image_size`."""
        return self._config["frame_size"]

    @property
    def provenance(self):
        """What the weights were trained on, or None."""
        return self._config["provenance"]

    def score_fragments(self, frames, stages, mask, training=None):
        """SP alone on the fragments that `stages` int (B, L) mark: scores, and `empty_fragments` (B, 2)."""
        (difficulty_clip, no_difficulty), (execution_clip, no_execution) = (
            selector(frames, stages, mask) for selector in self.selectors
        )
        clips = {"difficulty_clip": difficulty_clip, "execution_clip": execution_clip}
        scores = self.score_predictor(clips, training=training)
        return {**scores, "empty_fragments": ops.stack([no_difficulty, no_execution], axis=1)}

    def get_config(self):
        return {**self._config, "name": self.name}
