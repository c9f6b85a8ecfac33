"""Benchmarks: one small file each, found by ``registry``."""
