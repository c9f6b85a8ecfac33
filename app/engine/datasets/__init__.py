"""Datasets: where records come from, and how they become samples."""
