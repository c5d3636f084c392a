"""Cursors: where the page before ended, as a text that a client only hands back."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from app.errors import Invalid


def encode_cursor(instant: datetime, row_id: int) -> str:
    """The cursor after a row that is ordered by time and id."""
    return base64.urlsafe_b64encode(json.dumps([instant.isoformat(), row_id]).encode()).decode()


def decode_cursor(cursor: str | None) -> tuple[datetime, int] | None:
    """Time and id of the row that a cursor came from; refuses what is not ours."""
    if not cursor:
        return None
    try:
        instant, row_id = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(instant)
        if moment.tzinfo is None or type(row_id) is not int:
            raise ValueError("not a cursor of ours")
        return moment, row_id
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid(
            "cursor 无效，请从第一页重新开始",
            "the cursor is not one of ours; begin again",
            code="bad-cursor",
            field="cursor",
        ) from error
