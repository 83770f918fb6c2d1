"""Reads and writes XML. A file with a DTD is refused, so that no entity is expanded and nothing is fetched."""

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import defusedxml.ElementTree

from data_prep.stages.formats.media import file_name
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_folder

MAX_INFLATED_BYTES = 2**28  # of a file in a ZIP: labels of hours of video take megabytes


def read_root(path: Path, tag: str, member: str | None = None) -> ElementTree.Element:
    """Reads the root element of an XML file.

    Args:
        path: the file, or a ZIP that holds it as `member`.
        tag: of the root.
        member: name in the ZIP; None if no ZIP is allowed.

    Raises:
        InputError: it is not well-formed, has a DTD, or has another root.
    """
    try:
        text = _unzipped(path, member) if member and zipfile.is_zipfile(path) else path.read_bytes()
        root = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError, OSError) as error:
        message = f"{path}: not XML, or XML with a DTD ({type(error).__name__}: {error})."
        raise InputError("damaged_xml", message) from error
    if root.tag != tag:
        raise InputError("wrong_format", f"{path}: the root element is {root.tag} instead of {tag}.")
    return root


def _unzipped(path, member):
    """The bytes of a file in a ZIP; ValueError if it is damaged, encrypted, or larger than labels ever are."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            content = file.read(MAX_INFLATED_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise ValueError(f"a ZIP whose {member} cannot be read: {error}") from error
    if len(content) > MAX_INFLATED_BYTES:
        raise ValueError(f"a ZIP whose {member} has more than {MAX_INFLATED_BYTES} bytes")
    return content


def attribute(element: ElementTree.Element, name: str, where: str, kind: Callable[[str], Any] = str) -> Any:
    """An attribute of an element, converted by `kind`.

    Raises:
        InputError: it is missing or cannot be converted; the message begins with `where`.
    """
    try:
        return kind(element.attrib[name])
    except KeyError:
        raise InputError("missing_key", f"{where}: {element.tag} has no {name}.") from None
    except ValueError:
        message = f"{where}: {name} of {element.tag} is {element.get(name)!r}, no {kind.__name__}."
        raise InputError("wrong_value", message) from None


def add(parent: ElementTree.Element, tag: str, text: object = None, **attributes: object) -> ElementTree.Element:
    """Appends an element to `parent` and returns it."""
    element = ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    element.text = None if text is None else str(text)
    return element


def write_folder(output: Path, roots: Mapping[str, ElementTree.Element], suffix: str) -> None:
    """Writes a folder of indented XML files in UTF-8, whole or not at all.

    Args:
        output: the folder.
        roots: {video id: root element}.
        suffix: of the files.

    Raises:
        InputError: the folder exists; to replace it might delete other files.
    """
    if Path(output).exists():
        raise InputError("exists", f"--output={output} exists.", "Choose a new folder, for a file per video.")
    with replacing_folder(output) as temporary:
        for video_id, root in roots.items():
            ElementTree.indent(root)
            tree = ElementTree.ElementTree(root)
            tree.write(temporary / f"{file_name(video_id)}{suffix}", encoding="utf-8", xml_declaration=True)
