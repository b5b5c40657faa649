#!/usr/bin/env python3
"""Checks an exported history: verify-export.py FILE [ANCHORS]. Nothing but Python 3.8, and nothing of Shinsei's code.

What is hashed how stands in docs/decisions/0009-anchors.md. Exit code 0: sound. 1: something is wrong, and it is named.
With ANCHORS, lines that were kept where whoever holds the database cannot reach, a document that was made up whole is found too.
"""
import datetime
import hashlib
import json
import sys
import uuid

GENESIS = hashlib.sha256(b"eventstore/genesis/1").digest()
problems = []


def require(condition, what):
    if not condition:
        problems.append(what)
    return condition


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def i64(number):
    return number.to_bytes(8, "big", signed=True)


def text(words):
    encoded = words.encode()
    return i64(len(encoded)) + encoded


def once(pairs):
    """An object of JSON; the same name twice could say two things to two readers."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def content(stream, event):
    return sha(b"eventstore/content/1", text(stream["aggregate_type"]), text(stream["aggregate_id"]), i64(event["sequence"]),
               text(event["event_type"]), text(event["event_version"]), text(event["payload"]), text(event["metadata"]),
               uuid.UUID(event["command_id"]).bytes, i64(event["recorded_at_us"]))


def root_by_path(entry, leaf, size, path):
    """The Merkle root that follows from an entry and its path (RFC 9162, 2.1.3.2), or None."""
    last, root = size - 1, sha(b"\0", entry)
    for beside in map(bytes.fromhex, path):
        if last == 0:
            return None
        if leaf & 1 or leaf == last:
            root = sha(b"\1", beside, root)
            while leaf and not leaf & 1:
                leaf, last = leaf >> 1, last >> 1
        else:
            root = sha(b"\1", root, beside)
        leaf, last = leaf >> 1, last >> 1
    return root if last == 0 else None


def check_anchors(anchors, where, before):
    for anchor in anchors:
        numbers = [anchor[name] for name in ("first", "last", "count")]
        hashes = [bytes.fromhex(anchor[name]) for name in ("root", "ledger_hash", "previous")]
        computed = sha(b"eventstore/anchor/1", text(anchor["day"]), *map(i64, numbers), *hashes)
        require(anchor["hash"] == computed.hex(), f"anchor {anchor['day']} {where}: changed")
        require(numbers[2] == numbers[1] - numbers[0] + 1 >= 0, f"anchor {anchor['day']} {where}: numbers")
        if before:
            tomorrow = datetime.date.fromisoformat(before["day"]) + datetime.timedelta(1)
            follows = (anchor["previous"], anchor["first"], anchor["day"]) == (before["hash"], before["last"] + 1, str(tomorrow))
            require(follows or before == FIRST and hashes[2] == GENESIS and numbers[0] == 1, f"anchor {anchor['day']} {where}: does not follow")
        before = anchor


FIRST = {"day": "0001-01-01", "hash": GENESIS.hex(), "last": 0}


def check(proof, elsewhere):
    if not require((proof["format"], proof["version"]) == ("eventstore/stream-proof", 1), "not an export of this form"):
        return
    events, anchors, head = proof["events"], proof["anchors"], proof["head"]
    require(events and head["events"] == len(events), f"{len(events)} events, but {head['events']} are said to be there")
    check_anchors(anchors, "in the export", FIRST)
    known, before, covered_by = {0: GENESIS.hex()}, 0, {}
    for number, said in [(anchor["last"], anchor["ledger_hash"]) for anchor in anchors] + [(head["global_seq"], head["hash"])]:
        require(known.setdefault(number, said) == said and number <= head["global_seq"], f"ledger number {number}: two hashes, or beyond the end")
    for place, event in enumerate(events, 1):
        name, row, audit = f"event {event['sequence']}", event["ledger"], event["anchor"]
        number, computed = row["global_seq"], content(proof["stream"], event)
        require(event["sequence"] == place, f"{name}: stands where event {place} should")
        require(event["content_hash"] == computed.hex(), f"{name}: changed (content, actor, time, …)")
        chained = sha(bytes.fromhex(row["previous_hash"]), i64(number), bytes.fromhex(event["content_hash"]))
        require(row["hash"] == chained.hex(), f"{name}: the ledger hash does not follow")
        require(before < number <= head["global_seq"], f"{name}: ledger number out of order")
        for other, said in ((number - 1, row["previous_hash"]), (number, row["hash"])):
            require(known.setdefault(other, said) == said, f"{name}: ledger number {other} has two hashes")
        before = number
        anchor = next((one for one in anchors if one["first"] <= number <= one["last"]), None)
        if anchor is None:
            require(audit is None, f"{name}: no anchor covers it")
        elif require(audit and audit["day"] == anchor["day"], f"{name}: its path is missing"):
            root = root_by_path(bytes.fromhex(row["hash"]), number - anchor["first"], anchor["count"], audit["path"])
            if require(root == bytes.fromhex(anchor["root"]), f"{name}: not in the anchor of {anchor['day']}"):
                covered_by[place] = anchor["day"]
    print(f"{len(events)} events, {len(covered_by)} of them anchored")
    if elsewhere is None:
        return print("not compared with anchors from elsewhere: all of it could have been made up")
    check_anchors(elsewhere, "kept elsewhere", None)
    ours = {anchor["day"]: anchor for anchor in anchors}
    same = [one["day"] for one in elsewhere if ours.get(one["day"]) == one]
    for one in elsewhere:
        require(one["day"] in same or one["day"] > max(ours, default=""), f"anchor {one['day']}: differs from the one kept elsewhere")
    require(same, "no anchor could be compared")
    for place, event in enumerate(events, 1):
        vouched = covered_by.get(place, "9999-99-99") <= max(same, default="")
        require(vouched or event["ledger"]["global_seq"] > max((one["last"] for one in elsewhere), default=0), f"event {place}: not proved by the anchors kept elsewhere")
    print(f"{len(same)} anchors are the same elsewhere")


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            document = json.load(file, object_pairs_hook=once)
        lines = None
        if len(sys.argv) > 2:
            with open(sys.argv[2], encoding="utf-8") as file:
                lines = [json.loads(line, object_pairs_hook=once) for line in file.read().rstrip().split("\n") if line]
        check(document, lines)
    except (AttributeError, IndexError, KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        problems.append(f"unreadable: {type(error).__name__}: {error}")
    for problem in problems:
        print("WRONG", problem)
    sys.exit(1 if problems else 0)
