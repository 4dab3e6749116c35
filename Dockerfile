# The portal as an image that holds it and nothing else: no shell, no packages
# to keep patched. `make image` builds it; README.md says how to run it.

FROM docker.io/library/golang:1.26 AS build
WORKDIR /src

# Downloads are a layer of their own, which lasts until a dependency changes.
COPY go.mod go.sum ./
RUN go mod download

# What was compiled is kept beside the layers (BuildKit's cache, which podman and
# buildah have too).
COPY . .
ARG VERSION=devel
RUN --mount=type=cache,target=/root/.cache/go-build make build VERSION="$VERSION"
RUN mkdir /data

FROM scratch
# The authorities by which a PostgreSQL server elsewhere proves who it is.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# For SQLite and the sessions beside it: mount a volume here. It is the working
# directory, where SQLite puts temporary files too, so that the rest can be
# read-only.
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /src/bin/portal /portal
WORKDIR /data
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s CMD ["/portal", "healthcheck"]
ENTRYPOINT ["/portal"]
