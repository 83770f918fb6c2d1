"""Wrong changes of sports, weights, support, serving and benchmarks."""

from mutant import of

CHANGES = [
    *of(
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
        "benchmarks/costs.py",
        "tests/benchmarks/test_costs.py",
        (
            "data.repeat(1 + steps)",
            "data.repeat(steps)",
            "of so many steps the first is missing",
            "test_what_a_training_takes_to_begin_is_no_part_of_its_steps",
        ),
    ),
    *of(
        "benchmarks/curves.py",
        "tests/benchmarks/test_curves_command.py",
        (
            "if known.get(name) != value]",
            "if False]",
            "points of another model are this one's",
            "test_points_of_one_file_are_of_the_same_settings",
        ),
        (
            "if len(points) > 1}",
            "}",
            "a curve of one point ends in a traceback",
            "test_points_of_one_file_are_of_the_same_settings",
        ),
    ),
    *of(
        "benchmarks/scenarios.py",
        "tests/benchmarks/test_capacity.py",
        (
            "at_best[0] if at_best else None",
            "at_best[0]",
            "a checkpoint that hardly ever succeeds ends in a traceback",
            "test_work_that_hardly_ever_ends_between_two_failures_is_said",
        ),
    ),
    *of(
        "benchmarks/gpu.py",
        "tests/benchmarks/test_gpu.py",
        (
            "[*earlier, run]",
            "[run]",
            "a run on a GPU deletes the figures of the one before",
            "test_a_second_run_keeps_the_figures_of_the_first",
        ),
    ),
    *of(
        "benchmarks/table.py",
        "tests/benchmarks/test_table.py",
        (
            "[*earlier, run]",
            "[run]",
            "a part of the table deletes the figures of the rest",
            "test_the_table_is_printed_and_written_beside_that_of_the_run_before",
        ),
    ),
    *of(
        "benchmarks/growth.py",
        "tests/benchmarks/test_growth.py",
        (
            "scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom)",
            "scipy.stats.t.ppf(CONFIDENCE, freedom)",
            "the interval of a slope covers nine tenths",
            "test_intervals_are_those_of_least_squares",
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
        "benchmarks/workload.py",
        "tests/benchmarks/test_costs.py",
        (
            'int(re.search(r"VmHWM:\\s+(\\d+)", path.read_text())[1])',
            "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
            "the memory of a process is at least that of what started it",
            "test_the_peak_of_a_child_is_its_own_whatever_its_parent_held",
        ),
        (
            "print(os.waitstatus_to_exitcode(status)",
            "print(0",
            "the memory of a command that failed counts",
            "test_the_status_of_a_command_is_told_with_its_peak",
        ),
    ),
    *of(
        "scoringnet_tf/sports/bootstrap.py",
        "tests/experiments/test_intervals.py",
        (
            "rng.integers(0, len(units), number_of(len(units)))",
            "rng.integers(0, len(units), len(units))",
            "as many groups are drawn as there are",
            "test_groups_are_drawn_whole",
        ),
        (
            "np.where(videos[block] < 0, np.nan, truth[videos[block]])",
            "truth[videos[block]]",
            "behind the videos of a draw the last one counts again",
            "test_groups_are_drawn_whole",
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
        "scoringnet_tf/sports/bootstrap.py",
        "tests/inference/test_evaluation.py",
        (
            "known, strict=True) if of]) < 2:\n",
            "known, strict=True) if of]) < 0:\n",
            "one video has an interval without width",
            "test_the_bootstrap_of_what_is_not_known",
        ),
    ),
    *of(
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
        "scoringnet_tf/sports/known.py",
        "tests/sports/test_sport_file.py",
        (
            "return sport.name if SPORTS.get(sport.name) == sport else",
            "return sport.name if sport.name in SPORTS else",
            "a sport of one's own with the name of one that ships is kept as that",
            "test_names_stand_for_sports_that_ship_alone",
        ),
    ),
    *of(
        "scoringnet_tf/sports/measures.py",
        "tests/sports/test_measures.py",
        (
            "width = width_of(truth) if",
            "width = width_of(predicted) if",
            "R-l2 relative to the range of the predictions",
            "test_med_and_relative_l2_by_hand",
        ),
        (
            "stats.rankdata(np.where(known, scores, np.inf), axis=-1)",
            "np.argsort(np.where(known, scores, np.inf), axis=-1)",
            "no ranks",
            "test_src_is_scipys_with_ties",
        ),
        (
            "truth, predicted, ~np.isnan(truth)",
            "np.nan_to_num(truth), predicted, np.isfinite(predicted)",
            "unknown scores are measured",
            "test_med_and_relative_l2_by_hand",
        ),
        (
            "np.where(known, scores, np.inf)",
            "scores",
            "videos of unknown score have a rank among the others",
            "test_rows_are_measured_as_if_alone",
        ),
    ),
    *of(
        "scoringnet_tf/sports/shipped/artistic_gymnastics.yaml",
        "tests/sports/test_sports.py",
        ("[3 of 5]", "[5 of 5]", "the highest and the lowest of five marks count", "test_marks_make_the_execution"),
    ),
    *of(
        "scoringnet_tf/sports/shipped/diving.yaml",
        "tests/sports/test_sports.py",
        ("execution: [take-flight, entry]", "execution: [entry]", "execution loses take-flight"),
    ),
    *of(
        "scoringnet_tf/sports/shipped/vault.yaml",
        "tests/sports/test_sports.py",
        ("execution: [posting-flight, landing]", "execution: [landing]", "execution loses posting-flight"),
        ("fusion: sum_minus_penalty", "fusion: sum", "vault's final score knows no penalty"),
    ),
    *of(
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
    ),
    *of(
        "scoringnet_tf/sports/stage_order.py",
        "tests/sports/test_sports.py",
        (
            "found == sorted(set(found))",
            "found == sorted(found)",
            "a stage that comes twice is not warned of",
            "test_stages_of_one_performance_come_in_order_and_once",
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
        "scoringnet_tf/support/beam.py",
        "tests/support/test_beam_results.py",
        (
            "(0 if failed else LATE)",
            "0",
            "a result that a shared folder shows late is none",
            "test_a_result_that_a_shared_folder_shows_late_is_waited_for",
        ),
        (
            "(0 if failed else LATE)",
            "LATE",
            "what a pipeline died of is said a minute later",
            "test_what_a_pipeline_died_of_is_said_at_once",
        ),
    ),
    *of(
        "scoringnet_tf/support/cli.py",
        "tests/bad_inputs/test_bad_inputs.py",
        ("if not isfinite(x)]", "if False]", "NaN is a learning rate", "test_it_says_what_is_wrong"),
        (
            '(sys.stdin, "surrogateescape")',
            '(sys.stdin, "strict")',
            "a list of names is text",
            "test_it_says_what_is_wrong",
        ),
    ),
    *of(
        "scoringnet_tf/support/cli.py",
        "tests/support/test_keras_backend.py",
        (
            "functools.partial(_by_tensorflow, main) if uses_keras else main",
            "main",
            "a command under KERAS_BACKEND=torch ends in a traceback",
            "test_commands_refuse_another_backend",
        ),
        (
            "functools.partial(_by_tensorflow, main) if uses_keras else main",
            "functools.partial(_by_tensorflow, main)",
            "a command that needs no Keras asks for a backend of it",
            "test_a_command_without_keras_does_not_ask",
        ),
    ),
    *of(
        "scoringnet_tf/support/keras_backend.py",
        "tests/support/test_keras_backend.py",
        (
            'if backend := os.environ.get("KERAS_BACKEND"):',
            'if "KERAS_BACKEND" in os.environ and (backend := os.environ["KERAS_BACKEND"]) is not None:',
            "an empty KERAS_BACKEND counts as a backend",
            "test_keras_json_counts_where_the_variable_says_nothing",
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
        (
            "work if may_be_empty else",
            "work if False else",
            "a value of a flag file cannot be undone",
            "test_training_takes_an_empty_value",
        ),
    ),
    *of(
        "scoringnet_tf/support/cli.py",
        "tests/data/test_data_service.py",
        (
            'return "DataLossError" in said or',
            "return",
            "a damaged record under --data_service ends in a traceback",
            "test_a_damaged_record_is_one_line",
        ),
        (
            '.partition("Traceback (most recent call last)")[0]',
            "",
            "what is said of a damaged record has a traceback in it",
            "test_a_damaged_record_is_one_line",
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
        (
            '.replace("$", r"\\$")',
            "",
            "names of videos are drawn as formulas",
            "test_names_of_videos_are_drawn_as_they_are",
        ),
    ),
    *of(
        "scoringnet_tf/support/files.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            "fcntl.LOCK_EX | fcntl.LOCK_NB",
            "fcntl.LOCK_SH | fcntl.LOCK_NB",
            "two builds of one folder at once",
            "test_a_second_build_beside_one_that_is_under_way_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/support/files.py",
        "tests/inference/test_serving.py",
        (
            '        if as_path(path).exists():\n            raise InputError(f"{path}: expected a folder',
            '        if False:\n            raise InputError(f"{path}: expected a folder',
            "a version that is there is replaced",
            "test_versions_count_up_and_are_never_replaced",
        ),
    ),
    *of(
        "scoringnet_tf/support/files.py",
        "tests/support/test_files.py",
        (
            "    token = uuid.uuid4().hex[:8]",
            "    token = '0a1b2c3d'",
            "two containers write into one folder",
            "test_two_processes_of_one_number_write_a_folder_each",
        ),
        (
            r"\.([0-9a-f]{{8}}|\d+)\.(new|old)",
            r"\.(\d+)\.(new|old)",
            "what a killed process left stays there for good",
            "test_what_a_killed_process_left_is_tidied_up_and_nothing_else",
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
        "scoringnet_tf/support/files.py",
        "tests/support/test_paths.py",
        (
            "[-LONGEST_NAME:]",
            "[:LONGEST_NAME]",
            "a copy of a file with a long name loses its suffix",
            "test_a_copy_of_a_file_with_a_name_that_no_disk_takes_keeps_its_suffix",
        ),
    ),
    *of(
        "scoringnet_tf/support/paths.py",
        "tests/support/test_paths.py",
        (
            'return asked.rpartition("/")[2] or found.name',
            "return found.name",
            "a signed address of the web is too long for a file",
            "test_the_query_of_the_web_alone_is_no_part_of_a_name",
        ),
        (
            "    if not _is_of_the_web(path):\n",
            "    if True:\n",
            "what made features is looked for within a signed address",
            "test_the_query_of_the_web_alone_is_no_part_of_a_name",
        ),
    ),
    *of(
        "scoringnet_tf/support/files.py",
        "tests/support/test_paths.py",
        (
            "(path / LOCK).read_text() != token",
            "False",
            "two runs in one remote folder overwrite each other",
            "test_of_two_mirrors_the_one_that_began_later_has_the_folder",
        ),
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
        (
            'for library in ("gcsfs", "google.auth"):',
            "for library in ():",
            "gcsfs prints a traceback of what the command tells of",
            "test_what_libraries_of_stores_log_beside_raising_it_is_held_back",
        ),
    ),
    *of(
        "scoringnet_tf/support/paths.py",
        "tests/support/test_paths.py",
        (
            "pip install '.[io]' brings",
            "pip install 'scoringnet-tf[io]' brings",
            "the remedy names a package that no index has",
        ),
        (
            "{urllib.parse.quote(key, safe='')}",
            "{key}",
            "what is not there yet at gs:// is an error",
            "test_what_a_store_says_is_not_there_is_not",
        ),
        (
            "NO_BUCKET.fullmatch(str(error)) or not any(name in str(error) for name in names)",
            "False",
            "of a missing bucket a command says that there are no records in it",
            "test_a_missing_bucket_is_named_by_every_store",
        ),
        (
            'o(?:\\?.*)?")',
            'o")',
            "of a missing bucket that much is written to an address is all that is said",
            "test_a_missing_bucket_is_named_by_every_store",
        ),
    ),
    *of(
        "scoringnet_tf/support/onednn.py",
        "tests/support/test_onednn.py",
        (
            'os.environ.setdefault(OPTION, "1")',
            'os.environ[OPTION] = "1"',
            "what the environment says is overridden",
            "test_what_the_environment_says_stands",
        ),
    ),
    *of(
        "scoringnet_tf/support/pickle_check.py",
        "tests/support/test_pickle_check.py",
        (
            "            self.parts[taken[0]] += taken[1:]\n",
            "",
            "what is put into a list is not counted",
            "test_levels_that_multiply_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/support/reading.py",
        "tests/training/test_resuming.py",
        (
            "(ValueError, RecursionError)",
            "ValueError",
            "lists in lists without end are a traceback",
            "test_a_damaged_configuration_is_named",
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
        "scoringnet_tf/support/stopping.py",
        "tests/support/test_stopping.py",
        ("128 + number", "1", "a signal is an error like another", "test_a_signal_becomes_an_exception_once"),
        (
            "            signal.signal(each, signal.SIG_IGN)\n",
            "            pass\n",
            "a second Ctrl-C interrupts tidying up",
            "test_a_signal_becomes_an_exception_once",
        ),
    ),
    *of(
        "scoringnet_tf/support/threads.py",
        "tests/support/test_threads.py",
        (
            "while error is None or waiting:",
            "while error is None:",
            "what came before an error is lost",
            "test_what_came_before_an_error_of_the_items_comes_first",
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
        "scoringnet_tf/weights/keras_h5.py",
        "tests/weights/test_import_weights.py",
        (
            "if len(values) == 4)",
            "if False)",
            "a Keras C3D with batch normalisation is taken without it",
            "test_a_c3d_with_batch_normalisation_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/weights/tf_checkpoint.py",
        "tests/weights/test_import_weights.py",
        (
            "if len(found) > 1:",
            "if False:",
            "the first of several towers of a checkpoint is taken for the one that is meant",
            "test_a_checkpoint_of_several_towers_is_refused",
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
    *of(
        "scoringnet_tf/weights/torch_file.py",
        "tests/weights/test_import_weights.py",
        (
            "if asked > SHARED * num_bytes:",
            "if False:",
            "many tensors show the same numbers, which fills the memory",
            "test_many_tensors_may_not_show_the_same_storage",
        ),
    ),
    *of(
        "serving/client.py",
        "tests/serving/test_client.py",
        (
            "if valid else None for name",
            "for name",
            "the client gives a number for anything",
            "test_what_is_no_performance_has_no_score",
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
        "tests/data/test_input_pipeline.py",
        (
            " | ~tf.reduce_all(tf.reduce_any(members, axis=1))",
            "",
            "a tower without its stages sees the other's",
            "test_a_tower_whose_stages_a_video_lacks_sees_all_of_it",
        ),
    ),
    *of(
        "scoringnet_tf/weights/tower.py",
        "tests/weights/test_tower.py",
        (
            '{**trunk.preprocessing, "frame_size": list(model.frame_size)}',
            "trunk.preprocessing",
            "a tower states the frames of the weights that it began with",
            "test_it_states_the_frames_that_its_network_learned_from",
        ),
    ),
    *of(
        "scoringnet_tf/weights/pytorch.py",
        "tests/weights/test_import_weights.py",
        (
            "if classes == SPORTS:",
            "if True:",
            "fc6 and fc7 that learned behind another pool5 are taken",
            "test_other_classes_by_the_names_of_sports1m_leave_the_convolutions",
        ),
        (
            "name.endswith(STATISTICS)",
            "False",
            "a PyTorch C3D with batch normalisation is taken without it",
            "test_a_c3d_with_batch_normalisation_is_refused",
        ),
    ),
    *of(
        "benchmarks/costs.py",
        "tests/benchmarks/test_costs.py",
        (
            "max(0.0, twice - 2 * once)",
            "max(0.0, twice - once)",
            "what a video takes by itself is told as that of its pairs",
            "test_the_cost_of_comparing_is_that_of_a_pair",
        ),
        (
            '"train" if place % 5 else "test"',
            '"train"',
            "the cost of comparing is that of videos that are not compared",
            "test_a_fifth_of_the_videos_are_compared_with_the_others",
        ),
    ),
]
