"""Runs benchmarks: the plan, its calls, and what limits and ends them."""
