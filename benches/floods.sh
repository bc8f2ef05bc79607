#!/usr/bin/env bash
# Streams captures that are made to fill memory through a pipe into sipscan, nothing of them stored, and prints time and peak memory
# as a Markdown table. Fails where the peak is above the bound that docs/memory.md states.
#
#   benches/floods.sh [THOUSANDTHS]
#
# 1000 (the default) is the full size: 5 million calls (some 17 GB), 10 million registrations, 5 million requests each of the others;
# 100 a tenth of that. Of calls whose names are made to fill memory 100,000 (6 GB), over TCP 3,000 (3 GB). SIPSCAN and MAKE_LOAD name the binaries; the defaults are those of target/release, which are built first.
set -euo pipefail
cd "$(dirname "$0")/.."

scale=${1:-1000}
sipscan=${SIPSCAN:-target/release/sipscan}
make_load=${MAKE_LOAD:-target/release/examples/make_load}
[ -n "${SIPSCAN:-}" ] || cargo build --quiet --release
[ -n "${MAKE_LOAD:-}" ] || cargo build --quiet --release --example make_load

above=0
# stream NAME CALLS MOST ARGUMENT…: a line with time and peak memory of sipscan, at most so many MB, on what make_load writes.
stream() {
    python3 - "$1" "$sipscan" "$make_load" $(($2 * scale / 1000)) "${@:3}" <<'PY' || above=1
import os, re, subprocess, sys, tempfile, time
name, sipscan, make_load, calls, most, arguments = *sys.argv[1:6], sys.argv[6:]
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
    peak = usage.ru_maxrss / 1024
    note += "" if peak <= int(most) else f" (above {most} MB)"
    print(f"| {name} | {messages:,}{note} | {wall:.1f} | {usage.ru_utime + usage.ru_stime:.1f} | {peak:.0f} |", flush=True)
    sys.exit(peak > int(most) or code not in (0, 1))
PY
}

# MB of any input, and of calls whose messages are long, where few are open at one time.
most=700
long=220
echo "| what | SIP messages | wall, s | CPU, s | peak, MB |"
echo "| --- | ---: | ---: | ---: | ---: |"
stream "calls, a fiftieth" 100000 $most rate=900
stream "calls" 5000000 $most rate=900
stream "INVITEs that nobody answers" 5000000 $most rate=5000 flood=invites
stream "requests under one Call-ID" 5000000 $most rate=5000 flood=call-id
stream "registrations" 10000000 $most rate=5000 flood=registrations
stream "first fragments without the rest" 5000000 $most rate=20000 flood=fragments
stream "calls with names of 20 kB" 100000 $long rate=50 flood=long-names
stream "the same over TCP, of 300 kB" 3000 $long rate=5 flood=long-names tcp=1
stream "301s to addresses of 20 kB" 100000 $long rate=50 flood=long-redirects
exit $above
