"""ELAN: annotations on a tier of an .eaf file, one file per video, in whole milliseconds.

Format: EAF 2.8 (http://www.mpi.nl/tools/elan/EAFv2.8.xsd). The stages of the sport are a controlled vocabulary: ELAN
offers them as a list.
"""

import datetime
import mimetypes
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.labelled_video import LabelledVideo, labelled_video, require_ends
from data_prep.stages.formats.media import VIDEO_ID, check_names
from data_prep.stages.formats.videos import MILLISECOND, FactsOf
from data_prep.stages.formats.xml_file import add, attribute, read_root, write_folder
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError

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
    root = read_root(path, ROOT)
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


def _video(header, path):
    """(id of the video, milliseconds of it before the time 0 of the annotations)."""
    media = header.findall("MEDIA_DESCRIPTOR")
    medium = next((entry for entry in media if entry.get("MIME_TYPE", "").startswith("video")), *media[:1] or [None])
    name = header.findtext(f"PROPERTY[@NAME='{VIDEO_ID}']")
    if medium is None or not (name or medium.get("MEDIA_URL")):
        raise InputError("missing_key", f"{path}: there is no MEDIA_DESCRIPTOR of the video.")
    origin = attribute(medium, "TIME_ORIGIN", path, int) if "TIME_ORIGIN" in medium.attrib else 0
    file = PurePosixPath(medium.get("MEDIA_URL", "").replace("\\", "/")).name
    if name and file:
        check_names(name, file, path)
    return name or file, origin


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
    slot = slots.get(attribute(annotation, name, where))
    if slot is None:
        raise InputError("missing_key", f"{where}: there is no TIME_SLOT {annotation.get(name)}.")
    return attribute(slot, "TIME_VALUE", where, int)


# === Writing ===


def write(output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes a folder of .eaf files, one per video.

    Raises:
        InputError: a segment has no end, a frame rate is unknown, or the folder exists.
    """
    require_ends(videos)
    roots = {video.video_id: _document(video, sport, facts_of(video.video_id)) for video in videos}
    write_folder(output, roots, ".eaf")


def _document(video, sport, facts):
    """The elements in the order of the schema."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    schema = {SCHEMA: "http://www.mpi.nl/tools/elan/EAFv2.8.xsd"}
    root = ElementTree.Element(ROOT, {"AUTHOR": "", "DATE": now, "FORMAT": "2.8", "VERSION": "2.8", **schema})
    _add_header(root, video, facts)
    order, tier = add(root, "TIME_ORDER"), add(root, "TIER", LINGUISTIC_TYPE_REF=TIER_TYPE, TIER_ID=TIER)
    for number, segment in enumerate(video.segments, start=1):
        slots = [f"ts{2 * number - 1}", f"ts{2 * number}"]
        for slot, frame in zip(slots, (segment.start, segment.end), strict=True):
            add(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=facts.milliseconds_of(frame))
        references = dict(zip(("TIME_SLOT_REF1", "TIME_SLOT_REF2"), slots, strict=True))
        annotation = add(add(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", ANNOTATION_ID=f"a{number}", **references)
        add(annotation, "ANNOTATION_VALUE", segment.stage)
    _add_vocabulary(root, sport)
    return root


def _add_header(root, video, facts):
    header = add(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    # ELAN decodes no "%20" after "file://": it would be part of the name.
    path = facts.path
    url = f"./{video.video_id}" if path is None else f"file:///{path.resolve().as_posix().removeprefix('/')}"
    kind = mimetypes.guess_type(url)[0] or "video/*"
    name = video.video_id if path is None else path.name
    add(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=kind, RELATIVE_MEDIA_URL=f"./{name}")
    add(header, "PROPERTY", video.video_id, NAME=VIDEO_ID)
    add(header, "PROPERTY", len(video.segments), NAME="lastUsedAnnotationId")


def _add_vocabulary(root, sport):
    kind = {"LINGUISTIC_TYPE_ID": TIER_TYPE, "CONTROLLED_VOCABULARY_REF": VOCABULARY}
    add(root, "LINGUISTIC_TYPE", **kind, GRAPHIC_REFERENCES="false", TIME_ALIGNABLE="true")
    add(root, "LANGUAGE", LANG_ID=LANGUAGE, LANG_DEF=LANGUAGE_URL, LANG_LABEL="undetermined")
    vocabulary = add(root, "CONTROLLED_VOCABULARY", CV_ID=VOCABULARY)
    for number, stage in enumerate(sport.stages):
        add(add(vocabulary, "CV_ENTRY_ML", CVE_ID=f"stage{number}"), "CVE_VALUE", stage, LANG_REF=LANGUAGE)
