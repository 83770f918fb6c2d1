"""Wrong changes of models, losses and metrics."""

from mutant import of

CHANGES = [
    *of(
        "scoringnet_tf/models/loss_scaling.py",
        "tests/training/test_replicas.py",
        (
            "return ops.equal(replicas.summed([overflowed])[0], 0)",
            "return ops.equal(overflowed, 0)",
            "each replica looks for overflow in its own gradients alone",
            "test_a_gradient_that_overflows_on_one_replica_is_left_out_on_all",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "super().fit(x, y, batch_size, epochs, verbose, callbacks, *arguments, **options)",
            "super().fit(x, y, batch_size, epochs, verbose, None, *arguments, **options)",
            "fit has none of the callbacks that it was given",
            "test_scheduled_fragments_are_the_true_ones_at_first_and_those_of_kfs_in_the_end",
        ),
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_objective.py",
        (
            'max(1, self.params["epochs"] - 1)',
            'self.params["epochs"]',
            "the share of true fragments never reaches 0",
            "test_scheduled_fragments_are_the_true_ones_at_first_and_those_of_kfs_in_the_end",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_partial_models.py",
        (
            "squares = squares + (delta * (steps - mean)).sum(axis=0)",
            "squares = squares + ((steps - mean) ** 2).sum(axis=0)",
            (
                "the deviation of features is wrong as soon as there are several batches: each is measured "
                "from the mean so far"
            ),
            "test_features_are_brought_to_standard_units_before_a_fit",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "if not self.optimizer.built:",
            "if True:",
            "the scale of a loss begins anew with every fit and validation",
            "test_a_scaled_loss_keeps_its_scale_over_validations_and_in_checkpoints",
        ),
        (
            'if policy.name != "mixed_float16" or isinstance(',
            "if isinstance(",
            "the loss of a model of float32 is scaled",
            "test_a_model_of_float16_has_a_scaled_loss",
        ),
        (
            "            optimizer = self._scaling(optimizer)\n",
            "            pass\n",
            "gradients of float16 fall below what it holds",
            "test_a_model_of_float16_has_a_scaled_loss",
        ),
        (
            "[name for name in names if name in of_one] + sorted({*names} - {*of_one})",
            "names",
            "figures of an evaluation have each other's names",
            "test_names_of_metrics_are_those_of_the_list_that_evaluate_returns",
        ),
        (
            "[FragmentSchedule(), *keras.tree.flatten(callbacks or [])]",
            "keras.tree.flatten(callbacks or [])",
            "scheduled fragments are the true ones to the end",
            "test_scheduled_fragments_are_the_true_ones_at_first_and_those_of_kfs_in_the_end",
        ),
        (
            "        self.training_fragments.share.assign(1.0)\n",
            "",
            "scheduled fragments of a second training are those of KFS from the first epoch on",
            "test_scheduled_fragments_are_the_true_ones_at_first_and_those_of_kfs_in_the_end",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_partial_models.py",
        (
            'np.asarray(inputs["features"], np.float64)[np.asarray(inputs["mask"])]',
            'np.asarray(inputs["features"], np.float64).reshape(-1, inputs["features"].shape[-1])',
            "padding counts where features are brought to standard units",
            "test_features_are_brought_to_standard_units_before_a_fit",
        ),
        (
            '(fragments != "true" or fragment_jitter)',
            'fragments != "true"',
            "a jitter of fragments is taken from a model that has none",
            "test_what_there_is_not_is_named",
        ),
    ),
    *of(
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
    ),
    *of(
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
    ),
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
        ("np.argsort(distances,", "np.argsort(-distances,", "the performances least alike are shown"),
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
        "tests/training/test_pretraining_wiring.py",
        (
            "Dropout(dropout_rate",
            "Dropout(0.5",
            "dropout of C3D fixed at 0.5",
            "test_dropout_of_c3ds_own_top",
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
    ),
    *of(
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
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_views.py",
        (
            "ops.sum(ops.cast(frame_mask",
            "ops.sum(1 + 0 * ops.cast(frame_mask",
            "a later view sees padding",
            "test_scores_are_the_mean_over_the_views",
        ),
    ),
    *of(
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
    ),
    *of(
        "scoringnet_tf/models/layers.py",
        "tests/models/test_objective.py",
        (
            "training=training and self.trainable",
            "training=training",
            "a frozen KFS runs with dropout",
            "test_sp_trains_with_dropout_and_a_frozen_kfs_without",
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
        "scoringnet_tf/models/layers.py",
        "tests/models/test_models.py",
        (
            "        if pool_size is not None:\n            x = max_pooled(x, pool_size)\n",
            "        if pool_size is not None:\n            x = -max_pooled(-x, pool_size)\n",
            "C3D pools the least",
            "test_pooling_before_bias_and_relu_is_pooling_after_them",
        ),
    ),
    *of(
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
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_partial_models.py",
        (
            '"segmenter" if output == "stages" else "score_predictor" for output',
            '"segmenter" if output in ("stages", "final") else "score_predictor" for output',
            "the fused final score is not learnt while SP is",
            "test_a_fused_final_score_can_be_learnt_as_well",
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
        "scoringnet_tf/models/parts.py",
        "tests/training/test_optimizer.py",
        (
            "math.prod(rate for variables, rate in of_parts if id(variable) in variables)",
            "max((rate for variables, rate in of_parts if id(variable) in variables), default=1)",
            "factors of a C3D and of the part it lies in are not multiplied",
            "test_each_part_moves_by_its_share_of_adams_step",
        ),
    ),
    *of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/inference/test_long_videos.py",
        (
            "round(count * self._density(part))",
            "round(count)",
            "a part of a video of twice the rate shows half as much",
            "test_a_video_of_twice_the_rate_has_parts_of_twice_the_frames",
        ),
    ),
    *of(
        "scoringnet_tf/models/preprocessor.py",
        "tests/data/test_time_and_streams.py",
        (
            "abs(video.fps / self.frame_rate - 1) > RATE_TOLERANCE",
            "video.fps / self.frame_rate - 1 > RATE_TOLERANCE",
            "lower frame rate not warned of",
            "test_a_slow_video_is_repeated_and_it_is_said",
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
        "tests/sports/test_own_sport.py",
        (
            '    if different:\n        raise InputError(f"{where} another',
            '    if False:\n        raise InputError(f"{where} another',
            "records of another sport of the same name are scored",
            "test_records_of_another_sport_of_the_same_name_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/models/presets.py",
        "tests/test_mutated_files.py",
        (
            "if unsound:",
            "if False:",
            "a model of NaN gives scores",
            "test_a_model_whose_weights_are_no_numbers_is_refused",
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
            "return str(path) in shipped_presets() and not as_path(path).exists()",
            "return str(path) in shipped_presets()",
            "a user's own folder or run of the name of a shipped model is passed over for that",
            "test_what_is_there_comes_before_a_shipped_model_of_its_name",
        ),
        (
            "return inside if inside.is_dir() else beside",
            "return inside",
            "the commands of a checkout that is not installed in place find no model that ships",
            "test_a_checkout_that_is_not_installed_finds_the_models_that_ship",
        ),
        (
            "return inside if inside.is_dir() else beside",
            "return beside if beside.is_dir() else inside",
            "an installed copy takes models of whatever package is called saved_models",
            "test_an_installed_copy_finds_its_own_models_and_none_of_another_package",
        ),
    ),
    *of(
        "scoringnet_tf/models/presets.py",
        "tests/inference/test_calibration.py",
        (
            "if model.sampled_frames != 1:",
            "if False:",
            "a model of features is evaluated on records of another rate",
            "test_records_of_features_of_another_rate_are_refused",
        ),
    ),
    *of(
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
    ),
    *of(
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
        "tests/training/test_wiring.py",
        (
            'Dropout(dropout_rate, name=f"',
            'Dropout(0.5, name=f"',
            "dropout of the regressor fixed at 0.5",
            "test_flags_of_the_model",
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
        "scoringnet_tf/models/score_prediction.py",
        "tests/models/test_models.py",
        (
            "stddev=0.001",
            "stddev=0.01",
            "initial deviation ×10",
            "test_the_last_layer_of_a_tower_starts_small",
        ),
    ),
    *of(
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
    ),
    *of(
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
    ),
    *of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_views.py",
        ("1 if training else self.views", "self.views", "training sees all views", "test_training_sees_one"),
    ),
    *of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_partial_models.py",
        (
            "self.segmenter is None and len(lengths) == 1",
            "self.segmenter is None",
            "two towers of other lengths see the samples of one",
            "test_a_whole_video_is_sampled_evenly_and_without_its_padding",
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
        "scoringnet_tf/models/segmentation.py",
        "tests/training/test_wiring.py",
        (
            "Dropout(dropout_rate",
            "Dropout(0.5",
            "dropout of KFS fixed at 0.5",
            "test_flags_of_the_model",
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
            '        x = FrameMask(name=f"encoder{level + 1}_pool_mask", dtype="float32")(x, frame_mask)\n',
            "",
            "padding is pooled with the last frame",
            "test_padding_changes_nothing",
        ),
        ("indices = ops.arange(", "indices = 0 * ops.arange(", "the first frame for all", "test_resnet50_sees_a_frame"),
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
    ),
    *of(
        "scoringnet_tf/models/views.py",
        "tests/models/test_partial_models.py",
        (
            "samples = [selector(content, mask) for selector in selectors]",
            "samples = [selector(content, ops.ones_like(mask)) for selector in selectors]",
            "padding is sampled with a whole video",
            "test_a_whole_video_is_sampled_evenly_and_without_its_padding",
        ),
    ),
    *of(
        "scoringnet_tf/sports/sport.py",
        "tests/models/test_partial_models.py",
        (
            'if score == "difficulty" else self.execution_fragment',
            'if score != "execution" else self.execution_fragment',
            "the one tower sees the fragment of difficulty",
            "test_one_tower_sees_the_fragment_of_execution",
        ),
    ),
    *of(
        "scoringnet_tf/models/objective.py",
        "tests/models/test_objective.py",
        (
            "scores = self.score_fragments(content, stages, mask, training=training)",
            "scores = self.score_fragments(content, 0 * stages, mask, training=training)",
            "SP learns from whole videos",
            "test_joint_loss_is_eq10",
        ),
        (
            "return replicas.logged(super().test_step(*arguments))",
            "x, y, *weight = arguments[-1]\n"
            '        data = ({**x, TRUE_STAGES: y["stages"]}, y, *weight)\n'
            "        return replicas.logged(super().test_step(*arguments[:-1], data))",
            "a validation cuts fragments by the true stages",
            "test_evaluation_is_eq10_on_predicted_fragments",
        ),
    ),
    *of(
        "scoringnet_tf/models/fragments.py",
        "tests/models/test_models.py",
        (
            'ops.arange(batch, dtype="int32")[:, None] * length',
            'ops.arange(batch, dtype="int32")[:, None] * (length - 1)',
            "the second video of a batch is cut a frame early",
            "test_padding_does_not_change_the_result",
        ),
    ),
    *of(
        "scoringnet_tf/models/scoring_net.py",
        "tests/models/test_models.py",
        (
            "clips, empty = self.select_views(content, stages, mask, views)",
            "clips, empty = self.select_views(content, stages[:, ::-1], mask, views)",
            "score_fragments cuts other fragments than it is told",
            "test_score_fragments_with_predicted_stages_equals_the_model",
        ),
    ),
]
