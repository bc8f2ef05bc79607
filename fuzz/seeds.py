#!/usr/bin/env python3
"""Puts what the samples hold into the corpora of the fuzz targets: the captures as they are, and each of their datagrams once, alone and
behind one another.

usage: fuzz/seeds.py   (from the root of the project; files that are there stay)
"""
import hashlib
import pathlib
import struct


def keep(target: str, octets: bytes) -> None:
    folder = pathlib.Path("fuzz/corpus") / target
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("sample-" + hashlib.sha256(octets).hexdigest()[:16])
    if not path.exists():
        path.write_bytes(octets)


for capture in sorted(pathlib.Path("samples").rglob("*.pcap")):
    octets = capture.read_bytes()
    keep("capture", octets)
    datagrams = []
    at = 24
    while at + 16 <= len(octets):
        (length,) = struct.unpack_from("<I", octets, at + 8)
        frame = octets[at + 16 : at + 16 + length]
        at += 16 + length
        # Ethernet, IPv4, UDP; samples with anything else stay captures.
        if frame[12:14] == b"\x08\x00" and frame[23:24] == b"\x11":
            datagrams.append(frame[14 + 4 * (frame[14] & 15) + 8 :])
            keep("message", datagrams[-1])
    keep("alike", b"\0\0".join(datagrams[:8]))
