"""A run of the engine: its plan, its calls, what limits and ends them."""
