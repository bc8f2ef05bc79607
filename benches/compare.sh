#!/usr/bin/env bash
# Runs sipscan, and the other tools that are installed, on one capture and prints their times and memory as a Markdown table.
#
#   benches/compare.sh [CAPTURE [RUNS]]
#
# Without CAPTURE a mix of 72,000 calls is generated (900 a second: answered, 301, 607). SIPSCAN names the binary; the default is
# target/release/sipscan, which is built first. Nothing else should run on the machine: medians of RUNS (5) runs each.
# Needs bash, python3, and the times of processes from getrusage; every tool writes its output to /dev/null or a temporary file.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${2:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sipscan=${SIPSCAN:-target/release/sipscan}
[ -n "${SIPSCAN:-}" ] || cargo build --quiet --release
capture=${1:-}
if [ -z "$capture" ]; then
    capture=$work/mix.pcap
    cargo run --quiet --release --example make_load -- "$capture" 72000 900
fi

# measure NAME COMMAND…: a line with the medians of wall time, CPU time and peak memory.
measure() {
    local name=$1
    shift
    python3 - "$name" "$runs" "$@" <<'PY'
import os, resource, statistics, subprocess, sys, time
name, runs, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
walls, cpus, peak = [], [], 0
for _ in range(runs):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    walls.append(time.monotonic() - begin)
    cpus.append(usage.ru_utime + usage.ru_stime)
    peak = max(peak, usage.ru_maxrss)
note = "" if os.waitstatus_to_exitcode(status) in (0, 1) else f" (exit code {os.waitstatus_to_exitcode(status)})"
print(f"| {name}{note} | {statistics.median(walls):.3f} | {statistics.median(cpus):.3f} | {peak / 1024:.0f} |")
PY
}

# have TOOL: whether it is installed; says so on stderr if not.
have() {
    command -v "$1" >/dev/null || { echo "left out: $1 is not installed" >&2; return 1; }
}

echo "$(uname -sm), $(nproc) processors, $(date -u +%F); $("$sipscan" --version); $(stat -c %s "$capture") octets"
echo
echo "| what | wall, s | CPU, s | peak, MB |"
echo "| --- | ---: | ---: | ---: |"
cat "$capture" >/dev/null
measure "cat" cat "$capture"
measure "sipscan, text" "$sipscan" "$capture"
measure "sipscan --threads 1, text" "$sipscan" --threads 1 "$capture"
measure "sipscan, JSON" "$sipscan" -o "$work/report.json" "$capture"
measure "sipscan, NDJSON" "$sipscan" -o "$work/report.ndjson" "$capture"
measure "sipscan, CSV" "$sipscan" -o "$work/report.csv" "$capture"
rm -f "$work"/report.*
if have gzip; then
    gzip -c "$capture" >"$work/capture.pcap.gz"
    measure "gzip -dc" gzip -dc "$work/capture.pcap.gz"
    measure "sipscan, .gz" "$sipscan" "$work/capture.pcap.gz"
    rm "$work/capture.pcap.gz"
fi
if have zstd; then
    zstd -q -o "$work/capture.pcap.zst" "$capture"
    measure "zstd -dc" zstd -dc "$work/capture.pcap.zst"
    measure "sipscan, .zst" "$sipscan" "$work/capture.pcap.zst"
    rm "$work/capture.pcap.zst"
fi
have tshark && measure "tshark -q -z sip,stat, without SDP conversations" \
    tshark -r "$capture" -q -z sip,stat -o sdp.establish_conversation:FALSE
have sngrep && measure "sngrep -N -q -l 200000" sngrep -N -q -l 200000 -I "$capture"
have sipgrep && measure "sipgrep" sipgrep -I "$capture"
have sipnab && measure "sipnab" sipnab -N -q --report --no-cli-print -I "$capture"
have sip-doctor && measure "sip-doctor" sip-doctor "$capture"
if have valgrind; then
    valgrind --tool=none --log-file=/dev/null true
    editcap_count=40000
    if have editcap; then
        editcap -r "$capture" "$work/part.pcap" "1-$editcap_count"
        valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$work/instructions" \
            "$sipscan" --threads 1 "$work/part.pcap" >/dev/null
        refs=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/instructions")
        echo
        echo "Instructions a frame over the first $editcap_count: $((refs / editcap_count))."
    fi
fi
exit 0
