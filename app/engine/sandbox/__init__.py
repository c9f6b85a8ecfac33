"""Runs untrusted programs: ``sandbox`` is our side, ``child`` theirs.

Kept free of imports, because the child imports this package before it locks itself in.
"""
