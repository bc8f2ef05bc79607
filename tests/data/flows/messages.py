"""Prints the messages of logs of sipp, baresip and client.js, each once, in the order of their octets, behind a line with their number."""
import re
import sys

found = set()
for path in sys.argv[1:]:
    log = open(path, "rb").read()
    for head in re.finditer(rb"message (?:sent|received)[^\n]*?(\d+)[^\n]*\n\n", log):
        found.add(log[head.end():head.end() + int(head.group(1))])
    # baresip gives no length, but colours.
    for message in re.finditer(rb"\n(?:TCP|TLS|UDP) \S+ -> \S+\n(.*?\n)\n?\x1b\[;m", log, re.S):
        found.add(message.group(1))
for message in sorted(found):
    sys.stdout.buffer.write(b"%d\n%s\n" % (len(message), message))
