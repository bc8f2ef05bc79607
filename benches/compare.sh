#!/usr/bin/env bash
# Runs sipscan, and the other tools that are installed, on one capture and prints their times and memory as a Markdown table, and how
# they compare. Captures of RTP and a folder of small captures are generated beside it.
#
#   benches/compare.sh [CAPTURE [RUNS]]
#
# Without CAPTURE a mix of 72,000 calls is generated (900 a second: answered, 301, 607). SIPSCAN names the binary; the default is
# target/release/sipscan, which is built first. GUIDED names one that benches/guided.sh built, for rows of its own. Nothing else should run on the machine: medians of RUNS (5) runs each, in turn.
# Needs bash, python3, and the times of processes from getrusage; JSON, NDJSON and CSV go into a new file each time, all other output to /dev/null.
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
    cargo run --quiet --release --example make_load -- "$capture" calls=72000 rate=900
fi
make_load=${MAKE_LOAD:-target/release/examples/make_load}
[ -x "$make_load" ] || cargo build --quiet --release --example make_load
results=$work/results.tsv

# measure NAME [>FILE] COMMAND…: notes a command that is to be measured, and the file it writes to.
measure() {
    python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@" >>"$work/commands"
}

# run_all: runs all commands that were noted, in turn, so that all meet the machine in the same states, and so again for each of the runs;
# prints a line for each, with the medians of wall time and CPU time, and the highest peak of memory. What takes longer than half a minute
# runs once.
run_all() {
    python3 - "$results" "$runs" "$work/commands" <<'PY'
import json, os, statistics, subprocess, sys, time
results, runs, commands = sys.argv[1], int(sys.argv[2]), [json.loads(line) for line in open(sys.argv[3])]
found = {name: [] for name, *_ in commands}
notes = dict.fromkeys(found, "")
for _ in range(runs):
    for name, *command in commands:
        if found[name] and found[name][0][0] > 30:
            continue
        path = os.devnull
        if command[0].startswith(">"):
            path, command = command[0][1:], command[1:]
            if os.path.exists(path):
                os.remove(path)
        output = open(path, "wb")
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        found[name].append((time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
        output.close()
        code = os.waitstatus_to_exitcode(status)
        notes[name] = "" if code in (0, 1) else f" (exit code {code})"
with open(results, "a") as file:
    for name, measured in found.items():
        walls, cpus, peaks = zip(*measured)
        wall, cpu, peak = statistics.median(walls), statistics.median(cpus), max(peaks)
        print(name, wall, cpu, peak, sep="\t", file=file)
        note = notes[name] + (" (one run)" if len(walls) == 1 < runs else "")
        print(f"| {name}{note} | {wall:.3f} | {cpu:.3f} | {peak:.0f} |", flush=True)
PY
}

# ratio WHAT COLUMN NUMERATOR DENOMINATOR GOAL: a line with the ratio of two measured numbers (wall, cpu or peak), if both are there.
ratio() {
    python3 - "$results" "$@" <<'PY'
import sys
results, what, column, numerator, denominator, goal = sys.argv[1:]
rows = {row[0]: row[1:] for row in (line.rstrip("\n").split("\t") for line in open(results))}
if numerator in rows and denominator in rows:
    at = ["wall", "cpu", "peak"].index(column)
    print(f"| {what} | {float(rows[numerator][at]) / max(float(rows[denominator][at]), 0.001):.2f} | {goal} |")
PY
}

# have TOOL: whether it is installed; says so on stderr if not.
have() {
    command -v "$1" >/dev/null || { echo "left out: $1 is not installed" >&2; return 1; }
}

# version TOOL OPTION: the first number with a dot that the tool says of itself.
version() {
    if command -v "$1" >/dev/null; then
        echo -n "; $1 $({ "$1" "$2" 2>&1 || true; } | grep -oE '[0-9]+\.[0-9][0-9.a-z]*' | head -n 1)"
    fi
}

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "$(uname -sm), $(nproc) processors ($cpu), $(date -u +%F); $("$sipscan" --version)$(version tshark --version)$(version sngrep -V)\
$(version sipgrep -V)$(version sipnab --version)$(version sip-doctor --version); $(stat -c %s "$capture") octets; $runs runs each"
echo
echo "| what | wall, s | CPU, s | peak, MB |"
echo "| --- | ---: | ---: | ---: |"
cat "$capture" >/dev/null
measure "cat" cat "$capture"
measure "sipscan, text" "$sipscan" "$capture"
measure "sipscan --threads 1, text" "$sipscan" --threads 1 "$capture"
if [ -n "${GUIDED:-}" ]; then
    measure "sipscan, guided build, text" "$GUIDED" "$capture"
    measure "sipscan --threads 1, guided build, text" "$GUIDED" --threads 1 "$capture"
fi
measure "sipscan, JSON" ">$work/report" "$sipscan" --format json "$capture"
measure "sipscan, NDJSON" ">$work/report" "$sipscan" --format ndjson "$capture"
measure "sipscan, CSV" ">$work/report" "$sipscan" --format csv "$capture"
if have gzip; then
    gzip -c "$capture" >"$work/capture.pcap.gz"
    measure "gzip -dc" gzip -dc "$work/capture.pcap.gz"
    measure "sipscan, .gz" "$sipscan" "$work/capture.pcap.gz"
fi
if have zstd; then
    zstd -q -o "$work/capture.pcap.zst" "$capture"
    measure "zstd -dc" zstd -dc "$work/capture.pcap.zst"
    measure "sipscan, .zst" "$sipscan" "$work/capture.pcap.zst"
fi
have tshark && measure "tshark -q -z sip,stat, without SDP conversations" \
    tshark -r "$capture" -q -z sip,stat -o sdp.establish_conversation:FALSE
have sngrep && measure "sngrep -N -q -l 200000" sngrep -N -q -l 200000 -I "$capture"
have sipgrep && measure "sipgrep" sipgrep -I "$capture"
have sipnab && measure "sipnab" sipnab -N -q --report --no-cli-print -I "$capture"
have sip-doctor && measure "sip-doctor" sip-doctor "$capture"
"$make_load" "$work/rtp.pcap" calls=7200 rate=100 rtp=690 2>/dev/null
measure "cat, RTP" cat "$work/rtp.pcap"
measure "sipscan, RTP" "$sipscan" "$work/rtp.pcap"
measure "sipscan --threads 1, RTP" "$sipscan" --threads 1 "$work/rtp.pcap"
# Streamed, so that nothing of it is stored; the generator runs beside it, so that the times are not those of sipscan.
for calls in 72000 720000; do
    measure "sipscan, $calls generated calls" bash -c '"$1" - calls="$2" rate=900 2>/dev/null | "$3" -' _ "$make_load" "$calls" "$sipscan"
done
mkdir "$work/folder"
for number in $(seq 1000); do
    "$make_load" "$work/folder/$number.pcap" calls=30 rate=10 seed="$number" 2>/dev/null
done
measure "sipscan, 1,000 files" "$sipscan" "$work/folder"
measure "sipscan --threads 1, 1,000 files" "$sipscan" --threads 1 "$work/folder"
run_all

echo
echo "| ratio | measured | goal |"
echo "| --- | ---: | ---: |"
tshark="tshark -q -z sip,stat, without SDP conversations"
for build in "" ", guided build"; do
    ratio "wall, tshark / sipscan$build" wall "$tshark" "sipscan$build, text" "≥ 20"
    ratio "wall, sngrep / sipscan$build" wall "sngrep -N -q -l 200000" "sipscan$build, text" "≥ 35"
    ratio "wall, sipgrep / sipscan$build" wall "sipgrep" "sipscan$build, text" "≥ 18"
    ratio "wall, sip-doctor / sipscan$build" wall "sip-doctor" "sipscan$build, text" "≥ 300"
    ratio "wall, sipscan$build / cat" wall "sipscan$build, text" "cat" "≤ 5"
    ratio "CPU, sipscan$build / sipnab" cpu "sipscan$build, text" "sipnab" "≤ 0.2"
    ratio "wall, one thread / all$build" wall "sipscan --threads 1$build, text" "sipscan$build, text" "≥ 1.7"
done
ratio "wall, JSON / text" wall "sipscan, JSON" "sipscan, text" "≤ 1.6"
ratio "wall, NDJSON / text" wall "sipscan, NDJSON" "sipscan, text" "≤ 1.6"
ratio "wall, CSV / text" wall "sipscan, CSV" "sipscan, text" "≤ 1.6"
ratio "peak, ten times as many calls" peak "sipscan, 720000 generated calls" "sipscan, 72000 generated calls" "≤ 1.1"
ratio "wall, one thread / all, 1,000 files" wall "sipscan --threads 1, 1,000 files" "sipscan, 1,000 files" "≥ 1.7"
ratio "wall, sipscan / cat, RTP" wall "sipscan, RTP" "cat, RTP" "≤ 3"
ratio "wall, .gz / gzip -dc" wall "sipscan, .gz" "gzip -dc" "≤ 1.2"
ratio "wall, .zst / zstd -dc" wall "sipscan, .zst" "zstd -dc" "≤ 1.2"
exit 0
