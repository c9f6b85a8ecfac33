"""Benchmarks of a user's own rows: reading, checking, mapping and defining them."""
