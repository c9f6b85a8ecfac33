"""The WSGI application: ``gunicorn wsgi:app``, ``flask --app wsgi``."""

from __future__ import annotations

import sys

from app import create_app
from app.errors import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))
