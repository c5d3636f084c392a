"""Names of encodings: what people, .cpg files, dBASE headers, XML, AutoCAD and MapInfo call the same code page."""

from __future__ import annotations

import codecs
import re

from gis.errors import UnknownEncoding

__all__ = [
    "ALIASES",
    "KNOWN_ENCODINGS",
    "MULTI_BYTE",
    "codec_of",
    "codec_or_none",
    "dwg_code_page",
    "language_driver",
    "mapinfo_charset",
    "usual_name",
    "xml_encoding",
]

MULTI_BYTE = ("gb18030", "cp950", "big5hkscs", "cp932", "euc_jp", "cp949", "johab")
"""Encodings in which a character may take several bytes, UTF-8 and its relatives aside."""

_ONE_BYTE = (
    *(f"cp{number}" for number in (1252, 1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)),
    *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *("koi8-r", "koi8-u"),
    *(f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865)),
    *(f"cp{number}" for number in (866, 869, 874)),
    *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish"),
)
_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")

ALIASES = (
    "gbk",
    "gb2312",
    "big5",
    "shift_jis",
    "euc_kr",
    "iso8859-1",
    "tis-620",
    "shift_jis_2004",
    "shift_jisx0213",
)
"""Codecs that are looked up by name, and never read with."""

KNOWN_ENCODINGS = (*_UNICODE, *MULTI_BYTE, *_ONE_BYTE, "ascii")
"""Every encoding that text is read in, by Python's names."""

# The wider one of a family loses nothing: GB18030 holds GBK and GB2312; the code pages of Windows are what files
# that say Big5, Shift_JIS, EUC-KR or ISO 8859-1 are really in, as browsers take it too.
_WIDER = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "cp950",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "tis-620": "cp874",
    "shift_jis_2004": "cp932",
    "shift_jisx0213": "cp932",
}
_NUMBERS = {
    "65001": "utf-8",
    "1200": "utf-16-le",
    "1201": "utf-16-be",
    "936": "gb18030",
    "54936": "gb18030",
    "51936": "gb18030",
    "20936": "gb18030",
    "951": "big5hkscs",
    "943": "cp932",
    "51932": "euc_jp",
    "20932": "euc_jp",
    "51949": "cp949",
    "1361": "johab",
    "20866": "koi8-r",
    "21866": "koi8-u",
    "20127": "ascii",
    "10000": "mac-roman",
    "28591": "iso8859-1",
}
_SPELLED = {
    "unicode": "utf-16",
    "utf8bom": "utf-8-sig",
    "utf8withbom": "utf-8-sig",
    "euccn": "gb18030",
    "xgbk": "gb18030",
    "gb231280": "gb18030",
    "chinesesimplified": "gb18030",
    "big5eten": "cp950",
    "eucjp": "euc_jp",
    "sjis": "cp932",
    "xsjis": "cp932",
    "ksc5601": "cp949",
    "uhc": "cp949",
    "ansi936": "gb18030",
    "macintosh": "mac-roman",
    "macroman": "mac-roman",
}
_PREFIX = re.compile(r"^(?:ansi|oem|cp|dos|windows|win|ibm|ms|codepage|ldid)?(\d{3,5})$")
_LATIN = re.compile(r"^(?:iso)?8859(\d{1,2})$")


def codec_of(name: str) -> str:
    """Give the codec for the name of an encoding, however it is spelled.

    Parameters
    ----------
    name : str
        As people and files write it: ``GBK``, ``936``, ``ANSI 1252``, ``ISO-8859-1``, ``88591``, ``Shift_JIS``.

    Returns
    -------
    str
        One of `KNOWN_ENCODINGS`; of a family the widest member.

    Raises
    ------
    gis.errors.UnknownEncoding
        With the names that are known.

    Examples
    --------
    >>> [codec_of(name) for name in ("GBK", "936", "ANSI 1252", "88591", "BIG5", "utf8")]
    ['gb18030', 'gb18030', 'cp1252', 'cp1252', 'cp950', 'utf-8']
    """
    found = codec_or_none(name)
    if found is None:
        listing = ", ".join(usual_name(codec) for codec in KNOWN_ENCODINGS)
        shown = name if len(name) <= 40 else f"{name[:40]}…"
        raise UnknownEncoding(
            f"不认识的编码名 {shown!r}；可用：{listing}（也可写 GBK、936、Big5、Shift_JIS、ANSI 1252 等）",
            f"unknown encoding {shown!r}; known are {listing} (also written GBK, 936, Big5, Shift_JIS, ANSI 1252…)",
            code="unknown-encoding-name",
        )
    return found


def codec_or_none(name: str) -> str | None:
    """Give the codec for the name of an encoding; None for a name that is none we know."""
    plain = re.sub(r"[^0-9a-z]", "", name.strip().strip("\ufeff\x00").casefold())
    if not plain or not plain.isascii():
        return None
    latin = _LATIN.fullmatch(plain)
    number = _PREFIX.fullmatch(plain)
    if plain in _SPELLED:
        candidate = _SPELLED[plain]
    elif latin:
        candidate = f"iso8859-{int(latin[1])}"
    elif number:
        candidate = _NUMBERS.get(number[1], f"cp{number[1]}")
    else:
        candidate = name.strip().strip("\ufeff\x00")
    for spelling in (candidate, plain):
        try:
            found = codecs.lookup(spelling).name
        except (LookupError, ValueError, UnicodeError):
            continue
        found = _WIDER.get(found, found)
        if found in KNOWN_ENCODINGS:
            return found
    return None


_USUAL = {
    "cp950": "big5",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp1252": "windows-1252",
    "cp1251": "windows-1251",
}


def usual_name(codec: str) -> str:
    """Give the name that people know a codec by.

    Examples
    --------
    >>> usual_name("cp950"), usual_name("gb18030")
    ('big5', 'gb18030')
    """
    return _USUAL.get(codec, codec)


# ---------------------------------------------------------------- the language byte of a .dbf
# 0x57 says "the ANSI code page of the machine that wrote it", which is none.
_DRIVERS: dict[str, tuple[int, ...]] = {
    "cp437": (0x01, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x15, 0x18, 0x19, 0x1B),
    "cp850": (0x02, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x14, 0x16, 0x1A, 0x1D, 0x25, 0x37),
    "cp1252": (0x03, 0x58, 0x59),
    "mac-roman": (0x04,),
    "cp865": (0x08, 0x17, 0x66),
    "cp932": (0x13, 0x7B),
    "cp863": (0x1C, 0x6C),
    "cp852": (0x1F, 0x22, 0x23, 0x40, 0x64, 0x87),
    "cp860": (0x24,),
    "cp866": (0x26, 0x65),
    "cp861": (0x67,),
    "gb18030": (0x4D, 0x7A),
    "cp949": (0x4E, 0x79),
    "cp950": (0x4F, 0x78),
    "cp874": (0x50, 0x7C),
    "cp737": (0x6A, 0x86),
    "cp857": (0x6B, 0x88),
    "cp1255": (0x7D,),
    "cp1256": (0x7E,),
    "mac-cyrillic": (0x96,),
    "mac-latin2": (0x97,),
    "mac-greek": (0x98,),
    "cp1250": (0xC8,),
    "cp1251": (0xC9,),
    "cp1254": (0xCA,),
    "cp1253": (0xCB,),
    "cp1257": (0xCC,),
}
_BY_DRIVER = {byte: codec for codec, numbers in _DRIVERS.items() for byte in numbers}


def language_driver(byte: int) -> str | None:
    """Give the codec that byte 29 of a .dbf stands for; None where it says nothing.

    Examples
    --------
    >>> language_driver(0x4D), language_driver(0x78), language_driver(0x57)
    ('gb18030', 'cp950', None)
    """
    return _BY_DRIVER.get(byte)


# ---------------------------------------------------------------- other formats
_DWG = {"GB2312": "gb18030", "BIG5": "cp950", "KSC5601": "cp949", "JOHAB": "johab", "DOS932": "cp932"}


def dwg_code_page(name: str) -> str | None:
    """Give the codec of a drawing's ``$DWGCODEPAGE``.

    Examples
    --------
    >>> dwg_code_page("ANSI_936"), dwg_code_page("DOS850"), dwg_code_page("nonsense")
    ('gb18030', 'cp850', None)
    """
    cleaned = name.strip()
    return _DWG.get(cleaned.upper()) or codec_or_none(cleaned)


_MAPINFO = {
    "WindowsLatin1": "cp1252",
    "WindowsLatin2": "cp1250",
    "WindowsCyrillic": "cp1251",
    "WindowsGreek": "cp1253",
    "WindowsTurkish": "cp1254",
    "WindowsHebrew": "cp1255",
    "WindowsArabic": "cp1256",
    "WindowsBalticRim": "cp1257",
    "WindowsVietnamese": "cp1258",
    "WindowsThai": "cp874",
    "WindowsTradChinese": "cp950",
    "WindowsSimpChinese": "gb18030",
    "WindowsJapanese": "cp932",
    "WindowsKorean": "cp949",
    "PackedEUCJapanese": "euc_jp",
    "UTF-8": "utf-8",
    "UTF-16": "utf-16",
    "MacRoman": "mac-roman",
    "CodePage437": "cp437",
    "CodePage850": "cp850",
    "CodePage852": "cp852",
    "CodePage855": "cp855",
    "CodePage857": "cp857",
    "CodePage860": "cp860",
    "CodePage861": "cp861",
    "CodePage863": "cp863",
    "CodePage864": "cp864",
    "CodePage865": "cp865",
    "CodePage869": "cp869",
    **{f"ISO8859_{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9)},
    "ISO8859_1": "cp1252",
}
_MAPINFO_PLAIN = {name.casefold(): codec for name, codec in _MAPINFO.items()}


def mapinfo_charset(name: str) -> str | None:
    """Give the codec of a MapInfo ``!charset`` (TAB) or ``Charset`` (MIF) line; None for ``Neutral``.

    Examples
    --------
    >>> mapinfo_charset("WindowsSimpChinese"), mapinfo_charset("Neutral")
    ('gb18030', None)
    """
    return _MAPINFO_PLAIN.get(name.strip().strip('"').casefold())


_XML = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([\w.:-]+)\s*["']""")


def xml_encoding(head: bytes) -> str | None:
    """Give the name that an XML declaration gives its encoding; None where it gives none.

    Examples
    --------
    >>> xml_encoding(b'<?xml version="1.0" encoding="GB2312"?><kml/>')
    'GB2312'
    """
    found = _XML.match(head.removeprefix(codecs.BOM_UTF8))
    return found[1].decode("ascii") if found else None
