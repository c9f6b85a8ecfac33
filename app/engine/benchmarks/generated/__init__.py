"""Benchmarks that our own seeded code generates: offline, free of contamination, exact."""
