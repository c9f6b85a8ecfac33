"""Outgoing calls: HTTP, the egress guard, retries and signatures. Knows nothing of models."""
