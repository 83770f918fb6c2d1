"""The result object: text, plain values, rows, files; and what is printed and drawn of many as they come."""

import base64
import csv
import dataclasses
import io
import json
import pathlib
import re
import sys

import cv2
import numpy as np
import pytest

from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.data.video_files import is_frame_folder
from scoringnet_tf.inference import video_score
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.inference.video_score import Performance, VideoScore, columns, failure, failure_row
from scoringnet_tf.report.printing import Pictures, Printer
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark

ROOT = pathlib.Path(__file__).parents[2]
MISSING = Remark("missing_stage", "No entry was found.")
SIMULATED = Remark("simulated_training", "The model was trained on simulated video.")
GAP = Remark("frames_missing", "It has no frame between 1.00 and 1.40 s.")


def stages_of(*runs):
    return [
        {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}
        for name, start, end in runs
    ]


STAGES = stages_of(("noise", 0, 5), ("take-flight", 5, 40), ("noise", 40, 50))


def score(*performances, video="a/v.mp4", stages=STAGES):
    shown = [(9, 0.36, encode_jpeg(np.zeros((6, 8, 3), np.uint8), 92))]
    warnings = [SIMULATED]
    return VideoScore(video, get_sport("diving"), 50, 25.0, stages, list(performances), warnings, "m", shown=shown)


SCORED = Performance(5, 40, 0.2, 1.6, 3.2, 24.0, 76.8, {"final": 4.0})
ALIKE = {"id": "017", "distance": 0.5, "difficulty": 3.0, "execution": None, "final": 70.5}
TRUSTED = dataclasses.replace(
    SCORED,
    intervals={"difficulty": (2.9, 3.5), "final": (61.8, 91.8)},
    reliability=Reliability("fair", ["aspect"]),
    alike=[ALIKE],
)
WITHHELD = Performance(5, 40, 0.2, 1.6, reasons=[MISSING])
FORCED = Performance(5, 40, 0.2, 1.6, 3.2, 24.0, 76.8, reasons=[MISSING])


def test_scores_of_a_small_range_have_the_digits_that_tell_them_apart():
    unit = dataclasses.replace(get_sport("diving"), final_range=(0.0, 1.0))
    one = Performance(0, 9, 0.0, 0.4, final=0.9032, deviations={"final": 0.0614}, intervals={"final": (0.8, 0.99999)})
    assert one.score_line(unit) == "final 0.903 ± 0.061 (0.800–1.000)"
    assert one.score_line(get_sport("diving")) == "final 0.90 ± 0.06 (0.80–1.00)"
    both = dataclasses.replace(score(one, one), sport=unit)
    assert both.score_line() == "2 performances: 0.903, 0.903" and str(both).count("0.903 ± 0.061") == 2


@pytest.mark.parametrize(
    ("performances", "status", "final"),
    [
        ((SCORED,), "scored", 76.8),
        ((WITHHELD,), "withheld", None),
        ((FORCED,), "forced", 76.8),
        ((SCORED, WITHHELD), "scored", None),
        ((WITHHELD, WITHHELD), "withheld", None),
        ((SCORED, FORCED), "forced", None),
    ],
)
def test_the_status_is_that_of_the_performances(performances, status, final):
    found = score(*performances)
    assert (found.status, found.final) == (status, final)
    assert json.loads(json.dumps(found.to_dict()))["status"] == status
    assert [row["performance"] for row in found.rows()] == list(range(1, len(performances) + 1))


@pytest.mark.parametrize(
    "performances", [(SCORED,), (TRUSTED,), (WITHHELD,), (FORCED,), (TRUSTED, WITHHELD), (SCORED, SCORED)]
)
def test_a_result_comes_back_from_json(performances):
    more = {"interval_level": 0.9, "further_reasons": [Remark("several_performances", "Several.")], "complete": False}
    for found in (score(*performances), dataclasses.replace(score(*performances), **more)):
        again = VideoScore.from_dict(json.loads(json.dumps(found.to_dict())), found.sport)
        assert again == dataclasses.replace(found, shown=[])
        assert str(again) == str(found) and again.rows() == found.rows() and again.to_dict() == found.to_dict()
        assert [reason.code for reason in again.reasons] == [reason.code for reason in found.reasons]
        assert [warning.code for warning in again.warnings] == ["simulated_training"]


def test_what_is_said_of_one_performance_is_not_said_of_another():
    """Of the video both are told, of the other performance nothing; a result that was kept before is told as it was."""
    found = score(dataclasses.replace(SCORED, warnings=[GAP]), SCORED)
    found.warnings.append(GAP)
    assert [row["warnings"] for row in found.rows()] == ["simulated_training frames_missing", "simulated_training"]
    assert [found.warnings_of(one) for one in found.performances] == [[SIMULATED, GAP], [SIMULATED]]
    plain = json.loads(json.dumps(found.to_dict()))
    assert [one["warnings"] for one in plain["performances"]] == [[GAP.to_dict()], []]
    assert plain["warnings"] == [SIMULATED.to_dict(), GAP.to_dict()]
    lines = str(found).splitlines()
    assert (lines[4], lines[5][:14], lines[-1]) == (f"  Warning: {GAP}", "  Performance ", f"  Warning: {SIMULATED}")
    assert str(found).count("Warning: ") == 2
    again = VideoScore.from_dict(plain, found.sport)
    assert [one.warnings for one in again.performances] == [[GAP], []] and again == dataclasses.replace(found, shown=[])
    for performance in plain["performances"]:
        del performance["warnings"]
    before = VideoScore.from_dict(plain, found.sport)
    assert [row["warnings"] for row in before.rows()] == ["simulated_training frames_missing"] * 2


def test_text():
    assert str(score(SCORED)).splitlines() == [
        "a/v.mp4: 50 frames, 25 frames/s; model m, sport diving",
        "     0.00–0.20 s     noise          frames 0–4",
        "     0.20–1.60 s     take-flight    frames 5–39",
        "     1.60–2.00 s     noise          frames 40–49",
        "  difficulty 3.20   execution 24.00   final 76.80 ± 4.00",
        "  Warning: The model was trained on simulated video.",
    ]
    unnamed = dataclasses.replace(score(SCORED), model=None)
    assert str(unnamed).splitlines()[0] == "a/v.mp4: 50 frames, 25 frames/s; sport diving"
    assert str(score(WITHHELD)).splitlines()[4:6] == ["  no score", "  Withheld: No entry was found."]
    assert "  By force, in spite of: No entry was found." in str(score(FORCED)).splitlines()
    two = str(score(SCORED, Performance(60, 90, 2.4, 3.6, reasons=[MISSING]))).splitlines()
    assert two[1:4] == [
        "  Performance at 0.20–1.60 s",
        "     0.20–1.60 s     take-flight    frames 5–39",
        "  difficulty 3.20   execution 24.00   final 76.80 ± 4.00",
    ]
    assert two[4:7] == ["  Performance at 2.40–3.60 s", "  no score", "  Withheld: No entry was found."]


def test_what_is_said_of_trust():
    found = dataclasses.replace(score(TRUSTED), interval_level=0.9)
    assert str(found).splitlines()[4:6] == [
        "  difficulty 3.20 (2.90–3.50)   execution 24.00   final 76.80 ± 4.00 (61.80–91.80)",
        "  Reliability: fair (aspect); in brackets where the true score lies in 90 of 100 such performances",
    ]
    plain = json.loads(json.dumps(found.to_dict()))
    assert (plain["interval_level"], plain["intervals"]["final"]) == (0.9, [61.8, 91.8])
    assert plain["reliability"] == {"grade": "fair", "because": ["aspect"]} and plain["alike"] == [ALIKE]
    assert plain["performances"][0]["reliability"] == plain["reliability"]
    assert plain["performances"][0]["intervals"] == plain["intervals"]
    (row,) = found.rows()
    assert (row["final_low"], row["final_high"], row["execution_low"], row["reliability"]) == (61.8, 91.8, None, "fair")
    drawn = " ".join(text.get_text() for text in found.plot().texts)
    assert "(61.80–91.80)" in drawn and "Reliability: fair (aspect)" in drawn


def test_nothing_is_said_of_trust_where_nothing_is_known():
    found = score(SCORED).to_dict()
    assert (found["interval_level"], found["intervals"], found["reliability"], found["alike"]) == (None, {}, None, [])
    two = dataclasses.replace(score(TRUSTED, TRUSTED), interval_level=0.9)
    assert (two.intervals, two.reliability, two.alike) == ({}, None, [])
    assert str(two).count("Reliability: fair (aspect)") == 2 and two.rows()[1]["final_low"] == 61.8
    assert "Reliability" not in " ".join(text.get_text() for text in two.plot().texts)


def test_a_failure_has_the_keys_of_a_result_and_the_row_those_of_the_table():
    error = Remark("unreadable", "v.mp4: no.")
    found = failure("v.mp4", "m", get_sport("diving"), error)
    assert list(found) and set(found) == set(score(SCORED).to_dict())
    assert (found["status"], found["final"], found["error"]) == ("failed", None, error.to_dict())
    assert (
        set(failure_row("v.mp4", "m", get_sport("diving"), error))
        == set(score(SCORED).rows()[0])
        == set(columns(get_sport("diving")))
    )


def test_the_page_names_every_key_code_and_column():
    page = (ROOT / "docs/predictions.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    assert set(score(SCORED).to_dict()) | set(SCORED.to_dict()) | set(columns(get_sport("diving"))) <= named
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "scoringnet_tf").rglob("*.py")]
    codes = {code for source in sources for code in re.findall(r"Remark\(\s*\"(\w+)\"", source)}
    from scoringnet_tf.models.reference import CHECKS

    assert codes | set(CHECKS) <= named | {"picture_not_written"}  # which is printed alone
    assert f"schema version {video_score.SCHEMA_VERSION}" in page


def test_files(tmp_path):
    found = score(SCORED)
    for suffix in ("json", "csv", "png"):
        found.save(tmp_path / f"v.{suffix}")
    assert json.loads((tmp_path / "v.json").read_text()) == json.loads(json.dumps(found.to_dict()))
    (row,) = csv.DictReader(io.StringIO((tmp_path / "v.csv").read_text()))
    assert (row["final"], row["final_std"], row["status"], row["warnings"]) == (
        *("76.8", "4.0", "scored"),
        "simulated_training",
    )
    assert cv2.imread(str(tmp_path / "v.png")).shape[1] > 1000
    with pytest.raises(InputError, match=r"v\.txt: expected a name that ends in \.json, \.csv or \.png"):
        found.save(tmp_path / "v.txt")
    found.shown = []
    with pytest.raises(InputError, match="expected frames to draw"):
        found.plot()


def test_a_data_frame_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        score(SCORED).to_dataframe()


@pytest.mark.interop
def test_a_data_frame_has_a_row_for_each_performance():
    pytest.importorskip("pandas")
    table = score(SCORED, WITHHELD).to_dataframe()
    assert list(table.columns) == list(columns(get_sport("diving"))) and table["final"].tolist()[0] == 76.8
    assert table["status"].tolist() == ["scored", "withheld"]


def test_a_notebook_shows_the_picture_above_the_text():
    shown = score(WITHHELD, video="<b>\udcff&.mp4")._repr_html_()
    form = r'<img src="data:image/png;base64,([^"]+)" alt="[^"]+" style="[^"]+"><pre>(.*)</pre>'
    image, text = re.fullmatch(form, shown, re.S).groups()
    assert cv2.imdecode(np.frombuffer(base64.b64decode(image), np.uint8), cv2.IMREAD_COLOR).shape[1] == 1320
    assert text.startswith("&lt;b&gt;\\udcff&amp;.mp4: 50 frames") and "Withheld: No entry was found." in text
    without = dataclasses.replace(score(SCORED), shown=[])
    assert without._repr_html_() == f"<pre>{without}</pre>"


# === Of many ===


class Bar:
    def clear(self):
        pass

    def refresh(self):
        pass


def printed(form, capsys, *results):
    printer = Printer(form, "m", get_sport("diving"), Bar())
    seen = []
    for found in results:
        printer.failure("v.mp4", found) if isinstance(found, Remark) else printer.score(found)
        seen.append(capsys.readouterr())
    return [each.out for each in seen], [each.err for each in seen]


LOST = Remark("unreadable", "v.mp4: no.")


def test_each_result_is_printed_once_it_is_there(capsys):
    out, err = printed("json", capsys, score(SCORED, video="ä\udcff"), LOST)
    assert [json.loads(text)["status"] for text in out] == ["scored", "failed"] and out[0].isascii()
    assert [text.count("\n") for text in out] == [1, 1] and err == ["", "predict: v.mp4: no.\n"]
    assert json.loads(out[0])["video"] == "ä\udcff"
    out, err = printed("text", capsys, LOST, score(SCORED))
    assert out == ["", f"{score(SCORED)}\n"] and err[0] == "predict: v.mp4: no.\n"


def test_a_table_has_its_header_once(capsys):
    out, _ = printed("csv", capsys, score(SCORED, WITHHELD), LOST)
    rows = list(csv.DictReader(io.StringIO("".join(out))))
    assert [row["status"] for row in rows] == ["scored", "withheld", "failed"]
    assert rows[1]["reasons"] == "missing_stage" and rows[2]["error"] == "v.mp4: no."
    assert [(row["model"], row["sport"]) for row in rows] == [("m", "diving")] * 3


def test_pictures_of_videos_of_one_name_do_not_overwrite_each_other(tmp_path):
    pictures = Pictures(tmp_path / "new")
    assert [pictures.draw(score(SCORED, video=video)) for video in ("a/v.mp4", "b/v.mp4", "b/w.mp4")] == [None] * 3
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["v.mp4-2.png", "v.mp4.png", "w.mp4.png"]
    assert Pictures(None).draw(score(SCORED)) is None


def test_a_later_run_replaces_pictures_of_the_same_videos_alone(tmp_path):
    """Of a video at the same place it is the newer one; a video of that name elsewhere, or another file, stays."""
    for video in ("a/v.mp4", "b/v.mp4"):
        assert Pictures(tmp_path).draw(score(SCORED, video=video)) is None
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first.keys() == {"v.mp4.png", "v.mp4-2.png"}
    (tmp_path / "w.mp4.png").write_text("of somebody else")
    again = score(WITHHELD, video="b/v.mp4")
    for scored in (again, score(SCORED, video="w.mp4")):
        assert Pictures(tmp_path).draw(scored) is None
    later = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert later.keys() == {*first, "w.mp4.png", "w.mp4-2.png"}
    changed = [name for name in first if later[name] != first[name]]
    assert changed == ["v.mp4-2.png"] and later["w.mp4.png"] == b"of somebody else"
    assert str(tmp_path).encode() not in later["w.mp4-2.png"]


def test_a_picture_of_the_folder_that_one_is_in_has_its_name(tmp_path, monkeypatch):
    (tmp_path / "dive2").mkdir()
    monkeypatch.chdir(tmp_path / "dive2")
    assert Pictures(tmp_path).draw(score(SCORED, video=".")) is None
    assert [path.name for path in tmp_path.glob("*.png")] == ["dive2.frames.png"]


@pytest.mark.parametrize("video", ["dive2", "c", "clips.7"])
def test_a_picture_of_a_folder_of_frames_is_no_numbered_image(tmp_path, video):
    pictures = Pictures(tmp_path)
    assert [pictures.draw(score(SCORED, video=f"{folder}/{video}")) for folder in "ab"] == [None, None]
    assert {path.name for path in tmp_path.iterdir()} == {f"{video}.frames.png", f"{video}.frames-2.png"}
    assert not is_frame_folder(tmp_path)


def test_a_picture_that_cannot_be_written_ends_nothing(tmp_path):
    (tmp_path / "file").touch()
    error = Pictures(tmp_path / "file").draw(score(SCORED))
    assert error.code == "picture_not_written" and "file/v.mp4.png: expected a place for a picture" in error
    error = Pictures(tmp_path).draw(score(SCORED, video=f"{'飛' * 84}.mp4"))  # a name of 256 bytes with .png
    assert error.code == "picture_not_written" and error.endswith("Received: File name too long.")


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_name_that_is_no_text_is_kept_in_files(tmp_path, suffix):
    named = score(SCORED, video="a\udcff.mp4")
    named.save(tmp_path / f"one{suffix}")
    text = (tmp_path / f"one{suffix}").read_text(encoding="utf-8")
    assert "a\\udcff.mp4" in text
    if suffix == ".json":
        assert json.loads(text)["video"] == "a\udcff.mp4"
