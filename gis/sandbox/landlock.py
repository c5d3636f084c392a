"""Landlock: which files a process may still open, where the kernel has it (Linux 5.13 and later)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["restrict_files", "version"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE = 1 << 14
# Making and removing files and folders; not devices, sockets and symbolic links.
_MAKE = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8)
_ALL_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL = (1 << 16) - 1
_TCP = 3
_SCOPES = 3

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of Landlock that the kernel offers; 0 when it has none."""
    found = int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))
    return max(found, 0)


def restrict_files(*, readable: Iterable[Path], listed: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Close every file to this process and its children but those named, and TCP as well.

    Parameters
    ----------
    readable : iterable of Path
        Files, and folders with all that is in them.
    listed : iterable of Path
        Folders whose names may be listed.
    writable : iterable of Path
        Folders in which files may be made, read and removed.

    Returns
    -------
    bool
        False when the kernel has no Landlock. The caller has set ``no_new_privs`` before.
    """
    offered = version()
    if offered == 0:
        return False
    everything = _ALL_BY_VERSION.get(offered, _ALL)
    attributes = struct.pack("=Q", everything)
    if offered >= 4:
        attributes += struct.pack("=Q", _TCP)
    if offered >= 6:
        attributes += struct.pack("=Q", _SCOPES)
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in listed:
            _allow(ruleset, path, _READ_DIR)
        for path in writable:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _MAKE) & everything)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What is not there cannot be read.
        return
    try:
        if not path.is_dir():
            access &= _READ_FILE | _WRITE_FILE | _TRUNCATE
        rule = struct.pack("=Qi", access, folder)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
