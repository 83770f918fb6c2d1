"""Wrong changes of the simulator."""

from mutant import of

CHANGES = [
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
        "data_prep/simulator/diving/filming.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "waterline, frame_time - boundaries[2])",
            "waterline, frame_time - boundaries[2] + 1.0)",
            "the splash begins a frame early",
            "test_no_splash_before_the_entry",
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
    ),
    *of(
        "data_prep/simulator/scene/effects.py",
        "tests/data_prep/simulator/test_simulator_film.py",
        (
            "woven[1::2] = last[1::2]",
            "woven[0::2] = last[0::2]",
            "the fields of interlaced video change places",
            "test_combed_frames_have_the_odd_lines_of_the_frame_before_but_not_across_a_cut",
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
        "data_prep/simulator/session.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            "plan.num_frames + replay for plan",
            "plan.num_frames for plan",
            "the replay before a performance is not counted",
            "test_a_performance_has_the_pixels_that_it_has_by_itself",
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
        "data_prep/simulator/session.py",
        "tests/data_prep/simulator/test_sessions.py",
        (
            "+ sum(self.replays)\n",
            "\n",
            "a whole session passes for one that was cut off",
        ),
    ),
    *of(
        "data_prep/simulator/settings.py",
        "tests/data_prep/simulator/test_simulator_dataset.py",
        (
            "self.random(*key, self.rendering) if self.rendering else",
            "self.random(*key) if self.rendering else",
            "another rendering is the same pixels",
            "test_another_rendering_is_the_same_performances_in_other_pixels",
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
        "data_prep/simulator/shortcuts.py",
        "tests/data_prep/simulator/test_simulator_shortcuts.py",
        (
            "return b0, b1, (b1 + b2) // 2, b2,",
            "return b0, b1, (b1 + b2) // 2, b2 - 1,",
            "the frame before the entry is measured",
            "test_a_glance_sees_the_frames_at_its_moments",
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
