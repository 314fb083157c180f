#!/usr/bin/env python3
"""Checks a Yuzhou bundle. A second verifier, written from format.md alone.

    verify.py BUNDLE --policy POLICY [--json]

It uses Python's standard library and the openssl command, no network, and no code of
Yuzhou. It ends with status 0 only when everything holds; otherwise it says in one
sentence which link broke, and ends with 1. Numbers in brackets are sections of format.md.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

SKEW = datetime.timedelta(minutes=5)  # [policy and tolerances]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Broken(Exception):
    """A link that broke: the sentence for the reader."""


def need(condition, sentence):
    if not condition:
        raise Broken(sentence)


# ---- small encodings -----------------------------------------------------------------


def number(text, what):
    """A decimal number from 0 on, without leading zeros or sign."""
    need(re.fullmatch(r"0|[1-9][0-9]{0,17}", text), f"{what} {text[:40]!r} is not a decimal number")
    return int(text)


def b64(text, what):
    """Base64 of RFC 4648 §4 in its one form."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Broken(f"{what} is not base64") from None
    need(base64.b64encode(raw).decode() == text, f"{what} is not base64 in its one form")
    return raw


def base58(text, what):
    """Multibase text in base58btc: z and the digits."""
    need(text[:1] == "z" and len(text) < 200, f"{what} is not multibase in base58btc")
    value = 0
    for c in text[1:]:
        need(c in ALPHABET, f"{what} holds {c!r}, which base58btc does not have")
        value = value * 58 + ALPHABET.index(c)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\0" * zeros + value.to_bytes((value.bit_length() + 7) // 8, "big")


def instant(text, what, decimals=r"(?:\.(\d{0,5}[1-9]))?"):
    """RFC 3339 in UTC: six decimals in issued, elsewhere none that can be left out."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)" + decimals + "Z", text, re.ASCII)
    need(match, f"{what} {text[:40]!r} is not an instant in UTC in its one form")
    try:
        return datetime.datetime.strptime(match[1] + "." + (match[2] or "0") + "+0000", "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        raise Broken(f"{what} {text[:40]!r} is not an instant") from None


def canonical(value):
    """RFC 8785 of what statements hold: objects, lists, text, whole numbers, booleans."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(text(k) + ":" + canonical(value[k]) for k in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        need(abs(value) < 2**53, f"the number {value} is beyond 2^53")
        return str(value)
    need(isinstance(value, str), f"{value!r} is neither text, whole number, list nor object")
    return text(value)


def text(s):
    need(not any(0xD800 <= ord(c) < 0xE000 for c in s), "half of a surrogate pair stands in the statement")
    return json.dumps(s, ensure_ascii=False)


def document(body):
    """[1] Canonical JSON; the bytes are what was signed and logged."""

    def once(pairs):
        need(len({k for k, _ in pairs}) == len(pairs), "a name stands twice in one object")
        return dict(pairs)

    try:
        doc = json.loads(body.decode("utf-8"), object_pairs_hook=once, parse_float=str_refused, parse_constant=str_refused)
    except (ValueError, RecursionError):
        raise Broken("a statement is not JSON in UTF-8") from None
    need(isinstance(doc, dict) and canonical(doc).encode() == body, "a statement is not canonical JSON (RFC 8785)")
    return doc


def str_refused(s):
    raise Broken(f"the number {s[:40]} is not a whole number")


# ---- the file [the file] -------------------------------------------------------------


class Part:
    """A statement with what proves that it was logged and when."""

    def __init__(self, kind, body):
        self.kind, self.body = kind, body
        self.formula, self.log, self.stamps = None, None, []


def parts(data):
    head = b"yuzhou-bundle/v1\n"
    need(data.startswith(head), "the file does not begin with the line yuzhou-bundle/v1: it is no bundle")
    rest, out = data[len(head):], []
    while rest:
        line, sep, rest = rest.partition(b"\n")
        words = line.decode("latin-1").split(" ")
        need(sep and len(words) == 2, "a part does not begin with its kind and length")
        kind, size = words[0], number(words[1], "the length of a part")
        body, end, rest = rest[:size], rest[size:size + 1], rest[size + 1:]
        need(len(body) == size and end == b"\n", f"the part {kind} is cut off or longer than it says")
        place(out, kind, body)
    need(out, "the bundle has no statement")
    return out


def place(out, kind, body):
    order = {"statement": 0, "key": 1, "input": 2}
    if kind in order:
        need((kind == "statement") == (not out), "the statement is not the first part, or stands twice")
        need(not out or order[kind] >= order[out[-1].kind], "a key stands after inputs")
        out.append(Part(kind, body))
        return
    need(out, "the first part is not the statement")
    last = out[-1]
    if kind == "formula":
        need(last.formula is None and last.log is None, "a formula stands where it cannot")
        last.formula = body
    elif kind == "log":
        need(last.log is None, "a statement has two log proofs")
        last.log = body
    elif kind == "time":
        need(last.log is not None, "a time stamp stands before its log proof")
        last.stamps.append(b64(body.decode("latin-1"), "a time stamp"))
    else:
        raise Broken(f"a part of the kind {kind[:40]!r} is not known")


# ---- the policy [the policy] ---------------------------------------------------------


class Policy:
    def __init__(self, data):
        self.log, self.witnesses, self.groups, self.quorum = None, {}, {}, None
        self.roots, self.pins = {}, []
        need(not re.search(rb"[\0-\x08\x0b-\x1f\x7f]", data), "the policy has a control character")
        for line in data.decode("utf-8").split("\n"):
            words = re.findall(r"[^ \t]+", line)
            if not words or words[0].startswith("#"):
                continue
            take = getattr(self, "take_" + words[0], None)
            need(take, f"the policy has a line {words[0][:40]!r} that is not known")
            try:
                take(*words[1:])
            except TypeError:
                raise Broken(f"the policy's line {words[0]} has too many or too few words") from None
        need(self.log and self.roots and self.quorum, "the policy has to name a log, a root and a quorum")

    def take_log(self, vkey, _url=""):
        need(self.log is None, "the policy names two logs")
        self.log = note_key(vkey, 1)

    def take_witness(self, name, vkey, _url=""):
        key = note_key(vkey, 4)
        need(name != "none", "no witness can be called none")
        need(name not in self.witnesses and name not in self.groups, f"the policy names {name} twice")
        need(all(k[2] != key[2] for k in self.witnesses.values()), f"the key of witness {name} is another's")
        self.witnesses[name] = key

    def take_group(self, name, threshold, *members):
        need(name not in self.witnesses and name not in self.groups, f"the policy names {name} twice")
        need(name != "none", "no group can be called none")
        known = set(self.witnesses) | set(self.groups)
        taken = {m for _, g in self.groups.values() for m in g}
        need(members and len(set(members)) == len(members) and set(members) <= known - taken, f"group {name} has a member that is not named before, or is in another group")
        k = {"any": 1, "all": len(members)}.get(threshold) or number(threshold, "the threshold")
        need(1 <= k <= len(members), f"group {name} asks for more than it has")
        self.groups[name] = (k, members)

    def take_quorum(self, name):
        need(self.quorum is None, "the policy says its quorum twice")
        need(name == "none" or name in self.witnesses or name in self.groups, f"the quorum {name} is not named before")
        self.quorum = name

    def take_root(self, name, key):
        need(name not in self.roots, f"the policy names root {name} twice")
        self.roots[name] = multikey(key)

    def take_tsa(self, certificate):
        der = b64(certificate, "the certificate of a time stamping authority")
        need(openssl("x509", "-inform", "DER", "-noout", "-in", "c", c=der), "a tsa of the policy is not a DER certificate")
        self.pins.append(der)

    def met(self, name, signed):
        if name == "none" or name in signed:
            return True
        k, members = self.groups.get(name, (1, ()))
        return sum(self.met(m, signed) for m in members) >= k


def note_key(vkey, algorithm):
    """C2SP signed-note: NAME+HASH+BASE64; the first byte of the key is its algorithm."""
    name, _, rest = vkey.partition("+")
    digits, _, encoded = rest.partition("+")
    raw = b64(encoded, "a key of the policy")
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    need(name and len(raw) == 33 and raw[0] == algorithm and key_id.hex() == digits, f"{vkey[:60]!r} is not a key of its kind")
    return name, key_id, raw[1:]


# ---- signatures ----------------------------------------------------------------------

ED25519 = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo, RFC 8410
SM2 = bytes.fromhex("3039301306072a8648ce3d020106082a811ccf5501822d032200")  # compressed point


def multikey(encoded):
    """Controlled Identifiers §2.2.2: the suite and the SubjectPublicKeyInfo."""
    raw = base58(encoded, "a key")
    if raw[:2] == b"\xed\x01" and len(raw) == 34:
        return "eddsa-jcs-2022", ED25519 + raw[2:]
    if raw[:2] == b"\x86\x24" and len(raw) == 35:
        return "sm2-sm3-jcs", SM2 + raw[2:]
    raise Broken(f"{encoded[:60]!r} is neither an Ed25519 nor an SM2 key")


def output(*args, **files):
    """Runs openssl; names of files in args stand for their contents. None when it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        for name, body in files.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(body)
        done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, check=False)
        return done.stdout.decode("latin-1") if done.returncode == 0 else None


def openssl(*args, **files):
    return output(*args, **files) is not None


def pem(kind, der):
    lines = base64.encodebytes(der).decode().replace("\n", "")
    wrapped = "\n".join(lines[i:i + 64] for i in range(0, len(lines), 64))
    return f"-----BEGIN {kind}-----\n{wrapped}\n-----END {kind}-----\n".encode()


def integer(raw):
    """DER INTEGER of a number without sign."""
    raw = raw.lstrip(b"\0") or b"\0"
    raw = b"\0" + raw if raw[0] & 0x80 else raw
    return b"\x02" + bytes([len(raw)]) + raw


def holds(suite, spki, message, signature):
    files = {"k": pem("PUBLIC KEY", spki), "m": message}
    if suite == "eddsa-jcs-2022":
        return openssl("pkeyutl", "-verify", "-pubin", "-inkey", "k", "-rawin", "-in", "m", "-sigfile", "s", s=signature, **files)
    body = integer(signature[:32]) + integer(signature[32:])
    der = b"\x30" + bytes([len(body)]) + body
    return openssl("pkeyutl", "-verify", "-pubin", "-inkey", "k", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678",
                   "-in", "m", "-sigfile", "s", s=der, **files)


def digest(suite, data):
    if suite == "eddsa-jcs-2022":
        return hashlib.sha256(data).digest()
    said = output("dgst", "-sm3", "-r", "m", m=data)  # not every Python has SM3
    need(said, "this openssl has no SM3")
    return bytes.fromhex(said.split()[0])


# ---- one verification ----------------------------------------------------------------


class Verifier:
    def __init__(self, policy):
        self.policy, self.keys, self.inputs = policy, {}, {}
        self.note = self.checkpoint = None
        self.witnesses, self.stamps = [], 0

    def run(self, data):
        all_parts = parts(data)
        for p in all_parts:
            if p.kind == "key":
                self.take_key(p)
        main = self.entry(all_parts[0])
        for p in all_parts:
            if p.kind == "input":
                doc = self.entry(p)
                name = "sha256:" + hashlib.sha256(unsecured(doc)).hexdigest()
                need(name not in self.inputs, "an input stands twice")
                self.inputs[name] = [doc, False]
        self.rests_on(main, True)
        for doc, used in self.inputs.values():
            need(used, f"{full(doc)} stands among the inputs, and nothing rests on it")
        for name, key in self.keys.items():
            need(key[4], f"the key {name} stands in the bundle and has signed nothing of it")
        return main

    def entry(self, p):
        doc = document(p.body)
        for field in ("kind", "name", "issuer", "issued", "method"):
            need(isinstance(doc.get(field), str), f"a statement has no {field}")
        need(whole(doc.get("vintage")) and isinstance(doc.get("formula", {}), dict), f"{full(doc)}: its vintage or formula is none")
        inputs = doc.get("inputs", [])
        need(isinstance(inputs, list) and all(isinstance(x, dict) for x in inputs), f"{full(doc)}: its inputs are no list of objects")
        for x in inputs:
            need(isinstance(x.get("name"), str) and isinstance(x.get("digest"), str) and whole(x.get("vintage")), f"{full(doc)}: an input lacks name, vintage or digest")
        issued = instant(doc["issued"], "issued", r"\.(\d{6})")
        self.signatures(doc, issued)
        if p.formula is not None:  # [8]
            named = doc.get("formula", {}).get("digest")
            need(named == "sha256:" + hashlib.sha256(p.formula).hexdigest(), f"{full(doc)}: the formula that is here is not the one it names")
        self.logged(p, doc, issued)
        return doc

    def signatures(self, doc, issued):
        """[2] and [3]: every proof, by a key that was in force."""
        proofs = doc.get("proof")
        proofs = proofs if isinstance(proofs, list) else [proofs]
        need(proofs and all(isinstance(x, dict) for x in proofs), f"{full(doc)} is not signed")
        need(isinstance(doc["proof"], dict) or len(proofs) > 1, f"{full(doc)}: its proofs are a list of one")
        methods = [str(x.get("verificationMethod")) for x in proofs]
        need(len(set(methods)) == len(methods), f"{full(doc)} has two proofs of one key")
        for proof in proofs:
            unknown = set(proof) - {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}
            need(not unknown, f"{full(doc)}: its proof has a member that is not known")  # expires, domain: would have to be held
            suite, method = proof.get("cryptosuite"), proof.get("verificationMethod")
            need(isinstance(method, str) and method.partition("#")[0] == doc["issuer"], f"{full(doc)} is signed by a key of another")
            need(instant(str(proof.get("created")), "created") >= issued, f"{full(doc)}: its proof was made before it was issued")
            need(proof.get("type") == "DataIntegrityProof" and proof.get("proofPurpose") == "assertionMethod", f"{full(doc)} has a proof of another kind")
            known, spki = self.key_of(doc, method, issued)
            need(suite == known, f"{full(doc)}: the key {method} is not one of {suite}")
            signature = base58(str(proof.get("proofValue")), "proofValue")
            options = canonical({k: v for k, v in proof.items() if k != "proofValue"}).encode()
            message = digest(suite, options) + digest(suite, unsecured(doc))
            need(len(signature) == 64 and holds(suite, spki, message, signature), f"{full(doc)}: the signature of {method} does not hold")

    def key_of(self, doc, method, issued):
        if doc["kind"] == "key":
            need(method in self.policy.roots, f"{full(doc)}: {method} is no root that the policy names")
            return self.policy.roots[method]
        need(method in self.keys, f"{full(doc)}: the bundle has no statement of the key {method}")
        key = self.keys[method]
        key[4] = True
        need(key[2] <= issued and (key[3] is None or issued < key[3]), f"{full(doc)}: the key {method} was not in force when it was issued")
        return key[0], key[1]

    def take_key(self, p):
        doc = self.entry(p)
        need(doc["kind"] == "key" and doc["name"] not in self.keys, f"{full(doc)} stands among the keys and is none, or stands twice")
        begin, _, end = str(doc.get("period", "")).partition("/")
        self.keys[doc["name"]] = [*multikey(str(doc.get("value"))), instant(begin, "the key's beginning"), None if end == ".." else instant(end, "the key's end"), False]

    def logged(self, p, doc, issued):
        """[4] to [7]."""
        need(p.log is not None, f"{full(doc)}: nothing proves that it stands in the log")
        head = b"c2sp.org/tlog-proof@v1\n"
        need(p.log.startswith(head), f"{full(doc)}: its log proof is none")
        lines, sep, note = p.log[len(head):].partition(b"\n\n")
        lines = lines.decode("latin-1").split("\n")
        need(sep and lines[0].startswith("index "), f"{full(doc)}: its log proof has no index or no checkpoint")
        index = number(lines[0][6:], "the index")
        hashes = [b64(x, "a hash of a log proof") for x in lines[1:]]
        need(all(len(h) == 32 for h in hashes), "a hash of a log proof does not have 32 bytes")
        if self.note is None:
            self.note, self.checkpoint = note, self.open(note)
        need(note == self.note, f"{full(doc)}: its log proof has another checkpoint than the part before")
        size, root, signed, cosigned = self.checkpoint
        need(included(hashlib.sha256(b"\0" + p.body).digest(), index, size, hashes, root), f"{full(doc)}: its proof does not lead to the root of the checkpoint")
        for name, at in cosigned:
            need(at >= (issued - SKEW).timestamp(), f"{full(doc)}: {name} has cosigned it before it was issued")
        need(self.policy.met(self.policy.quorum, {n for n, _ in cosigned}), "fewer witnesses have cosigned the checkpoint than the policy asks for")
        for token in p.stamps:
            self.stamped(token, signed, doc, issued)

    def open(self, note):
        """[5] C2SP signed-note and tlog-checkpoint; [6] tlog-cosignature."""
        at = note.rfind(b"\n\n")
        need(at >= 0 and note.endswith(b"\n"), "the checkpoint is no signed note")
        signed = note[:at + 1]
        own, cosigned, seen = False, [], set()
        for line in note[at + 2:].decode("utf-8", "replace").split("\n")[:-1]:
            match = re.fullmatch(r"— (\S+) (\S+)", line)
            need(match, "a signature line of the checkpoint is not a name and base64")
            name, raw = match[1], b64(match[2], "a signature of the checkpoint")
            need(len(raw) > 4 and (name, raw[:4]) not in seen, f"the checkpoint has two signatures of {name}")
            seen.add((name, raw[:4]))
            if (name, raw[:4]) == self.policy.log[:2]:
                need(holds("eddsa-jcs-2022", ED25519 + self.policy.log[2], signed, raw[4:]), "the log's signature of the checkpoint does not hold")
                own = True
            for alias, key in self.policy.witnesses.items():
                if (name, raw[:4]) == key[:2]:
                    seconds = int.from_bytes(raw[4:12], "big")
                    message = b"cosignature/v1\ntime %d\n" % seconds + signed
                    need(seconds < 2**63 and holds("eddsa-jcs-2022", ED25519 + key[2], message, raw[12:]), f"the cosignature of {alias} does not hold")
                    cosigned.append((alias, seconds))
        need(own, f"the checkpoint is not signed by the log {self.policy.log[0]}")
        lines = signed.decode("utf-8").split("\n")
        need(len(lines) >= 4 and lines[0] == self.policy.log[0], "the checkpoint is of another log")
        self.witnesses = [alias for alias, _ in cosigned]
        return number(lines[1], "the size of the log"), b64(lines[2], "the root of the log"), signed, cosigned

    def stamped(self, token, signed, doc, issued):
        """[7] RFC 3161, by openssl."""
        if not self.policy.pins:
            return
        pins = b"".join(pem("CERTIFICATE", c) for c in self.policy.pins)
        at = stamp_time(token)
        need(at is not None, "a time stamp has no time")
        ok = openssl("ts", "-verify", "-token_in", "-in", "t", "-data", "d", "-CAfile", "c", "-partial_chain", "-attime", str(int(at.timestamp())), t=token, d=signed, c=pins)
        need(ok, f"{full(doc)}: a time stamp of its checkpoint does not hold")
        need(at >= issued - SKEW, f"{full(doc)}: its checkpoint was stamped before it was issued")
        self.stamps += 1

    def rests_on(self, doc, all_of_them):
        """[9] All inputs of the statement; an input's own, when all of them are here."""
        found, named = [], doc.get("inputs", [])
        for x in named:
            there = self.inputs.get(x["digest"])
            if there and (there[0]["name"], there[0].get("vintage")) != (x.get("name"), x.get("vintage")):
                there = None
            if there is None and not all_of_them:
                return
            need(there, f"{full(doc)}: the bundle lacks its input {x.get('name')}@{x.get('vintage')}")
            found.append(there)
        for there in found:
            if not there[1]:
                there[1] = True
                self.rests_on(there[0], False)


def unsecured(doc):
    return canonical({k: v for k, v in doc.items() if k != "proof"}).encode()


def whole(value):
    """A number from 1 on; True is none."""
    return type(value) is int and value > 0


def shown(s):
    """Text of a file that nobody has vouched for yet, without what steers a terminal."""
    return "".join(c if c.isprintable() else "\\u%04x" % ord(c) for c in str(s))


def full(doc):
    return f"{doc.get('name')}@{doc.get('vintage')}"


def included(leaf, index, size, hashes, root):
    """RFC 9162 §2.1.3.2."""
    if not index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for h in hashes:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\1" + h + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\1" + r + h).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def stamp_time(token):
    """genTime of the TSTInfo that is signed (RFC 3161 §2.4.2), as openssl reads it. Looking
    for the first thing like a time would not do: parts of a token are not signed."""
    said = output("ts", "-reply", "-token_in", "-in", "t", "-text", t=token)
    found = re.findall(r"^Time stamp: (\w{3}) +(\d+) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4}) GMT$", said or "", re.M | re.ASCII)
    if len(found) != 1 or found[0][0] not in MONTHS:
        return None
    month, day, hour, minute, second, year = found[0]
    try:
        return datetime.datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def main():
    args = argparse.ArgumentParser(description="checks a Yuzhou bundle")
    args.add_argument("bundle")
    args.add_argument("--policy", required=True)
    args.add_argument("--json", action="store_true")
    args = args.parse_args()
    verifier = doc = None
    try:
        with open(args.policy, "rb") as f:
            verifier = Verifier(Policy(f.read()))
        with open(args.bundle, "rb") as f:
            doc = verifier.run(f.read())
        sentence = "Everything holds."
        if not verifier.witnesses:
            sentence += " No independent witness."
    except Broken as e:
        doc, sentence = None, shown(e)
    except (UnicodeError, RecursionError):
        doc, sentence = None, "a statement holds text that is not Unicode, or is nested too deep"
    except OSError as e:
        doc, sentence = None, f"a file cannot be read: {e}"
    if args.json:
        print(json.dumps({"ok": doc is not None, "name": full(doc) if doc else None, "sentence": sentence}, ensure_ascii=False))
    else:
        print(sentence if doc is None else shown(f"{full(doc)} says {doc.get('value', '')} {doc.get('unit', '')}") + "\n" + sentence)
    return 0 if doc is not None else 1


if __name__ == "__main__":
    sys.exit(main())
