"""Typed access to the settings of an application."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from app.config import Settings


def get_settings() -> Settings:
    """Return the settings of the application that this code runs in."""
    return settings_of(current_app)


def settings_of(app: Flask) -> Settings:
    """Return the settings that ``app`` was built with."""
    return cast(Settings, app.extensions["settings"])
