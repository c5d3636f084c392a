"""Backups that run by themselves, and the way back to any instant since the oldest of them.

``store`` (where backups lie and what is there), ``archive`` (the log of changes, PostgreSQL's WAL, kept file by file),
``nightly`` (base backup, dump, pruning), ``timelines`` (which line of
the log an instant lies on), ``staging`` (a second cluster made from a backup), ``point_in_time``,
``rehearsal``, ``status`` (how old the last good backup is).
"""
