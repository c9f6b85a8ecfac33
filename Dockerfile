# One image for all roles. By default it is a whole Studio (web server, worker and an embedded
# queue server, data in /data); compose.yaml runs the roles apart.

FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /studio
COPY requirements-build.txt requirements.txt ./
RUN python -m venv .venv && .venv/bin/pip install --require-hashes -r requirements-build.txt && \
    .venv/bin/pip install --require-hashes --no-build-isolation -r requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home studio && install -d -o studio -g studio /data
WORKDIR /studio
COPY --from=packages /studio/.venv .venv
COPY app app
COPY migrations migrations
COPY wsgi.py gunicorn.conf.py LICENSE NOTICE ./
ENV PATH=/studio/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000
USER studio
VOLUME /data
EXPOSE 8000
# Always 200 while the process serves; the body says whether database and queue are well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
    CMD ["python", "-m", "app.supervisor.readiness"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "app.supervisor"]
