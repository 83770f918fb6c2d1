"""A user's own table: what spreadsheets and timing systems write is understood, said, or refused by row and name."""

import re

import pytest

from data_prep.datasets import manifest
from data_prep.datasets.stage_labels import Segment, frame_stages, short_performances
from data_prep.records.checks import score_problems
from data_prep.records.dry_run import check
from data_prep.support.errors import OptionError
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError


def source_of(tmp_path, text, sport="diving", encoding="utf-8", **options):
    """The source of a table with this text."""
    (tmp_path / "manifest.csv").write_bytes(text.encode(encoding))
    return manifest.read(tmp_path, sport=sport, **options)


def problems(source):
    """What is wrong with the rows themselves; videos are not looked at."""
    rules = get_sport(source.sport)
    found = ([*sample.problems, *score_problems(sample, rules)] for sample in source.samples)
    return [str(problem) for of_row in found for problem in of_row]


def scores(sample):
    return sample.difficulty, sample.execution, sample.final


# === Marks ===

HEADER = "video,split,difficulty,final,penalty,"
SEVEN = "J1,J2,J3,J4,J5,J6,J7"


@pytest.mark.parametrize("marks", ["7.5 8 8.5 8 7 9 8", "7.5; 8; 8.5; 8; 7; 9; 8", "7.5/8/8.5/8/7/9/8", "8  8 8"])
def test_marks_in_one_cell_give_the_execution(tmp_path, marks):
    """Of the seven the middle three are 8, 8, 8."""
    (sample,) = source_of(tmp_path, f"{HEADER}marks\na.mp4,train,3.0,,,{marks}\n").samples
    assert scores(sample) == (3.0, 24.0, 72.0) and not sample.problems


@pytest.mark.parametrize("header", [SEVEN, "mark_1,mark_2,Mark 3,MARK_4,judge 5,Judge_6,j7"])
def test_marks_in_columns_of_their_own(tmp_path, header):
    rows = "a.mp4,train,3.0,72.00,,7.5,8,8.5,8,7,9,8\nb.mp4,train,2.0,,,5,6,7,4,5,,\n"
    first, second = source_of(tmp_path, f"{HEADER}{header}\n{rows}").samples
    assert scores(first) == (3.0, 24.0, 72.0) and not first.problems
    assert scores(second) == (2.0, 16.0, 32.0) and not second.problems  # five judges, of whom 5, 5 and 6 count


def test_rows_with_another_number_of_marks_are_told(tmp_path):
    """A mark that is missing leaves a panel of another size, and another execution."""
    cells = {"a": "8 " * 7, "b": "8 8 8 7 9", "c": "", "d": "8 " * 7}
    rows = "".join(f"{name}.mp4,train,3.0,,,{marks}\n" for name, marks in cells.items())
    assert [note for note in source_of(tmp_path, f"{HEADER}marks\n{rows}").notes if "Marks" in note] == [
        "Marks are 7 in most rows that have some, 5 in row 3."
    ]
    rows = "a.mp4,train,3.0,,,8,8,8,8,8,,\nb.mp4,train,3.0,,,8,8,8,8,8,8,8\nc.mp4,train,2.0,,,5,6,7,4,5,,\n"
    assert (
        "Marks are 5 in most rows that have some, 7 in row 3." in source_of(tmp_path, f"{HEADER}{SEVEN}\n{rows}").notes
    )
    even = source_of(tmp_path, f"{HEADER}marks\na.mp4,train,3.0,,,8 8 8 7 9\nb.mp4,train,3.0,,,{'8 ' * 7}\n")
    assert "Marks are 5 in 1 row, 7 in 1 row." in even.notes
    alike = source_of(tmp_path, f"{HEADER}{SEVEN}\nc.mp4,train,2.0,,,5,6,7,4,5,,\nd.mp4,train,2.0,30,,,,,,,,\n")
    assert not any("Marks" in note for note in alike.notes)


def test_synchronised_dives_have_nine_or_eleven_marks(tmp_path):
    text = f"{HEADER}marks\na.mp4,train,3.0,66.6,,7 5 6 8 9 8 7.5 6 8.5\nb.mp4,train,3.0,,,7 5 6 8 9 10 9 8 7.5 6 8.5\n"
    first, second = source_of(tmp_path, text, sport="sync_diving").samples
    assert first.execution == pytest.approx(22.2) and not first.problems
    assert second.execution == pytest.approx(23.4) and second.final == pytest.approx(70.2)
    columns = ",".join(f"mark_{judge}" for judge in range(1, 12))
    (in_columns,) = source_of(
        tmp_path, f"{HEADER}{columns}\nb.mp4,train,3.0,,,7,5,6,8,9,10,9,8,7.5,6,8.5\n", sport="sync_diving"
    ).samples
    assert in_columns.execution == pytest.approx(23.4) and not in_columns.problems


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1.5,25.30,,8,8.5,9,8,8.5,8.5,9", "expected a final score of 38.25 (product rule). Received: 25.30"),
        ("1.5,,,8,8.5,9,8,,,", "expected 3, 5 or 7 marks. Received: 4"),
        ("1.5,,,8,,9,8,8,8,8", "expected marks without a gap. Received: mark_1, mark_3, mark_4"),
        ("1.5,,,8,8,11,8,8,8,8", "expected marks from 0 to 10 in steps of 0.5. Received: 11"),
        ("1.5,,,8,8,x,8,8,8,8", "expected a number as mark_3. Received: 'x'"),
    ],
)
def test_marks_that_disagree_or_cannot_be_are_refused(tmp_path, row, message):
    (problem,) = problems(source_of(tmp_path, f"{HEADER}{SEVEN}\na.mp4,train,{row}\n"))[:1]
    assert problem.startswith("manifest.csv, row 2: ") and message in problem


def test_an_execution_beside_the_marks_is_checked(tmp_path):
    text = "video,split,execution,marks\na.mp4,train,24,8 8 8\nb.mp4,train,23.5,8 8 8\n"
    assert problems(source_of(tmp_path, text)) == [
        "manifest.csv, row 3: expected an execution of 24.00, as the marks give. Received: 23.50"
    ]


@pytest.mark.parametrize(("execution", "kind"), [("23.5", "inconsistent"), ("40", "error"), ("nan", "error")])
def test_marks_may_be_kept_beside_an_execution_that_could_be_true(tmp_path, execution, kind):
    """--on_inconsistent decides about scores that are possible, each by itself; --on_error about one that is not."""
    (sample,) = source_of(tmp_path, f"video,split,execution,marks\na.mp4,train,{execution},8 8 8\n").samples
    assert [problem.kind for problem in sample.problems] == [kind] and sample.execution == 24.0


def test_marks_in_a_sport_without_a_rule_for_them_are_said_not_to_be_used(tmp_path):
    source = source_of(tmp_path, "video,split,execution,marks\na.mp4,train,9.4,9 9 9\n", sport="rhythmic_gymnastics")
    assert source.samples[0].execution == 9.4 and "Columns that are not used: marks." in source.notes


def test_marks_of_a_vault_are_checked(tmp_path):
    text = "video,split,execution,marks\na.mp4,train,9.4,9.0 9.4 9.5 9.6 9.2\nb.mp4,train,,9.0 9.4 9.5 9.6 9.2\n"
    first, second = source_of(tmp_path, text, sport="vault").samples
    assert [problem.kind for problem in first.problems] == ["inconsistent"] and second.execution == pytest.approx(
        28.1 / 3
    )


def test_marks_are_in_one_way(tmp_path):
    with pytest.raises(
        InputError, match=r"expected marks in one column or in several\. Received: marks, mark_1, mark_2"
    ):
        source_of(tmp_path, "video,split,marks,J1,J2\na.mp4,train,8 8 8,8,8\n")


# === Penalties ===


def test_a_penalty_in_diving_is_off_every_mark(tmp_path):
    """Two points off each of three marks of 8, at a difficulty of 3: 54 points, and not 72."""
    text = f"{HEADER}marks\na.mp4,train,3,54,2,8 8 8\nb.mp4,train,3,,2,8 8 8\nc.mp4,train,3,72,2,8 8 8\n"
    source = source_of(tmp_path, text)
    assert [scores(sample) for sample in source.samples[:2]] == [(3.0, 18.0, 54.0)] * 2
    assert problems(source) == ["manifest.csv, row 4: expected a final score of 54.00 (product rule). Received: 72.00"]


def test_a_penalty_whose_meaning_cannot_be_told_is_refused(tmp_path):
    """Whether an execution is before or after it, the final score says; without either nothing does."""
    text = "video,split,difficulty,execution,final,penalty\na.mp4,train,3,24,,2\nb.mp4,train,3,,54,2\n"
    source = source_of(tmp_path, text)
    assert problems(source) == [
        "manifest.csv, row 2: expected marks or a final score beside a penalty, which in diving is points off every "
        "mark. Received: neither"
    ]
    assert scores(source.samples[1]) == (3.0, 18.0, 54.0)
    source = source_of(tmp_path, "video,split,final,penalty\na.mp4,train,90,2\nb.mp4,train,90,0\n", sport="ski_big_air")
    assert problems(source) == [
        "manifest.csv, row 2: expected no penalty in ski_big_air, whose rule has none. Received: 2"
    ]


def test_a_penalty_off_every_mark_is_no_more_than_a_mark(tmp_path):
    """Points that were taken off the final score, say."""
    source = source_of(tmp_path, "video,split,difficulty,final,penalty\na.mp4,train,3,54,18\nb.mp4,train,3,0,10\n")
    assert problems(source) == [
        "manifest.csv, row 2: expected as penalty points off every mark of diving, 10 at most. Received: 18"
    ]


# === Scales and units ===


def notes_of(tmp_path, header, *rows, sport="diving"):
    """What is said of rows beside where stages are from."""
    named = (f"{number}.mp4,train,{row}\n" for number, row in enumerate(rows))
    stages, *notes = source_of(tmp_path, f"video,split,{header}\n{''.join(named)}", sport).notes
    assert stages.startswith("Stage labels: ")
    return notes


def test_scores_on_another_scale_are_noted_where_most_are(tmp_path):
    """Whatever a few others are: they may be the only right ones."""
    where, said = "in the lowest tenth of its range in diving", "; maybe they are on another scale."
    assert notes_of(tmp_path, "final", "0.82", "0.67") == [f"Values of final {where}: 2 of 2 (0.67 to 0.82){said}"]
    of_two = [f"Values of final {where}: 2 of 2 (0.82 to 14.40){said}"]
    assert notes_of(tmp_path, "final", "0.82", "14.4", "nan") == of_two
    of_three = [f"Values of final {where}: 2 of 3 (0.67 to 0.82){said}"]
    assert notes_of(tmp_path, "final", "0.82", "14.5", "0.67") == of_three
    assert notes_of(tmp_path, "final", "0.82", "14.5") == []
    of_difficulty = [f"Values of difficulty {where}: 2 of 2 (1.30 to 1.50){said}"]
    assert notes_of(tmp_path, "difficulty", "1.3", "1.5") == of_difficulty
    assert notes_of(tmp_path, "difficulty,final", "0,60", "0,72", sport="ski_big_air") == [], "difficulty is always 0"


def test_executions_that_are_a_mean_of_marks_are_noted(tmp_path):
    no_sums, said = "Executions not above 10, the highest mark:", "which in diving are multiplied by 3."
    all_of_them = [f"{no_sums} 2 of 2 (7.00 to 8.50); maybe they are means of the marks, {said}"]
    assert notes_of(tmp_path, "execution", "8.5", "7.0") == all_of_them
    of_quotients = [f"{no_sums} 2 of 2 (8.50 to 10.00); maybe they are means of the marks, {said}"]
    assert notes_of(tmp_path, "difficulty,final", "3,25.5", "2,20") == of_quotients
    most_of_them = [f"{no_sums} 2 of 3 (7.00 to 8.50); maybe they are means of the marks, {said}"]
    assert notes_of(tmp_path, "execution", "8.5", "7.0", "25.5") == most_of_them
    assert notes_of(tmp_path, "execution", "8.5", "10.5") == []
    assert notes_of(tmp_path, "execution", "8.5", "7.0", sport="artistic_gymnastics") == []


def test_scores_in_each_others_columns_are_noted_where_both_may_hold_them(tmp_path):
    """Executions of gymnastics are above difficulties, but for a fall; elsewhere either may be."""
    right = [f"5.{number},8.{number}" for number in range(4)]
    exchanged = [f"8.{number},5.{number}" for number in range(5)]

    def said(rows, sport="artistic_gymnastics", header="difficulty,execution"):
        return [note for note in notes_of(tmp_path, header, *rows, sport=sport) if "columns" in note]

    note = "Difficulty is above execution in 5 of {} rows; maybe they are in each other's columns."
    assert said(exchanged) == [note.format(5)] and said([*exchanged, *right]) == [note.format(9)]
    computed = [f"8.{number},13.{2 * number}" for number in range(5)]
    assert said(computed, header="difficulty,final") == [note.format(5)]
    assert said(exchanged[:4]) == said([*right, *right, *exchanged]) == []
    assert said(exchanged, sport="rhythmic_gymnastics") == [], "difficulties go up to 25"
    assert said(["4.5,2"] * 5, sport="diving") == [], "a failed dive"


def test_stages_in_seconds_are_noted_where_most_performances_are_short(tmp_path):
    """A row that is right, or one that has no end yet, changes nothing for the others."""
    header, said = "final,pre-starting,take-flight,entry,end", "Stages span fewer than the 8 frames that a model needs"
    seconds = "(median: 4); maybe they are in seconds."
    rows = ("63,1,2,4,5", "70,0,1,3,4", "72,0,2,3,7")
    assert notes_of(tmp_path, header, *rows, "80,,,,") == [f"{said} in 3 of 3 performances {seconds}"]
    assert notes_of(tmp_path, header, *rows, "70,5,20,50,90") == [f"{said} in 3 of 4 performances {seconds}"]
    assert notes_of(tmp_path, header, "63,,,,") == []


def test_performances_that_are_short_among_others_are_named(tmp_path):
    header, said = "final,pre-starting,take-flight,entry,end", "Stages span fewer than the 8 frames that a model needs"
    assert notes_of(tmp_path, header, "63,1,2,4,5", "70,0,1,3,8") == [f"{said} in 0.mp4 (4)."]
    assert notes_of(tmp_path, header, "63,,,4,9", "70,0,1,3,8") == [], "what is known of a performance, not all of it"


def test_a_performance_that_reaches_to_the_end_of_its_video_has_no_length_by_its_stages():
    """Beside others whose stages are in seconds."""
    seconds = (Segment("take-flight", 1, 2), Segment("entry", 2, 3))
    open_end = (Segment("take-flight", 1, 2), Segment("entry", 2, None))
    (said,) = short_performances({"a": seconds, "b": open_end, "c": open_end, "d": None})
    assert "in 1 of 1 performance (median: 2)" in said
    assert short_performances({"b": open_end}) == []


# === Columns ===


def test_columns_are_known_in_any_case(tmp_path):
    (sample,) = source_of(tmp_path, "Video,SPLIT, Difficulty ,Final\na.mp4,train,3.0,72\n").samples
    assert (sample.video_id, sample.split, *scores(sample)) == ("a.mp4", "train", 3.0, 24.0, 72.0)


def test_a_path_as_windows_writes_it_is_that_of_the_video(tmp_path):
    (sample,) = source_of(tmp_path, "video,split,final\n2024 final\\a.mp4,train,63\n").samples
    assert (sample.path, sample.video_id) == (tmp_path / "2024 final" / "a.mp4", "2024 final/a.mp4")


def test_columns_of_other_names_are_named(tmp_path):
    text = "Clip,split,DD,Points,Judge A,B,C,final\na.mp4,train,3.0,72,8,8,8,90\n"
    columns = ["video=Clip", "difficulty=DD", "final=Points", "mark_1=Judge A", "mark_2=B", "mark_3=C"]
    with pytest.raises(InputError, match=r"expected one column of final\. Received: FINAL, final"):
        source_of(tmp_path, text.replace("Points", "FINAL"), columns=[*columns[:2], *columns[3:]])
    for name in ("final", "rank"):  # what the user says wins over a column of that name
        source = source_of(tmp_path, text.replace(",final", f",{name}"), columns=columns)
        assert scores(source.samples[0]) == (3.0, 24.0, 72.0)
        assert f"Columns that are not used: {name}." in source.notes


def test_a_column_that_is_named_wins_over_one_of_that_name(tmp_path):
    """Whatever the other holds; two that are named are one too many."""
    text = "video,split,final,group,supertrial\na.mp4,train,72,x,Ann\nb.mp4,test,63,y,Ann\n"
    source = source_of(tmp_path, text, columns=["group=supertrial"])
    assert [sample.group for sample in source.samples] == ["Ann", "Ann"]
    assert "Columns that are not used: group." in source.notes
    with pytest.raises(InputError, match="group, supertrial"):
        source_of(tmp_path, text, columns=["group=supertrial", "group=group"])


STAGES_OF_DIVING = "pre-starting,take-flight,entry,end"


@pytest.mark.parametrize(
    ("header", "cells", "columns", "found"),
    [
        ("entry", "17", (), None),  # the number of an entry: without the other boundaries it is none
        ("entry", "17", ("unused=entry",), []),
        ("Entry,end", "17,90", ("unused=Entry", "unused=end"), []),
        (f"{STAGES_OF_DIVING},first", "1,4,senior,9,7", ("entry=first",), [1, 4, 7, 9]),
        (STAGES_OF_DIVING, "1,4,senior,9", (), None),
        (STAGES_OF_DIVING, "1,4,7,9", (), [1, 4, 7, 9]),
        (STAGES_OF_DIVING, "1,4,,9", (), [1, 4, 9]),
        (STAGES_OF_DIVING, "1,4,7.0,9", (), [1, 4, 7, 9]),
        ("start,end,entry", "0:01,0:02,17", ("unused=entry",), []),
        ("unused,entry", "1,17", ("unused=entry",), []),
    ],
)
def test_a_column_that_is_called_as_a_stage_is_named_and_can_be_left_out(tmp_path, header, cells, columns, found):
    """`found`: the boundaries that are read; None where the table is refused."""
    text = f"video,split,final,{header}\na.mp4,train,72,{cells}\n"
    if found is None:
        with pytest.raises(InputError) as error:
            source_of(tmp_path, text, columns=columns)
        assert error.value.code == "columns_of_stages"
        assert "entry" in str(error.value) and "--columns" in str(error.value)
        return
    (sample,) = source_of(tmp_path, text, columns=columns).samples
    ends = {frame for segment in sample.segments or () for frame in segment[1:3]} - {0, None}
    assert sorted(ends) == found and not sample.problems


def test_stages_from_columns_are_said_by_their_names(tmp_path):
    """A column of other content may be called as a stage is."""
    text = f"video,split,final,{STAGES_OF_DIVING},first\na.mp4,train,72,1,4,7,9,5\n"
    notes = source_of(tmp_path, text, columns=["entry=first"]).notes
    assert any("take-flight, first, end" in note for note in notes)


def test_a_column_may_mean_two_things(tmp_path):
    """As of athletes who jump once: their name is both that of the group and that of the record."""
    text = "video,split,final,Springer\na.mp4,train,72,Ann\nb.mp4,test,63,Eve\n"
    source = source_of(tmp_path, text, columns=["group=Springer", "id=Springer", "id=Springer"])
    assert [(sample.group, sample.video_id) for sample in source.samples] == [("Ann", "Ann"), ("Eve", "Eve")]
    (sample, _) = source_of(tmp_path, text, columns=["video=video", "group=video"]).samples
    assert (sample.group, sample.video_id) == ("a.mp4", "a.mp4")


@pytest.mark.parametrize("given", ["final=points", "finale=Points", "Points", "final="])
def test_columns_that_are_not_there_are_refused(tmp_path, given):
    with pytest.raises(OptionError, match=rf"--columns: expected .*Received: .*{re.escape(given.partition('=')[2])}"):
        source_of(tmp_path, "video,split,Points\na.mp4,train,72\n", columns=[given])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("video,split,final,final", "expected every column once. Received: final more than once"),
        ("video,split,final,Final", "expected one column of final. Received: final, Final"),
        ("video,split,final,", "row 2: expected a name above every column. Received: none above '80'"),
    ],
)
def test_a_column_that_is_there_twice_is_refused_by_name(tmp_path, header, message):
    with pytest.raises(InputError, match=re.escape(message)):
        source_of(tmp_path, f"{header}\na.mp4,train,70,80\n")


def test_a_table_in_which_no_score_is_known_is_a_problem(tmp_path):
    (tmp_path / "manifest.csv").write_text("video,split,Punkte\na.mp4,train,72\n")
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert number == 1 and "expected a score in one row at least: difficulty, execution, final, marks" in lines[0]
    # Another problem does not hide it, where no column can hold a score.
    (tmp_path / "manifest.csv").write_text("video,split,num_frames,Punkte\na.mp4,train,20,72\nb.mp4,test,x,50\n")
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert number == 1 and "expected a score in one row at least" in lines[0]
    assert "the columns Punkte are not used" in lines[0]
    assert source_of(tmp_path, "video,split,Punkte\na.mp4,train,72\n", columns=["final=Punkte"]).samples[0].final == 72


def test_stages_alone_are_enough_unless_a_column_may_be_a_score(tmp_path):
    text = "video,split,pre-starting,take-flight,entry,end,name\na.mp4,train,1,2,3,4,Ann\n"
    assert source_of(tmp_path, text).samples[0].segments
    with pytest.raises(InputError, match="expected a score"):
        source_of(tmp_path, text.replace("Ann", "71.40"))


# === Text ===


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_the_delimiter_is_found_in_the_header(tmp_path, delimiter):
    text = "video,split,difficulty,final\na.mp4,train,3.2,64\n".replace(",", delimiter)
    source = source_of(tmp_path, text)
    assert scores(source.samples[0]) == (3.2, 20.0, 64.0)
    assert any("taken as the delimiter" in note for note in source.notes) == (delimiter != ",")


def test_the_delimiter_is_as_the_user_says(tmp_path):
    text = "video:split:final, points\na.mp4:train:64\n"
    source = source_of(tmp_path, text, delimiter=":", columns=["final=final, points"])
    assert source.samples[0].final == 64
    assert source_of(tmp_path, text.replace(":", "\t"), delimiter="tab", columns=["final=final, points"]) == source
    with pytest.raises(OptionError, match="--delimiter: expected a character, or one of comma, semicolon, tab, bar"):
        source_of(tmp_path, text, delimiter="::")


def test_a_decimal_comma_is_found_said_and_overridden(tmp_path):
    text = "video;split;difficulty;final;marks\na.mp4;train;3,2;64,00;6,5 6,5 7\nb.mp4;train;3;;7 7 7\n"
    source = source_of(tmp_path, text)
    assert [scores(sample) for sample in source.samples] == [(3.2, 20.0, 64.0), (3.0, 21.0, 63.0)]
    assert "Numbers are taken to have a decimal comma (--decimal_comma)." in source.notes
    assert not any("decimal" in note for note in source_of(tmp_path, text, decimal_comma=True).notes)
    assert problems(source_of(tmp_path, text, decimal_comma=False))[0] == (
        "manifest.csv, row 2: expected a number as difficulty. Received: '3,2'"
    )


def test_numbers_of_two_kinds_are_never_both_accepted(tmp_path):
    text = "video;split;difficulty;final\na.mp4;train;3,2;64,00\nb.mp4;train;3.0;63\n"
    with pytest.raises(InputError, match=r"--decimal_comma or --nodecimal_comma\)\. Received: both, 3,2 and 3\.0"):
        source_of(tmp_path, text)
    assert problems(source_of(tmp_path, text, decimal_comma=False))[:1] == [
        "manifest.csv, row 2: expected a number as difficulty. Received: '3,2'"
    ]
    assert problems(source_of(tmp_path, text, decimal_comma=True)) == [
        "manifest.csv, row 3: expected a number with a decimal comma as difficulty. Received: '3.0'"
    ]


def test_timecodes_do_not_say_how_numbers_are_written(tmp_path):
    text = "video;split;start;end;difficulty;final\na.mp4;train;0:01.5;0:02.0;3,2;64,00\n"
    assert source_of(tmp_path, text).samples[0].difficulty == 3.2


@pytest.mark.parametrize("number", ["1.234,5", "1,234.5", "1 234", "1_000", "3,2,1"])
@pytest.mark.parametrize("decimal_comma", [None, True, False])
def test_numbers_with_thousands_are_refused(tmp_path, number, decimal_comma):
    (problem,) = problems(
        source_of(tmp_path, f"video;split;final\na.mp4;train;{number}\n", decimal_comma=decimal_comma)
    )
    assert f"as final. Received: '{number}'" in problem


def test_a_comma_before_three_digits_may_be_either_and_is_asked_about(tmp_path):
    text = "video;split;final\na.mp4;train;64,125\n"
    with pytest.raises(InputError, match=r"expected --decimal_comma or --nodecimal_comma: whether 64,125 is"):
        source_of(tmp_path, text)
    assert source_of(tmp_path, text, decimal_comma=True).samples[0].final == 64.125
    beside = source_of(tmp_path, f"{text}b.mp4;train;63,5\n")
    assert [sample.final for sample in beside.samples] == [64.125, 63.5], "another number says which it is"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_that_says_its_encoding_is_read(tmp_path, encoding):
    (sample,) = source_of(tmp_path, "video,split,final\nTürkiye.mp4,train,64\n", encoding=encoding).samples
    assert sample.video_id == "Türkiye.mp4"


def test_text_of_another_encoding_is_refused_until_it_is_named(tmp_path):
    text = "video,split,final\nTürkiye.mp4,train,64\n"
    with pytest.raises(InputError, match=r"expected text in UTF-8; --encoding=cp1252 reads"):
        source_of(tmp_path, text, encoding="cp1252")
    named = manifest.read(tmp_path, sport="diving", encoding="cp1252")
    assert named.samples[0].video_id == "Türkiye.mp4"
    with pytest.raises(OptionError, match=r"--encoding: expected an encoding.*'cp99999'"):
        manifest.read(tmp_path, sport="diving", encoding="cp99999")


def test_a_spreadsheet_is_not_a_table_of_text(tmp_path):
    (tmp_path / "manifest.csv").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(InputError, match="a spreadsheet's own format; save it as CSV"):
        manifest.read(tmp_path, sport="diving")


def test_rows_are_counted_as_an_editor_counts_them(tmp_path):
    text = 'sep=;\r\nvideo;split;final;note\r\n\r\na.mp4;train;x;"two\r\nlines"\r\n;;;\r\nb.mp4;train;y;\r\n'
    assert problems(source_of(tmp_path, text)) == [
        "manifest.csv, row 4: expected a number as final. Received: 'x'",
        "manifest.csv, row 7: expected a number as final. Received: 'y'",
    ]
    with pytest.raises(
        InputError, match=r"expected 3 fields in every row, with comma as .* Received: 4 in row 3, 2 in row 4"
    ):
        source_of(tmp_path, "video,split,final\na.mp4,train,1\nb.mp4,train,3,2\nc.mp4,train\n")


@pytest.mark.parametrize(
    "text", ["sep=\t\nvideo\tsplit\tfinal\na.mp4\ttrain\tx\n", "\n\nvideo;split;final\na.mp4;train;x\n"]
)
def test_a_separator_that_is_a_tab_and_lines_before_the_header(tmp_path, text):
    (said,) = problems(source_of(tmp_path, text))
    assert said.endswith("expected a number as final. Received: 'x'")


def test_a_header_that_two_delimiters_may_part_is_asked_about(tmp_path):
    with pytest.raises(InputError, match=r"--delimiter names it\. Received: as many of"):
        source_of(tmp_path, "video,split;final\na.mp4,train;3\n")


# === Stages and groups ===


def test_between_known_boundaries_nothing_is_guessed(tmp_path):
    """Of frames between two known boundaries that are not neighbours the stage is not known."""
    header = "video,split,final,pre-starting,take-flight,entry,end"
    expected = {
        ",4,,9": [-1] * 9 + [0] * 11,
        "2,4,,": [0] * 2 + [1] * 2 + [-1] * 16,
        "2,,7,9": [0] * 2 + [-1] * 5 + [3] * 2 + [0] * 11,
        "2,4,7,": [0] * 2 + [1] * 2 + [2] * 3 + [-1] * 13,
        ",,,": [-1] * 20,
        ",,7,": [-1] * 20,
    }
    for cells, stages in expected.items():
        (sample,) = source_of(tmp_path, f"{header}\na.avi,train,63,{cells}\n").samples
        assert not sample.problems
        assert frame_stages(sample.segments, 20, get_sport("diving")).tolist() == stages, cells


def test_known_boundaries_are_in_order_past_unknown_ones(tmp_path):
    header = "video,split,final,pre-starting,take-flight,entry,end"
    (problem,) = problems(source_of(tmp_path, f"{header}\na.avi,train,63,8,,7,\n"))
    assert problem == "manifest.csv, row 2: expected 0 ≤ pre-starting ≤ entry. Received: 8,7"


def test_two_tables_of_stages_are_refused_unless_they_are_one(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "manifest.csv").write_text("video,split,final\na.mp4,train,63\n")
    stages = "video_id,stage,start_frame,end_frame\na.mp4,entry,1,5\n"
    (tmp_path / "stage_labels.csv").write_text(stages)
    (tmp_path / "videos/stage_labels.csv").write_text(stages)
    given = {"sport": "diving", "manifest_csv": tmp_path / "manifest.csv"}
    assert manifest.read(tmp_path / "videos", **given).samples[0].segments
    (tmp_path / "videos/stage_labels.csv").write_text(stages.replace("1,5", "2,5"))
    with pytest.raises(InputError, match=r"beside the table or beside the videos. Received: another "):
        manifest.read(tmp_path / "videos", **given)


def test_stages_of_a_video_that_the_table_does_not_have_are_refused(tmp_path):
    """Of a name with a typo they would be lost."""
    (tmp_path / "stage_labels.csv").write_text(
        "video_id,stage,start_frame,end_frame\na.mp4,entry,1,5\nb.mp5,entry,1,5\n"
    )
    with pytest.raises(InputError, match=r"stage_labels\.csv: expected video_id as .* Received: \['b\.mp5'\]"):
        source_of(tmp_path, "video,split,final\na.mp4,train,63\nb.mp4,train,63\n")


STAGE_HEADER = "video_id,stage,start_frame,end_frame\n"


def test_videos_without_stages_are_taken_in_either_way_of_labelling(tmp_path):
    """In `stage_labels.csv` they have no row, in columns empty cells; what is not labelled of a video likewise."""
    (tmp_path / "stage_labels.csv").write_text(f"{STAGE_HEADER}a.mp4,take-flight,2,6\na.mp4,entry,9,12\n")
    plain = "video,split,final\na.mp4,train,63\nb.mp4,train,64\nc.mp4,test,65\n"
    beside = source_of(tmp_path, plain)
    (tmp_path / "stage_labels.csv").unlink()
    rows = "a.mp4,train,63,,2,9,12\nb.mp4,train,64,,,,\nc.mp4,test,65,,,,\n"
    inside = source_of(tmp_path, f"video,split,final,{STAGES_OF_DIVING}\n{rows}")
    for source in (beside, inside):
        assert not problems(source)
        assert [bool(sample.segments) for sample in source.samples] == [True, False, False]
    assert any("b.mp4, c.mp4" in note for note in beside.notes)
    (tmp_path / "stage_labels.csv").write_text(STAGE_HEADER + "".join(f"{n}.mp4,entry,1,9\n" for n in "abc"))
    assert not any("b.mp4" in note for note in source_of(tmp_path, plain).notes)


def test_a_difficulty_that_the_other_scores_leave_is_checked(tmp_path):
    text = "video,split,execution,final\na.mp4,train,5,140\nb.mp4,train,21,63\n"
    source = source_of(tmp_path, text)
    (problem,) = problems(source)
    assert problem.startswith("manifest.csv, row 2: expected difficulty of diving from") and "Received: 28" in problem
    assert scores(source.samples[1]) == (3.0, 21.0, 63.0)


def test_groups_that_are_spelt_differently_are_one(tmp_path):
    """Else one athlete is trained and tested on, and nothing says so."""
    names = ("Jos\u00e9", "Jose\u0301", "Ann Lee", "ann  lee", "Kim\u00a0Bo", "Kim Bo", "Kim Bao")
    rows = "".join(f"{row}.mp4,train,63,{name}\n" for row, name in enumerate(names))
    source = source_of(tmp_path, f"video,split,final,group\n{rows}")
    groups = [sample.group for sample in source.samples]
    assert groups == ["Jos\u00e9"] * 2 + ["Ann Lee"] * 2 + ["Kim\u00a0Bo"] * 2 + ["Kim Bao"]
    (note,) = [note for note in source.notes if note.startswith("Groups of one name")]
    assert "Ann Lee = ann  lee" in note and "Bao" not in note


def test_groups_are_kept(tmp_path):
    first, second = source_of(tmp_path, "video,split,final,Group\na.avi,train,63,Ann\nb.avi,train,63,\n").samples
    assert (first.group, second.group) == ("Ann", None)
