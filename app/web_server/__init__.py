"""The web server's front, which limits what slow or silent clients can hold.

gunicorn gives a connection to a thread and lets it wait there for its client, so that 130 half
requests stop a site of 128 threads. Here one loop a process waits for all clients, and a thread
works on what has arrived (docs/adr/0006-slow-clients-wait-outside.md).
"""
