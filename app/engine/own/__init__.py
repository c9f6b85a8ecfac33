"""Benchmarks of an account's own data: reading, checking, mapping and defining them."""
