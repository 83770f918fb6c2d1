"""Wrong changes of readers of datasets and their labels."""

from mutant import of

CHANGES = [
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
        "data_prep/datasets/aqa7.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "stored = collections.Counter(scale for score in scores for scale",
            "stored = collections.Counter(scale for score in scores[:1] for scale",
            "the first score decides the scale",
            "test_a_row_of_aqa7_on_another_scale_is_a_problem_of_that_row",
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
        "data_prep/datasets/boundaries.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            " or starts[0] < 0",
            "",
            "negative boundary accepted",
            "test_manifest_boundaries_are_not_negative",
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
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            'else _file_name(row["video"]) if is_stretch else None',
            "else None",
            "performances of one file are no group",
            "test_performances_of_one_file_are_a_group_unless_a_column_says_otherwise",
        ),
        (
            "labels.setdefault(name if name in names else _file_name(name), [])",
            "labels.setdefault(name, [])",
            "stage labels of ./a.mp4 are none of a.mp4",
            "test_stages_find_their_video_however_its_path_is_written",
        ),
        (
            "labels.setdefault(name if name in names else _file_name(name), [])",
            "labels.setdefault(_file_name(name), [])",
            "an id with a backslash has no stages",
            "test_stages_find_their_video_however_its_path_is_written",
        ),
        (
            'if table.has_features else _file_name(row["video"])\n',
            'if True else _file_name(row["video"])\n',
            "a Windows table finds no stages of its broadcast",
            "test_stages_find_their_video_however_its_path_is_written",
        ),
        (
            'row["group"] or None if table.has_groups',
            'row["group"] if table.has_groups and row["group"]',
            "a broadcast passes for the group of a row that has none",
            "test_a_performance_without_a_group_is_in_none_where_others_have_one",
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
        "data_prep/datasets/manifest.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            'return str(PurePosixPath(path.replace("\\\\", "/")))',
            "return str(PurePosixPath(path))",
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
            "fields.expect(what, INCONSISTENT)",
            "fields.expect(what)",
            "marks that contradict a score are an error like any other",
            "test_scores_that_contradict_each_other_are_refused_dropped_or_kept",
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
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if start < last:\n                    what",
            "if False:\n                    what",
            "performances that overlap accepted",
            "test_performances_that_overlap_are_refused",
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
            "sample.is_stretch and not named for",
            "sample.is_stretch for",
            "performances with ids of their own are numbered",
            "test_ids_are_as_the_table_says",
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
        "data_prep/datasets/performances.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            'rf"(.*/)?{re.escape(sample.path.name)}(#\\d+)?"',
            'rf".*{re.escape(sample.path.name)}(#\\d+)?"',
            "an id that ends as the name of its file does is taken for none",
            "test_a_file_of_splits_says_no_frames_of_performances_with_ids",
        ),
        (
            "if not path.exists() and (columns != FRAMES or not row[columns[1]])",
            "if not path.exists()",
            "a table without its videos has no frames to be held to",
            "test_the_frames_of_a_table_are_in_a_file_of_splits_where_its_videos_are_not_at_hand",
        ),
    ),
    *of(
        "data_prep/datasets/published.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "if all(found[split] == number",
            "if any(found[split] == number",
            "a copy that lacks a split is said to be whole",
            "test_a_copy_with_all_videos_is_said_to_be_whole",
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
        "data_prep/datasets/readers/table.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if with_comma and with_point:",
            "if False:",
            "a decimal comma taken where there are points",
            "test_numbers_of_two_kinds_are_never_both_accepted",
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
        "data_prep/datasets/scores.py",
        "tests/data_prep/datasets/test_own_table.py",
        (
            "if 2 * len(low) > len(values)",
            "if low",
            "one low score makes a scale of all",
            "test_scores_on_another_scale_are_noted_where_most_are",
        ),
        (
            "or highest_difficulty >= highest_execution",
            "",
            "real difficulties of rhythmic gymnastics are called executions",
            "test_scores_in_each_others_columns_are_noted_where_both_may_hold_them",
        ),
        (
            "or 2 * above <= len(pairs)",
            "or not above",
            "a fall exchanges the columns of a table",
            "test_scores_in_each_others_columns_are_noted_where_both_may_hold_them",
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
        "data_prep/datasets/split_file.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "if sample.split not in SPLITS:",
            "if False:",
            "a split of any name accepted",
            "test_manifest_rows_are_checked",
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
        "data_prep/datasets/splitting.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "groups.setdefault(sample.group, [])",
            "groups.setdefault(sample.video_id, [])",
            "groups are torn apart",
            "test_a_group_is_in_one_split",
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
        "data_prep/datasets/readers/layout.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "    if 0 in videos:\n",
            "    if False:\n",
            "videos that count from 0 have the labels of their neighbours",
            "test_videos_that_count_from_0_are_refused",
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
        "data_prep/datasets/unlv_vault.py",
        "tests/data_prep/datasets/test_mutations.py",
        (
            "    if len(values) != count:\n",
            "    if False:\n",
            "each vault has its neighbour's difficulty",
            "test_tables_of_vaults_that_count_otherwise_are_refused",
        ),
    ),
]
