#!/usr/bin/env bash
# Builds the release binary with what a first build of it saw when it ran (profile-guided optimisation): the compiler then knows which
# branches are taken and which calls matter. It takes two release builds.
#
#   benches/guided.sh [TARGET]
#
# TARGET is a target of cargo that can run here; the default is the one of the compiler. The last line is the path of the binary. It runs
# over generated captures (fixed seeds) and the samples, in all that people do with them, and never over what times are measured on.
# Flags in RUSTFLAGS are added. LLVM_PROFDATA names llvm-profdata; the default is that of the toolchain, which
# `rustup component add llvm-tools` installs. Needs bash and gzip.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
target=${1:-$host}
profdata=${LLVM_PROFDATA:-$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata}
command -v "$profdata" >/dev/null || { echo "llvm-profdata is missing: rustup component add llvm-tools" >&2; exit 2; }
flags=${RUSTFLAGS:-}
# Both builds in one directory and profile: functions are found again by names that depend on them.
folder=$PWD/target/guided
sipscan=$folder/$target/release/sipscan
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FLAGS: the target is named so that the flags do not reach build scripts and macros.
build() {
    RUSTFLAGS="$flags $1" cargo build --quiet --locked --release --bin sipscan --target "$target" --target-dir "$folder"
}

# load OUT NAME=NUMBER…: by a build of its own. An example would give the crates features that the binary has not, and other names.
load() {
    cargo run --quiet --locked --example make_load -- "$@" 2>/dev/null
}

# run ARGUMENT…: findings are no failure here.
run() {
    LLVM_PROFILE_FILE="$work/%p.profraw" "$sipscan" "$@" >/dev/null 2>&1 || [ $? -eq 1 ]
}

build "-Cprofile-generate=$folder/runs"
load "$work/calls.pcap" calls=8000 rate=200
load "$work/tcp.pcap" calls=2000 rate=200 tcp=1
load "$work/rtp.pcap" calls=200 rate=20 rtp=500
gzip -k "$work/calls.pcap"
run --threads 1 --no-config "$work/calls.pcap"
run --threads 2 --no-config "$work/calls.pcap.gz"
for capture in tcp rtp; do run --threads 1 --no-config "$work/$capture.pcap"; done
for format in text json ndjson csv html; do
    run --threads 1 --no-config --format "$format" "$work/tcp.pcap"
    run --threads 2 --no-config --format "$format" samples
done

"$profdata" merge -o "$folder/merged.profdata" "$work"/*.profraw
build "-Cprofile-use=$folder/merged.profdata"
echo "$sipscan"
