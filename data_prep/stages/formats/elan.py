"""ELAN: annotations on a tier of an .eaf file, one file per video, in whole milliseconds.

Format: EAF 2.8 (http://www.mpi.nl/tools/elan/EAFv2.8.xsd). ELAN offers the stages of the sport as a list. A file with a
DTD is refused, so that no entity is expanded and nothing is fetched.
"""

import datetime
import mimetypes
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import defusedxml.ElementTree

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.labelled_video import VIDEO_ID, LabelledVideo, check_names, labelled_video, require_ends
from data_prep.stages.formats.videos import MILLISECOND, FactsOf
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.files import replacing_folder
from scoringnet_tf.support.messages import InputError

ROOT = "ANNOTATION_DOCUMENT"
TIER, TIER_TYPE, VOCABULARY = "stages", "stage", "stages of the sport"
LANGUAGE, LANGUAGE_URL = "und", "http://cdb.iso.org/lg/CDB-00130975-001"  # names of stages are of no one language
SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"


def recognises(path: Path, text: str) -> bool:
    """Whether it has the root element."""
    return text.startswith("<") and f"<{ROOT}" in text


# === Reading ===


def read(path: Path, facts_of: FactsOf) -> list[LabelledVideo]:
    """Reads the video of the file: the tier `stages`, else the only tier with annotations in time.

    Raises:
        InputError: not ELAN's XML, no video, another unit than milliseconds, or several tiers to choose from.
    """
    root = _read_root(path)
    header = root.find("HEADER")
    if header is None or header.get("TIME_UNITS", "milliseconds") != "milliseconds":
        raise InputError("wrong_format", f"{path}: there is no HEADER, or its times are not in milliseconds.")
    video_id, origin = _video(header, path)
    slots = {slot.get("TIME_SLOT_ID"): slot for slot in root.iterfind("TIME_ORDER/TIME_SLOT")}

    def segments_of(annotation):
        where = f"{path}, annotation {annotation.get('ANNOTATION_ID', '')}"
        times = [origin + _time(slots, annotation, name, where) for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
        start, end = (facts_of(video_id).frame_at(time * MILLISECOND) for time in times)
        return [Segment((annotation.findtext("ANNOTATION_VALUE") or "").strip(), start, end, where)]

    return [labelled_video(video_id, str(path), _annotations(root, path), segments_of)]


def _read_root(path):
    try:
        root = defusedxml.ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError, OSError) as error:
        what = f"{path}: not XML, or XML with a DTD ({type(error).__name__}: {error})."
        raise InputError("damaged_xml", what) from error
    if root.tag != ROOT:
        raise InputError("wrong_format", f"{path}: the root element is {root.tag} instead of {ROOT}.")
    return root


def _video(header, path):
    """(id of the video, milliseconds of it before the time 0 of the annotations)."""
    media = header.findall("MEDIA_DESCRIPTOR")
    medium = next((entry for entry in media if entry.get("MIME_TYPE", "").startswith("video")), *media[:1] or [None])
    name = header.findtext(f"PROPERTY[@NAME='{VIDEO_ID}']")
    if medium is None or not (name or medium.get("MEDIA_URL")):
        raise InputError("missing_key", f"{path}: there is no MEDIA_DESCRIPTOR of the video.")
    file = PurePosixPath(medium.get("MEDIA_URL", "").replace("\\", "/")).name
    if name and file:
        check_names(name, file, path)
    return name or file, _integer(medium, "TIME_ORIGIN", path) if "TIME_ORIGIN" in medium.attrib else 0


def _annotations(root, path):
    tiers = {tier.get("TIER_ID"): tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION") for tier in root.iterfind("TIER")}
    if TIER in tiers:
        return tiers[TIER]
    used = {name: annotations for name, annotations in tiers.items() if annotations}
    if len(used) != 1:
        names = ", ".join(map(str, used)) or "none"
        raise InputError("ambiguous_tiers", f"{path}: tiers with annotations: {names}.", f"Name one of them {TIER}.")
    return next(iter(used.values()))


def _time(slots, annotation, name, where):
    slot = slots.get(annotation.get(name))
    if slot is None:
        raise InputError("missing_key", f"{where}: there is no TIME_SLOT {annotation.get(name)}.")
    return _integer(slot, "TIME_VALUE", where)


def _integer(element, name, where):
    text = element.get(name)
    try:
        return int(text or "")
    except ValueError:
        code = "wrong_value" if text else "missing_key"
        raise InputError(code, f"{where}: {name} of {element.tag} is {text!r}, not an integer.") from None


# === Writing ===


def write(output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes a folder of .eaf files, one per video, whole or not at all.

    Raises:
        InputError: a segment has no end, a frame rate is unknown, or the folder exists.
    """
    require_ends(videos)
    if output.exists():  # to replace it might delete other files
        raise InputError("exists", f"--output={output} exists.", "Choose a new folder, for a file per video.")
    roots = {video.video_id: _document(video, sport, facts_of(video.video_id)) for video in videos}
    with replacing_folder(output) as temporary:
        for video_id, root in roots.items():
            ElementTree.indent(root)
            path = temporary / f"{file_name(video_id)}.eaf"
            ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def file_name(video_id: str) -> str:
    """A file name for a video id, which may be a path; different ids give different names.

    All but letters, digits and `-._ ()#!` become their codes, and so does %.
    """
    return re.sub(r"[^\w\-. ()#!]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), video_id)


def _document(video, sport, facts):
    """The elements in the order of the schema."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    schema = {SCHEMA: "http://www.mpi.nl/tools/elan/EAFv2.8.xsd"}
    root = ElementTree.Element(ROOT, {"AUTHOR": "", "DATE": now, "FORMAT": "2.8", "VERSION": "2.8", **schema})
    _add_header(root, video, facts)
    order, tier = _add(root, "TIME_ORDER"), _add(root, "TIER", LINGUISTIC_TYPE_REF=TIER_TYPE, TIER_ID=TIER)
    for number, segment in enumerate(video.segments, start=1):
        slots = [f"ts{2 * number - 1}", f"ts{2 * number}"]
        for slot, frame in zip(slots, (segment.start, segment.end), strict=True):
            _add(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=facts.milliseconds_of(frame))
        references = dict(zip(("TIME_SLOT_REF1", "TIME_SLOT_REF2"), slots, strict=True))
        annotation = _add(_add(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", ANNOTATION_ID=f"a{number}", **references)
        _add(annotation, "ANNOTATION_VALUE", segment.stage)
    # The stages of the sport, for ELAN to offer
    kind = {"LINGUISTIC_TYPE_ID": TIER_TYPE, "CONTROLLED_VOCABULARY_REF": VOCABULARY}
    _add(root, "LINGUISTIC_TYPE", **kind, GRAPHIC_REFERENCES="false", TIME_ALIGNABLE="true")
    _add(root, "LANGUAGE", LANG_ID=LANGUAGE, LANG_DEF=LANGUAGE_URL, LANG_LABEL="undetermined")
    vocabulary = _add(root, "CONTROLLED_VOCABULARY", CV_ID=VOCABULARY)
    for number, stage in enumerate(sport.stages):
        _add(_add(vocabulary, "CV_ENTRY_ML", CVE_ID=f"stage{number}"), "CVE_VALUE", stage, LANG_REF=LANGUAGE)
    return root


def _add_header(root, video, facts):
    header = _add(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    # ELAN decodes no "%20" after "file://": it would be part of the name.
    path = facts.path
    url = f"./{video.video_id}" if path is None else f"file:///{path.resolve().as_posix().removeprefix('/')}"
    kind = mimetypes.guess_type(url)[0] or "video/*"
    name = video.video_id if path is None else path.name
    _add(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=kind, RELATIVE_MEDIA_URL=f"./{name}")
    _add(header, "PROPERTY", video.video_id, NAME=VIDEO_ID)
    _add(header, "PROPERTY", len(video.segments), NAME="lastUsedAnnotationId")


def _add(parent, tag, text=None, **attributes):
    element = ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    element.text = None if text is None else str(text)
    return element
