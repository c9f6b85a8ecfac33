"""Flag telling the current job to checkpoint and return."""

from __future__ import annotations

import threading

draining = threading.Event()
"""Set, once and for good, in the process of a job: it then writes what it has and returns.

Never set it in a signal handler: the interrupted thread may hold the event's lock.
"""
