"""The engine: dataset, prompt, model call, score, result. Plain Python, no Flask, no SQL."""
