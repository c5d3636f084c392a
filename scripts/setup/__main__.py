"""Prepare this checkout: ``python3 scripts/setup run``, or ``test``, or ``clients``.

Only Python's standard library is used, and this file only syntax that an old Python understands, so that it can say
that it is old. Each step looks first and does nothing when there is nothing to do; none needs a network then.
"""

import os
import shutil
import sys

OLDEST = (3, 11)


def newer_python():
    """Re-run with a newer Python that is installed beside, or say what to install."""
    for minor in range(15, OLDEST[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        if path:
            os.execv(path, [path, *sys.argv])  # noqa: S606 - the same script again
    sys.stderr.write(
        "\nwangge 需要 Python 3.11 或更新版本，python3 是 {0}.{1}。"
        "请使用 Debian 12、Ubuntu 24.04 或更新的系统，或安装 python3.11 后重试。\n"
        "wangge needs Python 3.11 or newer; python3 is {0}.{1}. "
        "Use Debian 12, Ubuntu 24.04 or newer, or install python3.11 and try again.\n".format(
            *sys.version_info[:2]
        )
    )
    sys.exit(1)


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        newer_python()
    from steps import main

    sys.exit(main(sys.argv[1:]))
