"""A place where untrusted programs run: ``sandbox`` (our side) and ``child`` (theirs).

Kept free of imports, because the child imports this package before it locks itself in.
"""
