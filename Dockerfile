FROM rust:1.95-bookworm AS builder
# The image's own toolchain is the pinned one; rustup would fetch clippy and rustfmt for rust-toolchain.toml, which a release has no use for.
ENV RUSTUP_TOOLCHAIN=1.95.0
# The list of every crate goes into the binary itself, so that `cargo audit bin` tells what an image has long after it was built.
RUN cargo install --locked cargo-auditable --version 0.7.1
WORKDIR /src
COPY . .
RUN cargo auditable build --release --locked --features relay --bin nightferry

# Same Debian as the builder, so the same libc. No shell and no package manager to be used against what is carried.
FROM gcr.io/distroless/cc-debian12:nonroot
# The roots of the builder's Debian: object stores and PostgreSQL are reached by TLS with the system's list.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder /src/target/release/nightferry /usr/local/bin/nightferry
# The one place that is written to: scratch. Declared, a task's own disk mounted there keeps the folder's leave for everybody.
VOLUME ["/tmp"]
# glibc gives each thread a heap of its own, up to eight for every core, and what was given back to one is no room for the others: with
# two a treated relay takes a quarter less memory in the same time.
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["/usr/local/bin/nightferry"]
