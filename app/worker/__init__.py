"""The worker: a pool of processes that work on runs and deliveries. ``python -m app.worker``."""
