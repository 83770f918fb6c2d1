"""Wrong changes that a test must notice, each with the tests that should. `run.py` tries them.

Of two kinds: those that a review found to go unnoticed, and more like them. Most are in the wiring: which flag reaches
which object, which fragment, which epoch, which split, `training=`, what is warned of and what is refused.
"""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A wrong change.

    Attributes:
        file: path in the repository.
        old: text that occurs there once.
        new: what takes its place.
        description: what is then wrong.
        tests: arguments of pytest.
    """

    file: str
    old: str
    new: str
    description: str
    tests: tuple[str, ...]

    def applied(self, text):
        """`text` with the change; ValueError where `old` does not occur just once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: expected once: {self.old!r}. Found: {text.count(self.old)} times.")
        return text.replace(self.old, self.new)


def of(file, tests, *changes):
    """Mutants of a file: (old, new, description) each; a fourth text names the one test of `tests` that notices.

    `tests` is a file of tests, or a folder of such files.
    """
    return [
        Mutant(file, old, new, description, (f"{_holding(tests, name[0])}::{name[0]}" if name else tests,))
        for old, new, description, *name in changes
    ]


def _holding(tests, name):
    """The file of `tests` that has the test `name`; ValueError where none or several have."""
    if tests.endswith(".py"):
        return tests
    found = [path for path in sorted((ROOT / tests).glob("test_*.py")) if f"def {name}(" in path.read_text("utf-8")]
    if len(found) != 1:
        raise ValueError(f"{tests}: expected one file with {name}. Found: {len(found)}.")
    return found[0].relative_to(ROOT).as_posix()


# === Training: epochs, phases, resuming ===

RUN = of(
    "scoringnet_tf/training/run.py",
    "tests/training",
    (
        'mode="max",\n            save_best',
        'mode="min",\n            save_best',
        "the worst epoch is kept as best",
        "test_the_best_epoch_is_kept",
    ),
    (
        "phase.nothing if best_so_far is None else best_so_far",
        "best_so_far",
        "a NaN best sticks",
        "test_the_best_epoch_is_kept",
    ),
    (
        "            monitor=phase.monitor,",
        '            monitor="val_loss",',
        "the highest validation loss chooses the epoch",
        "test_the_best_epoch_is_kept",
    ),
    (
        " or epoch == phase.epochs",
        "",
        "the last epoch is not validated",
        "test_the_best_epoch_is_kept",
    ),
    (
        "patience or math.inf",
        "math.inf",
        "--patience ignored",
        "test_early_stopping_counts_epochs_without_a_higher_figure",
    ),
    (
        "phase.nothing if best_so_far is None else best_so_far",
        "-math.inf",
        "a resumed run forgets its best",
        "test_a_resumed_phase_goes_on_from_its_best_and_its_patience",
    ),
    (
        'state.get("stopping")',
        "None",
        "a resumed run counts patience from 0",
        "test_a_resumed_phase_goes_on_from_its_best_and_its_patience",
    ),
    (
        ' and not (done and state.get("stopped"))',
        "",
        "a run that stopped early goes on when it is started again",
        "test_a_run_that_stopped_early_has_stopped",
    ),
    (
        "                (self.folder / name).unlink(missing_ok=True)",
        "                pass",
        "the best model of a killed first epoch is returned as the best of the next run",
        "test_a_run_stops_after_the_steps_it_was_given",
    ),
    (
        '*([callbacks.AveragedWeights()] if self.settings["ema_momentum"] else []),',
        "",
        "what is validated is not the average",
        "test_what_is_validated_and_kept_is_the_average",
    ),
    (
        "            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)\n",
        "",
        "a phase that is over when a run goes on leaves the weights, not their average",
        "test_killed_run_ends_with_the_same_weights",
    ),
    (
        "_keep_rows(figures, done)",
        "pass",
        "an epoch that is trained again is logged twice",
        "test_killed_run_ends_with_the_same_weights",
    ),
)
CALLBACKS = of(
    "scoringnet_tf/training/callbacks.py",
    "tests/training",
    (
        'max(1, self.params["epochs"] - 1)',
        'self.params["epochs"]',
        "the share of true fragments never reaches 0",
        "test_the_share_of_true_fragments_falls_from_1_to_0",
    ),
    (
        "optimizer.iterations)) >= max_steps",
        "optimizer.iterations)) > max_steps",
        "--max_steps gives one step more",
        "test_a_run_stops_after_the_steps_it_was_given",
    ),
    (
        '"""Averages out, if there was a validation."""\n        if self.averaged:',
        '"""Averages out, if there was a validation."""\n        if False:',
        "averages are saved as the weights to go on from",
        "test_averages_change_nothing_of_what_they_average",
    ),
    (
        'if math.isfinite(logs["loss"]):',
        "if True:",
        "a state with NaN is kept to go on from",
        "test_non_finite_loss_says_where_to_look",
    ),
) + of(
    "scoringnet_tf/training/callbacks.py",
    "tests/training/test_pretraining.py",
    (
        'if name.startswith("val_") and name.endswith("accuracy")',
        'if name.endswith("accuracy")',
        "accuracy in training helps to choose the epoch",
        "test_the_mean_accuracy_is_that_of_the_heads_in_validation",
    ),
)
CHECKPOINTS = of(
    "scoringnet_tf/training/checkpoints.py",
    "tests/training",
    (
        "SeedSequence([seed, index, epoch])",
        "SeedSequence([seed, epoch])",
        "one seed for all dropout layers",
        "test_reseed_is_a_function_of_seed_and_epoch",
    ),
    (
        "SeedSequence([seed, index, epoch])",
        "SeedSequence([seed, index])",
        "every epoch draws the same",
        "test_no_draw_of_an_epoch_returns_in_another",
    ),
    (
        "key=lambda item: item[0]",
        "key=lambda item: item[1].name",
        "newest checkpoint chosen by name",
        "test_the_checkpoint_of_most_steps_is_the_newest",
    ),
)
CONFIG = of(
    "scoringnet_tf/training/config.py",
    "tests/training",
    (
        '"reference", "replicas", "training_ids"}',
        '"reference", "replicas", "training_ids", "beta"}',
        "--beta may change within a run",
        "test_settings_may_not_change_within_a_run",
    ),
    (
        "        and settings[name] > old[name]\n",
        "",
        "a run may be made shorter than it is",
        "test_settings_may_not_change_within_a_run",
    ),
    (
        'if before["data_hash"] != now["data_hash"]:',
        "if False:",
        "a run goes on with other records",
        "test_settings_may_not_change_within_a_run",
    ),
)

# === Training: which flag reaches which object ===

SCORING = of(
    "scoringnet_tf/training/scoring.py",
    "tests/training/test_wiring.py",
    ('kernel_l2=settings["beta"],', "", "--beta ignored", "test_flags_of_the_model"),
    ('"dropout_rate": settings["dropout"],', "", "--dropout ignored", "test_flags_of_the_model"),
    (
        '"dropout_rate": settings["segmenter_dropout"],',
        '"dropout_rate": settings["dropout"],',
        "KFS takes --dropout for --segmenter_dropout",
        "test_flags_of_the_model",
    ),
    (
        '"fc_units": settings["segmenter_fc_units"],',
        '"fc_units": settings["fc_units"],',
        "KFS takes --fc_units for --segmenter_fc_units",
        "test_flags_of_the_model",
    ),
    ('"pool_stride": settings["pool_stride"],', "", "--pool_stride ignored", "test_flags_of_the_model"),
    ('decoding=settings["decoding"],', "", "--decoding ignored", "test_flags_of_the_model"),
    (
        '"output_activation": settings["output_activation"],',
        "",
        "--output_activation ignored",
        "test_a_relu_comes_after_a_number",
    ),
    ('        views=settings["views"],\n', "", "--views ignored", "test_flags_of_the_model"),
    ("        dtype=dtype,\n", "", "--precision ignored", "test_flags_of_the_process"),
    (
        "0 if self.info.features else settings[name] for name in PIXEL_OPTIONS",
        "settings[name] for name in PIXEL_OPTIONS[:2]",
        "--zoom, --color_jitter and --degradation ignored",
        "test_flags_of_the_data",
    ),
    (
        '            seed=settings["seed"],\n',
        "",
        "--seed ignored by the order of the data",
        "test_flags_of_the_data",
    ),
    (
        "epochs=phase.first_epoch + phase.epochs,",
        "epochs=phase.epochs,",
        "SP's data end after as many epochs as the whole run",
        "test_flags_of_the_data",
    ),
    (
        "first_epoch=phase.first_epoch + first_epoch,",
        "first_epoch=first_epoch,",
        "SP sees the order of KFS's epochs again",
        "test_flags_of_the_data",
    ),
    (
        'return self._videos("validation")\n',
        'return self._videos("validation", augmentation=input_pipeline.Augmentation())\n',
        "validation is augmented",
        "test_flags_of_the_data",
    ),
    (
        ' or self.settings["fragments"] != "true"',
        "",
        "KFS predicts on parts of videos",
        "test_flags_of_the_data",
    ),
    (
        '"margin": self.settings["fragment_jitter"]',
        '"margin": 0',
        "moved fragments reach beyond what is decoded",
        "test_true_fragments_are_all_that_sp_decodes",
    ),
    (
        "np.roll(order, 1)",
        "np.roll(order, 0)",
        "--shuffle_labels shuffles nothing",
        "test_shuffled_labels_are_those_of_other_videos",
    ),
    (
        'return dataset.map(self._shuffled_labels()) if settings["shuffle_labels"] else dataset',
        "return dataset",
        "--shuffle_labels ignored",
        "test_shuffled_labels_are_those_of_other_videos",
    ),
    (
        'settings["loss_units"] == "points"',
        "False",
        "--loss_units=points ignored",
        "test_flags_of_the_loss_and_the_fragments",
    ),
    (
        'settings["loss_units"] == "points"',
        "True",
        "--loss_units=standard ignored",
        "test_standard_units_are_those_of_the_training_scores",
    ),
    (
        '"alpha": settings["alpha"],\n        "margin": settings["margin"]',
        '"alpha": settings["margin"],\n        "margin": settings["alpha"]',
        "--alpha and --margin swapped",
        "test_flags_of_the_loss_and_the_fragments",
    ),
    (
        ', "fragment_jitter": self.settings["fragment_jitter"]}',
        "}",
        "--fragment_jitter ignored",
        "test_flags_of_the_loss_and_the_fragments",
    ),
    (
        "self.dtype, rate_factors(self.model, self.rates))",
        "self.dtype)",
        "--rates ignored",
        "test_flags_of_the_optimizer",
    ),
    (
        '            frozen=self.settings["freeze"],\n',
        "",
        "--freeze ignored",
        "test_flags_of_the_loss_and_the_fragments",
    ),
    (
        '        self.model.choose_trained(phase.name, self.settings["freeze"])',
        "        self.model.choose_trained(phase.name)",
        "the optimizer has factors for what does not learn",
        "test_flags_of_the_optimizer",
    ),
    (
        'no_kfs_to_train = settings["segmenter"] or',
        "no_kfs_to_train =",
        "the KFS of --segmenter is trained",
        "test_a_kfs_that_is_given_is_not_trained",
    ),
) + of(
    "scoringnet_tf/training/scoring.py",
    "tests/training",
    (
        "if kept.is_file() else self.model",
        "if False else self.model",
        "SP starts from the last KFS, not the best",
        "test_sp_starts_from_kfs_at_its_best",
    ),
)
PART_FLAGS = of(
    "scoringnet_tf/training/part_flags.py",
    "tests/training/test_wiring.py",
    (
        "if not 0 < factor <= 100 or part in rates:",
        "if not 0 <= factor <= 100:",
        "a rate of 0, and a second one of a part",
        "test_parts_that_cannot_be_are_named",
    ),
    (
        '"c3d": settings["pretrained"], "kfs"',
        '"c3d": settings["pretrained"], "kfs": settings["pretrained"], "kfs_"',
        "a KFS of which only the C3D was loaded is frozen",
        "test_parts_that_cannot_be_are_named",
    ),
)
SUPERVISION = of(
    "scoringnet_tf/training/supervision.py",
    "tests/training",
    (
        '(unlabelled and settings["fragments"] == "true")',
        "False",
        "partly unlabelled data accepted with true fragments",
        "test_what_partly_labelled_videos_allow",
    ),
    (
        'if settings["segmenter"] and settings["training"] != "staged":',
        "if False:",
        "--segmenter beside training that would not use it",
        "test_what_videos_without_stages_need_is_said",
    ),
) + of(
    "scoringnet_tf/training/supervision.py",
    "tests/training/test_supervision.py",
    (
        "parts >= max(final_alone, 1)",
        "parts >= 1",
        "two towers for records that hardly know difficulty and execution",
        "test_scores_are_chosen_from_what_is_known",
    ),
    (
        "PREDICTED_SCORES, final_alone > 0,",
        "PREDICTED_SCORES, False,",
        "videos that know the final score alone teach nothing",
        "test_scores_are_chosen_from_what_is_known",
    ),
    (
        'if video["split"] == "train"]',
        "]",
        "test videos choose the scores",
        "test_records_without_the_scores_are_refused",
    ),
)
PRETRAINED = of(
    "scoringnet_tf/training/scoring.py",
    "tests/training/test_starting_weights.py",
    (
        "            if self.settings[flag]:",
        '            if self.settings[flag] and flag != "pretrained":',
        "--pretrained loads nothing",
        "test_a_run_starts_from_its_pretrained_c3d",
    ),
    (
        'preprocessing_of(settings["pretrained"], settings["image_size"])',
        "None",
        "frames are not preprocessed as pretrained weights want it",
        "test_the_network_takes_the_preprocessing_of_its_weights",
    ),
)
PRETRAINING = of(
    "scoringnet_tf/training/pretraining.py",
    "tests/training/test_pretraining_wiring.py",
    ('kernel_l2=settings["weight_decay"],', "", "--weight_decay ignored", "test_flags_of_the_model"),
    ('dropout_rate=settings["dropout"],', "", "--dropout of pretraining ignored", "test_flags_of_the_model"),
    ('pool_stride=settings["pool_stride"],', "", "--pool_stride of pretraining ignored", "test_flags_of_the_model"),
    ('**TOPS[settings["top"]],', '**TOPS["fc"],', "--top ignored", "test_flags_of_the_model"),
    ('zoom=settings["zoom"],', "", "--zoom of pretraining ignored", "test_flags_of_the_data"),
    ('degradation=settings["degradation"],', "", "--degradation of pretraining ignored", "test_flags_of_the_data"),
    (
        'sampling=self.settings["clip_sampling"],',
        "",
        "--clip_sampling ignored",
        "test_flags_of_the_data",
    ),
    (
        "first_epoch=first_epoch,",
        "first_epoch=0,",
        "a resumed pretraining sees its first epochs again",
        "test_flags_of_the_data",
    ),
    (
        'return self._clips("validation")',
        'return self._clips("train")',
        "the epoch is chosen on what was trained on",
        "test_flags_of_the_data",
    ),
    (
        'clips_per_video=settings["clips_per_video"],',
        "clips_per_video=1,",
        "--clips_per_video ignored",
        "test_flags_of_the_evaluation",
    ),
    (
        'if self.settings["pretrained"]:',
        "if False:",
        "--pretrained of pretraining loads nothing",
        "test_a_run_goes_on_from_its_pretrained_c3d",
    ),
) + of(
    "scoringnet_tf/training/pretraining.py",
    "tests/training/test_pretraining.py",
    (
        "of_clips.mean(axis=1, keepdims=True)",
        "of_clips.max(axis=1, keepdims=True)",
        "maximum over clips for mean",
        "test_a_video_is_what_the_mean_of_its_clips_says",
    ),
    (
        'if "validation" not in info.splits and not validation_fraction:',
        "if False:",
        "the test split may choose the epoch",
        "test_the_test_split_never_chooses_the_epoch",
    ),
)
OPTIMIZER = (
    of(
        "scoringnet_tf/training/optimizer.py",
        "tests/training/test_optimizer.py",
        (
            '    rate, batches = settings["learning_rate"], settings["accumulation_steps"]\n',
            '    rate, batches = settings["learning_rate"], settings["accumulation_steps"]\n'
            '    swapped = {"decay_steps": settings["warmup_steps"], "warmup_steps": settings["decay_steps"]}\n'
            "    settings = {**settings, **swapped}\n",
            "decay and warm-up steps swapped",
            "test_the_rate_counts_updates",
        ),
        (
            'decay_steps = settings["decay_steps"] * batches',
            'decay_steps = settings["decay_steps"]',
            "the rate decays by batches, not by updates",
            "test_the_rate_counts_updates",
        ),
        (
            "global_clipnorm=settings",
            "clipnorm=settings",
            "clipping by variable",
            "test_a_run_of_updates_equals_adam_by_hand",
        ),
        (
            "if self.rate_factors is not None:",
            "if False:",
            "every part moves as fast",
            "test_each_part_moves_by_its_share_of_adams_step",
        ),
        (
            "if not self.gradient_accumulation_steps:",
            "if True:",
            "an average takes in every batch of an accumulation",
            "test_the_average_takes_in_every_update_once",
        ),
        (
            "                average.assign(variable)\n",
            "                pass\n",
            "an average is zero until the first update",
            "test_the_average_takes_in_every_update_once",
        ),
        (
            'if self.amsgrad or keras.config.backend() != "tensorflow":',
            'if keras.config.backend() != "tensorflow":',
            "amsgrad is asked for and not done",
            "test_a_step_is_that_of_keras",
        ),
        (
            "epsilon=self.epsilon,",
            "epsilon=1e-7,",
            "a step has an epsilon of its own",
            "test_a_step_is_that_of_keras",
        ),
    )
    + of(
        "scoringnet_tf/models/recurrence.py",
        "tests/models/test_recurrence.py",
        (
            "self.cell.kernel) + self.cell.bias",
            "self.cell.kernel)",
            "the Bi-LSTM has no bias",
            "test_equals_a_loop_over_frames_and_units",
        ),
        (
            "gates_of(sequences), initial_state, mask, training)",
            "gates_of(sequences), initial_state, None, training)",
            "the Bi-LSTM reads the frames behind a video's end",
            "test_equals_a_loop_over_frames_and_units",
        ),
        (
            '("return_sequences", "go_backwards", "stateful",',
            '("return_sequences", "stateful",',
            "both halves of the Bi-LSTM run forwards",
            "test_equals_a_loop_over_frames_and_units",
        ),
    )
    + of(
        "scoringnet_tf/models/parts.py",
        "tests/training/test_optimizer.py",
        (
            "math.prod(rate for variables, rate in of_parts if id(variable) in variables)",
            "max((rate for variables, rate in of_parts if id(variable) in variables), default=1)",
            "factors of a C3D and of the part it lies in are not multiplied",
            "test_each_part_moves_by_its_share_of_adams_step",
        ),
    )
)

# === Models: which fragment, which part learns ===

OBJECTIVE = of(
    "scoringnet_tf/models/objective.py",
    "tests/models/test_objective.py",
    (
        "            getattr(self, part).trainable = False\n",
        "",
        "what one compile froze stays so in the next",
        "test_a_second_compile_learns_again_what_was_frozen",
    ),
    (
        "            layer.trainable = False\n",
        "            pass\n",
        "frozen parts learn",
        "test_frozen_parts_stay_and_all_else_learns",
    ),
    (
        "stages, mask, training=training)",
        "stages, mask, training=False)",
        "SP trains without dropout",
        "test_sp_trains_with_dropout_and_a_frozen_kfs_without",
    ),
    (
        ".trainable = part in PHASES[phase]",
        ".trainable = True",
        "a part of another phase is trained too",
        "test_a_phase_trains_its_part_alone",
    ),
    (
        "            total = total + decay\n",
        "",
        "β‖w‖² is logged and not minimised",
        "test_joint_loss_is_eq10",
    ),
    (
        "total = total + loss(y[output], predicted, sample_weight)",
        "total = total + loss(y[output], predicted)",
        "the loss ignores weights of videos",
        "test_a_weight_of_zero_leaves_a_video_out",
    ),
    (
        "metric.update_state(y[output], self._measured(output, y_pred), sample_weight)",
        "metric.update_state(y[output], self._measured(output, y_pred))",
        "figures ignore weights of videos",
        "test_a_weight_of_zero_leaves_a_video_out",
    ),
    (
        "unit = std if unit is None else unit",
        "unit = mean if unit is None else unit",
        "standard units are means",
        "test_losses_are_in_standard_deviations_unless_told_otherwise",
    ),
)
SCORING_NET = of(
    "scoringnet_tf/models/scoring_net.py",
    "tests/models/test_objective.py",
    (
        "FragmentSelector(rules.stage_indices(stages[score]), length",
        'FragmentSelector(rules.stage_indices(stages["execution"]), length',
        "difficulty is read from the fragment of execution",
        "test_each_tower_sees_its_own_fragment",
    ),
    (
        "score_views(self.score_predictor, clips, views, training=training)",
        "score_views(self.score_predictor, clips, views, training=False)",
        "SP is never told that it trains",
        "test_sp_trains_with_dropout_and_a_frozen_kfs_without",
    ),
) + of(
    "scoringnet_tf/models/scoring_net.py",
    "tests/training/test_wiring.py",
    (
        'return {"frame_size": info.frame_size, "stored"',
        'return {"stored"',
        "the model does not know the size of its records' frames",
        "test_a_model_knows_its_records",
    ),
    (
        '(known[score]["mean"], known[score]["std"])',
        '(known[score]["std"], known[score]["mean"])',
        "mean and deviation of the training scores swapped",
        "test_a_model_knows_its_records",
    ),
    (
        'if not known[score]["std"] > _rounding(known[score]["mean"])',
        "if False",
        "scores that are all the same are trained on",
        "test_scores_that_are_all_the_same_are_refused",
    ),
)
SPORTS = (
    of(
        "scoringnet_tf/sports/stage_order.py",
        "tests/sports/test_sports.py",
        (
            "found == sorted(set(found))",
            "found == sorted(found)",
            "a stage that comes twice is not warned of",
            "test_stages_of_one_performance_come_in_order_and_once",
        ),
    )
    + of(
        "scoringnet_tf/sports/shipped/diving.yaml",
        "tests/sports/test_sports.py",
        ("execution: [take-flight, entry]", "execution: [entry]", "execution loses take-flight"),
    )
    + of(
        "scoringnet_tf/sports/shipped/vault.yaml",
        "tests/sports/test_sports.py",
        ("execution: [posting-flight, landing]", "execution: [landing]", "execution loses posting-flight"),
        ("fusion: sum_minus_penalty", "fusion: sum", "vault's final score knows no penalty"),
    )
    + of(
        "scoringnet_tf/sports/sport_file.py",
        "tests/sports/test_sport_file.py",
        (
            "            if key.value in seen:",
            "            if False:",
            "of a key that stands twice the last value counts",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
        (
            'getattr(event, "anchor", None) is not None',
            "False",
            "aliases are followed",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
    )
    + of(
        "scoringnet_tf/sports/definition.py",
        "tests/sports/test_sport_file.py",
        (
            "tuple(stage for stage in stages if stage in fragment)",
            "tuple(fragment)",
            "a fragment in another order is another sport",
            "test_a_file_defines_a_sport",
        ),
        (
            "not math.isfinite(number)",
            "math.isnan(number)",
            "a range may have no end",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
    )
    + of(
        "scoringnet_tf/sports/known.py",
        "tests/sports/test_sport_file.py",
        (
            "return sport.name if SPORTS.get(sport.name) == sport else",
            "return sport.name if sport.name in SPORTS else",
            "a sport of one's own with the name of one that ships is kept as that",
            "test_names_stand_for_sports_that_ship_alone",
        ),
    )
    + of(
        "scoringnet_tf/models/presets.py",
        "tests/sports/test_own_sport.py",
        (
            '    if different:\n        raise InputError(f"{where} another',
            '    if False:\n        raise InputError(f"{where} another',
            "records of another sport of the same name are scored",
            "test_records_of_another_sport_of_the_same_name_are_refused",
        ),
    )
)
MODELS = (
    of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_models.py",
        (
            "member = ops.logical_and(wanted, frame_mask)",
            "member = wanted",
            "padding enters a fragment",
            "test_selector_cuts_the_fragment_and_reports_empty_ones",
        ),
        (
            "member = ops.where(empty[:, None], frame_mask, member)",
            "member = ops.where(empty[:, None], True, member)",
            "padding enters a whole video",
            "test_selector_cuts_the_fragment_and_reports_empty_ones",
        ),
    )
    + of(
        "scoringnet_tf/models/views.py",
        "tests/models/test_views.py",
        ("axis=-2)", "axis=-3)", "views are upside down", "test_scores_are_the_mean_over_the_views"),
        ("6: (0, -1, 1)}", "6: (0, -1, -1)}", "no view is later", "test_scores_are_the_mean_over_the_views"),
        (
            "(count, -1, *each.shape[1:])), axis=0)",
            "(-1, count, *each.shape[1:])), axis=1)",
            "the views of several videos are mixed",
            "test_scores_are_the_mean_over_the_views",
        ),
    )
    + of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_views.py",
        (
            "ops.sum(ops.cast(frame_mask",
            "ops.sum(1 + 0 * ops.cast(frame_mask",
            "a later view sees padding",
            "test_scores_are_the_mean_over_the_views",
        ),
    )
    + of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_views.py",
        ("1 if training else self.views", "self.views", "training sees all views", "test_training_sees_one"),
    )
    + of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_objective.py",
        (
            "draw < self.share",
            "draw >= self.share",
            "true fragments go up, not down",
            "test_scheduled_fragments_go_from_true_to_predicted",
        ),
        (
            "use_true = ops.logical_and(ops.all(labelled, axis=1), draw < self.share)",
            "use_true = draw < self.share",
            "videos without labels are cut by them",
            "test_scheduled_fragments_go_from_true_to_predicted",
        ),
    )
    + of(
        "scoringnet_tf/models/segmentation.py",
        "tests/training/test_wiring.py",
        (
            "Dropout(dropout_rate",
            "Dropout(0.5",
            "dropout of KFS fixed at 0.5",
            "test_flags_of_the_model",
        ),
    )
    + of(
        "scoringnet_tf/models/layers.py",
        "tests/models/test_objective.py",
        (
            "training=training and self.trainable",
            "training=training",
            "a frozen KFS runs with dropout",
            "test_sp_trains_with_dropout_and_a_frozen_kfs_without",
        ),
    )
    + of(
        "scoringnet_tf/models/regressor.py",
        "tests/training/test_wiring.py",
        (
            'Dropout(dropout_rate, name=f"',
            'Dropout(0.5, name=f"',
            "dropout of the regressor fixed at 0.5",
            "test_flags_of_the_model",
        ),
    )
    + of(
        "scoringnet_tf/models/c3d.py",
        "tests/training/test_pretraining_wiring.py",
        (
            "Dropout(dropout_rate",
            "Dropout(0.5",
            "dropout of C3D fixed at 0.5",
            "test_dropout_of_c3ds_own_top",
        ),
    )
    + of(
        "scoringnet_tf/models/score_prediction.py",
        "tests/models/test_models.py",
        (
            "stddev=0.001",
            "stddev=0.01",
            "initial deviation ×10",
            "test_the_last_layer_of_a_tower_starts_small",
        ),
    )
)

# === Data: splits, order, draws, checks ===

DATA = (
    of(
        "scoringnet_tf/data/splits.py",
        "tests/data/test_splits.py",
        (
            "return sorted(_unit(info, sorted(group)) for group in members.values())",
            "return [_unit(info, sorted(group)) for group in members.values()]",
            "validation not stratified",
        ),
        (
            '(video_id in held_out) == (split == "validation")',
            "video_id in held_out",
            "trained on what is held out",
        ),
        (
            "members.setdefault((group is None, group or video_id), [])",
            "members.setdefault(video_id, [])",
            "a group is torn between training and validation",
        ),
    )
    + of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_epoch_order.py",
        (
            "epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), epoch]), SHUFFLE)",
            "epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), 0 * epoch]), SHUFFLE)",
            "every epoch has the same order",
            "test_each_epoch_has_every_record_once_in_an_order_of_its_own",
        ),
        (
            "return tf.random.experimental.stateless_shuffle(indices, epoch_seed)",
            "block = tf.random.experimental.stateless_shuffle(tf.range(512), epoch_seed)\n"
            "        places = tf.concat([block + i for i in range(0, len(self.ids), 512)], 0)\n"
            "        return tf.boolean_mask(places, places < len(self.ids))",
            "the same permutation every 512",
            "test_no_stretch_of_an_epoch_repeats_the_permutation_of_another",
        ),
        (
            "used[self.pipeline_id :: self.num_pipelines]",
            "used[0 :: self.num_pipelines]",
            "all pipelines read the same videos",
            "test_pipelines_share_one_order",
        ),
        (
            'tf.debugging.Assert(expected == found, [tf.strings.join(message, " ")])',
            "pass",
            "records in another order than their index are read",
            "test_an_index_in_another_order_than_its_records_is_found",
        ),
    )
    + of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "constant_values=UNLABELLED",
            "constant_values=0",
            "padding is labelled as noise",
            "test_padding_and_targets",
        ),
        (
            "video_seeds(self.seed, epoch, ",
            "video_seeds(self.seed, 0 * epoch, ",
            "every epoch is augmented alike",
            "test_each_epoch_has_an_order_and_augmentation_of_its_own",
        ),
    )
    + of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_augmentation.py",
        (
            "start, end = cut[0], end - cut[1]",
            "start, end = cut[0], end - cut[0]",
            "both ends of a clip are cut alike",
            "test_a_clip_is_cut_at_both_ends_independently",
        ),
        (
            "COLOR, SHUFFLE, ZOOM, DEGRADATION = range(8)",
            "COLOR, SHUFFLE, ZOOM, DEGRADATION = 0, 1, 2, 3, 4, 5, 3, 7",
            "crop and zoom share a stream of random numbers",
            "test_streams_differ_by_run_epoch_video_and_decision",
        ),
        (
            "self._random_offset(size, seeds(CROP))",
            "self._random_offset(size, seeds(FLIP))",
            "a crop is drawn from the stream of the flip",
            "test_what_is_drawn_depends_on_its_own_decision_alone",
        ),
        (
            "base = fold(tf.stack([tf.cast(seed, tf.int64), epoch]), hashed)",
            "base = tf.stack([tf.cast(seed, tf.int64), epoch])",
            "all videos of an epoch are cropped in the same place",
            "test_each_video_is_cropped_in_a_place_of_its_own_in_each_epoch",
        ),
    )
    + of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_input_pipeline.py",
        (
            "drawn = tf.random.stateless_uniform([2], seed)",
            "drawn = tf.random.stateless_uniform([1], seed)",
            "top and left of a crop are drawn alike",
            "test_crop_and_flip_are_the_same_for_all_frames_and_reach_everywhere",
        ),
        (
            "blocks = [length, ",
            "blocks = [1, ",
            "the noise of all frames is the same",
            "test_degradation_against_loops",
        ),
        (
            '[0, 0]], "SYMMETRIC")',
            "[0, 0]])",
            "blur darkens the border",
            "test_degradation_against_loops",
        ),
    )
    + of(
        "scoringnet_tf/data/records.py",
        "tests/data/test_records.py",
        (
            "if not length == len(example.timestamps) == len(example.stages):",
            "if False:",
            "a record of too few stages is written",
            "test_lengths_must_agree",
        ),
    )
)

# === data_prep: labels in, labels drawn ===

DATA_PREP = (
    of(
        "data_prep/simulator/settings.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "self.random(*key, self.rendering) if self.rendering else",
            "self.random(*key) if self.rendering else",
            "another rendering is the same pixels",
            "test_another_rendering_is_the_same_performances_in_other_pixels",
        ),
    )
    + of(
        "data_prep/simulator/plan.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "return draw_compression(settings.easy, settings.filming_random(video_id, ENCODING))",
            "return drawn",
            "another rendering has the same encoders",
            "test_another_rendering_has_encoders_of_its_own",
        ),
        (
            "deserved = simulator.max_execution - label.execution + rng",
            "deserved = label.execution + rng",
            "with real labels good dives get more faults",
            "test_real_dives_show_the_faults_that_their_execution_lost",
        ),
        (
            "marks = simulator.judge(total_deduction(severities, simulator.faults), rng)",
            "marks = simulator.judge(simulator.draw_deduction(rng), rng)",
            "marks from the wrong quality",
            "test_drawn_marks_are_those_of_the_faults_shown",
        ),
        (
            "difficulty=simulator.difficulty_of(element),\n        execution=simulator.execution_score(marks),",
            "difficulty=simulator.difficulty_of(elements[0]),\n        execution=simulator.execution_score(marks),",
            "difficulty of another dive",
            "test_drawn_marks_are_those_of_the_faults_shown",
        ),
    )
    + of(
        "data_prep/simulator/dataset.py",
        "tests/data_prep/simulator/test_simulator_interrupted.py",
        (
            "hashlib.sha256(file.read_bytes()).hexdigest()\n        for file in files",
            "file.name\n        for file in files",
            "a simulation goes on with corrected labels",
            "test_an_interrupted_dataset_is_not_finished_with_corrected_labels",
        ),
        (
            "if differing := _differing(description, _describe(settings)):",
            "if differing := []:",
            "labels that change under way are mixed",
            "test_labels_that_change_while_videos_are_rendered_are_noticed",
        ),
    )
    + of(
        "data_prep/simulator/diving/filming.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "waterline, frame_time - boundaries[2])",
            "waterline, frame_time - boundaries[2] + 1.0)",
            "the splash begins a frame early",
            "test_no_splash_before_the_entry",
        ),
    )
    + of(
        "data_prep/simulator/shortcuts.py",
        "tests/data_prep/simulator/test_simulator_shortcuts.py",
        (
            "return b0, b1, (b1 + b2) // 2, b2,",
            "return b0, b1, (b1 + b2) // 2, b2 - 1,",
            "the frame before the entry is measured",
            "test_a_glance_sees_the_frames_at_its_moments",
        ),
    )
    + of(
        "data_prep/simulator/scene/effects.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "woven[1::2] = last[1::2]",
            "woven[0::2] = last[0::2]",
            "the fields of interlaced video change places",
            "test_combed_frames_have_the_odd_lines_of_the_frame_before_but_not_across_a_cut",
        ),
    )
    + of(
        "data_prep/datasets/boundaries.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            " or starts[0] < 0",
            "",
            "negative boundary accepted",
            "test_manifest_boundaries_are_not_negative",
        ),
    )
    + of(
        "data_prep/datasets/split_file.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "if sample.split not in SPLITS:",
            "if False:",
            "a split of any name accepted",
            "test_manifest_rows_are_checked",
        ),
    )
    + of(
        "data_prep/datasets/judges_marks.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "sport.marks.execution(marks, penalty)",
            "sport.marks.execution(marks)",
            "penalty ignored where there are marks",
            "test_a_penalty_in_diving_is_off_every_mark",
        ),
        (
            "if penalty:",
            "if False:",
            "a penalty of any meaning accepted",
            "test_a_penalty_whose_meaning_cannot_be_told_is_refused",
        ),
    )
    + of(
        "data_prep/datasets/readers/table.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if with_comma and with_point:",
            "if False:",
            "a decimal comma taken where there are points",
            "test_numbers_of_two_kinds_are_never_both_accepted",
        ),
    )
    + of(
        "data_prep/datasets/aqa7.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "stored = collections.Counter(scale for score in scores for scale",
            "stored = collections.Counter(scale for score in scores[:1] for scale",
            "the first score decides the scale",
            "test_a_row_of_aqa7_on_another_scale_is_a_problem_of_that_row",
        ),
    )
    + of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            "statistics.median_low(writer.frame_rates)",
            "statistics.mean(writer.frame_rates)",
            "mean for median frame rate",
            "test_the_frame_rate_of_a_dataset_is_its_median",
        ),
        (
            "    _refuse(known, settings, source_dir)\n",
            "",
            "what labels show is refused after decoding",
            "test_all_that_labels_and_folders_show_is_refused_before_a_frame_is_decoded",
        ),
    )
    + of(
        "data_prep/records/kept_videos.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            '(None, values["made_of"])',
            '(None, values["made_of"] | {"source": made_of and made_of["source"]})',
            "frames of another video are taken over",
            "test_a_video_that_has_changed_since_is_made_anew",
        ),
        (
            '"stored": dataclasses.asdict(stored), ',
            "",
            "frames of other settings are taken over",
            "test_other_settings_make_every_video_anew",
        ),
        (
            " or ends[-1] != len(jpegs)",
            "",
            "a lost frame is empty",
            "test_what_is_damaged_is_not_trusted",
        ),
        (
            "jpegs=[], file=path, taken_over=taken_over",
            "file=path, taken_over=taken_over",
            "frames wait in memory",
            "test_no_frames_wait_in_memory_for_a_slow_video",
        ),
    )
    + of(
        "scoringnet_tf/support/files.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            "fcntl.LOCK_EX | fcntl.LOCK_NB",
            "fcntl.LOCK_SH | fcntl.LOCK_NB",
            "two builds of one folder at once",
            "test_a_second_build_beside_one_that_is_under_way_is_refused",
        ),
    )
    + of(
        "scoringnet_tf/inference/kept_scores.py",
        "tests/inference/test_kept_scores.py",
        (
            '"video": _video_sha256(clip.path),',
            '"video": clip.path.name,',
            "a result of another video is taken over",
            "test_a_video_that_has_changed_is_scored_anew",
        ),
        (
            '"model": self._sha256,',
            '"model": "",',
            "a result of another model is taken over",
            "test_another_model_is_told_by_its_bytes_not_by_its_name",
        ),
        ('"force": force},', "},", "a forced score stays", "test_other_options_are_other_results"),
        (
            "_digest(kept) != values",
            '"sha256" not in values',
            "a damaged score is taken over",
            "test_what_is_damaged_does_not_count",
        ),
        (
            "    with _loading:\n        return",
            "    if True:\n        return",
            "each thread of a worker loads the model",
            "test_a_worker_loads_the_model_once_for_all_its_threads",
        ),
    )
    + of(
        "scoringnet_tf/inference/video_score.py",
        "tests/inference/test_video_score.py",
        (
            "len(performances[0].reasons) if len(performances) == 1 else 0",
            "0",
            "reasons of the one performance are given twice",
            "test_a_result_comes_back_from_json",
        ),
    )
    + of(
        "data_prep/support/processes.py",
        "tests/data_prep/test_processes.py",
        (
            "None if ahead is None else ahead * workers",
            "None",
            "results behind a slow one pile up",
            "test_results_behind_a_slow_one_are_bounded",
        ),
    )
    + of(
        "scoringnet_tf/support/stopping.py",
        "tests/support/test_stopping.py",
        ("128 + number", "1", "a signal is an error like another", "test_a_signal_becomes_an_exception_once"),
        (
            "            signal.signal(each, signal.SIG_IGN)\n",
            "            pass\n",
            "a second Ctrl-C interrupts tidying up",
            "test_a_signal_becomes_an_exception_once",
        ),
    )
    + of(
        "scoringnet_tf/models/reference.py",
        "tests/models/test_reference.py",
        (
            "certainties(probabilities, labels, mask) < least",
            "certainties(probabilities, labels, mask) < 0",
            "no stage is ever doubtful",
        ),
        ("min(SURE, 1.0 - DOUBT_SLACK", "min(1.0, 1.0 - DOUBT_SLACK", "what is nearly sure is doubted"),
        (
            'ops.logical_or(frames < limits[0].astype("float32"), frames > limits[1].astype("float32"))',
            'frames > limits[1].astype("float32")',
            "a stage may be as short as it likes",
        ),
        ("firsts[:, stage] < latest", "firsts[:, stage] > latest", "stages in order are called out of order"),
        ("starts > 1", "starts > 2", "a stage may occur twice"),
        ("labels > 0, mask", "labels >= 0, mask", "noise counts for the features of a performance"),
        ("features[numbers != fold]", "features", "the limit is set on the videos that it was fitted to"),
    )
    + of(
        "scoringnet_tf/models/intervals.py",
        "tests/models/test_score_intervals.py",
        ("(count + 1) * level", "count * level", "intervals forget that the held-out videos are few"),
        (
            "errors = np.where(np.isfinite(errors), errors, np.inf)",
            "errors = np.nan_to_num(errors)",
            "a prediction that is no number is right",
        ),
        (
            "min(max(value - width, lowest), highest)",
            "value - width",
            "an interval goes below what occurs in the sport",
        ),
    )
    + of(
        "scoringnet_tf/models/bank.py",
        "tests/models/test_bank.py",
        ("np.argsort(distances,", "np.argsort(-distances,", "the performances least alike are shown"),
    )
    + of(
        "scoringnet_tf/inference/calibration.py",
        "tests/inference/test_calibration.py",
        (
            'if split == "train" and seen.ids[n] not in apart',
            "if split",
            "a held-out video is called one of training",
            "test_the_bank_is_of_training_videos_alone",
        ),
    )
    + of(
        "scoringnet_tf/inference/trust.py",
        "tests/inference/test_calibration.py",
        (
            "{} if reasons else self._intervals_of(scores)",
            "self._intervals_of(scores)",
            "an interval is claimed for what is unlike training",
            "test_a_forced_score_has_no_interval_and_the_lowest_grade",
        ),
        (
            "None if stale else model.reference",
            "model.reference",
            "intervals of other weights are stated",
            "test_what_was_measured_with_other_weights_says_nothing",
        ),
    )
    + of(
        "scoringnet_tf/inference/reliability.py",
        "tests/inference/test_reliability.py",
        ("*reasons, *(code for", "*(code for", "a score that was given by force is relied on"),
        ("distance > FAR", "distance > 1", "a performance far from training is relied on"),
    )
    + of(
        "scoringnet_tf/inference/coverage.py",
        "tests/inference/test_coverage.py",
        ("(low <= truth) & (truth <= high)", "truth <= high", "a true score below its interval counts as within"),
    )
    + of(
        "scoringnet_tf/training/held_out.py",
        "tests/training/test_held_out.py",
        (
            'if data_hash != info.data_hash:\n        return "It is',
            'if False:\n        return "It is',
            "videos that may have been learned from set the intervals",
        ),
        (
            "if shown(records.videos[video_id]) in learned]\n    if both:",
            "if shown(records.videos[video_id]) in learned]\n    if False:",
            "training videos set the intervals",
        ),
        (
            '    both = learned_among(records, records.split(split)["ids"], model_file)',
            "    both = []",
            "videos that the run learned from by other records set the intervals",
            "test_videos_that_the_run_learned_from_by_other_records_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/inference/refusal.py",
        "tests/inference/test_refusal.py",
        ("not trained or rate >= LEAST_SHARE * trained", "True", "one frame a second is scored"),
        ("if small.all() else", "if not small.all() else", "a picture that is large enough is too small"),
        ("if not is_current(model):", "if False:", "a reference from before further training is trusted"),
    )
    + of(
        "scoringnet_tf/inference/performances.py",
        "tests/inference/test_cycles.py",
        ("        if is_whole(labels[first:end])\n", "", "a part of a replay is a performance"),
        ("if not seen[start:end].any():", "if False:", "a flight alone counts as a dive"),
        ("max(before, first - around)", "before", "a performance reaches back to the one before, however long ago"),
    )
    + of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_long_videos.py",
        (
            "if findings.is_new(*np.searchsorted(sample_of, (each.first, each.end)))",
            "if True",
            "a performance in two parts of a long video counts twice",
            "test_parts_show_what_the_whole_video_shows",
        ),
        (
            "and (not video.shared or each.end <= settled)",
            "and True",
            "a performance is taken from a part that ends in it",
            "test_every_performance_is_told_as_soon_as_it_is_found",
        ),
        (
            "or self.model.segmenter is None:  # nothing tells where to cut",
            "and True:",
            "a model without stages scores the last part of a long video",
            "test_a_model_without_stages_sees_a_long_video_whole",
        ),
    )
    + of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/inference/test_long_videos.py",
        (
            "round(count * self._density(part))",
            "round(count)",
            "a part of a video of twice the rate shows half as much",
            "test_a_video_of_twice_the_rate_has_parts_of_twice_the_frames",
        ),
    )
    + of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_long_videos.py",
        (
            "return int(np.rint(self.since * rate))",
            "return 0",
            "parts of a long video are sampled from their own beginning",
            "test_frames_are_sampled_as_in_the_whole_video",
        ),
    )
    + of(
        "data_prep/simulator/session.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            "plan.num_frames + replay for plan",
            "plan.num_frames for plan",
            "the replay before a performance is not counted",
            "test_a_performance_has_the_pixels_that_it_has_by_itself",
        ),
    )
    + of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_refusal.py",
        ("if force or not reasons else ({}, [])", "if True else ({}, [])", "nothing is withheld"),
        (
            "self._scores_of(video, seen, labels)",
            "self._scores_of(video, samples, labels)",
            "the second dive is scored by the first one's frames",
        ),
    )
    + of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        ("best if best in moving or not moving else moving[0]", "streams[0]", "a cover picture is scored"),
        ("(shown[:-1] + shown[1:]) / 2", "shown[1:]", "frames are taken late"),
        ("[before] * rate > SPARSE", "[before] * rate > 9", "frames are repeated where they should be mixed"),
    )
    + of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/data/test_time_and_streams.py",
        (
            "abs(video.fps / self.frame_rate - 1) > RATE_TOLERANCE",
            "video.fps / self.frame_rate - 1 > RATE_TOLERANCE",
            "lower frame rate not warned of",
            "test_a_slow_video_is_repeated_and_it_is_said",
        ),
    )
    + of(
        "scoringnet_tf/support/threads.py",
        "tests/support/test_threads.py",
        (
            "while error is None or waiting:",
            "while error is None:",
            "what came before an error is lost",
            "test_what_came_before_an_error_of_the_items_comes_first",
        ),
    )
)

# === Losses and metrics ===

NUMBERS = (
    of(
        "scoringnet_tf/losses.py",
        "tests/test_losses.py",
        (
            'return {**super().get_config(), "form": self.form}',
            "return super().get_config()",
            "`form` lost on saving",
            "test_what_a_loss_was_made_with_survives_saving",
        ),
        (
            "index[:, None] < index[None, :]",
            "index[:, None] != index[None, :]",
            "every pair is ranked twice",
            "test_ranking_worked_example",
        ),
    )
    + of(
        "scoringnet_tf/metrics.py",
        "tests/test_metrics.py",
        (
            "count > self.capacity",
            "count >= self.capacity",
            "NaN at capacity",
            "test_src_holds_just_as_many_as_its_capacity",
        ),
        ("labels != beside", "labels == beside", "segments of the wrong frames", "test_edit_score_is_that_of_a_loop"),
        (">= overlap", "> 0", "any overlap is enough", "test_f1_is_that_of_a_loop"),
        ("ops.max(match * hit", "ops.sum(match * hit", "a segment found twice", "test_f1_is_that_of_a_loop"),
        (
            "metric.add(matched, weights)",
            "metric.add(matched, ops.ones_like(weights))",
            "F1 of several overlaps without weights",
            "test_segment_figures_are_those_metrics",
        ),
    )
    + of(
        "scoringnet_tf/models/decoding.py",
        "tests/models/test_decoding.py",
        (
            "+ ([state + 2] if label else [])",
            "",
            "no stage without noise before it",
            "test_the_path_is_the_best_of_all",
        ),
        ("followers.append(1)", "followers.append(0)", "no second performance", "test_two_performances_are_one_cycle"),
        (
            "        best -= best.max()",
            "        best -= best.min()",
            "long videos lose digits in NumPy",
            "test_one_video_is_decided_in_numpy_as_in_a_graph",
        ),
        (
            'transitions(num_stages, decoding == "cyclic"), np.float32',
            "transitions(num_stages), np.float32",
            "predict finds no second performance",
            "test_one_video_is_decided_in_numpy_as_in_a_graph",
        ),
        ("logs = ops.where(frame_mask", "_ = ops.where(frame_mask", "padding counts", "test_padding_changes_nothing"),
        ("best = best - ops.max", "_ = best - ops.max", "digits lost", "test_a_long_video_loses_no_digits"),
    )
)

# === Inference: warnings, refusals, what is exported ===

INFERENCE = (
    of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_prediction.py",
        (
            "force=True, partial=False).stages",
            "force=True, partial=True).stages",
            "damaged video accepted by `suggest`",
            "test_a_damaged_video_is_scored_with_a_warning_and_not_segmented",
        ),
    )
    + of(
        "scoringnet_tf/inference/evaluation.py",
        "tests/inference/test_evaluation.py",
        (
            "    if true_fragments:\n",
            "    if False:\n",
            "--true_fragments ignored",
            "test_true_fragments_change_the_scores_and_not_the_stages",
        ),
        (
            'info["id"].numpy()]',
            'sorted(info["id"].numpy())]',
            "predictions carry the names of other videos",
            "test_every_prediction_has_the_name_of_its_video",
        ),
    )
    + of(
        "data_prep/datasets/mtl_aqa.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "fields.expect(what, INCONSISTENT)",
            "fields.expect(what)",
            "marks that contradict a score are an error like any other",
            "test_scores_that_contradict_each_other_are_refused_dropped_or_kept",
        ),
    )
    + of(
        "data_prep/records/building.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "kept.get(kind, False)",
            "kept.get(kind, True)",
            "rows with errors are kept like those whose scores contradict each other",
            "test_a_row_with_an_error_is_not_kept_for_its_scores",
        ),
    )
    + of(
        "data_prep/records/same_performance.py",
        "tests/data_prep/records/test_same_performance.py",
        (
            "and other.split != sample.split",
            "",
            "a copy in the same split is refused",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
        (
            "for shown in (pictures, pictures[:, :, ::-1]):",
            "for shown in (pictures,):",
            "mirrored copies pass",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
    )
    + of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if start < last:\n                    what",
            "if False:\n                    what",
            "performances that overlap accepted",
            "test_performances_that_overlap_are_refused",
        ),
    )
    + of(
        "data_prep/datasets/splitting.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "groups.setdefault(sample.group, [])",
            "groups.setdefault(sample.video_id, [])",
            "groups are torn apart",
            "test_a_group_is_in_one_split",
        ),
    )
    + of(
        "data_prep/datasets/published.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "if all(found[split] == number",
            "if any(found[split] == number",
            "a copy that lacks a split is said to be whole",
            "test_a_copy_with_all_videos_is_said_to_be_whole",
        ),
    )
    + of(
        "data_prep/stages/formats/timing.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "    if timestamps is None:\n        return math.floor(moment * fps)",
            "    if True:\n        return math.floor(moment * fps)",
            "seconds become frames by the mean rate",
            "test_seconds_mean_the_frames_that_are_shown_then",
        ),
    )
    + of(
        "data_prep/commands/stages.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            'if output.exists() and FLAGS.existing == "refuse":',
            "if False:",
            "labels of other videos are overwritten",
            "test_labels_that_are_there_are_not_overwritten",
        ),
    )
    + of(
        "scoringnet_tf/support/pickle_check.py",
        "tests/support/test_pickle_check.py",
        (
            "            self.parts[taken[0]] += taken[1:]\n",
            "",
            "what is put into a list is not counted",
            "test_levels_that_multiply_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/inference/serving.py",
        "tests/inference/test_serving.py",
        (
            'network.with_dtype("mixed_bfloat16" if precision == "bfloat16" else "float32")',
            'network.with_dtype("mixed_bfloat16") if precision == "bfloat16" else network',
            "a bfloat16 model is exported in bfloat16",
            "test_precision_is_what_was_asked_for",
        ),
    )
    + of(
        "scoringnet_tf/inference/request_checks.py",
        "tests/inference/test_serving.py",
        (
            "_has_shape(shape, mask_shape, element)",
            "tf.constant(True)",
            "a mask of one column is spread over all frames",
            "test_malformed_videos_are_refused",
        ),
        (
            "(lengths == 0) | ~prefix",
            "lengths == 0",
            "padding before frames is taken for frames",
            "test_malformed_videos_are_refused",
        ),
        (
            "(lengths >= 1) & (lengths <= most)",
            "lengths <= most",
            "an empty list of images is scored",
            "test_malformed_images_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/support/files.py",
        "tests/inference/test_serving.py",
        (
            '        if as_path(path).exists():\n            raise InputError(f"{path}: expected a folder',
            '        if False:\n            raise InputError(f"{path}: expected a folder',
            "a version that is there is replaced",
            "test_versions_count_up_and_are_never_replaced",
        ),
    )
    + of(
        "scoringnet_tf/inference/portable.py",
        "tests/inference/test_portable.py",
        (
            "if not difference <= TOLERANCE",
            "if difference > TOLERANCE",
            "an export that gives NaN is taken for right",
            "test_numbers_that_are_none_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_shown_frames.py",
        (
            "        for image, time in shown.remaining():\n            yield self._counted(image, time)\n",
            "",
            "the last interlaced frame is lost",
            "test_every_interlaced_frame_comes_once_and_in_order",
        ),
    )
    + of(
        "scoringnet_tf/data/shown_frames.py",
        "tests/data/test_shown_frames.py",
        (
            "size == self._deinterlacer.size else self.remaining()",
            "size == self._deinterlacer.size else []",
            "the frame before a change of size is fed to what deinterlaces another",
            "test_frames_that_change_their_size_are_said",
        ),
        (
            "return bool(b), b or d, a or c",
            "return bool(b), abs(b or d), a or c",
            "mirrored from top to bottom is not mirrored",
            "test_frames_are_turned_and_mirrored_as_ffmpeg_does",
        ),
        (
            "        self._note(UNTURNED if turn is None else TURNED)\n",
            "",
            "nothing is said of frames that are turned",
            "test_frames_are_turned_and_mirrored_as_ffmpeg_does",
        ),
    )
    + of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "if not error and num_frames >= announced - tolerance:",
            "if not error:",
            "missing frames accepted",
            "test_frames_that_the_file_announces_and_does_not_have",
        ),
        (
            "np.mean(rising) < CREDIBLE_SHARE",
            "False",
            "timestamps that go back are bridged",
            "test_timestamps_that_do_not_rise_give_way_to_the_frame_rate",
        ),
        (
            "options=FORMAT_OPTIONS)",
            "options={})",
            "playlists have other files opened",
            "test_a_list_of_videos_is_none_whatever_it_is_called",
        ),
    )
)

# === Features in place of frames ===

FEATURES = (
    of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_input_pipeline.py",
        (
            "tf.cast(tf.round(positions * tf.cast(length - 1, tf.float32)), tf.int32)",
            "tf.cast(positions * tf.cast(length - 1, tf.float32), tf.int32)",
            "evenly spaced frames are cut off, not rounded",
            "test_spaced_indices_are_those_of_a_fragment",
        ),
    )
    + of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "chosen = first + spaced_indices",
            "chosen = spaced_indices",
            "num_frames forgets where the stages begin",
            "test_num_frames_of_what_the_other_options_leave",
        ),
        (
            "    if pixel_options:\n",
            "    if False:\n",
            "features are flipped without a word",
            "test_features_are_not_augmented_as_pixels_are",
        ),
    )
    + of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "sport)[:: video.stride], []",
            "sport)[: len(video)], []",
            "the first steps have the stages of the first frames",
            "test_records_hold_the_features_and_their_labels",
        ),
        (
            "-(-sample.num_frames // video.stride)",
            "sample.num_frames // video.stride",
            "the last step is one too many",
            "test_a_sequence_of_another_length_is_named",
        ),
    )
    + of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "rate = (fps or DEFAULT_FPS) / frames_per_step",
            "rate = fps or DEFAULT_FPS",
            "steps last as long as frames",
            "test_records_hold_the_features_and_their_labels",
        ),
    )
    + of(
        "scoringnet_tf/inference/extraction.py",
        "tests/inference/test_extraction.py",
        (
            "[-start % stride :: stride]",
            "[::stride]",
            "every window begins with a step of its own",
            "test_features_per_frame_are_those_of_the_whole_video",
        ),
        (
            "temporal_pooling=per_clip",
            "temporal_pooling=True",
            "features per frame are pooled in time",
            "test_features_per_frame_are_those_of_the_whole_video",
        ),
    )
)

PARTIAL = (
    of(
        "scoringnet_tf/models/views.py",
        "tests/models/test_partial_models.py",
        (
            "samples = [selector(content, mask) for selector in selectors]",
            "samples = [selector(content, ops.ones_like(mask)) for selector in selectors]",
            "padding is sampled with a whole video",
            "test_a_whole_video_is_sampled_evenly_and_without_its_padding",
        ),
    )
    + of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_partial_models.py",
        (
            "self.segmenter is None and len(lengths) == 1",
            "self.segmenter is None",
            "two towers of other lengths see the samples of one",
            "test_a_whole_video_is_sampled_evenly_and_without_its_padding",
        ),
    )
    + of(
        "scoringnet_tf/models/score_prediction.py",
        "tests/models/test_partial_models.py",
        (
            "self.std**2 * variance",
            "self.std * variance",
            "deviations in other units than points",
            "test_a_distribution_says_its_score_and_how_sure_it_is",
        ),
        (
            'clip_lengths[0 if score == "difficulty" else 1]',
            "clip_lengths[0]",
            "--clip_lengths of execution ignored",
            "test_a_whole_video_is_sampled_evenly_and_without_its_padding",
        ),
    )
    + of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_partial_models.py",
        (
            '"segmenter" if output == "stages" else "score_predictor" for output',
            '"segmenter" if output in ("stages", "final") else "score_predictor" for output',
            "the fused final score is not learnt while SP is",
            "test_a_fused_final_score_can_be_learnt_as_well",
        ),
    )
    + of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_wiring.py",
        (
            '{"sigma": settings["score_sigma"]}',
            "{}",
            "--score_sigma ignored",
            "test_flags_of_the_loss_and_the_fragments",
        ),
        ('"head": settings["head"],', "", "--head ignored", "test_flags_of_the_model"),
        (
            'supervision(info, settings["scores"])',
            "supervision(info)",
            "--scores ignored",
            "test_scores_asked_for_are_those_of_the_towers",
        ),
        (
            '_videos("train"))',
            '_videos("validation"))',
            "features are scaled by the held-out videos",
            "test_features_are_scaled_by_the_training_videos",
        ),
    )
    + of(
        "scoringnet_tf/sports/measures.py",
        "tests/sports/test_measures.py",
        (
            "width = width_of(truth) if",
            "width = width_of(predicted) if",
            "R-l2 relative to the range of the predictions",
            "test_med_and_relative_l2_by_hand",
        ),
        ("stats.rankdata(scores, axis=-1)", "np.argsort(scores, axis=-1)", "no ranks", "test_src_is_scipys_with_ties"),
        (
            "truth[known], predicted[..., known]",
            "truth, predicted",
            "unknown scores are measured",
            "test_med_and_relative_l2_by_hand",
        ),
    )
    + of(
        "scoringnet_tf/baselines/core.py",
        "tests/baselines/test_networks.py",
        (
            "[~np.eye(len(scores), dtype=bool)]",
            "",
            "a video is its own exemplar",
            "test_groups_have_as_many_pairs_each",
        ),
        (
            "leaves[..., 1] - truth[:, 1:]",
            "leaves[..., 1]",
            "the place in the group is not taught",
            "test_the_loss_is_that_of_the_true_leaf",
        ),
    )
    + of(
        "scoringnet_tf/baselines/apenft.py",
        "tests/baselines/test_regressions.py",
        (
            "distances <= tolerance",
            "distances < 2 * tolerance",
            "another r",
            "test_approximate_entropy_is_that_of_a_double_loop",
        ),
    )
    + of(
        "scoringnet_tf/inference/evaluation.py",
        "tests/inference/test_evaluation.py",
        (
            "(truth >= 0) & (found >= 0).any()",
            "(truth >= 0)",
            "a model without KFS has a frame accuracy",
            "test_figures_of_a_model_with_one_score_and_without_stages",
        ),
    )
    + of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_prediction.py",
        (
            "            check_features(sequence, path, self.model.features, self.model.frame_rate)",
            "",
            "features of another kind are scored",
            "test_features_of_another_kind_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/losses.py",
        "tests/test_losses.py",
        (
            "(2.0 * sigma**2)",
            "sigma**2",
            "the target distribution is too narrow",
            "test_the_divergence_of_distributions",
        ),
        (
            "self._in_units(truth, expected, weights)",
            "self._in_units(truth, expected / self.std, weights)",
            "a distribution is ranked in other units than the loss is in",
            "test_the_loss_of_a_distribution_ranks_expected_scores_in_its_units",
        ),
    )
)

EXPERIMENTS = (
    of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            "if name not in SCORING_FLAGS}",
            "}",
            "no two rows share a KFS",
            "test_rows_that_differ_in_sp_alone_share_a_kfs",
        ),
        (
            '{"kfs": kfs.folder(surroundings).name} if kfs else {}',
            "{}",
            "a row with a shared KFS is taken for one that trained its own",
            "test_rows_that_differ_in_sp_alone_share_a_kfs",
        ),
        (
            'and flags.get("fragments") != "whole"',
            "",
            "a KFS is trained for whole videos",
            "test_rows_that_differ_in_sp_alone_share_a_kfs",
        ),
    )
    + of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            "failed.append(training)",
            "pass",
            "a KFS that failed is tried again for each of its rows",
            "test_a_kfs_that_fails_fails_its_rows_alone",
        ),
    )
    + of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "(truth == stage) & (predicted == stage)",
            "(predicted == stage)",
            "frames that are wrong are right",
            "test_figures_are_those_of_an_evaluation",
        ),
    )
    + of(
        "scoringnet_tf/experiments/curves.py",
        "tests/experiments/test_curves.py",
        (
            "np.triu((apart != 0) & (np.abs",
            "np.triu((np.abs",
            "ties count as pairs",
            "test_only_close_pairs_of_different_scores_count",
        ),
    )
    + of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "score_statistics=score_statistics(videos)",
            "score_statistics=info.score_statistics",
            "a split has the statistics of another one",
            "test_the_records_of_another_split_are_the_same_records",
        ),
        (
            "json.dumps([info.data_hash, sorted(split.items())])",
            "json.dumps([info.data_hash])",
            "two splits have the same hash",
            "test_the_hash_is_of_records_and_split",
        ),
    )
    + of(
        "scoringnet_tf/inference/attribution.py",
        "tests/inference/test_attribution.py",
        (
            "value - np.asarray(found[score], float)",
            "np.asarray(found[score], float) - value",
            "a fall is a rise",
            "test_falls_are_those_of_a_score_that_is_known",
        ),
        (
            "np.add.at(found, numbers, sizes)",
            "found[: len(sizes)] += sizes",
            "the gradient is of the first frames, whichever the tower sees",
            "test_a_score_comes_from_its_fragment_alone",
        ),
    )
    + of(
        "scoringnet_tf/models/stage_networks.py",
        "tests/models/test_stage_networks.py",
        (
            '        x = FrameMask(name=f"encoder{level + 1}_pool_mask", dtype="float32")(x, frame_mask)\n',
            "",
            "padding is pooled with the last frame",
            "test_padding_changes_nothing",
        ),
        ("indices = ops.arange(", "indices = 0 * ops.arange(", "the first frame for all", "test_resnet50_sees_a_frame"),
    )
)

REPORTS = (
    of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        ("0.0), 100.0)", "0.0), 200.0)", "a score beyond the scale lies outside it", "test_a_score_lies_on_its_scale"),
        (
            "-_value(_score(one[0], last), -math.inf)",
            "_value(_score(one[0], last), -math.inf)",
            "the last is first",
            "test_a_session_is_ranked_by_the_final_score",
        ),
        ("(room - low)", "(room + low)", "falls begin elsewhere than at zero", "test_no_change_lies_at_zero"),
    )
    + of(
        "scoringnet_tf/report/collecting.py",
        "tests/report/test_report.py",
        (
            "min(performance.end_frame + around, free[1])",
            "min(performance.start_frame, free[1])",
            "a page ends where its performance begins",
            "test_each_performance_has_its_own_stretch",
        ),
        (
            "            if not is_longer and len(video.frames) <= MOSTLY * (stop - start):\n",
            "            if True:\n",
            "the page of a performance keeps the whole of a long video",
            "test_a_long_video_of_one_performance_shows_it_and_not_the_rest",
        ),
        (
            "score, performance, _called(numbered, row), row.scores)",
            "score, performance, _called(numbered, row), rows[0].scores)",
            "the judges' score of a video is that of each performance",
            "test_each_performance_has_its_own_stretch",
        ),
    )
    + of(
        "scoringnet_tf/data/renderings.py",
        "tests/data/test_renderings.py",
        ('info.split(split)["ids"]', 'info.split("test")["ids"]', "another split is taken", "test_others_are_refused"),
    )
    + of(
        "serving/client.py",
        "tests/serving/test_client.py",
        (
            "if valid else None for name",
            "for name",
            "the client gives a number for anything",
            "test_what_is_no_performance_has_no_score",
        ),
    )
    + of(
        "scoringnet_tf/training/strategy.py",
        "tests/training/test_replicas.py",
        (
            "tf.gather(value, rows % number)",
            "tf.gather(value, rows * 0)",
            "a batch for replicas is made of its first video",
            "test_a_batch_that_does_not_divide_is_filled_with_what_weighs_nothing",
        ),
        (
            "tf.cast(rows < number",
            "tf.cast(rows <= number",
            "a copy that fills up a batch weighs like a video",
            "test_a_batch_that_does_not_divide_is_filled_with_what_weighs_nothing",
        ),
        (
            'if task["type"] == "worker" else 0',
            'if task["type"] == "chief" else 0',
            "a worker is taken for the chief, which alone writes",
            "test_the_first_of_several_machines_is_known",
        ),
    )
    + of(
        "scoringnet_tf/training/optimizer.py",
        "tests/training/test_replicas.py",
        (
            "return ops.equal(replicas.summed([overflowed])[0], 0)",
            "return ops.equal(overflowed, 0)",
            "each replica looks for overflow in its own gradients alone",
            "test_a_gradient_that_overflows_on_one_replica_is_left_out_on_all",
        ),
    )
    + of(
        "scoringnet_tf/support/onednn.py",
        "tests/support/test_onednn.py",
        (
            'os.environ.setdefault(OPTION, "1")',
            'os.environ[OPTION] = "1"',
            "what the environment says is overridden",
            "test_what_the_environment_says_stands",
        ),
    )
)

BAD_INPUT = (
    of(
        "scoringnet_tf/support/cli.py",
        "tests/bad_inputs/test_bad_inputs.py",
        ("if not isfinite(x)]", "if False]", "NaN is a learning rate", "test_it_says_what_is_wrong"),
        (
            '(sys.stdin, "surrogateescape")',
            '(sys.stdin, "strict")',
            "a list of names is text",
            "test_it_says_what_is_wrong",
        ),
    )
    + of(
        "scoringnet_tf/support/reading.py",
        "tests/training/test_resuming.py",
        (
            "(ValueError, RecursionError)",
            "ValueError",
            "lists in lists without end are a traceback",
            "test_a_damaged_configuration_is_named",
        ),
    )
    + of(
        "scoringnet_tf/data/index_checks.py",
        "tests/data/test_records.py",
        (
            "math.isfinite(value) and (value >= 0 or kinds != (int,))",
            "True",
            "an infinite number of frames a second is one",
            "test_index_of_another_format",
        ),
        (
            'PurePath(shard["file"]).name != shard["file"]',
            "False",
            "an index has files of other folders opened",
            "test_index_of_another_format",
        ),
    )
    + of(
        "scoringnet_tf/report/judges.py",
        "tests/report/test_report.py",
        (
            "sorted({*columns} & known) != sorted(columns)",
            "{*columns} - known",
            "of a column that is there twice the last one wins",
            "test_wrong_judges_are_refused",
        ),
    )
    + of(
        "scoringnet_tf/models/presets.py",
        "tests/test_mutated_files.py",
        (
            "if unsound:",
            "if False:",
            "a model of NaN gives scores",
            "test_a_model_whose_weights_are_no_numbers_is_refused",
        ),
    )
)

# === Benchmarks: what many videos take ===

SCALING = of(
    "benchmarks/capacity.py",
    "tests/benchmarks/test_capacity.py",
    (
        "videos * (videos - 1) / 2 * costs.compare",
        "videos * costs.compare",
        "the search for the same performance grows with the videos, not with their pairs",
        "test_prepare",
    ),
    (
        "core_seconds=machines * shown * costs.load",
        "core_seconds=shown * costs.load",
        "machines that train together share the reading",
        "test_train",
    ),
) + of(
    "benchmarks/growth.py",
    "tests/benchmarks/test_growth.py",
    (
        "scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom)",
        "scipy.stats.t.ppf(CONFIDENCE, freedom)",
        "the interval of a slope covers nine tenths",
        "test_intervals_are_those_of_least_squares",
    ),
)

# What stayed of another run, or was taken for another than it is.
LEFT_OVERS = (
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_starting_weights.py",
        (
            "if start and folder in (start, start.parent):",
            "if False:",
            "a model in the folder of a run is deleted before it is read",
            "test_a_model_to_start_from_is_not_taken_for_what_a_run_left",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_run.py",
        (
            ' or callbacks.has_taken(self.model, self.settings["max_steps"])',
            "",
            "a run of so many steps, given again, trains on",
            "test_a_run_stops_after_the_steps_it_was_given",
        ),
    ),
    *of(
        "scoringnet_tf/training/callbacks.py",
        "tests/training/test_run.py",
        (
            'if not math.isnan(logs.get("val_loss", 0.0)):',
            "if True:",
            "epochs that are not validated are in vain",
            "test_epochs_that_are_not_validated_are_not_in_vain",
        ),
    ),
    *of(
        "scoringnet_tf/training/starting_weights.py",
        "tests/training/test_starting_weights.py",
        (
            "tuple(network.frame_size) != tuple(source.frame_size)",
            "False",
            "a model of frames of another scale is started from",
            "test_a_model_of_frames_of_another_scale_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/training/starting_weights.py",
        "tests/training/test_held_out.py",
        (
            'load_keras(path, C3D, "pretrained").learned_from | ',
            "",
            "what a tower learned from is held out",
            "test_a_run_learned_from_what_its_tower_did",
        ),
    ),
    *of(
        "scoringnet_tf/inference/attribution.py",
        "tests/inference/test_attribution.py",
        (
            "    elif labels is None:\n",
            "    else:\n",
            "where a score comes from goes by other stages than the score",
            "test_labels_that_are_given_are_those_it_goes_by",
        ),
    ),
    *of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "                if stop > last:\n",
            "                if True:\n",
            "only neighbours overlap",
            "test_every_performance_within_a_longer_one_is_refused",
        ),
    ),
    *of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "stretch and not named for named, stretch",
            "stretch for named, stretch",
            "performances with ids of their own are numbered",
            "test_ids_are_as_the_table_says",
        ),
    ),
    *of(
        "data_prep/stages/suggestion.py",
        "tests/data_prep/stages/test_suggest.py",
        (
            "encoded.source_size, times)",
            "encoded.source_size)",
            "suggested times are of an even rate",
            "test_times_of_what_is_suggested_are_those_of_the_video_where_its_rate_varies",
        ),
    ),
    *of(
        "data_prep/records/joints.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "if self._shared[stem] > 1:",
            "if False:",
            "joints of videos that are called alike are exchanged",
            "test_joints_of_one_are_not_taken_for_those_of_another",
        ),
    ),
    *of(
        "scoringnet_tf/training/held_out.py",
        "tests/training/test_held_out.py",
        (
            "if shown(info.videos[video_id]) in learned]",
            "if video_id in learned]",
            "training videos are known by their names in other records",
            "test_videos_that_a_run_learned_from_are_known_in_other_records",
        ),
        (
            "if both := learned_among(info, ids, model_file):",
            "if both := []:",
            "intervals are measured on what the run before learned from",
            "test_a_validation_split_that_the_run_before_learned_from",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_held_out.py",
        (
            "if not known:",
            "if False:",
            "a start of which nobody knows what it learned from is taken in silence",
            "test_a_start_of_which_nobody_knows_what_it_learned_from_is_said",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_held_out.py",
        (
            'sorted({*learned_from, *before.get("learned_from", ())})',
            "sorted(learned_from)",
            "a run that goes on forgets what its start learned from",
            "test_a_run_keeps_what_it_and_its_start_learned_from",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_resuming.py",
        (
            'if state.get("stopped") and last',
            "if False and last",
            "more epochs are promised to a run that was ended",
            "test_settings_may_not_change_within_a_run",
        ),
    ),
    *of(
        "scoringnet_tf/data/joints.py",
        "tests/baselines/test_baseline_run.py",
        (
            "digests[name] =",
            "digests[(folder / name).name] =",
            "joints of videos that are called alike count once",
            "test_joints_of_videos_that_are_called_alike_all_count",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_run.py",
        (
            "threshold=phase.nothing if",
            "threshold=-math.inf if",
            "KFS of its first epoch is the best where nothing is labelled",
            "test_an_accuracy_of_held_out_videos_without_labels_chooses_no_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_pretraining.py",
        (
            'if "replicas" not in settings and workers()[1] > 1:',
            "if False:",
            "pretraining names a flag that it does not have",
            "test_one_of_several_workers_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/training/starting_weights.py",
        "tests/training/test_starting_weights.py",
        (
            "form_differences(form_of(source), form_of(network))",
            "form_differences(form_of(network), form_of(source))",
            "the records' frame rate is said to be the model's",
            "test_a_model_of_frames_of_another_rate_may_learn_on_and_it_is_said",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            "None if learned is None else len(learned)",
            "0",
            "an evaluation on training videos says nothing of them",
            "test_records_without_a_training_split_are_evaluated",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_starting.py",
        (
            "if 0 < batches < asked:",
            "if False:",
            "a phase without an update is called trained",
            "test_what_would_choose_or_learn_nothing_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/preprocessing.py",
        "tests/inference/test_calibration.py",
        (
            "abs(found.frame_rate / learned.frame_rate - 1) > RATE_TOLERANCE",
            "found.frame_rate / learned.frame_rate - 1 > 9",
            "records of another frame rate are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "abs(found.aspect / learned.aspect - 1) > ASPECT_TOLERANCE",
            "found.aspect / learned.aspect - 1 > ASPECT_TOLERANCE",
            "records of a narrower aspect are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "and learned.jpeg_quality != found.jpeg_quality:",
            "and False:",
            "records of another JPEG quality are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "and learned.fit != found.fit:",
            "and False:",
            "records with bars are evaluated by a model of records without",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/training/supervision.py",
        "tests/training/test_supervision.py",
        (
            "if len(finals) < 2:",
            "if len(finals) < 1:",
            "an epoch is chosen by one final score",
            "test_held_out_videos_of_one_final_score_choose_nothing",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if not rates or _alike(rates[0], rates[-1]):",
            "if True:",
            "videos of different rates are built without a word",
            "test_videos_of_different_rates_are_said",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "        if joints:\n",
            "        if False:\n",
            "joints that are missing are found when all is decoded",
            "test_joints_that_are_not_there_are_known_before_anything_is_decoded",
        ),
        (
            "joints.problems(sample, len(video))",
            "joints.problems(sample, None)",
            "joints of other frames pass",
            "test_joints_of_other_frames_are_found_by_check_and_refused_by_build",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "    if under_way.is_file():\n",
            "    if False:\n",
            "a simulation that has not ended passes for film",
            "test_a_simulation_that_has_not_ended_is_refused",
        ),
    ),
    *of(
        "data_prep/datasets/unlv_vault.py",
        "tests/data_prep/datasets/test_mutations.py",
        (
            "    if len(values) != count:\n",
            "    if False:\n",
            "each vault has its neighbour's difficulty",
            "test_tables_of_vaults_that_count_otherwise_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/report/evaluation_report.py",
        "tests/inference/test_evaluation.py",
        (
            '    (output_dir / "predictions.csv").unlink(missing_ok=True)\n',
            "",
            "a report that was cut short has the predictions of another",
            "test_predictions_come_last_and_those_of_before_are_gone",
        ),
    ),
    *of(
        "scoringnet_tf/data/renderings.py",
        "tests/data/test_renderings.py",
        (
            "        seen.add(rendering.data_hash)\n",
            "",
            "a rendering counts twice",
            "test_a_rendering_given_twice_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_refusal.py",
        (
            "weights=checksum(network)",
            "weights=0",
            "a model that is trained on has the intervals of before",
            "test_a_model_that_cannot_tell_says_so",
        ),
    ),
    *of(
        "scoringnet_tf/models/reference.py",
        "tests/inference/test_refusal.py",
        (
            "for name in names]) * frame_rate",
            "for name in names]) * (model.frame_rate or frame_rate)",
            "stages of any rate are measured in frames of training",
            "test_a_duration_is_that_of_the_frame_rate_which_the_frames_have",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_resuming.py",
        (
            "if self.worker or isinstance(self.model_dir, RemotePath):",
            "if True:",
            "two runs train in one folder",
            "test_a_second_run_does_not_train_in_the_folder_of_one_that_is_under_way",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "if place not in seen:",
            "if True:",
            "a pattern means a video twice",
            "test_a_pattern_means_each_video_once_and_a_folder_without_any_is_an_error_of_its_own",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/splits.py",
        "tests/experiments/test_random_splits.py",
        (
            "        left.unlink()\n",
            "        pass\n",
            "splits of more before stay beside those of a table",
            "test_cells_and_splits_are_kept",
        ),
        (
            "    if missing:\n",
            "    if not missing:\n",
            "a table takes a split of a part of the records",
            "test_a_file_of_a_part_of_the_records_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            'if name == "flagfile" else [line]',
            "if not name else [line]",
            "a flag file that a preset names stands above its rows",
            "test_a_preset_may_name_a_flag_file_and_a_row_stands_above_both",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/intervals.py",
        "tests/experiments/test_suite.py",
        (
            "self.seeds.get(row, range(",
            "(lambda _, other: other)(row, range(",
            "a seed that is missing gives its number to the next",
            "test_a_seed_has_its_own_number_where_another_failed",
        ),
    ),
    *of(
        "scoringnet_tf/inference/feature_folder.py",
        "tests/sports/test_own_sport.py",
        (
            '"group": known.get("group"),',
            '"group": None,',
            "features of a table lose their groups",
            "test_features_of_its_records_come_with_its_file",
        ),
    ),
    *of(
        "data_prep/datasets/columns.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "said[column].append(meaning)",
            "said[column] = [meaning]",
            "of two meanings of a column the first is lost",
            "test_a_column_may_mean_two_things",
        ),
    ),
    *of(
        "data_prep/datasets/split_file.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "source.published and source.published.in_all()",
            "source.published",
            "a split of one's own held against published splits",
            "test_a_split_file_takes_the_place_of_the_datasets_own_split",
        ),
    ),
    *of(
        "data_prep/datasets/__init__.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "source = with_split(source, Path(split_csv))",
            "source = dataclasses.replace(with_split(source, Path(split_csv)), samples=source.samples)",
            "a file of splits is read and not applied",
            "test_a_split_file_takes_the_place_of_the_datasets_own_split",
        ),
    ),
    *of(
        "data_prep/datasets/__init__.py",
        "tests/data_prep/records/test_description.py",
        (
            "(*source.notes, *counts, *torn)",
            "(*source.notes, *counts)",
            "nothing is said of groups in more than one split",
            "test_a_group_in_two_splits_is_said_by_describe_check_and_build_alike",
        ),
    ),
    *of(
        "scoringnet_tf/support/replicas.py",
        "tests/training/test_replicas.py",
        (
            "draw(rows * number())[first : first + rows]",
            "draw(rows)",
            "every replica draws the same for its fragments",
            "test_replicas_draw_for_fragments_what_one_device_does",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/support/test_paths.py",
        (
            "(SHARD.fullmatch(name) or name in (INDEX_NAME, JOINTS))",
            "True",
            "anything in an object store counts as a killed upload",
            "test_records_in_a_store_are_those_of_a_local_disk",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/support/test_paths.py",
        (
            "elif _is_cut_off(output_dir):",
            "elif False:",
            "what a killed upload left can never be replaced",
            "test_an_upload_that_was_killed_is_repeated",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records",
        (
            "(runner or target.name",
            "(target.name",
            "workers of a runner are given a relative path",
            "test_workers_are_given_paths_that_hold_in_any_folder",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records",
        (
            "        if given:\n",
            "        if False:\n",
            "--runner has no effect on features, silently",
            "test_what_decodes_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/support/test_paths.py",
        (
            "        check_shared(info, service)  # before anything is copied",
            "        pass",
            "a data service is to read copies that it does not have",
            "test_records_in_a_store_are_refused_to_a_data_service",
        ),
    ),
    *of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_augmentation.py",
        (
            "if not getattr(self, name) >= 0:",
            "if False:",
            "shifts below 0 accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
        (
            "if not 0 <= getattr(self, name) <= 1:",
            "if False:",
            "strengths of any size accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
        (
            "if self.zoom == 1:",
            "if False:",
            "a zoom to nothing accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/sports/definition.py",
        "tests/sports/test_sport_file.py",
        (
            "not math.isclose(highest, marks.factor * marks.maximum)",
            "False",
            "an execution that marks do not make accepted",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
        (
            "final / FAR <= fused",
            "0 <= fused",
            "a final score that the rule never reaches accepted",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
        (
            "fused <= final * FAR",
            "fused",
            "a final score far below that of the rule accepted",
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
    ),
    *of(
        "data_prep/datasets/judges_marks.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "> sport.marks.maximum:",
            "> 100:",
            "a penalty above the highest mark accepted",
            "test_a_penalty_off_every_mark_is_no_more_than_a_mark",
        ),
    ),
    *of(
        "data_prep/datasets/scores.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if 2 * len(low) > len(values)",
            "if low",
            "one low score makes a scale of all",
            "test_scores_on_another_scale_are_noted_where_most_are",
        ),
        (
            "if 2 * len(low) > len(values)",
            "if len(low) == len(values) > 0",
            "one sum among means of marks silences the note",
            "test_executions_that_are_a_mean_of_marks_are_noted",
        ),
        (
            "marks.factor <= 1 or not",
            "not",
            "executions of a sport whose rule is the mean of marks noted",
            "test_executions_that_are_a_mean_of_marks_are_noted",
        ),
    ),
    *of(
        "data_prep/datasets/stage_labels.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if 2 * len(short) > len(lengths)",
            "if short",
            "one short performance makes seconds of all stages",
            "test_performances_that_are_short_among_others_are_named",
        ),
        (
            "if 2 * len(short) > len(lengths)",
            "if len(short) == len(lengths) > 0",
            "one right row silences the note on stages in seconds",
            "test_stages_in_seconds_are_noted_where_most_performances_are_short",
        ),
        (
            "if not own or own[-1].end is None:",
            "if not own:",
            "a performance without an end fails the note",
            "test_a_performance_that_reaches_to_the_end_of_its_video_has_no_length_by_its_stages",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/videos.py",
        "tests/baselines/test_baseline_run.py",
        (
            '"sha256": joints_hash(self.info)',
            '"sha256": ""',
            "a run on other joints passes for this one",
            "test_other_joints_of_the_same_records_are_other_data",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            'return system.sees != "joints" or',
            "return True or",
            "a rendering keeps what was predicted of other joints",
            "test_other_joints_of_the_same_records_are_other_data",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/fitting.py",
        "tests/experiments/test_fitting.py",
        (
            "joints_hash(info) for info in surroundings.tested",
            "joints_hash(info) for info in (surroundings.records,)",
            "a table takes what was predicted of other joints of a rendering",
            "test_a_system_that_reads_joints_is_fitted_anew_to_others",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/kept.py",
        "tests/experiments/test_kept.py",
        (
            "if known[:1] != [*hashes[:1]]:",
            "if False:",
            "a result of other data is replaced",
            "test_results_of_other_data_or_of_more_stay",
        ),
        (
            "numbers.get(row, of_others) < number",
            "numbers.get(row, of_others) < 0",
            "a result of more seeds is replaced",
            "test_results_of_other_data_or_of_more_stay",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments",
        (
            "    _check_kept(chosen, surroundings)\n    failures",
            "    failures",
            "a result that is to stay stops a table after its trainings",
            "test_a_command_that_would_replace_other_results_is_refused_before_it_trains",
        ),
        (
            "_refusal(name, experiment, surroundings, {row.name: len(done) for row in experiment.rows}, names=names)",
            "None",
            "fewer splits replace more",
            "test_the_command_goes_over_all_splits",
        ),
        (
            "    if refusal and any(numbers.values()):\n",
            "    if False:\n",
            "a figure of fewer seeds takes the place of one of more",
            "test_of_what_a_figure_is_stands_beside_it_and_keeps_it_from_less",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/kept.py",
        "tests/experiments/test_kept.py",
        (
            'if name == "splits" else value == kept',
            'if name == "splits" else True',
            "results of another preset take the place of those that are kept",
            "test_results_of_other_data_or_of_more_stay",
        ),
    ),
    *of(
        "scoringnet_tf/sports/bootstrap.py",
        "tests/experiments/test_intervals.py",
        (
            "functools.partial(relative_l2, width=width_of(truth))",
            "relative_l2",
            "R-l2 of every draw goes by its own range of scores",
            "test_relative_l2_of_drawn_videos_goes_by_the_range_of_all",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/report.py",
        "tests/experiments/test_suite.py",
        (
            " and results.seeds_of(row) == results.seeds_of(other)",
            "",
            "rows of other seeds are called paired",
            "test_rows_of_other_seeds_are_not_called_paired",
        ),
        (
            "    return not np.isnan(values).any()\n",
            "    return True\n",
            "a figure that one seed lacks has an interval and a difference",
            "test_a_figure_that_one_seed_does_not_have_is_undefined",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/splits.py",
        "tests/experiments/test_random_splits.py",
        (
            "        check_renderings(first, others)",
            "        # check_renderings(first, others)",
            "renderings are not compared on what a split tests",
            "test_a_rendering_with_other_scores_of_what_a_split_tests_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_objective.py",
        (
            "        last = length - 1 if is_frame is None else",
            "        last = length - 1 if True else",
            "jitter draws padding into a fragment",
            "test_fragment_jitter_does_not_depend_on_the_rest_of_the_batch",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/regression.py",
        "tests/baselines/test_regressions.py",
        (
            "    if number == len(training.groups):",
            "    if True:",
            "cross-validation parts cuts of one source",
            "test_cuts_of_one_source_are_in_one_fold",
        ),
    ),
    *of(
        "scoringnet_tf/report/collecting.py",
        "tests/report/test_report.py",
        (
            "            edges = max(edges[0], performance.start_frame), min(edges[1], performance.end_frame)\n",
            "            pass\n",
            "a page shows stages of a neighbour, where its window holds some",
            "test_stages_of_another_performance_are_none_of_a_page",
        ),
        (
            "    start = max(performance.start_frame - around, free[0])",
            "    start = performance.start_frame - around",
            "a page begins within the performance before",
            "test_a_page_shows_nothing_of_the_performance_beside_its_own",
        ),
        (
            "    times = video.first_time + np.append(video.timestamps",
            "    times = np.append(video.timestamps",
            "times of a page begin at nought",
            "test_times_of_a_page_are_those_of_the_file",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            "bisect.bisect_right(times, seconds + rounding) - 1",
            "bisect.bisect_right(times, seconds + rounding)",
            "times mean the frame after the one that is shown",
            "test_a_stretch_is_what_is_shown_between",
        ),
        (
            "bisect.bisect_right(times, seconds + rounding)",
            "bisect.bisect_right(times, seconds)",
            "a printed time begins a frame early or late",
            "test_the_times_that_predict_prints_mean_the_same_frames",
        ),
    ),
    *of(
        "scoringnet_tf/inference/findings.py",
        "tests/inference/test_long_videos.py",
        (
            "            self._of_noise += shown\n",
            "            self._of_noise = shown\n",
            "the picture of a long video without a performance is of its last part",
            "test_a_long_video_without_a_performance_has_none",
        ),
    ),
    *of(
        "scoringnet_tf/models/presets.py",
        "tests/models/test_views.py",
        (
            'changes |= _without_intervals(model, "They were measured with stages',
            'dict(changes) | _without_intervals(model, "They were measured with stages',
            "another decoding keeps intervals",
            "test_another_number_of_views_or_another_decoding_has_no_intervals",
        ),
    ),
    *of(
        "scoringnet_tf/inference/versions.py",
        "tests/inference/test_serving.py",
        (
            "        if different:\n",
            "        if False:\n",
            "another sport of the same name is the next version",
            "test_a_version_follows_one_of_its_own_sport_and_format",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_starting.py",
        (
            "LAST in left or epochs > 1 or not is_recorded(*described, built_of=self._built_of())",
            "LAST in left or epochs > 1",
            "somebody's best model is deleted",
            "test_models_that_a_run_would_overwrite_are_left_alone",
        ),
        (
            "epochs > 1 or not is_recorded",
            "not is_recorded",
            "the best model of a long run without checkpoints is deleted",
            "test_a_best_model_of_many_epochs_is_no_leftover_of_a_first_one",
        ),
        (
            "return path if isinstance(path, RemotePath) else path.resolve()",
            "return path",
            "a start in the folder of a run, written otherwise, is deleted before it is read",
            "test_a_start_within_the_folder_is_refused_however_it_is_written",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            "    problems += _label_problems(info, entry, record)\n",
            "",
            "scores of the index that are not the records' pass",
            "test_verification_compares_the_labels_of_the_index",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_wiring.py",
        (
            "np.roll(order, 1)  # of none its own",
            "np.random.default_rng(1).permutation(order)",
            "a video keeps its own scores among shuffled ones",
            "test_shuffled_labels_are_those_of_other_videos",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            "held_out[known], self.seed, groups[known])",
            "held_out[known], self.seed, np.arange(known.sum()))",
            "groups of the records do not reach a baseline",
            "test_groups_held_out_videos_and_the_seed_reach_the_system",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "self.training_fragments(stages, decided, mask)",
            "self.training_fragments(stages, decided)",
            "the jitter of a run does not know where a video ends",
            "test_the_jitter_of_a_run_knows_where_a_video_ends",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments",
        (
            '{**_made(experiment, surroundings), "splits": list(names)}',
            '{"splits": list(names)}',
            "the command does not say of which preset its results are",
            "test_of_what_a_figure_is_stands_beside_it_and_keeps_it_from_less",
        ),
        (
            "    of = surroundings.records.name, surroundings.sport\n    print(report.write",
            "    of = surroundings.sport, surroundings.records.name\n    print(report.write",
            "dataset and sport of a table are exchanged",
            "test_the_command_goes_over_all_splits",
        ),
    ),
    *of(
        "scoringnet_tf/report/__main__.py",
        "tests/report/test_report.py",
        (
            "values.force, names[path], values.stream)",
            "values.force, None, values.stream)",
            "videos of one name are not told apart in a session",
            "test_the_command_tells_all_and_shows_what_there_is",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_commands.py",
        (
            "values.held_out_split, model_path(values.model))",
            'values.held_out_split, "nowhere/best.keras")',
            "calibrate does not ask what the run learned from",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/report/printing.py",
        "tests/inference/test_video_score.py",
        (
            "(not path.is_file() or is_figure_of(path, video))",
            "True",
            "a later run's picture takes the place of another video's",
            "test_a_later_run_replaces_pictures_of_the_same_videos_alone",
        ),
    ),
    *of(
        "scoringnet_tf/report/evaluation_report.py",
        "tests/test_commands.py",
        (
            "as_path(of).name == model_file.name if beside",
            "True if beside",
            "an evaluation of last.keras is replaced by that of best.keras",
            "test_an_evaluation_replaces_none_of_another_model_or_of_other_records",
        ),
        (
            'if not same or kept.get("data_hash") != data_hash:',
            "if not same:",
            "an evaluation of other records is replaced",
            "test_an_evaluation_replaces_none_of_another_model_or_of_other_records",
        ),
    ),
    *of(
        "scoringnet_tf/models/saving.py",
        "tests/test_public_api.py",
        (
            "        if others:\n",
            "        if not others:\n",
            "a preset is saved beside the model that is read in its place",
            "test_a_preset_is_saved_beside_no_other_model",
        ),
    ),
    *of(
        "tests/data/test_input_pipeline.py",
        (
            " | ~tf.reduce_all(tf.reduce_any(members, axis=1))",
            "",
            "a tower without its stages sees the other's",
            "test_a_tower_whose_stages_a_video_lacks_sees_all_of_it",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            'for name in ("loss_weights", "weighted_metrics") if options',
            "for name in () if options",
            "weights of losses are taken and not used",
            "test_what_compile_does_not_know_is_named",
        ),
        (
            "        _check_names(terms, output_metrics)\n",
            "",
            "of two metrics of one name one is lost",
            "test_what_compile_does_not_know_is_named",
        ),
        (
            "if isinstance(sample_weight, dict):",
            "if False:",
            "weights by output fail in foreign words",
            "test_weights_by_output_are_refused_and_metrics_of_names_of_their_own_are_not",
        ),
        (
            "max(metrics.CAPACITY, num_videos)",
            "metrics.CAPACITY",
            "SRC has no more room than without asking",
            "test_src_is_of_as_many_videos_as_there_are",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_wiring.py",
        (
            "num_videos=len(self.validation_ids),",
            "",
            "SRC of no more held-out videos than without asking",
            "test_src_is_of_all_held_out_videos",
        ),
    ),
    *of(
        "scoringnet_tf/metrics.py",
        "tests/test_metrics.py",
        (
            'ops.where(self.count == 0, float("nan"), super().result())',
            "super().result()",
            "MED of nothing is perfect",
            "test_med_of_nothing_known_is_nan",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "update_state(value, sample_weight=known)",
            "update_state(value)",
            "a batch without known truth has terms of 0",
            "test_a_batch_without_known_truth_is_not_in_the_terms",
        ),
    ),
    *of(
        "scoringnet_tf/models/reference.py",
        "tests/inference/test_calibration.py",
        (
            "for name in model.networks for variable in getattr(model, name).variables",
            "for variable in model.variables",
            "what belongs to a run is in the checksum of weights",
            "test_a_model_that_was_compiled_keeps_its_reference",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            r"(?!\.|{OF_A_VIDEO})",
            r"(?!\.)",
            "pictures of videos are frames of one",
            "test_pictures_of_videos_beside_them_are_no_frames",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "not any(_is_called(name, VIDEO_SUFFIXES) for name in names)",
            "True",
            "videos beside an image are not seen",
            "test_pictures_of_videos_beside_them_are_no_frames",
        ),
    ),
    *of(
        "scoringnet_tf/report/judges.py",
        "tests/report/test_report.py",
        (
            "in out_of_range(sport, scores) or",
            "in",
            "judges' scores may be of any scale",
            "test_wrong_judges_are_refused",
        ),
        (
            "if not any(one.scores for of_video in found.values() for one in of_video):",
            "if False:",
            "a table without a judge's score is taken for one",
            "test_wrong_judges_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/sports/true_scores.py",
        "tests/report/test_report.py",
        (
            "penalties or sport.penalty_range",
            "penalties or (0.0, 0.0)",
            "judges who took something off contradict themselves",
            "test_what_judges_took_off_is_not_in_their_table",
        ),
    ),
    *of(
        "scoringnet_tf/inference/versions.py",
        "tests/inference/test_serving.py",
        (
            '(found, definition["name"]) != (form, sport.name)',
            'definition["name"] != sport.name',
            "another format is the next version",
            "test_a_version_follows_one_of_its_own_sport_and_format",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/bad_inputs/test_bad_inputs.py",
        (
            "    check_successor(newest_first, values.format, model_description(network))\n",
            "    pass\n",
            "another sport's model is the next version",
            "test_it_says_what_is_wrong",
        ),
    ),
    *of(
        "scoringnet_tf/inference/video_score.py",
        "tests/inference/test_video_score.py",
        (
            'shared = {"video": self.video, "model": self.model, "sport": self.sport.name}',
            'shared = {"video": self.video}',
            "a row does not say of which model it is",
            "test_a_table_has_its_header_once",
        ),
        (
            '"error": str(error), "model": model, "sport": sport}',
            '"error": str(error)}',
            "the row of a failure does not say of which model it is",
            "test_a_table_has_its_header_once",
        ),
    ),
    *of(
        "scoringnet_tf/support/cli.py",
        "tests/support/test_cli.py",
        (
            'if value == "" and flags.FLAGS[name].present:',
            "if False:",
            "a flag without a value is one that is not given",
            "test_a_flag_without_a_value_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "if not argument:",
            "if False:",
            "an empty argument is the current folder",
            "test_arguments_that_mean_nothing_are_errors_of_their_own",
        ),
    ),
    *of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_report.py",
        (
            "        _remove_if_there(folder)\n",
            "",
            "pages of a session stay beside that of one performance",
            "test_one_performance_leaves_nothing_of_a_session",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "os.path.realpath(path)",
            "video",
            "a video that is named in two ways counts twice",
            "test_several_arguments_mean_each_video_once",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "names, folders[:] = (_seen(each) for each in (names, folders))",
            "names = _seen(names)",
            "videos in hidden folders are scored",
            "test_what_is_hidden_is_no_video_of_a_folder",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "if self.stream and (is_folder or is_webp(clip.path)):",
            "if self.stream and is_webp(clip.path):",
            "a stream of a folder of images is asked for in vain",
            "test_images_and_webp_have_one_stream",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "return 1 / middle if middle > 0 else 0.0",
            "return 1 / middle if middle > 0 else DEFAULT_FPS",
            "nothing is said of the assumed rate of WebP",
            "test_webp_that_states_no_durations_is_said_to_be_of_an_assumed_rate",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "not 0 <= self.frames[0] < self.frames[1]",
            "not self.frames[0] < self.frames[1]",
            "a stretch may begin before the video",
            "test_stretches_that_cannot_be_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_prediction.py",
        (
            ' or path == "":',
            ":",
            "an empty path is the current folder",
            "test_what_is_no_path_is_called_what_it_is",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "(line if number else line.removeprefix(BYTE_ORDER_MARK))",
            "line",
            "the first video of a list from Windows is not found",
            "test_a_list_on_standard_input_is_taken_line_by_line",
        ),
    ),
)

# Found by readings of the whole: what was neither right nor refused.
READINGS = [
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            'container.format.name == "avi" and stream.codec_context.has_b_frames',
            "False",
            "a stretch of H.264 in AVI has other frames",
            "test_a_stretch_is_those_frames_and_begins_when_the_first_is_shown",
        ),
        (
            "first_time=since + self._start_of_clip(fps)",
            "first_time=since + first_frame / fps",
            "a stretch of uneven frames begins elsewhere",
            "test_a_stretch_of_uneven_webp_begins_when_its_first_frame_is_shown",
        ),
        (
            "CREDIBLE_SHARE = 0.9",
            "CREDIBLE_SHARE = 1.0",
            "one timestamp makes all of a file count for nothing",
            "test_a_timestamp_that_repeats_is_put_between_its_neighbours",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        ("followlinks=True", "followlinks=False", "a folder's links are left out", "test_links_are_what_they_lead_to"),
    ),
    *of(
        "scoringnet_tf/sports/true_scores.py",
        "tests/report/test_report.py",
        (
            "executions = sport.execution_range if execution is None else (execution, execution)",
            "executions = (0, 1e9) if execution is None else (execution, execution)",
            "a final score that no execution gives",
            "test_wrong_judges_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/inference/test_serving.py",
        (
            "if target.exists() or version in there:",
            "if target.exists():",
            "007 and 7 are two versions",
            "test_a_version_is_a_number_however_its_folder_is_called",
        ),
    ),
    *of(
        "data_prep/datasets/scores.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            "return nearest if rounding <= MOST_ROUNDING else None",
            "return nearest",
            "a difficulty of any rounding is taken",
            "test_a_difficulty_that_is_not_stated_is_computed_unless_rounding_leaves_it_open",
        ),
        (
            "if abs(nearest - difficulty) > rounding:",
            "if False:",
            "an impossible difficulty is left open",
            "test_a_difficulty_that_is_not_stated_is_computed_unless_rounding_leaves_it_open",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            ".casefold().split())",
            ".split())",
            "groups of other case are others",
            "test_groups_that_are_spelt_differently_are_one",
        ),
        (
            "if len({path.read_bytes() for path in paths}) > 1:",
            "if False:",
            "of two tables of stages one is ignored",
            "test_two_tables_of_stages_are_refused_unless_they_are_one",
        ),
    ),
    *of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "file_sha256(target) if has_twins else str(target)",
            "str(target)",
            "performances overlap in copies",
            "test_performances_that_overlap_in_a_copy_of_the_file_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        ("if len(forms) > 1:", "if False:", "a poster is a frame", "test_damaged_folders_of_images"),
    ),
    *of(
        "data_prep/datasets/ucf101.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            'elif clip["name"].casefold() != folder.casefold():',
            "elif False:",
            "a clip of another class",
            "test_ucf101_clips_of_another_class_are_named",
        ),
    ),
    *of(
        "data_prep/datasets/finediving.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "and not agree(ours, others):",
            "and False:",
            "files that disagree",
            "test_finediving_files_that_disagree_are_named",
        ),
    ),
    *of(
        "scoringnet_tf/sports/bootstrap.py",
        "tests/experiments/test_intervals.py",
        (
            "return max(number - 1, 1)",
            "return number",
            "draws vary less than means of few do",
            "test_draws_vary_as_the_mean_of_few_does",
        ),
    ),
    *of(
        "scoringnet_tf/training/supervision.py",
        "tests/training/test_supervision.py",
        (
            "if is_kfs_alone(settings) and labelled:",
            "if False:",
            "KFS alone needs fragments",
            "test_kfs_alone_needs_no_fragments",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if not _is_even(video):",
            "if False:",
            "frames that are not evenly spaced are taken without a word",
            "test_frames_that_are_not_evenly_spaced_are_said",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_fitting.py",
        (
            'info.stage_frames.get("test", {})',
            'info.stage_frames.get("tested", {})',
            "tables of true fragments are trained for records that have none",
            "test_rows_of_true_fragments_need_the_stages_of_every_test_frame",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/s3d.py",
        "tests/baselines/test_regressions.py",
        (
            "if len(clips.values) > 1 and np.all(clips.stages < 0):",
            "if False:",
            "S3D stacks copies of one mean where nothing is labelled",
            "test_videos_without_stage_labels_have_no_segments",
        ),
    ),
    *of(
        "scoringnet_tf/training/idle_flags.py",
        "tests/training/test_idle_flags.py",
        (
            'settings["top"] == "fc"',
            'settings["top"] == "regressor"',
            "the wrong top has no use for a stride",
            "test_of_pretrain",
        ),
        ("if flag.present:", "if True:", "defaults are said to change nothing", "test_those_that_are_given_are_said"),
    ),
    *of(
        "scoringnet_tf/support/notices.py",
        "tests/support/test_notices.py",
        (
            '"exception was never retrieved" not in',
            '"exception was never met" not in',
            "a lost connection is told by the event loop's log too",
            "test_what_nobody_awaited_is_held_back_and_other_errors_come_through",
        ),
    ),
    *of(
        "scoringnet_tf/models/layers.py",
        "tests/models/test_partial_models.py",
        (
            "> 0, deviation, LEFT_OUT)",
            '> 0, deviation, float("inf"))',
            "a feature that never varies makes a model that cannot be loaded",
            "test_features_that_never_vary_are_left_out_of_a_file_too",
        ),
    ),
    *of(
        "scoringnet_tf/data/shown_frames.py",
        "tests/data/test_shown_frames.py",
        (
            '_without_newer_side_data(frame).side_data.get("DISPLAYMATRIX")',
            "None",
            "a photograph is not turned as its EXIF says",
            "test_photographs_are_turned_and_mirrored_as_their_exif_says",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "if first is None or time >= first)",
            ")",
            "packets that show nothing are counted as frames",
            "test_packets_that_show_nothing_have_no_number",
        ),
        (
            "self.announced -= _num_hidden(self.clip.path, stream.index)",
            "pass",
            "what an edit list hides counts as missing",
            "test_what_an_edit_list_hides_is_not_missing",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_refusal.py",
        (
            "return [*reasons, *impossible], outputs if force or not impossible else {}",
            "return reasons, outputs",
            "a score that cannot be is given",
            "test_a_score_that_no_performance_has_is_withheld",
        ),
        (
            "        rate = self.preprocessor.frame_rate or video.fps\n",
            "        rate = self.preprocessor.frame_rate or ASSUMED_RATE\n",
            "performances are told apart at an assumed rate",
            "test_performances_are_told_apart_at_the_rate_of_the_video",
        ),
    ),
    *of(
        "scoringnet_tf/inference/serving.py",
        "tests/inference/test_refusal.py",
        (
            "        against += impossible_scores(network.sport, outputs).values()\n",
            "",
            "an export calls a score valid that cannot be",
            "test_an_export_calls_no_score_valid_that_cannot_be",
        ),
    ),
    *of(
        "scoringnet_tf/inference/findings.py",
        "tests/inference/test_refusal.py",
        (
            "(found.reasons, about))",
            "(found.reasons, self._said()))",
            "a warning of one performance is of the next, too",
            "test_a_warning_of_one_performance_is_not_of_the_next",
        ),
    ),
    *of(
        "scoringnet_tf/inference/calibration.py",
        "tests/inference/test_calibration.py",
        (
            "if file_sha256(path) != before:",
            "if False:",
            "calibrate replaces a model that was saved meanwhile",
            "test_a_model_that_was_saved_meanwhile_is_left_alone",
        ),
    ),
    *of(
        "scoringnet_tf/inference/evaluation.py",
        "tests/inference/test_evaluation.py",
        (
            "alone = tuple(predicted) == FINAL_ALONE",
            "alone = False",
            "the mean predictor fuses where the model does not",
            "test_the_mean_predictor_beside_one_tower_is_the_mean_final_score",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            "        _check_labelled(info, values.split)\n",
            "        pass\n",
            "true fragments are taken of videos without labels",
            "test_true_fragments_need_stage_labels",
        ),
    ),
    *of(
        "scoringnet_tf/train.py",
        "tests/test_commands.py",
        (
            "    _check_teaches(settings)\n",
            "",
            "a training that learns nothing is begun",
            "test_a_training_that_would_learn_nothing_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/features.py",
        "tests/data/test_features.py",
        (
            "abs(frames / stride / frame_rate - 1) > RATE_TOLERANCE",
            "False",
            "features of another rate are scored",
            "test_features_of_another_rate_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_models.py",
        (
            "        _check_fragment_stages(fragment_stages, scores)\n",
            "",
            "fragments of scores that do not exist are accepted",
            "test_fragments_that_no_tower_sees_are_named",
        ),
    ),
    *of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/training/test_supervision.py",
        (
            '> _rounding(known[score]["mean"])',
            "> 0",
            "equal scores pass as different by rounding",
            "test_equal_scores_teach_nothing_however_their_mean_was_rounded",
        ),
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_objective.py",
        (
            "ops.logical_and(ops.all(labelled, axis=1), draw < self.share)",
            "ops.logical_and(ops.any(labelled, axis=1), draw < self.share)",
            "videos that are labelled in part are cut by their labels",
            "test_a_video_that_is_labelled_in_part_is_cut_by_prediction",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_starting.py",
        (
            "left and (others or LAST in left",
            "left and (LAST in left",
            "a run trains into the folder of a preset",
            "test_a_run_does_not_begin_in_the_folder_of_a_preset",
        ),
    ),
    *of(
        "scoringnet_tf/training/starting_weights.py",
        "tests/training/test_starting_weights.py",
        (
            "        _check_pool_stride(source, c3d, path)\n",
            "        pass\n",
            "a C3D goes on with a regressor that pools otherwise",
            "test_a_c3d_goes_on_with_a_regressor_that_pools_alike",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            "            flags = _without_kfs(flags)\n",
            "            pass\n",
            "-KFS is refused where a preset names fragments",
            "test_whole_videos_are_trained_without_what_a_preset_says_of_fragments",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/docs.py",
        "tests/experiments/test_kept.py",
        (
            "(found or match[3] or MISSING)",
            "(found or MISSING)",
            "pages lose the tables that a folder of results does not have",
            "test_a_page_takes_the_newest_table_and_its_pictures",
        ),
    ),
    *of(
        "data_prep/datasets/unlv_diving.py",
        "tests/data_prep/records/test_build.py",
        (
            "        unlv.check_numbers(source_dir / unlv.STAGE_CSV, stages, num_videos)\n",
            "",
            "stages that count from 0 are those of the neighbour",
            "test_stages_of_videos_that_count_from_0_are_refused",
        ),
    ),
    *of(
        "data_prep/datasets/splitting.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "not _is_known(sample.final)",
            "not sample.final",
            "0 points count as no score",
            "test_a_dive_that_failed_has_a_score",
        ),
    ),
    *of(
        "data_prep/datasets/split_file.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "itertools.takewhile(_is_split_csv, further)",
            "filter(_is_split_csv, itertools.islice(further, 3000))",
            "a split of another year is deleted as a further fold",
            "test_a_split_of_another_year_is_no_further_fold",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "else _file_of(row) if stretch else None",
            "else None",
            "performances of one file are no group",
            "test_performances_of_one_file_are_a_group_unless_a_column_says_otherwise",
        ),
        (
            'row["group"] or None if table.has_groups',
            'row["group"] if table.has_groups and row["group"]',
            "a broadcast passes for the group of a row that has none",
            "test_a_performance_without_a_group_is_in_none_where_others_have_one",
        ),
    ),
    *of(
        "scoringnet_tf/inference/feature_folder.py",
        "tests/inference/test_extraction.py",
        (
            "or (info and info.frame_rate)",
            "or None",
            "features of records do not say their rate",
            "test_features_of_records_are_those_of_their_frames",
        ),
    ),
    *of(
        "scoringnet_tf/training/supervision.py",
        "tests/training/test_supervision.py",
        (
            '    frames = info.stage_frames.get("train")\n    if frames is None:\n',
            '    frames = info.stage_frames["train"]\n    if frames is None:\n',
            "records without a training split end in a traceback",
            "test_records_to_test_on_alone_are_named",
        ),
    ),
    *of(
        "scoringnet_tf/support/reading.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            'if "_" in text or not text.isascii():',
            "if False:",
            "1_0 is read as frame 10",
            "test_frames_with_an_underscore_are_no_numbers",
        ),
    ),
    *of(
        "data_prep/datasets/finediving.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "        group=str(key[0]),\n",
            "",
            "dives of one broadcast of FineDiving are no group",
            "test_finediving_steps_are_stages",
        ),
    ),
    *of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "_times_of(path, found.st_mtime_ns, found.st_size)",
            "_times_of(path, 0, 0)",
            "a video that was encoded anew keeps its times",
            "test_a_video_that_was_encoded_anew_has_other_times",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            'keeps_times=container.format.name != "avi"',
            "keeps_times=True",
            "AVI is said to have timestamps that do not rise",
            "test_timestamps_that_do_not_rise_are_left_and_that_is_said",
        ),
        (
            "if clock is None and keeps_times and",
            "if False and",
            "timestamps that do not rise are left without a word",
            "test_timestamps_that_do_not_rise_are_left_and_that_is_said",
        ),
    ),
    *of(
        "scoringnet_tf/inference/calibration.py",
        "tests/inference/test_calibration.py",
        (
            "weights=checksum(model),",
            "weights=0,",
            "a reference is of no weights",
            "test_what_rounded_weights_were_measured_with_is_known_in_float32",
        ),
    ),
    *of(
        "scoringnet_tf/inference/evaluation.py",
        "tests/inference/test_evaluation.py",
        (
            "draws_of(name, predictions.truth[score],",
            "draws_of(name, predictions.truth['final'],",
            "the interval of a score goes by another one's truth",
            "test_the_bootstrap_of_a_figure_against_scipy_and_a_double_loop",
        ),
    ),
    *of(
        "scoringnet_tf/sports/bootstrap.py",
        "tests/inference/test_evaluation.py",
        (
            "COVERED = (2.5, 97.5)",
            "COVERED = (10, 90)",
            "intervals cover less than they say",
            "test_the_bootstrap_of_a_figure_against_scipy_and_a_double_loop",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            "            **surroundings.records.beside_records(),\n",
            "",
            "runs of other groups are used again",
            "test_runs_of_other_groups_or_of_another_sport_of_that_name_are_others",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            "            **self.info.beside_records(),\n",
            "",
            "a baseline of other groups is used again",
            "test_a_folder_of_other_groups_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            "if both := learned & {",
            "if both := set() & {",
            "a baseline reports on what it learned from",
            "test_what_is_learnt_from_is_not_reported_on",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/report.py",
        "tests/experiments/test_suite.py",
        (
            "for each in (row, other))",
            "for each in (row,))",
            "a difference from what is undefined is printed",
            "test_a_figure_that_one_seed_does_not_have_is_undefined",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/splits.py",
        "tests/experiments/test_random_splits.py",
        (
            "            if split in found[:index]:\n",
            "            if False:\n",
            "a split that is given twice counts twice",
            "test_a_file_of_a_part_of_the_records_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/shortcuts.py",
        "tests/experiments/test_shortcuts.py",
        (
            "(math.nan if (stages < 0).any() else 0.0)",
            "0.0",
            "the length of a video is called durations of its stages",
            "test_what_is_not_known_of_every_video_is_left_out_and_named",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/curves.py",
        "tests/experiments/test_curves.py",
        (
            "set.intersection(*map(set, done.values()))",
            "set.union(*map(set, done.values()))",
            "rows of Fig. 5 are of other seeds",
            "test_rows_are_drawn_of_the_seeds_that_all_have",
        ),
    ),
    *of(
        "scoringnet_tf/inference/precision.py",
        "tests/inference/test_serving.py",
        (
            "float(np.maximum(differences.get(score, 0.0), difference))",
            "max(differences.get(score, 0.0), difference)",
            "no number in bfloat16 counts as no difference",
            "test_a_score_that_is_no_number_in_bfloat16_is_as_far_off_as_can_be",
        ),
    ),
    *of(
        "scoringnet_tf/inference/calibration.py",
        "tests/test_commands.py",
        (
            "{*of_intervals, *apart}",
            "{*of_intervals}",
            "videos held out are called training performances",
            "test_whole_path",
        ),
    ),
    *of(
        "serving/client.py",
        "tests/serving/test_client.py",
        (
            'np.char.decode(value.astype(bytes), "utf-8")',
            "value.astype(str)",
            "words of other alphabets end the client",
            "test_words_of_a_description_may_be_of_any_language",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_resuming.py",
        (
            "if known.get(what, value) != value]",
            "if False]",
            "a run goes on with another preprocessing",
            "test_what_no_weight_tells_may_not_change_within_a_run",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_held_out.py",
        (
            're.search(r"#\\d+-\\d+$", video["path"])',
            're.search(r"#.*$", video["path"])',
            "a video is another one for a # in its name",
            "test_what_a_video_shows_is_its_bytes_and_which_stretch_of_them",
        ),
    ),
    *of(
        "scoringnet_tf/training/supervision.py",
        "tests/training/test_supervision.py",
        (
            "if not is_kfs_alone(settings) and not any(",
            "if False and not any(",
            "a tower learns from whole videos for want of its fragment",
            "test_a_tower_needs_frames_of_its_fragment",
        ),
    ),
    *of(
        "scoringnet_tf/training/supervision.py",
        "tests/training/test_supervision.py",
        (
            'if settings["resnet50_weights"] and others:',
            "if False:",
            "ResNet50's weights are loaded and overwritten",
            "test_what_does_not_go_together",
        ),
    ),
    *of(
        "scoringnet_tf/training/idle_flags.py",
        "tests/training/test_idle_flags.py",
        (
            "    if info.features:\n",
            "    if False:\n",
            "flags of pixels are not named beside features",
            "test_records_of_features_have_no_pixels",
        ),
    ),
    *of(
        "scoringnet_tf/data/shards.py",
        "tests/data/test_resplitting.py",
        (
            "if _described(source, video_id) != _described(info, video_id)]",
            "if False]",
            "a split reads records that were built since",
            "test_records_that_were_built_anew_are_not_those_that_were_split",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/weights/test_import_weights.py",
        (
            "    _check_output(as_path(output), as_path(path))\n",
            "",
            "the best model of a run becomes a C3D",
            "test_the_model_of_a_run_is_not_replaced",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            "[*oddities.notes(), *_resumed(resumed)]",
            "_resumed(resumed)",
            "build says nothing of stages that are exchanged",
            "test_stages_in_another_order_are_said_by_build_and_check",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_build.py",
        (
            ", *oddities.notes()]",
            "]",
            "check says nothing of stages that are exchanged",
            "test_stages_in_another_order_are_said_by_build_and_check",
        ),
        (
            "        _, simulated = read_simulation(source_dir, source.samples)\n",
            "        simulated = []\n",
            "check calls a damaged simulation sound",
            "test_a_simulation_that_is_no_object_is_refused",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if not kinds_of_row(row) & lost]",
            "if not row]",
            "what overlaps passes where its scores contradict each other",
            "test_performances_that_overlap_are_refused_though_their_scores_contradict_each_other",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "            if not stretches or _concerns(",
            "            if True or _concerns(",
            "a wrong stage condemns all performances of its file",
            "test_stage_labels_of_a_file_are_shared_out_to_its_performances",
        ),
    ),
    *of(
        "data_prep/datasets/stage_labels.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            "    if not t0 < t2 < t3:\n",
            "    if False:\n",
            "a row that was never filled in is a video of noise",
            "test_a_row_that_was_never_filled_in_is_no_video_of_noise",
        ),
    ),
    *of(
        "data_prep/simulator/vault/labels.py",
        "tests/data_prep/simulator/test_simulator_vault.py",
        (
            "row if len(row) == len(columns) else []",
            "row",
            "one cell of a vault is all of them",
            "test_unusable_statistics_are_named",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "    if sample.fps and origin_rate and not of_records and abs(",
            "    if False and abs(",
            "stages of features count frames of another rate",
            "test_a_table_of_another_rate_than_the_features_is_named",
        ),
    ),
    *of(
        "scoringnet_tf/inference/feature_folder.py",
        "tests/inference/test_extraction.py",
        (
            ' or "inconsistent" in known',
            "",
            "a contradiction becomes a penalty",
            "test_a_penalty_is_no_contradiction",
        ),
    ),
    *of(
        "scoringnet_tf/sports/bootstrap.py",
        "tests/inference/test_evaluation.py",
        (
            "    if np.sum(~np.isnan(truth)) < 2:\n",
            "    if False:\n",
            "one video has an interval without width",
            "test_the_bootstrap_of_what_is_not_known",
        ),
    ),
    *of(
        "scoringnet_tf/inference/precision.py",
        "tests/inference/test_serving.py",
        (
            "    if not proven:\n",
            "    if False:\n",
            "bfloat16 passes where nothing was scored",
            "test_bfloat16_is_not_compared_on_videos_without_scores",
        ),
    ),
    *of(
        "scoringnet_tf/inference/findings.py",
        "tests/inference/test_long_videos.py",
        (
            "        fps = self._rate_of_all(fps)\n",
            "",
            "a long video has the rate of its last part",
            "test_the_rate_of_a_long_video_is_that_of_all_its_parts",
        ),
    ),
    *of(
        "scoringnet_tf/train.py",
        "tests/test_package.py",
        (
            "from scoringnet_tf.training import run_flags\n",
            "from scoringnet_tf.training import idle_flags, run_flags\n",
            "train imports TensorFlow before it holds its notices back",
            "test_import_is_light",
        ),
    ),
    *of(
        "scoringnet_tf/support/files.py",
        "tests/support/test_files.py",
        (
            "    if path.is_symlink():\n",
            "    if False:\n",
            "a link to a folder is replaced, and what it leads to stays",
            "test_a_folder_is_replaced_where_a_link_to_it_leads",
        ),
    ),
    *of(
        "data_prep/records/psnr.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "if math.isfinite(value)}",
            "}",
            "sources that are equal make the mean infinite",
            "test_features_other_than_their_source_are_found",
        ),
    ),
]

# Wiring and words that two readings of the code against its tests found to be held by none.
UNHELD = [
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_wiring.py",
        (
            "            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self.upload()),\n",
            "",
            "a run in an object store is uploaded only where it ends in order",
            "test_flags_of_the_schedule",
        ),
        (
            "            callbacks.FragmentSchedule(),\n",
            "",
            "scheduled fragments are the true ones to the end",
            "test_flags_of_the_schedule",
        ),
        ('settings["precision"]', '"auto"', "a run chooses its precision itself", "test_flags_of_the_process"),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_resuming.py",
        (
            "            keras.callbacks.TerminateOnNaN(),\n",
            "",
            "a loss that is not finite trains on to the end of its phase",
            "test_non_finite_loss_says_where_to_look",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_wiring.py",
        (
            "for video_id in self.validation_ids]",
            "for video_id in sorted(self.validation_ids)]",
            "scores of held-out videos are those of others where ids are not in order",
            "test_the_scores_of_held_out_videos_are_theirs_whatever_their_order",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "passes.assign_add(1) - 1",
            "passes.assign_add(0)",
            "fit sees the same epoch again and again",
            "test_each_pass_over_one_dataset_is_the_next_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/inference/serving.py",
        "tests/inference/test_refusal.py",
        (
            'features, outputs.get("stages")).values()]',
            "features).values()]",
            "an export calls a score valid whose stages are doubted",
            "test_an_export_asks_all_that_predict_asks",
        ),
    ),
    *of(
        "scoringnet_tf/inference/serving.py",
        "tests/inference/test_serving.py",
        (
            "tf.math.segment_min(sizes,",
            "tf.math.segment_max(sizes,",
            "thumbnails among the frames of a video are valid",
            "test_pictures_that_are_too_small_are_not_valid",
        ),
    ),
    *of(
        "scoringnet_tf/models/reference.py",
        "tests/inference/test_serving.py",
        (
            'ops.any(ops.cast(sizes, "float32") < least, axis=1)',
            'ops.all(ops.cast(sizes, "float32") < least, axis=1)',
            "a picture of one line is large enough",
            "test_pictures_that_are_too_small_are_not_valid",
        ),
    ),
    *of(
        "scoringnet_tf/inference/trust.py",
        "tests/inference/test_calibration.py",
        (
            "[0]) / reference.spread.limit",
            "[0])",
            "every score is far from training",
            "test_a_grade_goes_by_the_distance_and_the_width_as_shares",
        ),
        (
            'np.ptp(intervals["final"]) / (high - low)',
            'np.ptp(intervals["final"])',
            "every interval is called wide",
            "test_a_grade_goes_by_the_distance_and_the_width_as_shares",
        ),
    ),
    *of(
        "scoringnet_tf/inference/calibration.py",
        "tests/inference/test_calibration.py",
        (
            "decided if (stages < 0).any() else stages",
            "stages",
            "a model measured on records without stages requires none",
            "test_the_stages_of_records_without_them_are_those_that_the_model_finds",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/inference/test_calibration.py",
        (
            "    predictions.bounds = interval_bounds(predictions, intervals, model.sport)\n",
            "",
            "an evaluation counts no interval",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
    ),
    *of(
        "scoringnet_tf/train.py",
        "tests/test_commands.py",
        (
            "held_out, training_ids=training_ids, apart=apart)",
            "held_out, apart=apart)",
            "ids of training videos stay in a model that is to be shared",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/test_command_wiring.py",
        (
            "        print(check_precision(network, flags.FLAGS.samples))\n",
            "        pass\n",
            "bfloat16 is exported without a look at what it changes",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/__main__.py",
        "tests/test_command_wiring.py",
        ("        seed=values.seed,\n", "", "a system is fitted by one seed whatever is asked for"),
        (
            "        validation_fraction=values.validation_fraction,\n",
            "",
            "a system holds out what it wants",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_command_wiring.py",
        (
            "records = load_records(folder) if folder else info",
            "records = info",
            "intervals are set by other videos than those that are named",
        ),
    ),
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        ('"end": values.end,', '"end": None,', "a video is scored to its end whatever --end says"),
        ("printer.score if values.live else None", "None", "performances are not told as they are found"),
    ),
    *of(
        "scoringnet_tf/experiments/catalogue.py",
        "tests/experiments/test_suite.py",
        (
            'Row("+KFS, true fragments", MSE, TRUE, needs=STAGES)',
            'Row("+KFS, true fragments", MSE, needs=STAGES)',
            "the row of true fragments is of those that were found",
            "test_rows_ask_what_their_titles_say",
        ),
        (
            '"execution_fragment": stages}, TRUE)',
            '"execution_fragment": stages})',
            "tables 1 and 2 are of fragments that were found",
            "test_rows_ask_what_their_titles_say",
        ),
        (
            '{"shuffle_labels": "true"}',
            "{}",
            "the control is trained on true scores",
            "test_rows_ask_what_their_titles_say",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/report.py",
        "tests/experiments/test_suite.py",
        (
            "    if not isinstance(reference, Mapping):\n        return reference\n",
            "    if isinstance(reference, Mapping):\n        return [*reference.values()][0]\n    return reference\n",
            "execution is compared with the fragment of difficulty",
            "test_fragments_are_compared_with_those_that_the_paper_takes_for_each_score",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            "values[..., places]",
            "values[..., sorted(places)]",
            "the scores beside shortcuts are those of other videos",
            "test_a_trained_row_stands_beside_what_is_computed",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/videos.py",
        "tests/baselines/test_baseline_run.py",
        (
            "np.arange(len(values)) * STRIDE + CLIP // 2",
            "np.arange(len(values)) * CLIP + CLIP // 2",
            "clips have the stages of later ones",
            "test_clips_are_of_sixteen_frames_and_begin_every_eighth",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/c3d_lstm.py",
        "tests/baselines/test_networks.py",
        (
            "training.inputs[shown], training.scores[shown, None]",
            "training.inputs, training.scores[:, None]",
            "C3D + LSTM learns from the videos that choose its epoch",
            "test_held_out_videos_are_not_trained_on",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/core.py",
        "tests/baselines/test_networks.py",
        (
            "shown = np.flatnonzero(~training.held_out)",
            "shown = np.arange(len(training.scores))",
            "CoRe learns from the videos that choose its epoch",
            "test_held_out_videos_are_not_trained_on",
        ),
    ),
    *of(
        "scoringnet_tf/data/shards.py",
        "tests/data/test_resplitting.py",
        (
            "info.frame_size, info.stored, info.frame_rate",
            "info.stored, info.frame_rate",
            "records that were rebuilt at another size pass for those that were split",
            "test_records_that_were_built_anew_in_another_form_are_not_those_that_were_split",
        ),
    ),
    *of(
        "scoringnet_tf/sports/shipped/artistic_gymnastics.yaml",
        "tests/sports/test_sports.py",
        ("[3 of 5]", "[5 of 5]", "the highest and the lowest of five marks count", "test_marks_make_the_execution"),
    ),
    *of(
        "data_prep/records/kept_videos.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            "hashlib.sha256(str(clip).encode())",
            "hashlib.sha256(str(clip.path).encode())",
            "two performances of a file have the frames of one",
            "test_stretches_of_one_file_are_kept_apart",
        ),
        (
            "timestamps=timestamps, thumbnails=thumbnails(frames), **found",
            "timestamps=timestamps, **found",
            "copies among videos that were taken over are not found",
            "test_a_kept_video_is_compared_with_others_as_a_new_one_is",
        ),
        (
            '"versions": versions}',
            '"versions": {}}',
            "frames of another decoder are taken over",
            "test_a_kept_video_is_compared_with_others_as_a_new_one_is",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_aspect.py",
        (
            "stored.encode(frame, stream.pixel_aspect)",
            "stored.encode(frame)",
            "anamorphic film is squeezed in records",
            "test_records_show_pixels_that_are_not_square_as_they_are_shown",
        ),
    ),
    *of(
        "scoringnet_tf/support/reading.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "3600 * int(hours or 0) + 60 * int(minutes)",
            "60 * int(hours or 0) + 60 * int(minutes)",
            "an hour of a timecode is a minute",
            "test_hours_and_minutes_of_a_timecode",
        ),
    ),
    *of(
        "data_prep/commands/dataset_flags.py",
        "tests/test_command_wiring.py",
        ('("split_dir", "difficulty_csv"', '("difficulty_csv"', "--split_dir does nothing"),
        (
            "for name in OPTIONS if FLAGS[name].value is not None",
            "for name in OPTIONS if FLAGS[name].value",
            "--nodecimal_comma does nothing",
        ),
    ),
    *of(
        "data_prep/commands/simulate.py",
        "tests/test_command_wiring.py",
        ("        seed=FLAGS.seed,\n", "        seed=0,\n", "every simulated dataset is the same"),
        ("        rendering=FLAGS.rendering,\n", "", "every rendering is the same"),
    ),
    *of(
        "data_prep/commands/build.py",
        "tests/test_command_wiring.py",
        ("        fit=FLAGS.fit,\n", "", "--fit does nothing"),
        (
            "on_inconsistent=FLAGS.on_inconsistent",
            "on_inconsistent=FLAGS.on_lookalike",
            "what is done with contradictions is what is done with lookalikes",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/test_command_wiring.py",
        (
            "facts_reader(FLAGS.videos_dir, FLAGS.fps)",
            "facts_reader(FLAGS.videos_dir)",
            "stages are read at another rate than is given",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            "if ids != expected:",
            "if len(ids) != len(expected):",
            "exchanged ids are called sound",
            "test_verification_compares_the_labels_of_the_index",
        ),
    ),
    *of(
        "data_prep/datasets/stage_labels.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            'with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:',
            'with path.open("w", encoding="utf-8", newline="") as file:',
            "labels made by hand are cut where writing fails",
            "test_a_table_of_labels_is_written_as_a_whole_or_not_at_all",
        ),
    ),
    *of(
        "data_prep/simulator/session.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            "start + plan.num_frames, start + plan.num_frames + replay)",
            "start, start + replay)",
            "replays are said to lie where the performance does",
            "test_a_session_shows_its_performances_and_says_where",
        ),
    ),
    *of(
        "data_prep/simulator/dataset.py",
        "tests/data_prep/simulator/test_simulator_interrupted.py",
        (
            '        "noise_clips": _hash_clips(settings),\n',
            "",
            "a simulation goes on with other clips",
            "test_a_simulation_goes_on_with_the_same_clips_alone",
        ),
    ),
    *of(
        "data_prep/simulator/scene/noise.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "shown = image.shape[1] * pixel_aspect",
            "shown = image.shape[1]",
            "anamorphic clips are drawn in squeezed",
            "test_a_clip_is_cut_to_the_picture_as_it_is_shown",
        ),
    ),
    *of(
        "data_prep/records/description.py",
        "tests/data_prep/records/test_description.py",
        (
            'for key in ("mean", "std", "min", "q1", "median", "q3", "max")),',
            'for key in ("std", "mean", "min", "q1", "median", "q3", "max")),',
            "the deviation stands under the mean",
            "test_figures_stand_under_their_headings",
        ),
    ),
    *of(
        "data_prep/datasets/judges_marks.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            ', key=lambda name: int(name[len("mark_") :])',
            "",
            "ten judges or more are refused",
            "test_synchronised_dives_have_nine_or_eleven_marks",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_build.py",
        (
            "decode_frames(encoded[centers])",
            "decode_frames(encoded[:FRAMES_PER_ROW])",
            "a contact sheet shows the first frames above all of the timeline",
            "test_a_contact_sheet_shows_frames_from_all_of_a_video_above_their_time",
        ),
    ),
    *of(
        "scoringnet_tf/report/judges.py",
        "tests/report/test_report.py",
        (
            "if apart[place] <= NEAR]",
            "]",
            "scores of judges are of whatever performance is nearest",
            "test_rows_of_judges_are_of_the_performances_at_their_times",
        ),
        (
            "            found[place] = None\n",
            "",
            "of two rows of one performance the first counts",
            "test_rows_of_judges_are_of_the_performances_at_their_times",
        ),
        (
            "max(one.start_s - start, start - one.end_s, 0.0)",
            "abs(one.start_s - start)",
            "a moment within a performance is of the next",
            "test_rows_of_judges_are_of_the_performances_at_their_times",
        ),
    ),
    *of(
        "scoringnet_tf/report/film.py",
        "tests/report/test_report.py",
        (
            "Clip(path, (start, stop))",
            "Clip(path)",
            "a page shows the beginning of the file",
            "test_the_same_part_of_a_file_is_shown_that_is_scored",
        ),
        (
            "min(HEIGHT, frame.shape[0])",
            "min(36, frame.shape[0])",
            "pictures are as small as the model's",
            "test_pictures_are_as_they_were_filmed",
        ),
    ),
    *of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        (
            "rows.sort(key=lambda row: -abs(row[3] - row[2]))",
            "rows.sort(key=lambda row: row[2] - row[3])",
            "those scored too low are not among the furthest",
            "test_those_furthest_from_the_judges_come_first_and_figures_have_intervals",
        ),
    ),
]

# === A third reading: what is nearly right, and rows of tables ===

NEARLY = [
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if index and index not in stages]",
            "if index and index in stages]",
            "stages that were never filled in pass in silence",
            "test_a_performance_without_frames_of_a_stage_is_named",
        ),
        (
            "if labelled and not _alike(rate, labelled)}",
            "if labelled and _alike(rate, labelled)}",
            "labels of another rate than the videos' pass in silence",
            "test_videos_of_different_rates_are_said",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "above = [Path(source_dir), *Path(source_dir).absolute().parents[:LEVELS]]",
            "above = [Path(source_dir)]",
            "simulated pixels in a folder below the simulation are film",
            "test_pixels_are_simulated_wherever_below_the_simulation_they_lie",
        ),
        (
            "known[folder] if folder in known else _between(folder, source_dir) or folders[0]",
            "folders[0]",
            "simulated pixels in a folder above the simulation are film",
            "test_pixels_are_simulated_wherever_below_the_simulation_they_lie",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/data_prep/records/test_build.py",
        (
            "if others := _others(output_dir):",
            "if others := []:",
            "what somebody keeps beside records is replaced with them",
            "test_what_is_not_of_the_records_is_never_replaced",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "any(segment.start < edge < end for edge in stretch)",
            "False",
            "stages that are cut pass in silence",
            "test_stage_labels_of_a_file_are_shared_out_to_its_performances",
        ),
    ),
    *of(
        "data_prep/stages/formats/label_studio.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "            check_names(texts[VIDEO_ID], video_name(texts[VIDEO], where), where)\n",
            "            pass\n",
            "a copied task is of the video that it was copied from",
            "test_a_file_that_was_copied_for_another_video_is_refused",
        ),
        (
            'is_predicted="annotations" not in task',
            "is_predicted=False",
            "suggestions pass for corrections",
            "test_predictions_that_nobody_has_corrected_are_named",
        ),
    ),
    *of(
        "data_prep/simulator/dataset.py",
        "tests/data_prep/simulator/test_simulator_interrupted.py",
        (
            "        _check_labels(simulator, plans, settings, output_dir)\n",
            "",
            "labels of a finished simulation that have changed are taken",
            "test_labels_of_a_finished_simulation_that_have_changed_are_named",
        ),
        (
            "num_packets(output_dir / plan.path) == plan.num_frames",
            "(output_dir / plan.path).exists()",
            "a video that was cut off counts as rendered",
            "test_a_video_that_was_cut_off_is_rendered_again",
        ),
    ),
    *of(
        "scoringnet_tf/inference/reliability.py",
        "tests/inference/test_reliability.py",
        (
            '{"simulated_training", "no_reference",',
            '{"no_reference",',
            "a model that learned from simulated video is relied on",
            "test_the_page_tells_the_rule",
        ),
    ),
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        (
            "values.model, scorer, sha256, values.runner, **options)",
            "values.model, scorer, sha256, values.runner, force=values.force)",
            "--results_dir forgets --start and --end",
            "test_flags_reach_what_they_are_for",
        ),
        (
            'result.found.status == "withheld" or ',
            "",
            "status 0 though a score is withheld",
            "test_a_score_that_is_withheld_is_told_by_the_status",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests",
        (
            "evaluation.prediction_function(model, values.true_fragments)",
            "evaluation.prediction_function(model)",
            "evaluate --true_fragments changes names alone",
            "test_flags_reach_what_they_are_for",
        ),
        (
            'statistics[score]["mean"] for',
            'statistics[score]["std"] for',
            "the mean predictor of evaluate is another one",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/test_command_wiring.py",
        (
            'load_c3d(values.model, values.part or "kfs")',
            "load_c3d(values.model)",
            "extract --part is always KFS",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_command_wiring.py",
        (
            "model_path(values.model), data_hash)",
            "model_path(values.model), info.data_hash)",
            "calibrate takes a model of other records for one of these",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/train.py",
        "tests/test_commands.py",
        (
            "add_reference(best, run.info, held_out, training_ids",
            "add_reference(best, run.info, training_ids",
            "no trained model states intervals",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            'y_pred.get("labels", y_pred[output])',
            "y_pred[output]",
            "validation goes by arg-max whatever the decoding",
            "test_frames_are_right_by_the_labels_that_the_model_decides",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_starting_weights.py",
        (
            '    "initial_model": load_network,\n    "segmenter": load_segmenter,\n',
            '    "segmenter": load_segmenter,\n    "initial_model": load_network,\n',
            "an initial model overwrites the segmenter that is named",
            "test_a_segmenter_comes_before_that_of_an_initial_model",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_prediction.py",
        (
            "            reasons.append(SEVERAL_OF_FEATURES)\n",
            "            pass\n",
            "features of two performances have one score in silence",
            "test_features_in_which_no_one_performance_is_found_have_no_score",
        ),
        (
            "reasons_against(self.model, labels, sequence.values",
            "reasons_against(self.model, None, sequence.values",
            "features in which a stage lacks have a score",
            "test_features_in_which_no_one_performance_is_found_have_no_score",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            'f"--records_dir={rendering.records_dir}", f"--output_dir',
            'f"--records_dir={surroundings.records.records_dir}", f"--output_dir',
            "each rendering is evaluated on the records of training",
            "test_each_training_and_evaluation_is_done_once",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/test_command_wiring.py",
        (
            "        further=tuple(_further()),\n",
            "",
            "flags behind -- reach no training",
            "test_flags_reach_what_they_are_for",
        ),
        (
            "flags.FLAGS.splits, flags.FLAGS.split_files)",
            "flags.FLAGS.splits, [])",
            "table 6 draws splits though files are named",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/catalogue.py",
        "tests/experiments",
        (
            'Row("MSE + ranking", {**HEAD, "alpha": "1"}',
            'Row("MSE + ranking", {**HEAD, "alpha": "0"}',
            "heads with and without ranking are one",
            "test_rows_ask_what_their_titles_say",
        ),
        (
            'Row("USDL on our C3D", baseline="usdl")',
            'Row("USDL on our C3D", baseline="core")',
            "a row of table 7 is of another system",
            "test_every_system_has_a_row",
        ),
        (
            '_final({OURS: 0.84, "C3D + SVR": 0.78, "C3D + LSTM": 0.27,',
            '_final({OURS: 0.84, "C3D + SVR": 0.78, "C3D + LSTM": 0.53,',
            "a figure of the paper is another one",
            "test_the_paper_s_figures_stand_beside_those_of_the_same_row",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/fitting.py",
        "tests/experiments/test_fitting.py",
        (
            '"flags": {**pretrained, **self.flags, "seed": str(self.seed)}',
            '"flags": {**pretrained, **self.flags}',
            "every seed of a system is fitted with seed 0",
            "test_a_system_is_fitted_once_for_all_renderings",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "figures = self._figure(row, name, videos)\n",
            "figures = self._figure(row, name, np.arange(len(self.ids)))\n",
            "intervals of table 3 cover no videos",
            "test_intervals_of_frames_cover_videos_renderings_and_seeds",
        ),
        (
            "[:, renderings].mean())",
            ".mean())",
            "intervals of table 3 cover no renderings",
            "test_intervals_of_frames_cover_videos_renderings_and_seeds",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/strips.py",
        "tests/experiments/test_strips.py",
        (
            "[first[video_id][0], *(found",
            "[first[video_id][1], *(found",
            "the true strip of Fig. 4 is a network's",
            "test_a_strip_is_of_the_true_stages_and_one_of_what_each_network_finds",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/usdl.py",
        "tests/baselines/test_regressions.py",
        (
            "len(clips.values))].mean(axis=0)",
            "len(clips.values))][0]",
            "USDL and CoRe see the first clip alone",
            "test_systems_of_clips_see_all_of_a_video_and_in_order",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/regression.py",
        "tests/baselines/test_regressions.py",
        (
            "GroupKFold(min(FOLDS, number), shuffle=True, random_state=training.seed)",
            "GroupKFold(min(FOLDS, number))",
            "all seeds have the same folds of groups",
            "test_another_seed_cuts_other_folds_also_where_sources_stay_together",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            '            "validation_fraction": self.validation_fraction,\n',
            "",
            "a fitting with another validation fraction passes for this one",
            "test_a_folder_of_other_weights_fraction_or_data_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/report/collecting.py",
        "tests/report/test_report.py",
        (
            "np.floor(samples).astype(int))",
            "np.arange(len(samples)))",
            "where a score comes from is told of other frames at another rate",
            "test_where_a_score_comes_from_is_told_of_the_frames_of_a_video_of_twice_the_rate",
        ),
    ),
    *of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        (
            "number(pair[1] - pair[0] if pair",
            "number(pair[0] - pair[1] if pair",
            "a model that is too strict reads as too generous",
            "test_a_difference_in_the_ranking_is_by_how_much_a_performance_was_scored_too_high",
        ),
    ),
    *of(
        "data_prep/datasets/scores.py",
        "tests/data_prep/records/test_build.py",
        (
            "abs(math.remainder(value, step)) > 1.001 * rounding",
            "abs(math.remainder(value, step)) > 0.02 * step",
            "executions that were cut to thousandths are called impossible",
            "test_an_execution_that_no_marks_make_is_told",
        ),
        (
            'rounding = 0.001 if has_three and sport.fusion != "product" else HUNDREDTH',
            "rounding = 0.001 if has_three else HUNDREDTH",
            "quotients of rounded scores are called impossible",
            "test_an_execution_that_no_marks_make_is_told",
        ),
    ),
    *of(
        "scoringnet_tf/training/strategy.py",
        "tests/training/test_replicas.py",
        (
            "return [worker * own + each for each in range(own) for worker in range(workers)]",
            "return [*range(replicas)]",
            "rows of several machines with several devices are gathered out of order",
            "test_rows_are_gathered_in_their_order_on_several_machines_of_several_replicas",
        ),
    ),
    *of(
        "data_prep/datasets/judges_marks.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if len(numbers) < 2:",
            "if True:",
            "a mark that is missing changes the execution without a word",
            "test_rows_with_another_number_of_marks_are_told",
        ),
    ),
    *of(
        "data_prep/datasets/aqa7.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "if math.isfinite(score) and score != 0]",
            "if score != 0]",
            "scores that are none are of another scale",
            "test_aqa7_scores_that_are_none_are_problems_of_their_rows",
        ),
    ),
    *of(
        "data_prep/stages/formats/checking.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "abs(video.num_frames - num_frames) > 1",
            "video.num_frames - num_frames > 1",
            "labels of a copy with half the frames are taken",
            "test_a_cvat_task_of_a_copy_at_another_rate_is_a_problem",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_build.py",
        (
            "        if not is_lost:\n            owners.setdefault(",
            "        if True:\n            owners.setdefault(",
            "a row that is left out takes its corrected second with it",
            "test_a_row_that_is_left_out_takes_no_other_with_it",
        ),
        (
            "and not video_problems and not is_lost:",
            "and not video_problems:",
            "a row that is left out takes what looks the same with it",
            "test_a_row_that_is_left_out_takes_no_other_with_it",
        ),
    ),
    *of(
        "scoringnet_tf/models/reference.py",
        "tests/models/test_reference.py",
        (
            "first * (1 - ops.pad(first, [[0, 0], [1, 0]])[:, :-1])",
            "first",
            "each frame of the first stage begins a performance",
            "test_a_flicker_is_no_second_performance",
        ),
        (
            "ops.where(ops.matmul(of_each, carrying * probable) > 0, ops.matmul(of_each, carrying), 0.0)",
            "ops.matmul(of_each, carrying)",
            "a stage that is never the most probable makes a second performance",
            "test_a_stage_that_is_never_the_most_probable_makes_no_second_performance",
        ),
        (
            "is_whole = ops.logical_and(is_whole, ops.logical_not(_lasts_otherwise(model, counts, frame_rate)))",
            "pass",
            "a flicker makes a second performance",
            "test_a_flicker_is_no_second_performance",
        ),
    ),
    *of(
        "scoringnet_tf/inference/portable.py",
        "tests/inference/test_portable.py",
        (
            "if (time, step) != (1, 1):",
            "if False:",
            "LiteRT pools in space alone",
            "test_pooling_in_two_dimensions_is_pooling_in_three",
        ),
    ),
    *of(
        "scoringnet_tf/inference/precision.py",
        "tests/inference/test_serving.py",
        (
            "if against[0] != against[1]:",
            "if False:",
            "bfloat16 may change which scores are valid",
            "test_a_verdict_that_bfloat16_changes_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_kfs_alone.py",
        (
            'self.model.scores_learned = phase.name != "segmentation" or bool(',
            "self.model.scores_learned = True or bool(",
            "a model whose SP has not learned passes for one that scores",
            "test_a_run_says_whether_sp_has_learned",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/training/test_kfs_alone.py",
        (
            "    if scores:\n        check_scores(network, path)\n",
            "",
            "a model whose SP has not learned scores videos",
            "test_its_scores_are_refused_and_its_stages_are_found",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_resuming.py",
        (
            'then_scoring = state["phase"] == "segmentation" and settings["scoring_epochs"]',
            'then_scoring = state["phase"] == "segmentation"',
            "KFS alone cannot be given more epochs",
            "test_kfs_alone_may_be_given_more_epochs",
        ),
    ),
    *of(
        "scoringnet_tf/models/layers.py",
        "tests/models/test_models.py",
        (
            "        if pool_size is not None:\n            x = max_pooled(x, pool_size)\n",
            "        if pool_size is not None:\n            x = -max_pooled(-x, pool_size)\n",
            "C3D pools the least",
            "test_pooling_before_bias_and_relu_is_pooling_after_them",
        ),
    ),
]

# === Once more nearly right: second evaluations, models that change while they are read, tables of several rows ===

SECOND_RUNS = [
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            "                except TrainingError as error:\n                    _say(error, failures)\n",
            "                except TrainingError as error:\n                    failed.append(training)\n",
            "a KFS that could not be evaluated in one way fails the rows that take it",
            "test_an_evaluation_that_fails_costs_no_row_but_its_own",
        ),
        (
            "all(has(info, what) for info in surroundings.tested)",
            "has(surroundings.records, what)",
            "a rendering without joints is noticed after the fit",
            "test_a_row_of_joints_needs_those_of_every_rendering",
        ),
        (
            "for report in reversed(first) if score in report.truth",
            "for report in first[:1] if score in report.truth",
            "scores that the first row does not predict are left out of the table",
            "test_rows_may_predict_different_scores",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            '**({"accelerators": accelerators} if accelerators else {})',
            "",
            "results of a GPU are described as of its host",
            "test_what_computes_is_described_with_its_accelerators",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/report.py",
        "tests/experiments/test_suite.py",
        (
            'for what, number in (("seeds", most), ("renderings", renderings)) if number == 1',
            "for what, number in ()",
            "an interval of one seed is said to be over seeds",
            "test_an_interval_says_what_it_does_not_cover",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/splits.py",
        "tests/experiments/test_random_splits.py",
        (
            "_interval(draws, chosen) if np.isfinite(of_splits).all() else (math.nan, math.nan)",
            "_interval(draws, chosen)",
            "a figure that one split lacks has the interval of the others",
            "test_what_is_undefined_on_a_split_is_undefined_in_the_mean",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            "_constant(of_score) or system.learn(of_score)",
            "system.learn(of_score)",
            "a score that is always the same costs all others",
            "test_a_score_that_is_always_the_same_is_predicted_as_it_is",
        ),
    ),
    *of(
        "scoringnet_tf/report/evaluation_report.py",
        "tests/report/test_evaluation_report.py",
        (
            "        if others := [name for name in FILES if (output_dir / name).exists()]:\n",
            "        if others := []:\n",
            "a table of somebody's own stages is replaced by an evaluation",
            "test_files_of_something_else_are_not_replaced",
        ),
        (
            "    elif others:\n",
            "    elif False:\n",
            "a report on the test split is replaced by that of an oracle",
            "test_an_evaluation_by_other_flags_is_another_one",
        ),
    ),
    *of(
        "scoringnet_tf/inference/kept_scores.py",
        "tests/inference/test_kept_scores.py",
        (
            "if model_path(model) != path or file_sha256(path) != sha256:",
            "if model_path(model) != path:",
            "scores of a model stand for that which replaced it while it was read",
            "test_a_model_that_changes_while_it_is_read_is_refused",
        ),
        (
            "if model_path(model) != path or file_sha256(path) != sha256:",
            "if file_sha256(path) != sha256:",
            "scores of last.keras may stand for best.keras, and the other way",
            "test_a_model_that_changes_while_it_is_read_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/inference/versions.py",
        "tests/inference/test_serving.py",
        (
            '        "frames a second": lambda one: one["frame_rate"],  # a request has no clock\n',
            "",
            "a model of another frame rate follows by itself",
            "test_a_version_follows_one_of_its_own_sport_and_format",
        ),
        (
            'different += feature_differences(kept["preprocessing"], description["preprocessing"])',
            "pass",
            "a model of another network's features follows by itself",
            "test_a_version_follows_one_of_the_same_features",
        ),
        (
            "for folder in map(as_path, versions)\n",
            "for folder in map(as_path, list(versions)[:1])\n",
            "after an empty folder any model may follow",
            "test_a_version_is_compared_with_the_newest_folder_that_holds_one",
        ),
    ),
    *of(
        "scoringnet_tf/inference/precision.py",
        "tests/inference/test_serving.py",
        (
            "proven |= not against[0] and bool(",
            "proven |= bool(",
            "bfloat16 is proven on noise, scored by force",
            "test_bfloat16_is_not_compared_on_videos_without_scores",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_prediction.py",
        (
            "                (found.parent / ORIGIN_NAME).download(copy.with_name(ORIGIN_NAME))\n",
            "                pass\n",
            "features of any stride are scored where they come from an address",
            "test_features_at_an_address_are_of_the_kind_that_is_said_beside_them",
        ),
    ),
    *of(
        "scoringnet_tf/weights/caffe.py",
        "tests/weights/test_caffe.py",
        (
            "                if known.group() in layers:\n",
            "                if False:\n",
            "of two layers of one part the last one wins",
            "test_what_is_not_c3ds_is_refused",
        ),
    ),
    *of(
        "data_prep/stages/formats/label_studio.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "        if first == end:\n",
            "        if False:\n",
            "a short stage is lost on its way through Label Studio",
            "test_a_stage_that_label_studio_cannot_say_is_refused",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "    if info.simulation or not info.features:",
            "    if True:",
            "a contact sheet calls anyone's features filmed",
            "test_a_contact_sheet_shows_them",
        ),
    ),
]

# === What a file does not say: its end, its rate, the frames that are missing, its name ===

UNSAID = [
    *of(
        "scoringnet_tf/data/matroska.py",
        "tests/data/test_video.py",
        ("received >= stated", "True", "a film that is cut off passes for whole", "test_matroska_that_is_cut_off"),
        (
            "None if value == (1 << digits) - 1 else value",
            "value",
            "a live recording is cut off",
            "test_matroska_that_was_recorded_live_states_no_size",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "return float(rate) if rate and rate == stream.guessed_rate else 0.0",
            "return float(stream.average_rate)",
            "every bare stream has 25 frames/s",
            "test_the_rate_of_a_bare_stream_is_what_it_states",
        ),
        (
            "if not rate and _is_raw(container):",
            "if False:",
            "a rate that FFmpeg made up is not said to be assumed",
            "test_the_rate_of_a_bare_stream_is_what_it_states",
        ),
        (
            "keeps_times=any(shown)",
            "keeps_times=False",
            "frames that state no duration count without a word",
            "test_webp_of_which_some_frames_state_no_duration_says_how_they_count",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "sizes=np.array(self._sizes[start : start + len(frames)])",
            "sizes=np.array(self._sizes[: len(frames)])",
            "frames of a part have the sizes of the first ones",
            "test_the_size_of_every_frame_is_known",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            "bool(found) and not _is_raw(container)",
            "False",
            "videos that are called otherwise are left out in silence",
            "test_videos_that_are_called_otherwise_are_told_of_once",
        ),
    ),
    *of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/data/test_time_and_streams.py",
        (
            '"mixed": mixed.any()',
            '"mixed": False',
            "of frames that were mixed that is not said",
            "test_it_is_said_what_was_done_to_frames",
        ),
        (
            "(samples < count - 1)",
            "(samples < count)",
            "the last frame, shown to the end, is repeated",
            "test_it_is_said_what_was_done_to_frames",
        ),
    ),
    *of(
        "scoringnet_tf/inference/refusal.py",
        "tests/inference/test_refusal.py",
        (
            "before[counts > MOST_MIXED]",
            "before[counts > 99]",
            "a hole in a dive is filled without a word",
            "test_frames_that_a_dive_lacks_are_told",
        ),
        (
            "[] if abs(measured / video.fps - 1) <= RATE_TOLERANCE else _too_slow(model, measured)",
            "[]",
            "a dive of few frames has the rate of its file",
            "test_a_dive_with_too_few_frames_is_withheld_in_a_file_that_has_enough",
        ),
        (
            "small = sizes[np.asarray(is_too_small(sizes, model.image_size))]",
            "small = sizes[:0]",
            "thumbnails among the frames of a dive are scored",
            "test_one_frame_that_is_too_small_is_too_little_to_score",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_refusal.py",
        (
            "said += missing_frames(video, seen[shown])",
            "said += missing_frames(video, seen)",
            "a hole after the dive is one in it",
            "test_frames_that_a_dive_lacks_are_told",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "        return end > duration\n",
            "        return True\n",
            "every end before that of the video is its end",
            "test_a_stretch_is_what_is_shown_between",
        ),
        (
            "if place not in seen]",
            "]",
            "a video that was named is told as left out",
            "test_videos_that_are_called_otherwise_are_told_of_once",
        ),
    ),
]

# === Data that is not what its labels say ===

MISLABELLED = [
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "_with_problem(sample, _said_twice(sample, file, labels))",
            "sample",
            "of two sets of stages one is ignored",
            "test_a_performance_with_other_stages_by_its_id_than_by_its_file_is_refused",
        ),
        (
            "sample.video_id if sample.video_id != file else None",
            "sample.video_id",
            "the only performance of a file contradicts what lies beside it",
            "test_a_performance_with_other_stages_by_its_id_than_by_its_file_is_refused",
        ),
        (
            "(sample.frames is None or touches(segment, sample.frames))",
            "True",
            "stages of other performances contradict those of one",
            "test_a_performance_with_other_stages_by_its_id_than_by_its_file_is_refused",
        ),
        (
            "and not any(touches(segment, each) for each in of_file)",
            "and False",
            "stages in the frames of no row pass in silence",
            "test_stages_outside_every_performance_are_named",
        ),
    ),
    *of(
        "data_prep/datasets/mtl_aqa.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            '("final_annotations_dict_with_dive_number.pkl", "final_annotations_dict.pkl")',
            '("final_annotations_dict.pkl", "final_annotations_dict_with_dive_number.pkl")',
            "annotations with marks are passed over",
            "test_mtl_aqa_annotations_with_marks_are_preferred_and_what_has_none_is_counted",
        ),
        (
            'entry.get("judge_scores") is None for',
            '"judge_scores" in entry for',
            "clips with marks are counted as those without",
            "test_mtl_aqa_annotations_with_marks_are_preferred_and_what_has_none_is_counted",
        ),
    ),
    *of(
        "data_prep/datasets/readers/layout.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "if path.suffix in suffixes]",
            "]",
            "a table beside features passes for features",
            "test_files_of_features_that_no_row_names_are_told",
        ),
    ),
    *of(
        "data_prep/datasets/split_file.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "    _check_frames(path, source.samples, frames)\n",
            "",
            "an id that has come to mean another performance keeps its split",
            "test_an_id_that_has_come_to_mean_another_performance_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "not in (COLUMNS, WITH_FRAMES)",
            "!= COLUMNS",
            "files of splits that say frames are refused by the tables",
            "test_files_are_those_of_data_prep",
        ),
    ),
    *of(
        "data_prep/simulator/dataset.py",
        "tests/data_prep/simulator/test_simulator_interrupted.py",
        (
            "path, is_whole = output_dir / plan.path, _is_whole(plan, settings, output_dir)",
            "path, is_whole = output_dir / plan.path, (output_dir / plan.path).exists()",
            "a simulation goes on with a video that was cut off",
            "test_a_simulation_that_was_interrupted_renders_what_was_cut_off_again",
        ),
    ),
    *of(
        "data_prep/simulator/session.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            "+ sum(self.replays)\n",
            "\n",
            "a whole session passes for one that was cut off",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "if FLAGS.videos_dir is None and FLAGS.fps is None and (stated",
            "if False and (stated",
            "a rate that tasks state is taken for the video's in silence",
            "test_a_stated_rate_that_cannot_be_held_against_the_video_is_told",
        ),
        (
            "if FLAGS.videos_dir is None and FLAGS.fps is None and (stated",
            "if (stated",
            "a rate that was compared with the video's is called unknown",
            "test_a_stated_rate_that_cannot_be_held_against_the_video_is_told",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "sample.segments and sample.num_frames is None and",
            "sample.segments and",
            "a folder of known length is said to lack images",
            "test_images_that_begin_later_are_told_where_stages_count_from_the_first",
        ),
        (
            "(first := _first_number(sample)) > 1:",
            "(first := _first_number(sample)) > 5:",
            "stages of a folder without its first images are late in silence",
            "test_images_that_begin_later_are_told_where_stages_count_from_the_first",
        ),
    ),
    *of(
        "data_prep/records/joints.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "index.read_bytes() == ours.read_bytes()",
            "ours.is_file()",
            "joints of one's own beside records make way for others",
            "test_joints_beside_records_that_are_not_those_of_the_source_are_not_lost",
        ),
        (
            "    if not (of_source and index",
            "    if of_source and not (index",
            "joints of one's own beside records are lost",
            "test_joints_beside_records_that_are_not_those_of_the_source_are_not_lost",
        ),
        (
            "np.abs(seen).max() <= 1 or ",
            "",
            "joints as shares of the frame pass in silence",
            "test_joints_on_another_scale_are_told",
        ),
        (
            "2 * outside.sum() > len(seen)",
            "outside.any()",
            "an athlete at the edge is on another scale",
            "test_joints_on_another_scale_are_told",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/simulator/test_simulator_joints.py",
        (
            "        _refuse_simulated_joints(Path(source_dir) / FOLDER)\n",
            "",
            "simulated videos pass for filmed ones",
            "test_simulated_videos_whose_simulation_was_not_copied_do_not_pass_for_filmed_ones",
        ),
    ),
    *of(
        "data_prep/commands/split.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "write_split_csv(path, split, samples)",
            "write_split_csv(path, split)",
            "files of splits do not say the frames of performances without ids",
            "test_the_command_says_the_frames_of_performances_without_ids",
        ),
    ),
]

# === Wiring that no test of its own held ===

HELD_NETWORKS = [
    *of(
        "scoringnet_tf/losses.py",
        "tests/test_losses.py",
        (
            "1e-7, 1 - 1e-7)",
            "1e-3, 1 - 1e-3)",
            "Eq. 5 is cut at p = .001: frames that KFS is most wrong about have no gradient",
            "test_a_stage_that_was_all_but_ruled_out_has_its_whole_loss_and_gradient",
        ),
    ),
    *of(
        "scoringnet_tf/metrics.py",
        "tests/test_metrics.py",
        (
            'return {**super().get_config(), "stage": self.stage}',
            "return super().get_config()",
            "the accuracy of a stage becomes the overall one when a compiled model is saved and loaded",
            "test_the_accuracy_of_a_stage_is_of_that_stage_when_saved_and_loaded",
        ),
    ),
    *of(
        "scoringnet_tf/models/bank.py",
        "tests/models/test_bank.py",
        (
            'float(f"{value:.6g}")',
            'float(f"{value:.3g}")',
            "true scores of the most alike performances are kept with three digits: 101.35 is shown as 101",
            "test_scores_are_kept_as_they_were_given",
        ),
    ),
    *of(
        "scoringnet_tf/models/c3d.py",
        "tests/models/test_models.py",
        (
            '"dropout_rate": dropout_rate,',
            '"dropout_rate": 0.5,',
            "a C3D that is saved comes back with dropout 0.5, whatever --dropout it was made with",
            "test_what_a_network_was_made_with_is_in_its_config",
        ),
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_objective.py",
        (
            'return self.moved(self.chosen(ops.cast(true_stages, "int32"), predicted, is_frame), is_frame)',
            (
                'stages = self.chosen(ops.cast(true_stages, "int32"), predicted, is_frame)\n'
                '        return stages if self.source == "predicted" else self.moved(stages, is_frame)'
            ),
            "--fragment_jitter is ignored with --fragments=predicted",
            "test_fragment_jitter_moves_each_video_by_itself",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "self.learned.total.update_state(total, sample_weight=_number_of_videos(y, sample_weight))",
            "self.learned.total.update_state(total)",
            "loss and val_loss are means over batches, not videos: a small last batch counts like a full one",
            "test_a_small_last_batch_counts_by_its_videos",
        ),
        (
            "known = _number_known(output, y[output], sample_weight)",
            "known = ops.minimum(_number_known(output, y[output], sample_weight), 1.0)",
            "logged terms of the loss are means over batches, not over the videos whose truth is known",
            "test_a_small_last_batch_counts_by_its_videos",
        ),
    ),
    *of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/inference/test_long_videos.py",
        (
            "return min(max(1.0, video.fps / (self.frame_rate or video.fps)), DENSEST)",
            "return max(1.0, video.fps / (self.frame_rate or video.fps))",
            "a part of a video of very many frames per second has no bound and may not fit memory (DENSEST)",
            "test_a_video_of_twice_the_rate_has_parts_of_twice_the_frames",
        ),
    ),
    *of(
        "scoringnet_tf/models/presets.py",
        "tests/inference/test_calibration.py",
        (
            "different = feature_differences(model.features, info.features)  # type: ignore[arg-type]",
            "different: list[str] = []",
            (
                "a model of features is evaluated and calibrated on records of other features (another "
                "network or stride)"
            ),
            "test_records_of_other_features_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/models/presets.py",
        "tests/test_package.py",
        (
            "if str(path) in shipped_presets() and not found.exists():",
            "if str(path) in shipped_presets():",
            "a user's own folder or run of the name of a shipped model is passed over for that",
            "test_what_is_there_comes_before_a_shipped_model_of_its_name",
        ),
    ),
    *of(
        "scoringnet_tf/models/reference.py",
        "tests/models/test_reference.py",
        (
            "rest = max(variances[kept:].sum() / max(size - kept, 1), least)",
            "rest = max(variances[kept:].sum(), least)",
            "the variance off the axes is that of all directions together, not of each",
            "test_what_lies_off_the_axes_deviates_as_each_direction_there_does",
        ),
    ),
    *of(
        "scoringnet_tf/models/regressor.py",
        "tests/models/test_partial_models.py",
        (
            'kernel_regularizer=_decay(kernel_l2),\n            name=f"regressor_conv{index}",',
            'name=f"regressor_conv{index}",',
            "--beta does not reach the convolutions of towers that see features",
            "test_towers_of_features_are_built_as_told",
        ),
        (
            'x = layers.MaxPooling1D(3, pool_stride, "same"',
            'x = layers.MaxPooling1D(3, 2, "same"',
            "--pool_stride is ignored by towers that see features",
            "test_towers_of_features_are_built_as_told",
        ),
    ),
    *of(
        "scoringnet_tf/models/score_prediction.py",
        "tests/models/test_partial_models.py",
        (
            'length = clip_lengths[0 if score == "difficulty" else 1]',
            'length = clip_lengths[1 if score == "execution" else 0]',
            "the one tower of the final score sees as many frames as difficulty's, not as execution's",
            "test_one_tower_sees_the_fragment_of_execution",
        ),
    ),
    *of(
        "scoringnet_tf/models/segmentation.py",
        "tests/models/test_models.py",
        (
            '"fc_units": fc_units,',
            '"fc_units": lstm_units,',
            "a KFS saved by itself with other widths of Bi-LSTM and classifier cannot be loaded",
            "test_what_a_network_was_made_with_is_in_its_config",
        ),
    ),
    *of(
        "scoringnet_tf/models/stage_networks.py",
        "tests/models/test_stage_networks.py",
        (
            '{"channels": "bgr",',
            '{"channels": "rgb",',
            "ResNet50 is given RGB less the means of BGR: ImageNet's weights see the wrong channels",
            "test_resnet50_is_given_what_imagenets_weights_learned_from",
        ),
        (
            "layer.momentum = BATCH_NORM_MOMENTUM",
            "layer.momentum = 0.99",
            "ResNet50's averages of batch normalisation need 500 steps: short trainings validate on where they began",
            "test_resnet50_is_given_what_imagenets_weights_learned_from",
        ),
    ),
    *of(
        "scoringnet_tf/training/callbacks.py",
        "tests/training/test_run.py",
        (
            "reseed(self.model, self.seed, self.first_epoch + epoch)",
            "reseed(self.model, self.seed, epoch)",
            "SP draws dropout and fragments of KFS's epochs again, not those of the epoch of the whole run",
            "test_a_later_phase_has_the_draws_of_its_epochs_of_the_run",
        ),
        (
            "zip(predictions.stages_true, predictions.stages_predicted, strict=True)",
            "zip(predictions.stages_predicted, predictions.stages_true, strict=True)",
            "the pictures of a run show predicted stages as true ones",
            "test_pictures_are_of_what_a_phase_trains_true_stages_above",
        ),
        (
            'if self.model.learned.phase != "segmentation":',
            "if True:",
            "while KFS alone is trained, TensorBoard shows scores of an SP that has not learned",
            "test_pictures_are_of_what_a_phase_trains_true_stages_above",
        ),
    ),
    *of(
        "scoringnet_tf/training/callbacks.py",
        "tests/training/test_resuming.py",
        (
            'f"{value:.6f}"',
            'f"{value:.1f}"',
            (
                "PHASE_scores.csv has predictions to a tenth: close ones are tied, and curves of their "
                "order (fig. 5) are wrong"
            ),
            "test_scores_of_every_validation_are_kept_and_those_after_a_kill_replaced",
        ),
    ),
    *of(
        "scoringnet_tf/training/checkpoints.py",
        "tests/training/test_resuming.py",
        (
            "if other != folder:",
            'if other.name.startswith("."):',
            "no older checkpoint is ever deleted: a run fills the disk",
            "test_a_pretraining_may_be_given_more_epochs",
        ),
    ),
    *of(
        "scoringnet_tf/training/config.py",
        "tests/training/test_resuming.py",
        (
            '"model_dir", "records_dir", "reference"',
            '"model_dir", "reference"',
            "a run whose records were moved to another folder is refused",
            "test_settings_may_not_change_within_a_run",
        ),
        (
            '    "pretraining": "epochs",\n',
            "",
            "a finished pretraining cannot be extended by more --epochs",
            "test_a_pretraining_may_be_given_more_epochs",
        ),
        (
            '        config["versions"] = before["versions"]\n',
            "",
            "a run that goes on under other versions of TensorFlow or Keras forgets those that it began with",
            "test_a_pretraining_may_be_given_more_epochs",
        ),
    ),
    *of(
        "scoringnet_tf/training/pretraining.py",
        "tests/training/test_pretraining_wiring.py",
        (
            '            learned_from=learned_before(settings["pretrained"]),\n',
            "",
            "a C3D that goes on from a tower's no longer says which scored videos it learned from",
            "test_a_run_goes_on_from_its_pretrained_c3d",
        ),
    ),
    *of(
        "scoringnet_tf/training/run.py",
        "tests/training/test_resuming.py",
        (
            '"sport": self.info.beside_records().get("sport"),',
            '"sport": None,',
            "a run goes on with other rules of a sport of one's own",
            "test_a_run_does_not_go_on_by_other_rules_of_a_sport_of_ones_own",
        ),
    ),
    *of(
        "scoringnet_tf/training/scoring.py",
        "tests/training/test_wiring.py",
        (
            "squares = squares + (delta * (steps - mean)).sum(axis=0)",
            "squares = squares + ((steps - mean) ** 2).sum(axis=0)",
            (
                "the deviation of features is wrong as soon as there are several batches: each is measured "
                "from the mean so far"
            ),
            "test_features_are_scaled_by_the_training_videos",
        ),
        (
            "ScoreLoss(unit=1.0 if in_points else final_std, **ranked)",
            "ScoreLoss(unit=1.0 if in_points else final_std)",
            (
                "--alpha, --margin, --pair_reduction and --ties do not reach the final score that is "
                "learned beside two towers"
            ),
            "test_the_final_score_that_is_learned_beside_its_parts_is_ranked_as_they_are",
        ),
        (
            "unit=1.0 if in_points else final_std",
            "unit=1.0",
            "the fused final score is learned in points with --loss_units=standard, and outweighs all else",
            "test_the_final_score_that_is_learned_beside_its_parts_is_ranked_as_they_are",
        ),
    ),
    *of(
        "scoringnet_tf/training/starting_weights.py",
        "tests/training/test_starting_weights.py",
        (
            "different = feature_differences(network.features, source.features)",
            "different = []",
            "--initial_model and --segmenter take a model that learned from other features",
            "test_a_model_of_other_features_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/training/runtime.py",
        "tests/training/test_wiring.py",
        (
            'if precision == "mixed_float16" and not on_gpu:',
            'if precision == "mixed_float16" and on_gpu:',
            "mixed_float16 is refused on a GPU and begun on a processor, which cannot run it",
            "test_float16_needs_a_gpu_and_is_the_default_there",
        ),
    ),
    *of(
        "scoringnet_tf/train.py",
        "tests/test_command_wiring.py",
        (
            '    if settings["reference"]:\n',
            "    if True:\n",
            "--noreference is ignored",
            "test_a_training_measures_the_reference_of_its_model",
        ),
        (
            " and not is_kfs_alone(settings):",
            ":",
            "--batch_size=1 is refused for a KFS alone, which ranks no pairs",
            "test_kfs_alone_may_learn_from_one_video_at_a_time",
        ),
        (
            '    "training_ids",\n    True,',
            '    "training_ids",\n    False,',
            "models keep no training performances by default, so that predict shows none that are alike",
            "test_a_training_measures_the_reference_of_its_model",
        ),
        (
            "training_ids=training_ids, apart=apart)",
            "training_ids=training_ids)",
            "videos that the run held out are shown as training performances where they set no intervals",
            "test_a_training_measures_the_reference_of_its_model",
        ),
    ),
    *of(
        "scoringnet_tf/pretrain.py",
        "tests/test_command_wiring.py",
        (
            "accuracy on clips {accuracy['clip']:.3f}, on videos {accuracy['video']:.3f}",
            "accuracy on clips {accuracy['video']:.3f}, on videos {accuracy['clip']:.3f}",
            "pretrain prints the accuracy on clips as that on videos",
            "test_pretraining_prints_accuracies_on_clips_and_on_videos",
        ),
    ),
    *of(
        "scoringnet_tf/weights/convert.py",
        "tests/weights/test_import_weights.py",
        (
            'for kind in ("kernel", "bias"):',
            'for kind in ("kernel",):',
            "NaN or infinity in a bias of published weights is imported",
            "test_a_bias_that_is_no_number_is_named",
        ),
    ),
    *of(
        "scoringnet_tf/weights/keras_h5.py",
        "tests/weights/test_import_weights.py",
        (
            'layers = layers["layers"] if isinstance(layers, dict) else layers',
            "layers = [] if isinstance(layers, dict) else layers",
            "channels first of a functional Keras 2 model is not known: fc6 reads its inputs in the wrong order",
            "test_a_functional_keras_model_says_as_a_sequential_one_does_which_axis_is_first",
        ),
    ),
    *of(
        "scoringnet_tf/weights/torch_file.py",
        "tests/weights/test_import_weights.py",
        (
            "as_strided(self.storage.data[self.offset :], ",
            "as_strided(self.storage.data, ",
            "a tensor that begins within its storage is read from the start of it",
            "test_a_tensor_may_begin_within_its_storage",
        ),
    ),
]

HELD_TABLES = [
    *of(
        "scoringnet_tf/experiments/report.py",
        "tests/experiments/test_suite.py",
        (
            "means = values.mean(axis=1)",
            "means = values.mean(axis=0)",
            "the deviation in cells.json is over renderings, not over seeds",
            "test_a_deviation_is_over_seeds_of_means_over_renderings",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/shortcuts.py",
        "tests/experiments/test_shortcuts.py",
        (
            'tests = [watch(rendering, "test") for rendering in tested]',
            'tests = [watch(info, "test") for _ in tested]',
            "shortcuts are tried on the first rendering again and again, so that their intervals cover no renderings",
            "test_each_rendering_is_predicted_of_its_own_pixels",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/feature_maps.py",
        "tests/experiments/test_looking_inside.py",
        (
            "place = int(np.abs(numbers - frame).argmin())",
            "place = int(np.abs(numbers - frame).argmax())",
            "the maps of Fig. 6 are of the frame of the clip that is farthest from the frame shown",
            "test_maps_are_of_the_frame_of_the_clip_nearest_to_the_one_shown",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/curves.py",
        "tests/experiments/test_curves.py",
        (
            'f"{course.predicted[index, video]:.6f}"',
            'f"{course.predicted[-1, video]:.6f}"',
            "curves.csv has the predictions of the last epoch in every epoch",
            "test_curves_are_drawn_and_kept",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/comparison.py",
        "tests/experiments/test_comparison.py",
        (
            "found = suite.results(table, surroundings, seeds)",
            "found = suite.results(table, surroundings, 1)",
            "compare(seeds=3) trains three seeds and shows a table of the first alone",
            "test_a_table_by_its_name",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            '    if "validation" in surroundings.records.splits:\n        return True\n',
            "",
            "Fig. 5 is left out of records that have a validation split where --validation_fraction=0",
            "test_a_figure_of_held_out_videos_needs_some",
        ),
        (
            "if experiment.held_out and not holds_out(experiment, surroundings):",
            "if False:",
            "Fig. 5 is trained though no video is held out, and then nothing can be drawn",
            "test_a_figure_of_held_out_videos_needs_some",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            '            "scoringnet_tf": __version__,\n',
            "",
            "trainings of another version of the package pass for those of this one",
            "test_a_folder_is_named_by_all_that_its_result_depends_on",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments/test_random_splits.py",
        (
            "return 1 if failures else 0",
            "return 0",
            "`experiments run` ends with status 0 though trainings failed",
            "test_the_command_says_what_failed_and_fills_pages",
        ),
        (
            "    if flags.FLAGS.write_docs:\n",
            "    if False:\n",
            "`report --write_docs` puts no table into any page",
            "test_the_command_says_what_failed_and_fills_pages",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "figures[chosen(uniform, seeds)][:, renderings]",
            "figures[:, renderings]",
            "intervals of table 3 cover no seeds",
            "test_intervals_of_frames_cover_videos_renderings_and_seeds",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/sources.py",
        "tests/experiments/test_looking_inside.py",
        (
            "read_video(info, video_id, model.image_size).frames, WIDTH)",
            "read_video(info, video_id, model.image_size).frames)",
            'pictures that say "3 frames grey" are of one frame at a time',
            "test_as_many_frames_are_hidden_as_pictures_say",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/fitting.py",
        "tests/experiments/test_suite.py",
        (
            "            **surroundings.records.beside_records(),\n",
            "",
            "a system that was fitted with other groups (or another sport of the name) is used again",
            "test_runs_of_other_groups_or_of_another_sport_of_that_name_are_others",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/c3d_svr.py",
        "tests/baselines/test_regressions.py",
        (
            "every = 1 if videos.info.features else CLIP // STRIDE",
            "every = CLIP // STRIDE",
            "C3D + SVR leaves out every second step of records of features",
            "test_systems_of_clips_see_all_of_a_video_and_in_order",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/consisa.py",
        "tests/baselines/test_consisa.py",
        (
            "found.append(blocks[rng.permutation(len(blocks))[:of_each]])",
            "found.append(blocks[:of_each])",
            "the words of ConsISA are learnt from the beginning of each video alone",
            "test_blocks_that_words_are_learnt_from_lie_all_over_each_video",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/networks.py",
        "tests/baselines/test_networks.py",
        (
            "values[~held_out].reshape(-1, values.shape[-1])",
            "values.reshape(-1, values.shape[-1])",
            "features are standardised by the held-out videos too, which choose the epoch",
            "test_features_are_scaled_by_those_that_are_trained_on",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            'np.full(len(part.ids), part.split == "validation")',
            "np.full(len(part.ids), False)",
            "the networks train on the validation part and keep the last epoch",
            "test_groups_held_out_videos_and_the_seed_reach_the_system",
        ),
        (
            "held_out[known], self.seed, groups[known])",
            "held_out[known], 0, groups[known])",
            "every --seed of a system learns the same: its interval covers no seeds",
            "test_groups_held_out_videos_and_the_seed_reach_the_system",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/c3d_lstm.py",
        "tests/baselines/test_networks.py",
        (
            "/ unit * PROGRESS",
            "/ unit * np.ones(CLIPS)",
            "C3D + LSTM is taught the whole score after every clip, not incremental labels",
            "test_incremental_labels_are_ninths",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/usdl.py",
        "tests/baselines/test_networks.py",
        (
            "keras.optimizers.AdamW(RATE, DECAY)",
            "keras.optimizers.AdamW(RATE)",
            "USDL has the weight decay of Keras (4e-3), not the published 1e-5",
            "test_steps_are_those_that_were_published",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/__main__.py",
        "tests/bad_inputs/test_bad_inputs.py",
        (
            "    if info.classes or not info.sport:\n",
            "    if not info.sport:\n",
            "records of classes of a sport (clips of motion) are not refused; the command ends in a traceback",
            "test_it_says_what_is_wrong",
        ),
    ),
    *of(
        "scoringnet_tf/sports/definition.py",
        "tests/sports/test_sport_file.py",
        (
            "        if folded in RESERVED:\n",
            "        if folded == NOISE:\n",
            'a sport may have a stage "unlabelled", which is what frames without a stage are called',
            "test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key",
        ),
    ),
    *of(
        "scoringnet_tf/support/drawing.py",
        "tests/support/test_drawing.py",
        (
            "left=start * scale",
            "left=start",
            "on an axis in seconds stages begin at their frame number",
            "test_sports_of_many_stages_are_drawn",
        ),
    ),
    *of(
        "scoringnet_tf/support/wording.py",
        "tests/support/test_wording.py",
        (
            '(f"{hours}:{minutes:02d}" if hours else f"{minutes}")',
            'f"{minutes}"',
            "a performance at 1:02:03 of a long video is said to be at 2:03",
            "test_a_moment_is_told_as_players_show_it",
        ),
    ),
    *of(
        "serving/client.py",
        "tests/serving/test_client.py",
        (
            "except (OSError, http.client.HTTPException) as error:",
            "except OSError as error:",
            "a port that does not speak HTTP (that of gRPC, say) ends the client in a traceback",
            "test_a_port_that_does_not_speak_http_is_named",
        ),
    ),
    *of(
        "benchmarks/gpu.py",
        "tests/benchmarks/test_gpu.py",
        (
            'row["flops"] * size * (3 if what == "joint step" else 1)',
            'row["flops"] * size',
            "TFLOP/s and share of the peak of a training step are a third of what they are",
            "test_a_training_step_is_three_times_the_operations_of_a_video",
        ),
    ),
    *of(
        "benchmarks/rows.py",
        "tests/benchmarks/test_table.py",
        (
            "twice, share = Target(2.0, at_most=False), Target(0.85, at_most=False)",
            "twice, share = Target(2.0), Target(0.85, at_most=False)",
            'the input pipeline should be at most twice as fast as a DataLoader: "met" is turned round',
            "test_reading_is_to_be_twice_as_fast_as_a_data_loader_and_nearly_as_fast_as_libjpeg",
        ),
    ),
    *of(
        "benchmarks/sessions.py",
        "tests/benchmarks/test_withheld.py",
        (
            "(max(one[1], other[1]) - min(one[0], other[0]))",
            "(one[1] - one[0])",
            "a found flight that covers half of the video counts as right: shares are of the true flight alone",
            "test_a_flight_is_found_where_what_both_cover_is_half_of_what_either_does",
        ),
    ),
    *of(
        "benchmarks/scaling.py",
        "tests/benchmarks/test_capacity.py",
        (
            "GBIT, TERABYTE, GIB = 1e9 / 8, 1e12, 2**30",
            "GBIT, TERABYTE, GIB = 1e9, 1e12, 2**30",
            "networks are taken for eight times as fast: bits for bytes",
            "test_the_command_prints_writes_and_draws",
        ),
    ),
    *of(
        "data_prep/simulator/dataset.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "write_video(path, frames, plan.quantiser, plan.codec)",
            "write_video(path, frames, plan.quantiser)",
            "all simulated videos are MPEG-4, whatever codec is planned",
            "test_videos_are_encoded_as_planned",
        ),
    ),
    *of(
        "data_prep/simulator/filming.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            'without=("replay",),',
            "without=(),",
            "between the performances of a session there are replays that replays.csv does not know",
            "test_between_performances_there_are_no_replays",
        ),
    ),
    *of(
        "data_prep/simulator/filming.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "elements = [element for element in simulator.replayed_elements(scene) if element != performance.element]",
            "elements = simulator.replayed_elements(scene)",
            "replays among the noise may show the element of the video itself",
            "test_replays_among_the_noise_show_another_element",
        ),
    ),
    *of(
        "data_prep/simulator/labels.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "*(round(p.trait.severities[name], 4) for name in severities),",
            "*(round(p.trait.severities[name], 4) for name in sorted(severities)),",
            "factors.csv has the severities of faults in the columns of others",
            "test_severities_are_in_the_columns_of_their_faults",
        ),
    ),
    *of(
        "data_prep/simulator/diving/simulator.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            '"half_somersaults": element.half_somersaults,',
            '"half_somersaults": element.half_twists,',
            "clips of motion are labelled with the half twists as half somersaults",
            "test_motion_clips_have_their_dive_as_class",
        ),
    ),
    *of(
        "data_prep/simulator/diving/labels.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "if not 1 <= video_id <= len(overall))",
            "if not 0 <= video_id <= len(overall))",
            "an id 0 in a split is taken, as the last video",
            "test_a_video_that_there_is_not_is_named",
        ),
    ),
    *of(
        "data_prep/simulator/diving/filming.py",
        "tests/data_prep/simulator/test_simulator_joints.py",
        (
            "view.in_picture(np.where(sunk[:, None, None], np.nan, joints), scene.mirrored)",
            "view.in_picture(joints, scene.mirrored)",
            "there are joints of a diver whom the water hides",
            "test_joints_end_where_the_water_hides_the_diver",
        ),
    ),
    *of(
        "data_prep/simulator/settings.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "if file.suffix.lower() in CLIP_SUFFIXES)",
            "if file.suffix in CLIP_SUFFIXES)",
            "clips called .AVI or .MP4 are left out of --noise_clips without a word",
            "test_clips_are_found_however_their_endings_are_spelt",
        ),
    ),
    *of(
        "data_prep/simulator/card.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "(values.min(), type(values.min())(np.median(values)), values.max())",
            "(values.max(), type(values.min())(np.median(values)), values.min())",
            "the card of a simulated dataset has least and most exchanged",
            "test_the_card_has_the_least_the_median_and_the_most",
        ),
    ),
    *of(
        "data_prep/simulator/vault/simulator.py",
        "tests/data_prep/simulator/test_simulator_vault.py",
        (
            "settings.random(SPLIT, ROWS, 1)",
            "settings.random(SPLIT, ROWS, 0)",
            "durations are drawn in the order of the scores, and give them away",
            "test_durations_say_nothing_of_scores",
        ),
    ),
]

HELD_INFERENCE = [
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        (
            "named_videos(arguments, SUFFIXES)",
            "named_videos(arguments)",
            "a folder given to predict with a model of features is searched for videos, not for .npy files",
            "test_a_folder_is_searched_for_what_the_model_sees",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/inference/test_calibration.py",
        (
            'return "true" if true_fragments else "predicted"',
            'return "predicted" if true_fragments else "true"',
            "metrics.json calls the fragments of an oracle predicted, and predicted ones true",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
        (
            "    if flags.FLAGS.true_fragments:\n",
            "    if False:\n",
            "an evaluation with true fragments counts how often intervals hold that were measured with predicted ones",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            'info.stage_frames[stored].get("unlabelled", 0)',
            'info.stage_frames["train"].get("unlabelled", 0)',
            "--true_fragments is not refused for an unlabelled test split beside a labelled training split",
            "test_true_fragments_need_stage_labels",
        ),
        (
            '(model.provenance or {}).get("data_hash"))',
            "info.data_hash)",
            "a model of which nothing is known is said to have learned from the training videos of these records",
            "test_an_evaluation_replaces_none_of_another_model_or_of_other_records",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/inference/test_serving.py",
        (
            "export_saved_model(network, target, version, precision)",
            "export_saved_model(network, target, version)",
            "--precision=bfloat16 is checked on the samples, and float32 is exported",
            "test_the_command_exports_the_precision_that_it_was_asked_for",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/test_command_wiring.py",
        (
            "for number in sorted(there, reverse=True)]",
            "for number in sorted(there)]",
            "a new version is compared with the oldest export there, not with the newest",
            "test_a_new_export_is_compared_with_the_newest_first",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/inference/test_calibration.py",
        (
            "if known and known != info.data_hash:",
            "if known and known == info.data_hash:",
            "calibrate says of the very records of the training that they are others, and nothing of others",
            "test_the_command_says_where_a_model_was_trained_on_other_records",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/inference/test_extraction.py",
        (
            '["input_shape"][1:3], tuple(frame_size))',
            '["input_shape"][1:3], tuple(frame_size)[::-1])',
            "--frame_size=height,width is taken as width,height: features of squeezed frames",
            "test_a_frame_size_is_height_and_width",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/test_command_wiring.py",
        (
            "read_weights(path, flags.FLAGS.fc6_order)",
            "read_weights(path)",
            "--fc6_order reaches nothing: fc6 of a checkpoint is read in the wrong order",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/weights/test_import_weights.py",
        (
            "    if flags.FLAGS.mean:\n",
            "    if False:\n",
            "--mean is ignored: the average per channel is subtracted instead",
            "test_the_command_subtracts_the_mean_that_it_is_given",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/report/test_evaluation_pages.py",
        (
            '(**{**self.preprocessor.get_config(), "frame_rate": None})',
            "(**self.preprocessor.get_config())",
            "pages of evaluated records of another frame rate than training have other scores than predictions.csv",
            "test_every_video_has_a_page_and_there_is_an_index",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/report/test_report.py",
        (
            "return self.preprocessor.read(local, partial=True, stream=stream)",
            "return self.preprocessor.read(local, partial=True)",
            "a model of whole videos scores the main stream, whatever --stream says",
            "test_the_stream_that_is_scored_is_shown",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_long_videos.py",
        (
            "self.score(self.read(source, stream), path, force=force, seen=seen)",
            "self.score(self.read(source, stream), path, force=force)",
            "the page of a video that a model of whole videos scored lacks its film, and where its score comes from",
            "test_a_model_without_stages_sees_a_long_video_whole",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_refusal.py",
        (
            "of_frames = None if probabilities is None else probabilities[sample_of]",
            "of_frames = probabilities",
            "of a video of another rate than training the stage probabilities on its page are those of other frames",
            "test_stages_are_told_in_the_frames_and_seconds_of_the_file",
        ),
        (
            "(too_small and not force)",
            "too_small",
            "a picture that is too small is scored by force without stages, as a whole",
            "test_too_few_and_too_small_frames",
        ),
        (
            "rate or video.fps, stop - start, surely",
            "video.fps, stop - start, surely",
            "how long stages last is told by the rate of the file though frames were brought to that of training",
            "test_stages_are_told_in_the_frames_and_seconds_of_the_file",
        ),
        (
            "return self._decide(probabilities)[video.sample_of(rate)]",
            "return self._decide(probabilities)",
            "stages that are suggested for a video of another rate than training are on other frames",
            "test_stages_are_told_in_the_frames_and_seconds_of_the_file",
        ),
    ),
    *of(
        "scoringnet_tf/inference/prediction.py",
        "tests/inference/test_prediction.py",
        (
            "sequence.values, rate, length, probabilities)",
            "sequence.values, rate, length)",
            "stages that a model of features finds doubtful do not speak against its scores",
            "test_features_in_which_no_one_performance_is_found_have_no_score",
        ),
    ),
    *of(
        "scoringnet_tf/inference/coverage.py",
        "tests/inference/test_coverage.py",
        (
            '"measured_on": intervals.split,',
            '"measured_on": split,',
            "metrics.json says that intervals were measured on the very split that is evaluated",
            "test_by_hand",
        ),
        (
            "sport.range_of(score)",
            'sport.range_of("final")',
            "intervals of difficulty and execution in predictions.csv go beyond what the sport has",
            "test_they_end_where_the_scores_of_the_sport_do",
        ),
    ),
    *of(
        "scoringnet_tf/inference/findings.py",
        "tests/inference/test_refusal.py",
        (
            "[*self._of_video, *self._known, *found.warnings]",
            "[*self._known, *found.warnings]",
            "a damaged or resampled video does not lower the reliability of its scores",
            "test_a_warning_of_one_performance_is_not_of_the_next",
        ),
    ),
    *of(
        "scoringnet_tf/inference/findings.py",
        "tests/inference/test_long_videos.py",
        (
            "start, end = (frame - self._first_frame for frame in (performance.start_frame, performance.end_frame))",
            "start, end = performance.start_frame, performance.end_frame",
            "a live line of a video scored from --start on lists the stages of other frames",
            "test_a_performance_that_is_told_on_the_way_has_the_stages_of_its_own_frames",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference/test_inputs.py",
        (
            "stream=stream, force=force, found=found)",
            "stream=stream, force=force)",
            "predict --live prints nothing on the way",
            "test_options_reach_whoever_scores",
        ),
        (
            "list(frame_times(path, stream))",
            "list(frame_times(path))",
            "--start and --end of another stream go by the times of the main stream",
            "test_a_stretch_of_another_stream_goes_by_its_own_times",
        ),
    ),
    *of(
        "scoringnet_tf/inference/kept_scores.py",
        "tests/inference/test_kept_scores.py",
        (
            'return {"scoringnet_tf": __version__, **{name: module.__version__ for name, module in modules.items()}}',
            'return {"scoringnet_tf": __version__}',
            "results that were kept with another TensorFlow, PyAV or OpenCV are taken over",
            "test_other_versions_are_other_results",
        ),
    ),
    *of(
        "scoringnet_tf/inference/evaluation.py",
        "tests/inference/test_evaluation.py",
        (
            "part = slice(first, first + SEGMENTED)",
            "part = slice(first, first + SEGMENTED - 1)",
            "edit score and F1 leave out every 64th video",
            "test_the_segments_of_every_video_count",
        ),
        (
            '("frame_accuracy", "edit_score", "f1_50", "d_src"',
            '("frame_accuracy", "edit_score", "f1_10", "d_src"',
            "the table that evaluate prints shows F1@10 under F1@50",
            "test_table_shows_three_decimals_and_dashes",
        ),
        (
            'for name in (*SCORES, *(f"{score}_std" for score in SCORES), "empty_fragments"):',
            'for name in (*SCORES, "empty_fragments"):',
            "predictions.csv of a model with a distribution head lacks how unsure it is",
            "test_how_unsure_a_model_is_comes_with_its_predictions",
        ),
    ),
    *of(
        "scoringnet_tf/inference/feature_folder.py",
        "tests/inference/test_extraction.py",
        (
            '[run for run in stage_runs(record["stage/index"]) if run[0] != UNLABELLED]',
            'list(stage_runs(record["stage/index"]))',
            "frames without a label become the last stage of the sport in the tables that extract writes",
            "test_the_table_of_stages_has_none_of_frames_without_a_label",
        ),
    ),
    *of(
        "scoringnet_tf/inference/feature_folder.py",
        "tests/sports/test_own_sport.py",
        (
            "        write_json(output_dir / SIMULATION, info.simulation)\n",
            "        pass\n",
            "features of simulated video make records that say they were filmed",
            "test_features_of_its_records_come_with_its_file",
        ),
    ),
    *of(
        "scoringnet_tf/inference/calibration.py",
        "tests/inference/test_calibration.py",
        (
            "stages, rates[row], model.sport)",
            "stages, rates[0], model.sport)",
            "how long stages last in training goes by the frame rate of the first video of each batch",
            "test_the_stages_of_records_without_them_are_those_that_the_model_finds",
        ),
        (
            "every[int(index * step)]",
            "every[index]",
            "of many training videos the first 2,000 are looked at, not evenly chosen ones, and none of validation",
            "test_of_many_videos_evenly_chosen_ones_are_looked_at",
        ),
        (
            "return is_current(found) and (",
            "return (",
            "a model that was trained on after its reference counts as measured, and train leaves it stale",
            "test_a_file_keeps_them_and_is_measured_again_where_something_lacks",
        ),
    ),
    *of(
        "scoringnet_tf/inference/precision.py",
        "tests/inference/test_serving.py",
        (
            "np.mean(_labels(exact) != _labels(coarse))",
            "np.mean(_labels(exact) != _labels(exact))",
            "bfloat16 that finds other stages is exported, and said to differ in no frame",
            "test_frames_that_are_of_another_stage_in_bfloat16_are_counted",
        ),
    ),
    *of(
        "scoringnet_tf/inference/video_score.py",
        "tests/inference/test_video_score.py",
        (
            'return "forced" if any(performance.reasons for performance in scored)',
            'return "forced" if all(performance.reasons for performance in scored)',
            "a video with a forced performance beside a sound one is called scored",
            "test_the_status_is_that_of_the_performances",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "return 1 / stated if is_transposed(frame) else stated",
            "return stated",
            "the aspect of a turned video with pixels that are not square is wrong, and so is its crop",
            "test_pixels_that_are_wide_as_stored_are_high_in_a_turned_picture",
        ),
    ),
    *of(
        "scoringnet_tf/data/features.py",
        "tests/data/test_features.py",
        (
            'kind["weights"].get("sha256")',
            'kind["weights"].get("file")',
            "features by other weights of the same file name are taken for those of training",
            "test_weights_are_told_by_their_bytes_and_not_by_their_name",
        ),
    ),
    *of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "return [{**kept, **_drawn(",
            "return [{**_drawn(",
            "random splits lose the validation split of the records",
            "test_a_validation_split_stays_as_it_is",
        ),
    ),
    *of(
        "scoringnet_tf/data/stored_videos.py",
        "tests/inference/test_calibration.py",
        (
            ".numpy() / 1e6",
            ".numpy() / 1e3",
            "the pages of an evaluation show times a thousand times too long",
            "test_scores_intervals_and_grade_of_a_video",
        ),
    ),
    *of(
        "scoringnet_tf/report/plots.py",
        "tests/inference/test_coverage.py",
        (
            "axis.scatter(truth, predicted, s=18",
            "axis.scatter(predicted, truth, s=18",
            "scores.png shows predicted scores along the axis of true ones",
            "test_the_report_holds_them",
        ),
    ),
    *of(
        "scoringnet_tf/report/film.py",
        "tests/report/test_report.py",
        (
            "height * frame.shape[1] * video.pixel_aspect / frame.shape[0]",
            "height * frame.shape[1] / frame.shape[0]",
            "pages show anamorphic video squeezed",
            "test_pictures_of_anamorphic_video_are_as_wide_as_it_is_shown",
        ),
    ),
    *of(
        "scoringnet_tf/report/collecting.py",
        "tests/report/test_report.py",
        (
            "sport.range_of(name)",
            'sport.range_of("final")',
            "difficulty and execution are drawn on the scale of the final score",
            "test_a_page_shows_the_video_and_what_was_found",
        ),
    ),
    *of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        (
            "shown.probabilities[:, index]",
            "shown.probabilities[:, 0]",
            "every curve of a stage on a page is that of noise",
            "test_each_stage_has_the_curve_of_its_own_probabilities",
        ),
        (
            "withheld=all(score.value is None for score in shown.scores)",
            "withheld=any(score.value is not None for score in shown.scores)",
            "a page of withheld scores says that they were given by force, and one by force why there are none",
            "test_a_page_says_whether_there_is_no_score_or_one_in_spite_of_the_reasons",
        ),
    ),
]

HELD_DATA = [
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if not kinds_of_row(row) & lost]",
            "if not kinds_of_row(row) & LOST]",
            "a row that is dropped for its scores keeps its frames from its corrected second",
            "test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second",
        ),
        (
            "if not kinds_of_row(row) & lost]",
            "if not kinds_of_row(sample.problems) & lost]",
            "a row whose scores are out of range keeps its frames from its corrected second",
            "test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_build.py",
        (
            "*video_problems]) & lost)",
            "*video_problems]) & LOST)",
            "a row that is dropped for its scores keeps its bytes from its corrected second",
            "test_a_row_that_is_dropped_for_its_scores_leaves_its_bytes_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            """if settings.on_inconsistent == "drop" else LOST""",
            "",
            "a row that is kept though its scores contradict each other gives its bytes to another",
            "test_a_row_that_is_dropped_for_its_scores_leaves_its_bytes_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/datasets/aqa7.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "for scores in lists for _ in range(scores.num_rows)",
            "for scores in lists for _ in scores.rows",
            "the rows of one action of AQA-7 are held against the numbers of all six",
            "test_the_lists_of_aqa7_are_counted_as_a_whole",
        ),
        (
            "if not 1 <= sample <= entry.num_samples:",
            "if not 1 <= sample < entry.num_samples:",
            "the last sample of every action of AQA-7 is refused",
            "test_samples_of_aqa7_are_numbered_from_1_to_the_last",
        ),
    ),
    *of(
        "data_prep/datasets/finediving.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "return named or {ENTRY_LABEL}",
            "return {ENTRY_LABEL}",
            "the entry of FineDiving is label 36 whatever the copy's own names say",
            "test_the_entry_of_finediving_has_the_label_that_its_copy_gives_it",
        ),
        (
            "    fields.problems += coarse.problems\n",
            "",
            "frames of FineDiving's coarse file that are no numbers pass",
            "test_frames_of_finediving_that_are_no_numbers_are_named",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            'video = PurePosixPath(row["video"].replace("\\\\", "/"))',
            """video = PurePosixPath(row["video"])""",
            "paths with the backslashes of Windows find no video",
            "test_a_path_as_windows_writes_it_is_that_of_the_video",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            """name = row.get("id") or row.get("video", row["features"])""",
            """name = row.get("video", row["features"])""",
            "the column id of a table of features is ignored",
            "test_features_are_called_as_a_column_id_says",
        ),
    ),
    *of(
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            '    if unknown:\n        raise InputError(f"{path}: expected video_id',
            '    if False:\n        raise InputError(f"{path}: expected video_id',
            "stages of a video that the table does not have are lost",
            "test_stages_of_a_video_that_the_table_does_not_have_are_refused",
        ),
    ),
    *of(
        "data_prep/datasets/mtl_aqa.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "        group=folder,\n",
            "",
            "dives of one broadcast of MTL-AQA are no group",
            "test_mtl_aqa_keys_of_numpy_and_marks",
        ),
    ),
    *of(
        "data_prep/datasets/own_table.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            'MARKS, *TIMES, *EITHER, "fps")\nGIVES',
            'MARKS, *EITHER, "fps")\nGIVES',
            "times with a decimal comma alone are refused",
            "test_times_alone_may_have_decimal_commas",
        ),
    ),
    *of(
        "data_prep/datasets/rhythmic_gymnastics.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "number * (len(APPARATUS) if action is None else 1)",
            "number * len(APPARATUS)",
            "routines of one apparatus are held against the numbers of all four",
            "test_routines_of_one_apparatus_are_counted_by_themselves",
        ),
        (
            "unlisted_note(video_dir, (sample.path for sample in samples))",
            "unlisted_note(video_dir, (sample.path for sample in chosen))",
            "with --action the videos of the other apparatus are in no row",
            "test_routines_of_one_apparatus_are_counted_by_themselves",
        ),
    ),
    *of(
        "data_prep/datasets/stage_labels.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            "if not cut and not first <= segment.start <= end <= last:",
            "if not cut and not first <= segment.start <= end:",
            "stages given for a performance are cut at its last frame in silence",
            "test_stages_given_for_a_performance_do_not_reach_outside_it",
        ),
    ),
    *of(
        "data_prep/datasets/readers/table.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if all(THOUSANDS.fullmatch(cell) for cell in with_comma):",
            "if any(THOUSANDS.fullmatch(cell) for cell in with_comma):",
            "one number with three decimals makes a table with decimal commas ambiguous",
            "test_a_comma_before_three_digits_may_be_either_and_is_asked_about",
        ),
    ),
    *of(
        "data_prep/datasets/readers/text.py",
        "tests/data_prep/datasets/test_stage_labels.py",
        (
            """path.read_text(encoding="utf-8-sig")""",
            """path.read_text(encoding="utf-8")""",
            "text that begins with a byte-order mark is misread",
            "test_diving_times_may_begin_with_a_byte_order_mark",
        ),
    ),
    *of(
        "data_prep/datasets/unlv.py",
        "tests/data_prep/records/test_build.py",
        (
            "found = [folder for folder in candidates if folder.is_dir()]",
            "found = [folder for folder in candidates[:1] if folder.is_dir()]",
            "a folder of a split elsewhere is not found",
            "test_the_folder_of_a_split_may_lie_elsewhere",
        ),
    ),
    *of(
        "data_prep/datasets/ucf101.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "Published(PUBLISHED[official_split], ",
            "Published(PUBLISHED[1], ",
            "splits 2 and 3 of UCF-101 are held against the numbers of split 1",
            "test_each_official_split_of_ucf101_is_held_against_its_own_numbers",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_build.py",
        (
            "chosen = set(np.linspace(0, total - 1, min(num_videos, total)).round().astype(int).tolist())",
            "chosen = set(range(min(num_videos, total)))",
            "the contact sheet shows the first videos of a split",
            "test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores",
        ),
        (
            "draw_strip(axis, stage_runs(stages), scale=1 / rate)",
            "draw_strip(axis, stage_runs(stages), scale=1)",
            "the contact sheet draws stages in frames on an axis in seconds",
            "test_stages_on_a_contact_sheet_are_drawn_in_seconds",
        ),
        (
            """value = float(record[f"score/{score}"])""",
            """value = float(record["score/final"])""",
            "the contact sheet gives the final score as difficulty and execution",
            "test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores",
        ),
    ),
    *of(
        "data_prep/records/description.py",
        "tests/data_prep/records/test_description.py",
        (
            "few, many = min(counts.values()), max(counts.values())",
            "few, many = max(counts.values()), min(counts.values())",
            "describe exchanges the fewest and the most videos of a class",
            "test_classes_are_counted",
        ),
    ),
    *of(
        "data_prep/records/description_picture.py",
        "tests/data_prep/records/test_description.py",
        (
            """shares = [1 - found["lacking"][field] / found["videos"] for field in fields]""",
            """shares = [found["lacking"][field] / found["videos"] for field in fields]""",
            "the picture of a description shows what lacks as what is known",
            "test_the_picture_shows_the_shares_of_videos_that_have_a_field",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_description.py",
        (
            "getattr(sample, name) is not None for sample",
            "sample.final is not None for sample",
            "check says of every score that it is known where the final one is",
            "test_a_group_in_two_splits_is_said_by_describe_check_and_build_alike",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_same_performance.py",
        (
            '        LOOKALIKE: "Of {} another split has what looks the same: see build --on_lookalike.",\n',
            "",
            "check does not say that build may keep what looks the same",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "fps = sample.fps or origin_rate",
            "fps = origin_rate or sample.fps",
            "features of several frame rates all have the median rate",
            "test_a_table_of_another_rate_than_the_features_is_named",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "statistics.median_low([rate for rate in rates for _ in self._of_rate[rate]])",
            "statistics.median_low(rates)",
            "the rate that a model learns is the median of the rates, not of the videos",
            "test_the_rate_that_is_learned_is_the_median_of_the_videos",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_description.py",
        (
            "if not (has_score and sample.segments and stages is not None) or UNLABELLED in stages:",
            "if not (has_score and sample.segments and stages is not None):",
            "a performance labelled in part lacks stages that nobody has labelled",
            "test_stages_that_nobody_has_labelled_are_not_said_to_lack",
        ),
    ),
    *of(
        "data_prep/records/psnr.py",
        "tests/data_prep/records/test_aspect.py",
        (
            "stored.picture(frame, stream.pixel_aspect) for frame in stream",
            "stored.picture(frame) for frame in stream",
            "records of pixels that are not square are compared with another part of the source",
            "test_records_show_pixels_that_are_not_square_as_they_are_shown",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "    if len(found) > 1:\n",
            "    if False:\n",
            "nothing is said of videos of several simulations",
            "test_videos_of_several_simulations_are_told",
        ),
    ),
    *of(
        "data_prep/records/summary.py",
        "tests/data_prep/records/test_build.py",
        (
            "info.frame_rate / 3600:.2f}",
            "info.frame_rate / 60:.2f}",
            "minutes stand under the heading hours",
            "test_figures_of_the_summary_stand_under_their_headings",
        ),
        (
            """for key in ("min", "max", "mean", "std"))]""",
            """for key in ("min", "max", "std", "mean"))]""",
            "the summary exchanges mean and deviation of scores",
            "test_figures_of_the_summary_stand_under_their_headings",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            '    expected |= {f"class/{head}": entry["classes"][head] for head in info.classes}\n',
            "",
            "other classes in the index than in the records pass",
            "test_verification_compares_the_classes_of_the_index",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/data_prep/records/test_build.py",
        (
            """return small or self._shards[-1]["bytes"] >= SHARD_BYTES""",
            "return small",
            "a split has two shards however large they are",
            "test_a_shard_that_is_full_is_closed",
        ),
    ),
    *of(
        "data_prep/stages/formats/cvat.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "height, width = facts.size",
            "width, height = facts.size",
            "boxes of CVAT are as wide as the video is high",
            "test_a_stage_of_cvat_is_a_box_over_the_whole_frame",
        ),
    ),
    *of(
        "data_prep/stages/formats/elan.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            """if header is None or header.get("TIME_UNITS", "milliseconds") != "milliseconds":""",
            "if header is None:",
            "ELAN's times in other units are taken for milliseconds",
            "test_files_that_are_wrong_as_a_whole",
        ),
    ),
    *of(
        "data_prep/commands/check.py",
        "tests/test_command_wiring.py",
        (
            "FLAGS.source_dir, FLAGS.workers, **dataset_flags",
            "FLAGS.source_dir, None, **dataset_flags",
            "check ignores --workers",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/inspect.py",
        "tests/test_command_wiring.py",
        (
            "save_contact_sheet(info, split, FLAGS.num_videos, FLAGS.output)",
            "save_contact_sheet(info, split, 6, FLAGS.output)",
            "inspect ignores --num_videos",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/describe.py",
        "tests/test_command_wiring.py",
        (
            "        save_picture(description, FLAGS.output)\n",
            "        as_text(description)\n",
            "describe --output draws nothing",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/split.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            """if FLAGS.folds and FLAGS["test_fraction"].present:""",
            "if False:",
            "--test_fraction beside --folds is ignored",
            "test_fewer_folds_leave_none_of_more_behind",
        ),
    ),
    *of(
        "data_prep/commands/suggest.py",
        "tests/data_prep/stages/test_suggest.py",
        (
            """if (model.provenance or {}).get("simulation"):""",
            """if (model.provenance or {}).get("simulated"):""",
            "suggest does not say that its model has seen simulated video alone",
            "test_a_model_that_has_seen_simulated_video_alone_is_said_to_be_one",
        ),
    ),
    *of(
        "data_prep/commands/simulate.py",
        "tests/test_command_wiring.py",
        (
            "labels_dir=Path(FLAGS.labels_dir) if FLAGS.labels_dir else None,",
            "labels_dir=None,",
            "simulate ignores --labels_dir",
            "test_flags_reach_what_they_are_for",
        ),
    ),
]

# === What a rereading of these found ===

REREAD = [
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "float(rate) if rate and rate == stream.guessed_rate else 0.0",
            "float(rate or 0)",
            "H.264 that counts ticks has 600 frames a second",
            "test_a_bare_stream_that_counts_ticks_states_no_rate",
        ),
    ),
    *of(
        "scoringnet_tf/inference/inputs.py",
        "tests/inference",
        (
            "return not path.is_dir() and end <= shown_until(path, stream) + ROUNDED_END",
            "return False",
            "the end of a GIF whose last frame is held is refused",
            "test_the_end_of_a_last_frame_that_is_held_is_that_of_the_video",
        ),
        (
            "    if end <= duration + ROUNDED_END:\n        return end > duration\n",
            "    return True\n",
            "an end that the video does not reach is its end",
            "test_an_end_that_the_video_does_not_reach_is_refused",
        ),
        (
            "with contextlib.suppress(PermissionError):",
            "with contextlib.suppress(FileNotFoundError):",
            "features in a store that may not be listed cannot be scored",
            "test_features_are_scored_where_nothing_may_be_asked_of_what_is_beside_them",
        ),
    ),
    *of(
        "scoringnet_tf/inference/refusal.py",
        "tests/inference/test_refusal.py",
        (
            "    if len(samples[shown]) < SHORTEST:  #",
            "    if len(samples[shown]) < 2:  #",
            "two stray labels around a hole are a frame rate, and not a stage that lacks",
            "test_stray_labels_around_a_hole_have_no_rate",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "itertools.islice((path for path in files if path.is_file()), MOST_LOOKED_INTO)",
            "(path for path in files if path.is_file())",
            "every file of an archive is looked into",
            "test_of_very_many_files_some_are_looked_into",
        ),
    ),
    *of(
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            'rf"(.*/)?{re.escape(sample.path.name)}(#\\d+)?"',
            'rf".*{re.escape(sample.path.name)}(#\\d+)?"',
            "an id that ends as the name of its file does is taken for none",
            "test_a_file_of_splits_says_no_frames_of_performances_with_ids",
        ),
    ),
]

MUTANTS = (
    *(*RUN, *CALLBACKS, *CHECKPOINTS, *CONFIG),
    *(*SCORING, *PART_FLAGS, *SUPERVISION, *PRETRAINED, *PRETRAINING, *OPTIMIZER),
    *(*OBJECTIVE, *SCORING_NET, *SPORTS, *MODELS),
    *(*DATA, *DATA_PREP, *NUMBERS, *INFERENCE, *FEATURES, *PARTIAL, *EXPERIMENTS, *REPORTS),
    *(*BAD_INPUT, *SCALING, *LEFT_OVERS, *READINGS, *UNHELD, *NEARLY, *SECOND_RUNS),
    *UNSAID,
    *REREAD,
    *MISLABELLED,
    *HELD_NETWORKS,
    *HELD_TABLES,
    *HELD_INFERENCE,
    *HELD_DATA,
)
