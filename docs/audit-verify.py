#!/usr/bin/env python3
"""Judges an exported Alongside audit log, from nothing but docs/audit-log.md and Python's standard library.

    alongside-api audit export > log.ndjson
    python3 audit-verify.py log.ndjson --key KID=BASE64 [--checkpoints DIR]...

Exit code 0: intact. 1: something is wrong, told line by line. 2: the input cannot be used.
It reads line by line: what it keeps in memory are the checkpoints.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import struct
import sys
import uuid

ABSENT = 0xFFFFFFFF
CHECKPOINT = "alongside-audit-checkpoint-1"
MOST_UNSIGNED = 1000

# --- the hash of an event -------------------------------------------------------------------------------------------


def value(data):
    return struct.pack(">I", ABSENT) if data is None else struct.pack(">I", len(data)) + data


def identifier(text):
    return value(None if text is None else uuid.UUID(text).bytes)


def text(string):
    return value(None if string is None else string.encode("utf-8"))


def number(integer):
    return value(struct.pack(">q", integer))


def seal(previous, seq, event):
    data = b"alongside audit event 1\n" + previous + struct.pack(">q", seq)
    data += identifier(event["id"]) + number(event["at"])
    data += identifier(event["programme_id"]) + identifier(event["person_id"])
    data += identifier(event["client_id"]) + identifier(event["session_id"])
    data += text(event["role"]) + text(event["operation"])
    data += identifier(event["participant_id"]) + identifier(event["resource_id"])
    data += number(event["status"]) + identifier(event["flag_id"])
    data += identifier(event["request_id"]) + text(event["detail"])
    subjects = sorted(uuid.UUID(subject).bytes for subject in event["subjects"])
    data += struct.pack(">I", len(subjects)) + b"".join(subjects)
    return hashlib.sha256(data).digest()


# --- Ed25519, RFC 8032 section 5.1, verification only ----------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(one, two):
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, base):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, base)
        base = add(base, base)
        scalar >>= 1
    return result


def equal(one, two):
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 and (one[1] * two[2] - two[1] * one[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = x_of(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return equal(times(s, BASE), add(r, times(h, a)))


# --- checkpoints ----------------------------------------------------------------------------------------------------


def message(line):
    return (
        f"{CHECKPOINT}\nseq={line['seq']}\nhead={line['head']}\nat={line['at']}\n"
        f"flags={line['flags']}\nkey={line['key']}\n"
    ).encode()


class Judge:
    def __init__(self, keys):
        self.keys = keys
        self.faults = 0
        self.events = 0
        self.last = 0
        self.wanted = {}

    def wrong(self, words):
        self.faults += 1
        if self.faults <= 20:
            print(f"WRONG: {words}.")

    def checkpoint(self, line, source):
        """Checks the signature; the hash is compared when the chain comes by."""
        if line.get("format") != CHECKPOINT:
            self.wrong(f"a checkpoint {source} is of another format")
            return None
        key = self.keys.get(line["key"])
        if key is None:
            self.wrong(f"the checkpoint at {line['seq']} {source} is signed by an unknown key, {line['key']}")
        elif not is_signed(key, message(line), base64.b64decode(line["signature"])):
            self.wrong(f"the checkpoint at {line['seq']} {source} does not bear a good signature")
        else:
            return line["seq"], bytes.fromhex(line["head"])
        return None

    def shipped(self, folder):
        for file in sorted(pathlib.Path(folder).glob("*.jsonl")):
            with file.open(encoding="utf-8") as lines:
                for line in lines:
                    try:
                        read = json.loads(line)
                    except ValueError:
                        # A power cut may leave half a line at the end.
                        if line.endswith("\n"):
                            self.wrong(f"a line of {file} is not a checkpoint")
                        continue
                    found = self.checkpoint(read, f"in {folder}")
                    if found:
                        self.wanted.setdefault(found[0], []).append((found[1], f"in {folder}"))

    def log(self, lines):
        """The checkpoints, then the events, then the end."""
        previous, signed, checkpoints, ended = bytes(32), 0, 0, False
        for line in lines:
            line = json.loads(line)
            if "checkpoint" in line:
                checkpoints += 1
                found = self.checkpoint(line["checkpoint"], "in the log")
                if found:
                    seq, head = found
                    if seq - signed > MOST_UNSIGNED:
                        self.wrong(f"there is no checkpoint between the events {signed + 1} and {seq}")
                    signed = max(signed, seq)
                    self.wanted.setdefault(seq, []).append((head, "in the log"))
            elif "event" in line:
                event = line["event"]
                seq, stored = event["seq"], bytes.fromhex(event["hash"])
                if seq != self.last + 1:
                    self.wrong(f"the events {self.last + 1} to {seq - 1} are gone")
                    previous = None
                if "id" not in event:
                    self.wrong(f"event {seq} was sealed and is gone")
                elif previous is not None and seal(previous, seq, event) != stored:
                    self.wrong(f"event {seq} ({event['id']}) is not what was sealed under this number")
                for head, source in self.wanted.pop(seq, []):
                    if head != stored:
                        self.wrong(f"the events up to {seq} are not those that a checkpoint {source} signed")
                self.events += 1
                self.last, previous = seq, stored
            elif "end" in line:
                ended = line["end"] == {"events": self.events, "checkpoints": checkpoints}
        if not ended:
            self.wrong("the export is not whole")
        if self.last - signed > MOST_UNSIGNED:
            self.wrong(f"there is no checkpoint after event {signed}")
        for seq in sorted(self.wanted):
            where = f"the log ends at event {self.last}" if seq > self.last else f"event {seq} is gone"
            self.wrong(f"{where}, but a checkpoint went up to event {seq}")


def main():
    parser = argparse.ArgumentParser(description="Judges an exported Alongside audit log.")
    parser.add_argument("log", help="what `alongside-api audit export` wrote; - is standard input")
    parser.add_argument("--key", action="append", required=True, metavar="KID=BASE64")
    parser.add_argument("--checkpoints", action="append", default=[], metavar="DIR")
    options = parser.parse_args()
    judge = Judge({kid: base64.b64decode(key) for kid, key in (key.split("=", 1) for key in options.key)})
    try:
        for folder in options.checkpoints:
            judge.shipped(folder)
        if options.log == "-":
            judge.log(sys.stdin)
        else:
            with open(options.log, encoding="utf-8") as lines:
                judge.log(lines)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"The input cannot be used: {error!r}", file=sys.stderr)
        return 2
    if judge.faults:
        print(f"Not intact: {judge.faults} found. Looked at {judge.events} events, up to the number {judge.last}.")
        return 1
    print(f"Intact: {judge.events} events, the newest has the number {judge.last}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
