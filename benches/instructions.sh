#!/usr/bin/env bash
# Counts the instructions of a whole run on one thread, and of its stages, for each SIP message of a generated capture (fixed seed).
# Unlike times, the counts are the same on a busy machine.
#
#   benches/instructions.sh [CAPTURE]
#   benches/instructions.sh --check
#
# The stages are those of the profiling build, which is built first: in the release build they are not told apart. --check counts the
# release build, without its stages, and ends with exit code 1 where the sum is above the bound in benches/instructions.bound. Whoever
# makes the program faster lowers the bound. SIPSCAN and MAKE_LOAD name other binaries. Needs bash, python3 and valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
capture=${1:-}
profile=profiling bound=
if [ "$capture" = --check ]; then
    profile=release capture='' bound=$(cat benches/instructions.bound)
fi
sipscan=${SIPSCAN:-target/$profile/sipscan}
[ -n "${SIPSCAN:-}" ] || cargo build --quiet --profile "$profile"
if [ -z "$capture" ]; then
    capture=$work/load.pcap
    if [ -n "${MAKE_LOAD:-}" ]; then
        "$MAKE_LOAD" "$capture" calls=4000 rate=100
    else
        cargo run --quiet --profile "$profile" --example make_load -- "$capture" calls=4000 rate=100
    fi
fi
valgrind --tool=callgrind --callgrind-out-file="$work/calls" --log-file="$work/log" \
    "$sipscan" --threads 1 --no-config "$capture" >"$work/report" || [ $? -eq 1 ]

python3 - "$work/calls" "$work/report" "$bound" <<'PY'
import collections, re, sys

calls, report, bound = sys.argv[1:]
messages = next(
    int(found.group(1).replace(",", ""))
    for line in open(report, encoding="utf-8")
    if (found := re.match(r"SIP\s+([\d,]+) messages?", line))
)
# What a function costs with all that it calls, summed over its callers; recursion counts once.
names, cost, total = {}, collections.Counter(), 0
caller = callee = None
is_call = False


def named(text):
    number, _, name = text.partition(" ")
    if name:
        names[number] = name
    return names.get(number, number)


for line in open(calls, encoding="utf-8", errors="replace"):
    line = line.rstrip("\n")
    if line.startswith("fn="):
        caller = named(line[3:])
    elif line.startswith("cfn="):
        callee = named(line[4:])
    elif line.startswith("calls="):
        is_call = True
    elif line.startswith("summary:"):
        total = int(line.split()[1])
    elif line.startswith("totals:"):
        total = int(line.split()[1])
    elif line[:1].isdigit() or line[:1] in "+-*":
        if is_call and callee != caller:
            cost[callee] += int(line.split()[1])
        is_call = False


def of(*parts):
    return sum(count for name, count in cost.items() if any(re.search(part, name) for part in parts)) / messages


stages = [
    ("frames out of the file", of(r"reader::Capture as .*Frames>::next_frame$")),
    ("decoding", of(r"net::peel::peel$")),
    ("messages: start line, header fields, storage", of(r"framing::Reader::each_message$")),
    ("tracking, legs", of(r"Tracker::take$", r"Front::advance$")),
    ("transactions, outcome", of(r"EndedGroup::into_call$")),
    ("diagnosis", of(r"Engine::diagnose$")),
    ("counting and report", of(r"Summary::call$", r"report::Sink::take_call$")),
]
whole = total / messages
stages.append(("the rest: steps between the stages, start, end", whole - sum(count for _, count in stages)))
if bound:
    print(f"{whole:,.0f} instructions a message over {messages} SIP messages; the bound is {float(bound):,.0f}")
    sys.exit(whole > float(bound))
print(f"{messages} SIP messages\n\n| stage | instructions a message |\n| --- | ---: |")
for name, count in stages:
    print(f"| {name} | {count:,.0f} |")
print(f"| the whole run | {whole:,.0f} |")
PY
