"""Damaged files of every format, uploaded: each is taken or refused in words, and none is a fault of ours.

A few dozen here; ``make fuzz-files`` sends 2,000. A case is its number, so that it can be sent again:
``make fuzz-files CASES=1 SEED=1234``.
"""

from __future__ import annotations

import os
import random
import zipfile
from io import BytesIO
from pathlib import Path

from tests.app.drafts.drafting import LEFT, RIGHT, DraftClient, Drafting
from tests.app.drafts.test_upload import exported
from tests.fixtures.formats import WRITERS, reading_options

CASES = int(os.environ.get("FUZZ_FILES", "39"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
_EXPECTED = {200, 409, 413, 415, 422}
_WORDS = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80",
    b"1e308",
    b"-1",
    b"null",
    b"\xed\xa0\x80",
)
_WORDS += (
    b"../../../etc/passwd",
    b"/vsicurl/http://127.0.0.1:9/",
    b"{{7*7}}",
    b"NaN",
    b"[" * 3000,
    b"PK\x03\x04",
)


def damage(content: bytes, random_: random.Random) -> bytes:
    """A file with something wrong: bytes, pieces, its end, or words that mean something to somebody."""
    data = bytearray(content)
    for _ in range(random_.choice((1, 1, 2, 5, 30))):
        at = random_.randrange(len(data) + 1)
        match random_.randrange(7):
            case 0:
                data[at : at + 1] = bytes([random_.randrange(256)])
            case 1:
                data[at : at + 4] = random_.choice(_WORDS)
            case 2:
                data[at:at] = random_.choice(_WORDS)
            case 3:
                del data[at : at + random_.choice((1, 4, 100))]
            case 4:
                other = random_.randrange(len(data) + 1)
                length = random_.choice((1, 8, 200))
                data[at : at + length] = data[other : other + length]
            case 5:
                # The header is where formats are decided.
                place = random_.randrange(min(200, len(data)) + 1)
                data[place : place + 1] = bytes([random_.randrange(256)])
            case 6 if random_.random() < 0.2:
                del data[at:]
    return bytes(data)


def damage_members(content: bytes, random_: random.Random) -> bytes:
    """An archive that is whole, of files that are not."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as archive, zipfile.ZipFile(out, "w") as made:
        chosen = random_.choice(archive.namelist())
        for name in archive.namelist():
            inside = archive.read(name)
            made.writestr(name, damage(inside, random_) if name == chosen else inside)
    return out.getvalue()


def test_no_damaged_file_is_a_fault_of_ours(drafting: Drafting, tmp_path: Path) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame = frame[frame["code"].isin([LEFT, RIGHT])]
    whole = {
        extension: write(frame, tmp_path / f"grids{extension}").read_bytes()
        for extension, write in WRITERS.items()
    }
    statuses: dict[int, int] = {}
    for seed in range(SEED, SEED + CASES):
        random_ = random.Random(seed)  # noqa: S311
        extension = list(WRITERS)[seed % len(WRITERS)]
        packed = extension.endswith(("zip", ".kmz", ".xlsx")) and random_.random() < 0.7
        content = (damage_members if packed else damage)(whole[extension], random_)
        answer = draft_client.client.put(
            f"{draft_client.url}/file",
            content=content,
            params={
                "missing": "keep",
                "code": "text" if extension == ".dxf" else "code",
                **reading_options(extension),
            },
            headers={"If-Match": draft_client.etag},
        )
        assert answer.status_code in _EXPECTED, (seed, extension, answer.status_code, answer.text[:500])
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        if answer.status_code == 200:
            draft_client.etag = answer.headers["etag"]
            draft_client.send("/undo", {})
        else:
            body = answer.json()
            assert body["detail"], seed
            assert str(drafting.db.settings.home) not in answer.text, seed
    assert statuses.get(422, 0) > 0 or CASES < 20, statuses
