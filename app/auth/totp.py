"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when the phone is gone.

The secret is stored encrypted with a key in ``WANGGE_HOME/totp.key``, so that neither a dump of the database nor a way
to read its tables yields codes. A code opens once: the step it belongs to is remembered. Recovery codes are stored as
hashes and open once each.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.orm import Session

from app.auth import audit, repository
from app.auth.audit import AuditContext
from app.auth.models import Account, RecoveryCode, TotpDevice
from app.auth.secrets import digest, same
from app.errors import Conflict, Invalid, Unavailable
from app.kit.clock import now

KEY_FILE = "totp.key"
RECOVERY_CODES = 8
_ISSUER = "网格 wangge"
_STEP_S = 30
# Clocks of telephones differ a little: the step before and the one after are taken too.
_DRIFT = 1
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Enrolment:
    """What a person needs to set up the app: the secret to type, the address in it, and that as a picture."""

    secret: str
    uri: str
    picture: str


def begin(session: Session, home: Path, account: Account) -> Enrolment:
    """Make a secret, which counts once a code from it was given; one that waits for that is replaced.

    Raises
    ------
    Conflict
        The account has a second factor already: it is removed first, with a code.
    """
    device = repository.totp_device(session, account.id)
    if device is not None and device.confirmed_at is not None:
        raise Conflict(
            "此账号已启用二次验证；请先停用再重新设置。",
            "This account has a second factor; remove it before setting up another.",
            code="totp-active",
        )
    secret = pyotp.random_base32()
    sealed = _box(home).encrypt(secret.encode()).decode()
    if device is None:
        session.add(TotpDevice(account_id=account.id, secret=sealed))
    else:
        device.secret, device.last_step = sealed, 0
    session.flush()
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=_ISSUER)
    picture = segno.make(uri, error="m").svg_data_uri(scale=4, border=3, light="white")
    return Enrolment(secret, uri, picture)


def confirm(session: Session, home: Path, trace: AuditContext, account: Account, code: str) -> list[str]:
    """Make the secret count, now that a code from it came; the recovery codes, which are not stored as such."""
    device = repository.totp_device(session, account.id)
    if device is None or device.confirmed_at is not None:
        raise Conflict(
            "请先开始设置二次验证。", "Begin to set up the second factor first.", code="totp-not-begun"
        )
    if not _take_code(home, device, code):
        raise Invalid(
            "验证码不正确：请输入应用中当前显示的 6 位数字，并检查手机时间。",
            "The code is wrong: type the 6 digits that the app shows now, and check the clock of the telephone.",
            code="totp-mismatch",
            field="code",
        )
    device.confirmed_at = now()
    repository.drop_recovery_codes(session, account.id)
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account.id, code_hash=digest(_bare(each))) for each in codes)
    session.flush()
    audit.record(session, trace, "totp.enabled", audit.of_account(account.name))
    return codes


def check(session: Session, home: Path, trace: AuditContext, account: Account, code: str) -> bool:
    """Whether ``code`` is good now, and from now on no more: one of the app's, or a recovery code."""
    device = repository.totp_device(session, account.id)
    if device is None or device.confirmed_at is None:
        return False
    if _take_code(home, device, code):
        session.flush()
        return True
    if repository.use_recovery_code(session, account.id, digest(_bare(code))):
        left = repository.recovery_codes_left(session, account.id)
        audit.record(session, trace, "totp.recovered", audit.of_account(account.name), left=left)
        return True
    return False


def is_enabled(session: Session, account_id: int) -> bool:
    """Whether the account has a second factor that counts."""
    device = repository.totp_device(session, account_id, lock=False)
    return device is not None and device.confirmed_at is not None


def remove(session: Session, trace: AuditContext, account: Account) -> bool:
    """Take the second factor away; whether there was one."""
    there = is_enabled(session, account.id)
    repository.drop_totp(session, account.id)
    if there:
        audit.record(session, trace, "totp.removed", audit.of_account(account.name))
    return there


def _take_code(home: Path, device: TotpDevice, code: str) -> bool:
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return False
    totp = pyotp.TOTP(_open(home, device.secret))
    present = int(now().timestamp()) // _STEP_S
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        # The same step again is somebody who looked over a shoulder.
        if step > device.last_step and same(totp.generate_otp(step), digits):
            device.last_step = step
            return True
    return False


def _new_recovery_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _bare(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _open(home: Path, sealed: str) -> str:
    try:
        return _box(home, make=False).decrypt(sealed.encode()).decode()
    except (FileNotFoundError, InvalidToken, ValueError) as error:
        path = home / KEY_FILE
        raise Unavailable(
            f"无法读取二次验证的密钥（{path.name} 缺失或与数据库不符）；请恢复该文件，或由管理员运行 wangge user totp-reset。",
            f"The key of second factors ({path.name}) is missing or belongs to another database; restore the file, or "
            f"have the operator run wangge user totp-reset.",
            code="totp-key",
        ) from error


def _box(home: Path, *, make: bool = True) -> Fernet:
    path = home / KEY_FILE
    if make and not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        # Whole before it has its name; whoever comes second uses the first one's.
        draft = home / f".{KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return Fernet(path.read_bytes())
