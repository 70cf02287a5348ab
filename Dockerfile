# Not run by this project's tests: build it once before you rely on it.
#   docker build -t relay . && docker run --rm relay --version
# How to run it: docs/self-hosting.md, "Container".
#
# The base images are named by their content, since a tag can be moved. To move to the newest of a tag:
#   docker buildx imagetools inspect rust:1.95-bookworm --format '{{.Manifest.Digest}}'
#   docker buildx imagetools inspect gcr.io/distroless/cc-debian12:nonroot --format '{{.Manifest.Digest}}'

FROM rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p relay-cli --features otlp \
    && install -D -m 0755 target/release/relay /out/usr/local/bin/relay \
    && install -d -m 0700 -o 65532 -g 65532 /out/var/lib/relay \
    && install -D -m 0644 deploy/container.toml /out/etc/relay/relay.toml

# glibc and root certificates; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
COPY --from=build /out/ /
# Variables override the file. Two are needed: RELAY_SERVER_PUBLIC_URL, the address that browsers use, and
# RELAY_MASTER_KEY_FILE, the master key as a mounted secret.
ENV RELAY_CONFIG=/etc/relay/relay.toml
USER 65532:65532
WORKDIR /var/lib/relay
VOLUME /var/lib/relay
EXPOSE 8080
# `docker stop` waits 10 s, so /etc/relay/relay.toml lets calls run for 8 s more, and then ends them with an error. Give them
# longer with both: docker run --stop-timeout 150 -e RELAY_SERVER_DRAIN_SECONDS=120
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/relay", "health", "--base-url", "http://127.0.0.1:8080"]
ENTRYPOINT ["/usr/local/bin/relay"]
CMD ["serve"]
