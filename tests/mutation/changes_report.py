"""Wrong changes of reports: pages, tables, pictures."""

from mutant import of

CHANGES = [
    *of(
        "scoringnet_tf/report/__main__.py",
        "tests/report/test_report.py",
        (
            "values.force, names[path], values.stream)",
            "values.force, None, values.stream)",
            "videos of one name are not told apart in a session",
            "test_the_command_tells_all_and_shows_what_there_is",
        ),
        (
            "            output = stopped  #",
            "            #",
            "a report that is stopped takes the place of a whole session",
            "test_a_report_that_is_stopped_keeps_what_was_scored",
        ),
    ),
    *of(
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        (
            "    if len(performances) == 1 and not left_out:\n",
            "    if len(performances) == 1:\n",
            "the one that is left of several looks like all that was asked for",
            "test_what_is_left_out_of_a_session_is_said_on_its_page",
        ),
        (
            "GRADES.index(grade) if grade else",
            "grade if grade else",
            "a ranking is sorted by the words of its grades",
            "test_grades_are_sorted_by_how_far_scores_are_to_be_relied_on",
        ),
        (
            """words" if name == "performance" else""",
            """words" if name in ("performance", "reliability") else""",
            "a browser compares grades as words",
            "test_grades_are_sorted_by_how_far_scores_are_to_be_relied_on",
        ),
    ),
    *of(
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
        (
            "*score.warnings_of(performance))]",
            "*score.warnings)]",
            "a page says what holds for the performance beside its own",
            "test_a_page_shows_nothing_of_the_performance_beside_its_own",
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
        "scoringnet_tf/report/evaluation_report.py",
        "tests/report/test_evaluation_report.py",
        (
            "        if others := [name for name in FILES if (output_dir / name).exists()]:\n",
            "        if others := []:\n",
            "a table of somebody's own stages is replaced by an evaluation",
            "test_files_of_something_else_are_not_replaced",
        ),
        (
            '"stages.png", PAGES)',
            '"stages.png")',
            "the page of a session in the folder of an evaluation is removed by it",
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
        "scoringnet_tf/report/judges.py",
        "tests/report/test_report.py",
        (
            "sorted({*columns} & known) != sorted(columns)",
            "{*columns} - known",
            "of a column that is there twice the last one wins",
            "test_wrong_judges_are_refused",
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
        "scoringnet_tf/report/page.py",
        "tests/report/test_page.py",
        (
            "rows.sort(key=lambda row: -abs(row[3] - row[2]))",
            "rows.sort(key=lambda row: row[2] - row[3])",
            "those scored too low are not among the furthest",
            "test_those_furthest_from_the_judges_come_first_and_figures_have_intervals",
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
        "scoringnet_tf/report/printing.py",
        "tests/inference/test_video_score.py",
        (
            "(not path.is_file() or is_figure_of(path, video))",
            "True",
            "a later run's picture takes the place of another video's",
            "test_a_later_run_replaces_pictures_of_the_same_videos_alone",
        ),
    ),
]
