"""The version of the Studio, in one place."""

__version__ = "0.1.0"
