"""Scores, marks and penalties of a user's own table: computed, noted, or refused by row."""

import pytest
from layouts import notes_of, problem_codes
from test_own_table import codes, odd_rows, scores, source_of

# === Marks ===

HEADER = "video,split,difficulty,final,penalty,"
SEVEN = "J1,J2,J3,J4,J5,J6,J7"


@pytest.mark.parametrize("marks", ["7.5 8 8.5 8 7 9 8", "7.5; 8; 8.5; 8; 7; 9; 8", "7.5/8/8.5/8/7/9/8", "8  8 8"])
def test_marks_in_one_cell_give_the_execution(tmp_path, marks):
    """The middle three of the seven are 8, 8, 8."""
    (sample,) = source_of(tmp_path, f"{HEADER}marks\na.mp4,train,3.0,,,{marks}\n").samples
    assert scores(sample) == (3.0, 24.0, 72.0) and not sample.problems


@pytest.mark.parametrize("header", [SEVEN, "mark_1,mark_2,Mark 3,MARK_4,judge 5,Judge_6,j7"])
def test_marks_in_columns_of_their_own(tmp_path, header):
    rows = "a.mp4,train,3.0,72.00,,7.5,8,8.5,8,7,9,8\nb.mp4,train,2.0,,,5,6,7,4,5,,\n"
    first, second = source_of(tmp_path, f"{HEADER}{header}\n{rows}").samples
    assert scores(first) == (3.0, 24.0, 72.0) and not first.problems
    assert scores(second) == (2.0, 16.0, 32.0) and not second.problems  # five judges, of whom 5, 5 and 6 count


def test_synchronised_dives_have_nine_or_eleven_marks(tmp_path):
    eleven = "7 5 6 8 9 10 9 8 7.5 6 8.5"
    text = f"{HEADER}marks\na.mp4,train,3.0,66.6,,7 5 6 8 9 8 7.5 6 8.5\nb.mp4,train,3.0,,,{eleven}\n"
    first, second = source_of(tmp_path, text, sport="sync_diving").samples
    assert first.execution == pytest.approx(22.2) and not first.problems
    assert second.execution == pytest.approx(23.4) and second.final == pytest.approx(70.2)
    columns = ",".join(f"mark_{judge}" for judge in range(1, 12))
    text = f"{HEADER}{columns}\nb.mp4,train,3.0,,,{eleven.replace(' ', ',')}\n"
    (in_columns,) = source_of(tmp_path, text, sport="sync_diving").samples
    assert in_columns.execution == pytest.approx(23.4) and not in_columns.problems


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1.5,,,8,8.5,9,8,,,", "wrong_marks"),  # four
        ("1.5,,,8,,9,8,8,8,8", "missing_value"),  # a gap
        ("1.5,,,8,8,11,8,8,8,8", "wrong_marks"),
        ("1.5,,,8,8,x,8,8,8,8", "not_a_number"),
    ],
)
def test_marks_that_cannot_be_are_refused(tmp_path, row, code):
    assert codes(source_of(tmp_path, f"{HEADER}{SEVEN}\na.mp4,train,{row}\n")) == [code]


def test_a_final_score_beside_the_marks_is_checked(tmp_path):
    text = f"{HEADER}{SEVEN}\na.mp4,train,1.5,25.30,,8,8.5,9,8,8.5,8.5,9\nb.mp4,train,1.5,38.25,,8,8.5,9,8,8.5,8.5,9\n"
    assert odd_rows(source_of(tmp_path, text)) == ["2"]


@pytest.mark.parametrize(
    ("execution", "kind"), [("24", None), ("23.5", "inconsistent"), ("40", "error"), ("nan", "error")]
)
def test_an_execution_beside_the_marks_is_checked(tmp_path, execution, kind):
    """--on_inconsistent decides about scores that are possible, each by itself; --on_error about one that is not."""
    (sample,) = source_of(tmp_path, f"video,split,execution,marks\na.mp4,train,{execution},8 8 8\n").samples
    assert [problem.kind for problem in sample.problems] == [kind] * bool(kind) and sample.execution == 24.0


def test_marks_in_a_sport_without_a_rule_for_them_are_unused(tmp_path):
    source = source_of(tmp_path, "video,split,execution,marks\na.mp4,train,9.4,9 9 9\n", sport="rhythmic_gymnastics")
    assert source.samples[0].execution == 9.4 and "marks" in notes_of(source)["unused_columns"]


def test_marks_of_a_vault_are_checked(tmp_path):
    text = "video,split,execution,marks\na.mp4,train,9.4,9.0 9.4 9.5 9.6 9.2\nb.mp4,train,,9.0 9.4 9.5 9.6 9.2\n"
    source = source_of(tmp_path, text, sport="vault")
    assert problem_codes(source) == [("manifest.csv, row 2", "inconsistent_scores")]
    assert source.samples[1].execution == pytest.approx(28.1 / 3)


# === Penalties ===


def test_a_penalty_in_diving_is_off_every_mark(tmp_path):
    """Two points off each of three marks of 8, at a difficulty of 3: 54 points, and not 72."""
    text = f"{HEADER}marks\na.mp4,train,3,54,2,8 8 8\nb.mp4,train,3,,2,8 8 8\nc.mp4,train,3,72,2,8 8 8\n"
    source = source_of(tmp_path, text)
    assert [scores(sample) for sample in source.samples[:2]] == [(3.0, 18.0, 54.0)] * 2
    assert odd_rows(source) == ["4"] and not codes(source)


@pytest.mark.parametrize(
    ("sport", "row", "code"),
    [
        ("diving", "3,24,,2", "missing_value"),  # before or after the penalty: only the final score tells
        ("diving", "3,,54,2", None),
        ("diving", "3,,54,18", "out_of_range"),  # points off the final score, say
        ("diving", "3,,0,10", None),
        ("ski_big_air", ",,90,2", "no_penalty"),
        ("ski_big_air", ",,90,0", None),
    ],
)
def test_a_penalty_whose_meaning_is_unknown_is_refused(tmp_path, sport, row, code):
    header = "video,split,difficulty,execution,final,penalty"
    assert codes(source_of(tmp_path, f"{header}\na.mp4,train,{row}\n", sport=sport)) == [code] * bool(code)


# === Scales and units ===


def notes_on(tmp_path, header, *rows, sport="diving"):
    """{code: sentence} of the notes on these rows, beside the source of stages."""
    named = (f"{number}.mp4,train,{row}\n" for number, row in enumerate(rows))
    notes = notes_of(source_of(tmp_path, f"video,split,{header}\n{''.join(named)}", sport))
    return {code: note for code, note in notes.items() if code != "stage_labels"}


@pytest.mark.parametrize(
    ("header", "rows", "sport", "found"),
    [
        ("final", ("0.82", "0.67"), "diving", "2 of 2 (0.67 to 0.82)"),
        ("final", ("0.82", "14.4", "nan"), "diving", "2 of 2 (0.82 to 14.4)"),
        ("final", ("0.82", "14.5", "0.67"), "diving", "2 of 3 (0.67 to 0.82)"),
        ("final", ("0.82", "14.5"), "diving", None),
        ("difficulty", ("1.3", "1.5"), "diving", "2 of 2 (1.3 to 1.5)"),
        ("difficulty,final", ("0,60", "0,72"), "ski_big_air", None),  # difficulty is always 0
    ],
)
def test_scores_on_another_scale_are_noted_if_most_are(tmp_path, header, rows, sport, found):
    """Whatever a few others are: they may be the only right ones."""
    notes = notes_on(tmp_path, header, *rows, sport=sport)
    assert notes.keys() == ({"other_scale"} if found else set()) and (found or "") in notes.get("other_scale", "")


EXCHANGED = [f"8.{number},5.{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("header", "rows", "sport", "code", "named"),
    [
        ("difficulty,execution", [*EXCHANGED, "5,8"], "artistic_gymnastics", "exchanged_scores", "5 of 6"),
        ("difficulty,execution", EXCHANGED[:4], "artistic_gymnastics", None, ""),
        ("difficulty,execution", [*EXCHANGED, *["5,8"] * 5], "artistic_gymnastics", None, ""),
        ("execution", ["8.5", "7.0", "25.5"], "diving", "mean_marks", "2 of 3 (7 to 8.5)"),
        ("execution", ["8.5", "10.5"], "diving", None, ""),
        ("execution", ["8.5", "7.0"], "artistic_gymnastics", None, ""),
    ],
)
def test_exchanged_columns_and_means_of_marks_are_noted(tmp_path, header, rows, sport, code, named):
    """Executions of gymnastics are above difficulties, but for a fall; diving multiplies the mean of the marks."""
    notes = notes_on(tmp_path, header, *rows, sport=sport)
    assert notes.keys() == ({code} if code else set()) and named in notes.get(code, "")
