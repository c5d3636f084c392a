"""XML from strangers, read as it streams: no document types, no entities, no depth without end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO
from xml.parsers import expat

from gis.errors import UnreadableFile

__all__ = ["local_name", "parse_xml"]

_BLOCK = 1 << 18
_DEEPEST = 200


def local_name(name: str) -> str:
    """Give a name without its prefix: files that never declare theirs are common.

    Examples
    --------
    >>> local_name("gx:Track"), local_name("Placemark")
    ('Track', 'Placemark')
    """
    return name.rpartition(":")[2] if ":" in name else name


def parse_xml(
    stream: IO[bytes],
    *,
    name: str,
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    encoding: str | None = None,
) -> None:
    """Walk through a document.

    Parameters
    ----------
    stream : binary file
    name : str
        What messages call the file.
    start, end : callable
        Called with the name of each element as it is written, prefix and all, and its attributes.
    text : callable
        Called with what stands between; several times for a long one.
    encoding : {"utf-8"}, optional
        Stands over what the document declares, where it was made UTF-8 before.

    Raises
    ------
    gis.errors.UnreadableFile
        Not well-formed (with line and column), with a document type or entities of its own, or nested too deep.
    """
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    depth = 0

    def started(label: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise UnreadableFile(
                f"文件 {name} 第 {parser.CurrentLineNumber} 行的元素嵌套超过 {_DEEPEST} 层",
                f"file {name}, line {parser.CurrentLineNumber}: elements nested more than {_DEEPEST} deep",
                code="too-deep",
            )
        start(label, attributes)

    def ended(label: str) -> None:
        nonlocal depth
        depth -= 1
        end(label)

    def refused(*_: object) -> None:
        raise UnreadableFile(
            f"文件 {name} 第 {parser.CurrentLineNumber} 行有文档类型或实体声明（DOCTYPE、ENTITY），不予读取；请删去",
            f"file {name}, line {parser.CurrentLineNumber}, declares a document type or entities (DOCTYPE, ENTITY), "
            "which are not read; remove them",
            code="document-type",
        )

    parser.StartElementHandler, parser.EndElementHandler = started, ended
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refused
    try:
        while block := stream.read(_BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableFile(
            f"文件 {name} 已损坏或不完整：第 {error.lineno} 行第 {error.offset + 1} 列不是规范的 XML",
            f"file {name} is damaged or truncated: line {error.lineno}, column {error.offset + 1} is not "
            f"well-formed XML ({expat.ErrorString(error.code)})",
            code="damaged",
        ) from error
