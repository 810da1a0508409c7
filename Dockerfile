# inboxd as a container: see docs/install.md for how to run it.
#
# The root file system may be read-only. What is written is in /var/lib/inboxd; the configuration
# is mounted at /etc/inboxd, and secrets are files that it names: token = { file = "…" }.

FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/inboxd
WORKDIR /src

# The pinned dependencies change seldom, so they are a layer of their own.
COPY requirements.lock ./
RUN /opt/inboxd/bin/pip install --require-hashes --requirement requirements.lock
COPY . ./
RUN /opt/inboxd/bin/pip install --no-deps .


FROM python:3.13-slim

# A fixed number, so that the owner of a mounted folder can be given before the first start.
RUN groupadd --gid 10001 inboxd \
    && useradd --uid 10001 --gid inboxd --no-create-home --home-dir /var/lib/inboxd \
        --shell /usr/sbin/nologin inboxd \
    && install --directory --mode 0700 --owner inboxd --group inboxd /var/lib/inboxd

COPY --from=build /opt/inboxd /opt/inboxd
# MALLOC_…: what keeps glibc's heaps small, as in systemd/inboxd.service.
ENV PATH="/opt/inboxd/bin:$PATH" \
    INBOXD_CONFIG=/etc/inboxd/config.toml \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    PYTHONDONTWRITEBYTECODE=1

USER 10001:10001
WORKDIR /var/lib/inboxd
VOLUME /var/lib/inboxd

# The daemon has no children to look after and obeys SIGTERM, so it needs no init above it.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 CMD ["inboxd", "healthy"]
ENTRYPOINT ["inboxd"]
CMD ["run"]
