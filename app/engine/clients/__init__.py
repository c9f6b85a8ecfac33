"""Models behind one protocol: OpenAI's API, Anthropic's API, and the simulated ones."""
