"""Settings of the web server.

Threads, not an event loop: one lock of the database must not freeze a whole process, and live
views may hold half of the threads at most. Clients are waited for in front of the threads.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from app.broker import live_hub
from app.config import load_settings
from app.errors import ConfigError
from app.lifeline import die_with_parent, name_process
from app.worker.image import fill_image
from app.worker.processes import leave_parents_connections

try:
    _settings = load_settings()
except ConfigError as error:
    sys.exit(str(error))

bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
wsgi_app = "wsgi:app"
proc_name = "openbench-studio"
worker_class = "app.web_server.worker.PatientWorker"
workers = _settings.web_processes
threads = _settings.web_threads
worker_connections = max(2000, 2 * threads)  # they wait without a thread each, see the worker
sendfile = False  # would write past the worker's outlet
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
timeout = 60  # of a process that hangs; not a limit for requests
graceful_timeout = 10
keepalive = 5
max_requests = 0  # recycling processes would cut live views; memory stays flat
preload_app = True  # imported once, for a quick start and shared memory
control_socket_disable = True
loglevel = "info" if _settings.log_level == "DEBUG" else "warning"
accesslog = "-" if _settings.log_level == "DEBUG" else None
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'  # without the query string
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeat file


def when_ready(server: Any) -> None:
    """Have the processes share all that they need, before they are forked."""
    fill_image(server.app.wsgi(), pages=True)


def post_fork(server: Any, worker: Any) -> None:
    """Leave the connections of the parent alone, and the port when the parent is killed."""
    die_with_parent(signal.SIGKILL)
    name_process("studio-web-work")
    leave_parents_connections(server.app.wsgi())


def post_worker_init(worker: Any) -> None:
    """Know the proxies, and end live views as soon as the process is asked to stop."""
    worker.share_by_address = not _settings.trusted_proxies
    live_hub.stop_streams_unless(lambda: bool(worker.alive))
