"""Scorers by profile name (``mcq/inspect``), found in this folder.

Each module may define ``SCORERS: dict[str, Scorer]``. Scorers are pure functions of a
completion and its sample; those that need a judge or a sandbox are made by a factory that
takes it (see ``judge`` and ``code``).
"""
