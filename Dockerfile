ARG BUILD_FROM=ghcr.io/home-assistant/base-python:3.14-alpine3.24

# The page's charts; nothing is built.
FROM docker.io/library/node:22-alpine AS charts
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

# The locked dependencies and the package in one folder. Wheels only: no compiler is needed. The base
# image names a further package index; the hashes would refuse it, so it isn't asked.
FROM ${BUILD_FROM} AS packages
WORKDIR /build
COPY requirements.lock ./
RUN PIP_EXTRA_INDEX_URL="" python3 -m pip install --no-cache-dir --disable-pip-version-check \
    --root-user-action=ignore --require-hashes --only-binary=:all: --no-deps --no-compile \
    --target=/opt/broute -r requirements.lock
COPY broute_addon /opt/broute/broute_addon
COPY --from=charts /build/node_modules/uplot/dist/uPlot.iife.min.js \
    /build/node_modules/uplot/dist/uPlot.min.css /build/node_modules/uplot/LICENSE \
    /opt/broute/broute_addon/web/static/vendor/
# What only a developer of these packages needs goes. Copying changes the times of files; byte code
# that goes by them would be compiled at every start.
RUN find /opt/broute -depth \( -name tests -o -name benchmarks -o -path /opt/broute/bin \
      -o -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.h" \) -exec rm -r {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/broute

FROM ${BUILD_FROM}
ARG BUILD_ARCH
ARG BUILD_VERSION
ENV PYTHONPATH=/opt/broute \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TMPDIR=/tmp \
    S6_VERBOSITY=1
COPY --from=packages /opt/broute /opt/broute
COPY rootfs /
RUN chmod 0755 /usr/bin/broute /usr/bin/broute-health \
    /etc/s6-overlay/s6-rc.d/broute/run /etc/s6-overlay/s6-rc.d/broute/finish
# While it starts, Docker asks every five seconds: the Supervisor calls the app started after the first
# good answer.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["/usr/bin/broute-health"]
LABEL io.hass.type="app" \
      io.hass.name="Smart Meter B Route" \
      io.hass.description="Power, current and energy from your smart meter, by Wi-SUN Route B" \
      io.hass.arch="${BUILD_ARCH}" \
      io.hass.version="${BUILD_VERSION}" \
      org.opencontainers.image.title="Smart Meter B Route" \
      org.opencontainers.image.description="Power, current and energy from your smart meter, by Wi-SUN Route B" \
      org.opencontainers.image.version="${BUILD_VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
