"""Wrong changes of experiments and the systems that ScoringNet is compared with."""

from mutant import of

CHANGES = [
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
        "scoringnet_tf/baselines/run.py",
        "tests/baselines/test_baseline_run.py",
        (
            "            if others:\n",
            "            if False:\n",
            "a system takes the report of another model for its own",
            "test_a_report_of_another_model_is_neither_taken_nor_replaced",
        ),
        (
            "return sum(shown(info.videos[video_id]) in learned for video_id in ids)",
            "return 0",
            "what the C3D of a system learned from is not said",
            "test_what_the_c3d_learned_from_is_said_and_kept",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/s3d.py",
        "tests/baselines/test_regressions.py",
        (
            "    if videos.info.has_vectors:\n",
            "    if len(found[0].values) == 1:\n",
            "videos of one clip are not stacked as longer ones are",
            "test_videos_without_stage_labels_have_no_segments",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_fitting.py",
        (
            "        found[row.name] = max(\n",
            "        found[row.name] = min(\n",
            "a row that learned from test videos of one rendering is not named",
            "test_rows_that_learned_from_test_videos_are_named",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments/test_kept.py",
        (
            "of_rows, number if experiment.compute else 0, names)",
            "of_rows, number, names)",
            "a row that is kept and cannot be made is missed after hours of training",
            "test_a_row_that_is_kept_and_cannot_be_made_is_missed_before_anything_is_trained",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments/test_fitting.py",
        (
            "**surroundings.records.beside_records()}",
            "}",
            "results of other groups are replaced",
            "test_a_table_says_what_no_data_hash_covers",
        ),
        (
            'load_system(row.baseline).sees == "joints" for row',
            'load_system(row.baseline).sees == "pixels" for row',
            "results of other joints are replaced",
            "test_a_table_says_what_no_data_hash_covers",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/shortcuts.py",
        "tests/experiments/test_shortcuts.py",
        (
            "RidgeCV(STRENGTHS, cv=folds)",
            "RidgeCV(STRENGTHS)",
            "the penalty of a shortcut is chosen on other videos of the same athlete",
            "test_the_penalty_is_chosen_by_groups",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            "    return dataclasses.replace(found, groups=surroundings.records.groups_of(found.ids))\n",
            "    return found\n",
            "intervals of tables draw videos where athletes are to be drawn",
            "test_results_know_the_groups_of_their_videos",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_kept.py",
        (
            "resamples(list(shapes.values()), number, self.groups)",
            "resamples(list(shapes.values()), number)",
            "intervals of stages draw videos where athletes are to be drawn",
            "test_groups_are_kept_and_named",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/best_epochs.py",
        "tests/experiments/test_best_epochs.py",
        (
            "np.argmax(",
            "np.argmin(",
            "the worst epoch of the test videos is called the best",
            "test_a_column_has_the_mean_of_each_seed_s_best_epoch",
        ),
        (
            'read_course(path, "final")',
            "read_course(path)",
            "the best test epoch is that of execution",
            "test_a_column_has_the_mean_of_each_seed_s_best_epoch",
        ),
        (
            "if not (row.baseline or row.evaluation) else ()",
            "",
            "a row on true fragments has the best test epoch of those that are found",
            "test_rows_that_are_not_scored_so_have_none",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments/test_best_epochs.py",
        (
            "_best(experiment, wheres[index], 1)",
            "_best(experiment, wheres[0], 1)",
            "every split has the best test epoch of the first",
            "test_of_several_splits_each_has_its_own",
        ),
        (
            "best_epochs.best_test_epochs(experiment, surroundings, seeds) if flags.FLAGS.best_test_epoch else None",
            "None",
            "--best_test_epoch adds no column",
            "test_a_column_has_the_mean_of_each_seed_s_best_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/kept.py",
        "tests/experiments/test_best_epochs.py",
        (
            'of, figure = (best, "f_src") if name == BEST else (results, name)',
            "of, figure = (results, name)\n            if name == BEST:\n                continue",
            "cells of best test epochs are not computed again",
            "test_a_column_has_the_mean_of_each_seed_s_best_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/baselines/apenft.py",
        "tests/baselines/test_regressions.py",
        (
            "distances <= tolerance",
            "distances < 2 * tolerance",
            "another r",
            "test_approximate_entropy_is_that_of_a_double_loop",
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
            'return system.sees != "joints" or',
            "return True or",
            "a rendering keeps what was predicted of other joints",
            "test_other_joints_of_the_same_records_are_other_data",
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
        "scoringnet_tf/baselines/s3d.py",
        "tests/baselines/test_regressions.py",
        (
            "if not videos.info.has_vectors and np.all(clips.stages < 0):",
            "if False:",
            "S3D stacks copies of one mean where nothing is labelled",
            "test_videos_without_stage_labels_have_no_segments",
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
        "scoringnet_tf/experiments/__main__.py",
        "tests/experiments",
        (
            '{**_made(experiment, surroundings), "splits": list(names)}',
            '{"splits": list(names)}',
            "the command does not say of which preset its results are",
            "test_of_what_a_figure_is_stands_beside_it_and_keeps_it_from_less",
        ),
        (
            "    of = surroundings.records.name, surroundings.sport\n    best = _best(experiment, surroundings, flags",
            "    of = surroundings.sport, surroundings.records.name\n    best = _best(experiment, surroundings, flags",
            "dataset and sport of a table are exchanged",
            "test_the_command_goes_over_all_splits",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/__main__.py",
        "tests/test_command_wiring.py",
        (
            "[best_epochs.FLAG] if values.best_test_epoch else []), *_further()),\n",
            "[best_epochs.FLAG] if values.best_test_epoch else []),),\n",
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
        "scoringnet_tf/experiments/curves.py",
        "tests/experiments/test_curves.py",
        (
            "np.triu((apart != 0) & (np.abs",
            "np.triu((np.abs",
            "ties count as pairs",
            "test_only_close_pairs_of_different_scores_count",
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
        "scoringnet_tf/experiments/catalogue.py",
        "tests/experiments/test_suite.py",
        (
            "each.name == row and each.against)",
            "each.against)",
            "rows are compared with what another is to be compared with",
            "test_a_row_may_be_compared_with_one_of_its_own",
        ),
        (
            'self.reference.get(score or "")',
            "[*self.reference.values()][0]",
            "execution is compared with the fragment of difficulty",
            "test_fragments_are_compared_with_those_that_the_paper_takes_for_each_score",
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
            "(math.nan if (stages < 0).any() else 0.0)",
            "0.0",
            "the length of a video is called durations of its stages",
            "test_what_is_not_known_of_every_video_is_left_out_and_named",
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
        "scoringnet_tf/experiments/splits.py",
        "tests/experiments/test_random_splits.py",
        (
            "        left.unlink()\n",
            "        pass\n",
            "splits of more before stay beside those of a table",
            "test_cells_and_splits_are_kept",
        ),
        (
            "        if (left := left_out(info, split)) and not of_one_size:\n",
            "        if False:\n",
            "a table takes a split of a part of the records",
            "test_a_file_of_a_part_of_the_records_is_refused",
        ),
        (
            "len(found) > 1 and len({sizes(split) for split in found}) == 1",
            "len(found) > 1",
            "splits of parts of the records may be of any size",
            "test_files_may_leave_records_out_where_they_are_of_one_size",
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
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "(truth == stage) & (predicted == stage)",
            "(predicted == stage)",
            "frames that are wrong are right",
            "test_figures_are_those_of_an_evaluation",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "self._figure(row, name, times)[",
            "self._figure(row, name, np.ones_like(times))[",
            "intervals of table 3 cover no videos",
            "test_intervals_of_frames_cover_videos_renderings_and_seeds",
        ),
        (
            "renderings[:, np.newaxis]",
            "np.zeros_like(renderings[:, np.newaxis])",
            "intervals of table 3 cover no renderings",
            "test_intervals_of_frames_cover_videos_renderings_and_seeds",
        ),
    ),
    *of(
        "scoringnet_tf/experiments/stage_results.py",
        "tests/experiments/test_stage_results.py",
        (
            "chosen(uniform, seeds)[..., np.newaxis]",
            "np.zeros((len(draw), 1, 1), int)",
            "intervals of table 3 cover no seeds",
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
        "scoringnet_tf/experiments/suite.py",
        "tests/experiments/test_suite.py",
        (
            "failed.append(training)",
            "pass",
            "a KFS that failed is tried again for each of its rows",
            "test_a_kfs_that_fails_fails_its_rows_alone",
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
        "scoringnet_tf/experiments/training.py",
        "tests/experiments/test_suite.py",
        (
            '            "scoringnet_tf": __version__,\n',
            "",
            "trainings of another version of the package pass for those of this one",
            "test_a_folder_is_named_by_all_that_its_result_depends_on",
        ),
    ),
]
