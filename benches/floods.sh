#!/usr/bin/env bash
# Streams captures that are made to fill memory through a pipe into sipscan, nothing of them stored, and prints time and peak memory
# as a Markdown table.
#
#   benches/floods.sh [THOUSANDTHS]
#
# 1000 (the default) is the full size: 5 million calls (some 17 GB), 10 million registrations, 5 million requests each of the others;
# 100 a tenth of that. SIPSCAN and MAKE_LOAD name the binaries; the defaults are those of target/release, which are built first.
set -euo pipefail
cd "$(dirname "$0")/.."

scale=${1:-1000}
sipscan=${SIPSCAN:-target/release/sipscan}
make_load=${MAKE_LOAD:-target/release/examples/make_load}
[ -n "${SIPSCAN:-}" ] || cargo build --quiet --release
[ -n "${MAKE_LOAD:-}" ] || cargo build --quiet --release --example make_load

# stream NAME CALLS ARGUMENT…: a line with time and peak memory of sipscan on what make_load writes.
stream() {
    python3 - "$1" "$sipscan" "$make_load" $(($2 * scale / 1000)) "${@:3}" <<'PY'
import os, re, subprocess, sys, tempfile, time
name, sipscan, make_load, calls, arguments = *sys.argv[1:5], sys.argv[5:]
with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as report:
    begin = time.monotonic()
    source = subprocess.Popen([make_load, "-", f"calls={calls}", *arguments], stdout=subprocess.PIPE, stderr=said)
    process = subprocess.Popen([sipscan, "--summary", "-"], stdin=source.stdout, stdout=report)
    source.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    source.wait()
    said.seek(0)
    report.seek(0)
    messages = int(re.search(r"(\d+) SIP messages", said.read()).group(1))
    counted = re.search(r"([\d,]+) messages", report.read())
    read = int(counted.group(1).replace(",", "")) if counted else 0
    note = "" if read == messages else f" (told: {read:,})"
    code = os.waitstatus_to_exitcode(status)
    note += "" if code in (0, 1) else f" (exit code {code})"
    print(f"| {name} | {messages:,}{note} | {wall:.1f} | {usage.ru_utime + usage.ru_stime:.1f} | {usage.ru_maxrss / 1024:.0f} |", flush=True)
PY
}

echo "| what | SIP messages | wall, s | CPU, s | peak, MB |"
echo "| --- | ---: | ---: | ---: | ---: |"
stream "calls, a fiftieth" 100000 rate=900
stream "calls" 5000000 rate=900
stream "INVITEs that nobody answers" 5000000 rate=5000 flood=invites
stream "requests under one Call-ID" 5000000 rate=5000 flood=call-id
stream "registrations" 10000000 rate=5000 flood=registrations
stream "first fragments without the rest" 5000000 rate=20000 flood=fragments
