#!/usr/bin/env bash
# Times sipscan on the same messages over UDP and over TCP, and prints a Markdown table; medians of five runs.
#
#   benches/streams.sh [CALLS]
#
# 340000 calls (the default) are captures of some 1 GB each, written to a temporary directory and removed again. SIPSCAN and MAKE_LOAD name
# the binaries; the defaults are those of target/release, which are built first.
set -euo pipefail
cd "$(dirname "$0")/.."

calls=${1:-340000}
sipscan=${SIPSCAN:-target/release/sipscan}
make_load=${MAKE_LOAD:-target/release/examples/make_load}
[ -n "${SIPSCAN:-}" ] || cargo build --quiet --release
[ -n "${MAKE_LOAD:-}" ] || cargo build --quiet --release --example make_load
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$make_load" "$directory/UDP.pcap" calls="$calls" 2>/dev/null
"$make_load" "$directory/TCP.pcap" calls="$calls" tcp=1 2>/dev/null

echo "| transport | capture, MB | threads | wall, s | CPU, s | peak, MB |"
echo "| --- | ---: | ---: | ---: | ---: | ---: |"
python3 - "$sipscan" "$directory" <<'PY'
import os, statistics, subprocess, sys, time
sipscan, directory = sys.argv[1:]
for threads in ("1", str(os.cpu_count())):
    for transport in ("UDP", "TCP"):
        path, wall, cpu, peak = f"{directory}/{transport}.pcap", [], [], 0
        for _ in range(5):
            begin = time.monotonic()
            process = subprocess.Popen([sipscan, "--no-config", "--threads", threads, path], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            wall.append(time.monotonic() - begin)
            cpu.append(usage.ru_utime + usage.ru_stime)
            peak = max(peak, usage.ru_maxrss)
        print(f"| {transport} | {os.path.getsize(path) / 1e6:.0f} | {threads} | {statistics.median(wall):.2f} | {statistics.median(cpu):.2f} | {peak / 1024:.0f} |", flush=True)
PY
