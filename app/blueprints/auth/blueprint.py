"""The blueprint of the pages for those who are not signed in."""

from flask import Blueprint

bp = Blueprint("auth", __name__)
