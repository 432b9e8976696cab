# syntax=docker/dockerfile:1
# The server on its own: no shell, no user but a numbered one.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# The dependencies by themselves, with a program that does nothing: this layer is built again only when they change.
# The AWS SDKs take minutes and several GB of memory.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests benches/state benches/evaluate benches/receiver benches/soak benches/load \
    && touch src/lib.rs tests/main.rs \
    && for program in src benches/*; do echo 'fn main() {}' > $program/main.rs; done \
    && cargo build --release --locked --bin driftguard \
    && rm -r src
COPY app-manifest.yml ./
COPY migrations migrations
COPY templates templates
COPY src src
# Whatever is newer than the program that does nothing is built.
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin driftguard \
    && mkdir /data

# With Terraform providers, which it confines as users of their own: `docker build --target providers .`, docs/providers.md.
FROM debian:12-slim AS providers
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/target/release/driftguard /usr/local/bin/driftguard
COPY --from=build --chmod=700 /data /data
ENV DRIFTGUARD_LISTEN=0.0.0.0:8080 \
    DRIFTGUARD_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/driftguard"]
CMD ["serve"]

# glibc, certificates of the public authorities, time zones.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /build/target/release/driftguard /usr/local/bin/driftguard
COPY --from=build --chown=65532:65532 --chmod=700 /data /data
ENV DRIFTGUARD_LISTEN=0.0.0.0:8080 \
    DRIFTGUARD_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
# `GET /healthz` and `/readyz` are for the orchestrator: nothing in here could ask them.
ENTRYPOINT ["/usr/local/bin/driftguard"]
CMD ["serve"]
