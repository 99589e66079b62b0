"""Every vector file of the project, recomputed: `python3 -B -m unittest discover -s packages/client-python/test` from the project's folder."""

from __future__ import annotations

import json
import os
import re
import sys
import unittest
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "packages/client-python"))

import lienthong as lt  # noqa: E402
from lienthong.keys import PROMISE, REGISTRY_ENTRY, REGISTRY_RECORD, STATEMENT  # noqa: E402
from strict_reading import Refused, check  # noqa: E402

DESCRIPTORS = os.environ.get("LIENTHONG_DESCRIPTORS", ROOT / "packages/contracts/src/gen/descriptors.binpb")
CONTRACTS = lt.Contracts.load(DESCRIPTORS)
FOLDERS = [ROOT / "packages/statement/test/vectors", ROOT / "packages/registry-state/test/vectors", ROOT / "test/conformance/vectors"]


def vectors(name: str) -> Any:
    (file,) = (folder / f"{name}.json" for folder in FOLDERS if (folder / f"{name}.json").exists())
    return json.loads(file.read_text("utf-8"))


def raw(text: str) -> bytes:
    """Lower-case hexadecimal, as all vectors are."""
    if not re.fullmatch("(?:[0-9a-f]{2})*", text):
        raise ValueError(f"The vectors' bytes are lower-case hexadecimal; this is {text[:40]!r}.")
    return bytes.fromhex(text)


def verifying(vector: Any) -> lt.VerifyingKey:
    algorithm = lt.Algorithm[vector["algorithm"].removeprefix("SIGNATURE_ALGORITHM_")]
    return lt.VerifyingKey.from_spki(algorithm, raw(vector["public_key"]))


KEYS = {vector["key_id"]: vector for vector in vectors("keys")}


def signing(key_id: str) -> lt.SigningKey:
    return lt.SigningKey.of(ed25519.Ed25519PrivateKey.from_private_bytes(raw(KEYS[key_id]["seed"])))


class Vectors(unittest.TestCase):
    def test_no_file_is_left_out(self) -> None:
        known = {
            "keys", "pre-authentication-encodings", "statements", "verify-only-signatures", "events", "bus-statement-ids", "promises",
            "odd-payloads", "small-log", "all-kinds", "document-commitments", "applicant-commitments", "refused-signatures",
        }  # fmt: skip
        self.assertEqual({file.stem for folder in FOLDERS for file in folder.glob("*.json")}, known)

    def test_keys(self) -> None:
        for key_id, vector in KEYS.items():
            self.assertEqual(verifying(vector).key_id.hex(), key_id)
            self.assertEqual(signing(key_id).public.public_key.hex(), vector["public_key"])

    def test_pre_authentication_encodings(self) -> None:
        for vector in vectors("pre-authentication-encodings"):
            self.assertEqual(lt.pre_authentication_encoding(vector["type"], raw(vector["payload"])).hex(), vector["pae"])

    def test_statements(self) -> None:
        for vector in vectors("statements"):
            with self.subTest(vector["name"]):
                payload, envelope = raw(vector["payload"]), raw(vector["envelope"])
                self.assertEqual(sha256(payload).hexdigest(), vector["payload_sha256"])
                encoded = lt.pre_authentication_encoding(STATEMENT, payload)
                self.assertEqual(sha256(encoded).hexdigest(), vector["pae_sha256"])
                statement = CONTRACTS.parse("exchange.v1.Statement", payload)
                check(payload, statement.DESCRIPTOR, "statement")
                self.assertEqual(statement.SerializeToString(), payload)
                signatures = []
                for said in vector["signatures"]:
                    signature = signing(said["key_id"]).sign(STATEMENT, payload)
                    self.assertEqual(signature.hex(), said["signature"])
                    self.assertTrue(verifying(KEYS[said["key_id"]]).verify(STATEMENT, payload, signature))
                    signatures.append({"key_id": raw(said["key_id"]), "signature": signature})
                built = CONTRACTS.new("exchange.v1.StatementEnvelope", payload=payload, signatures=signatures)
                self.assertEqual(built.SerializeToString(), envelope)

    def test_signatures_of_other_kinds_verify(self) -> None:
        for vector in vectors("verify-only-signatures"):
            key, payload, signature = verifying(vector), raw(vector["payload"]), raw(vector["signature"])
            self.assertEqual(key.key_id.hex(), vector["key_id"])
            self.assertTrue(key.verify(STATEMENT, payload, signature))
            self.assertFalse(key.verify(PROMISE, payload, signature))
            self.assertFalse(key.verify(STATEMENT, payload + b"\0", signature))

    def test_signatures_in_other_forms_are_refused(self) -> None:
        for vector in vectors("refused-signatures"):
            with self.subTest(vector["name"]):
                self.assertFalse(verifying(vector).verify(vector["type"], raw(vector["payload"]), raw(vector["signature"])))

    def test_own_signatures_of_every_kind_verify(self) -> None:
        made = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
        for key in map(lt.SigningKey.of, made):
            self.assertTrue(key.public.verify(STATEMENT, b"payload", key.sign(STATEMENT, b"payload")))
        with self.assertRaises(lt.KeyRefused):
            lt.SigningKey.of(ec.generate_private_key(ec.SECP384R1()))

    def test_events(self) -> None:
        read = [(vector, CONTRACTS.parse("exchange.v1.Event", raw(vector["event"]))) for vector in vectors("events")]
        for vector, event in read:
            self.assertEqual(lt.leaf_hash(raw(vector["event"])).hex(), vector["leaf_hash"])
            self.assertEqual(event.WhichOneof("body"), vector["name"].split(" ")[0])
        self.assertEqual(read[1][1].header.previous.hex(), read[0][0]["leaf_hash"])

    def test_trails(self) -> None:
        events = [raw(vector["event"]) for vector in vectors("events")]
        entries = [
            CONTRACTS.new("exchange.v1.TrailEntry", number=number, hash=lt.leaf_hash(event), event=event)
            for number, event in enumerate(events[:3], start=1)
        ]
        hidden = CONTRACTS.new("exchange.v1.TrailEntry", number=1, hash=entries[0].hash)
        dossier = "H26-250505-0001"
        self.assertEqual(lt.check_trail(CONTRACTS, dossier, entries[:2]), 0)
        self.assertEqual(lt.check_trail(CONTRACTS, dossier, [hidden, entries[1]]), 1)
        other = CONTRACTS.new("exchange.v1.TrailEntry", number=1, hash=lt.leaf_hash(b"another"))
        spoiled = CONTRACTS.new("exchange.v1.TrailEntry", number=1, hash=entries[0].hash, event=events[0][:-1] + b"\0")
        # The third vector names another event before it.
        for broken in (entries[1:2], [entries[1], entries[0]], [other, entries[1]], [spoiled], entries):
            with self.assertRaises(lt.ProofFailed):
                lt.check_trail(CONTRACTS, dossier, broken)
        with self.assertRaises(lt.ProofFailed):
            lt.check_trail(CONTRACTS, "H26-250505-0002", entries[:1])
        with self.assertRaises(lt.ProofFailed):
            lt.check_trail(CONTRACTS, dossier, entries[:1], lt.Registry())

    def test_bus_statement_ids(self) -> None:
        for vector in vectors("bus-statement-ids"):
            kind, ordinal = int(vector["kind"]), int(vector["ordinal"])
            found = lt.bus_statement_id(raw(vector["cause"]), vector["branch"], vector["receiver"], kind, ordinal)
            self.assertEqual(found.hex(), vector["id"])

    def test_promises(self) -> None:
        for vector in vectors("promises"):
            leaves, payload, signature = [raw(leaf) for leaf in vector["leaf_hashes"]], raw(vector["payload"]), raw(vector["signature"])
            self.assertEqual(lt.root_of(leaves).hex(), vector["batch_root"])
            key = signing(vector["key_id"])
            self.assertEqual(key.sign(PROMISE, payload), signature)
            for index, leaf in enumerate(leaves):
                path = [raw(hash_) for hash_ in vector["paths"][index]]
                place = {"batch_index": index, "batch_size": len(leaves), "path": path}
                promise = CONTRACTS.new("ledger.v1.Promise", payload=payload, key_id=key.public.key_id, signature=signature, **place)
                body = lt.check_promise(CONTRACTS, promise, leaf, {key.public.key_id: key.public})
                self.assertEqual(body.batch_root.hex(), vector["batch_root"])
                for spoiled in (path[:-1], [*path, leaf], [lt.leaf_hash(hash_) for hash_ in path]):
                    if spoiled != path:
                        self.assertNotEqual(lt.root_from_path(leaf, index, len(leaves), spoiled), body.batch_root)

    def test_odd_payloads(self) -> None:
        plain = raw(next(v for v in vectors("statements") if v["name"] == "acknowledge")["payload"])
        kind = CONTRACTS.type("exchange.v1.Statement").DESCRIPTOR
        for vector in vectors("odd-payloads"):
            with self.subTest(vector["name"]):
                payload = raw(vector["payload"])
                if vector["accepted"]:
                    check(payload, kind, "statement")
                    # Why nothing is decoded and encoded again: it would say the same in other bytes, under which no signature verifies.
                    again = CONTRACTS.parse("exchange.v1.Statement", payload).SerializeToString()
                    self.assertNotEqual(again, payload)
                    self.assertLessEqual(len(again), len(plain))
                    continue
                with self.assertRaises(Refused) as refused:
                    check(payload, kind, "statement")
                self.assertEqual((refused.exception.reason, refused.exception.field), (vector["reason"], vector["field"]))

    def test_document_commitments(self) -> None:
        for vector in vectors("document-commitments"):
            if "bytes" in vector:
                data = raw(vector["bytes"])
            else:
                data = bytes(i % int(vector["bytes_modulus"]) for i in range(int(vector["bytes_length"])))
            salt = raw(vector["salt"])
            self.assertEqual(lt.commitment(salt, vector["kind"], data).hex(), vector["commitment"])
            pieces = (data[at : at + 65_536] for at in range(0, len(data), 65_536))
            self.assertEqual(lt.commitment(salt, vector["kind"], pieces).hex(), vector["commitment"])

    def test_applicant_commitments(self) -> None:
        for vector in vectors("applicant-commitments"):
            canonical = lt.applicant_bytes(**vector["applicant"])
            self.assertEqual(canonical.hex(), vector["canonical_bytes"])
            self.assertEqual(lt.commitment(raw(vector["salt"]), "applicant", canonical).hex(), vector["commitment"])

    def test_applicants_without_canonical_bytes(self) -> None:
        citizen = {"kind": "citizen", "identity": "999199000001", "name": "Nguyễn Thị Ánh", "born": "1999-02-28"}
        odd = ("kind", "person"), ("identity", "999 199 000 001"), ("identity", "९९९१९९०००००१"), ("born", "28/02/1999"), ("name", " \t"), ("name", "A\u200bB")
        for part, text in odd:
            with self.subTest(part, text=text), self.assertRaisesRegex(ValueError, part) as refused:
                lt.applicant_bytes(**{**citizen, part: text})
            if text.strip() and part != "kind":
                self.assertNotIn(text, str(refused.exception))

    def test_registry_logs(self) -> None:
        for name in ("small-log", "all-kinds"):
            with self.subTest(name):
                self.check_registry_log(vectors(name))

    def check_registry_log(self, log: Any) -> None:
        entries = [raw(entry["signedEntry"]) for entry in log["entries"]]
        state: dict[tuple[int, str], bytes] = {}
        for number, (entry, said) in enumerate(zip(entries, log["entries"], strict=True)):
            registry = lt.read_registry(CONTRACTS, entries[: number + 1], raw(log["network"]))
            self.assertEqual((registry.size, registry.root.hex()), (int(said["head"]["size"]), said["head"]["root"]))
            signed = CONTRACTS.parse("registry.v1.SignedRegistryEntry", entry)
            content = CONTRACTS.parse("registry.v1.RegistryEntry", signed.payload)
            self.assertEqual(lt.leaf_hash(entry).hex(), said["entryHash"])
            self.assertEqual(_state_root(state).hex(), said["stateRootBefore"])
            self.assertEqual(content.state_root.hex(), said["stateRootBefore"])
            encoded = lt.pre_authentication_encoding(REGISTRY_ENTRY, signed.payload)
            self.assertEqual(encoded, raw(said["entryPreAuthenticationEncoding"]))
            for endorsement in said["endorsements"]:
                encoded = lt.pre_authentication_encoding(REGISTRY_RECORD, content.record)
                self.assertEqual(encoded, raw(endorsement.get("recordPreAuthenticationEncoding") or said["recordPreAuthenticationEncoding"]))
                owner = registry.agency_keys.get(raw(endorsement["keyId"]))
                if owner is None and "keys" in log:
                    continue  # a key of the registrar or of a replica, not of an agency
                self.assertIsNotNone(owner)
                assert owner is not None
                self.assertTrue(owner[1].verify(REGISTRY_RECORD, content.record, raw(endorsement["signature"])))
            state = registry.last_entry
        self.assertEqual(_state_root(state).hex(), log.get("stateRootAfter") or log["entries"][-1]["stateRootAfter"])

    def test_a_spoiled_registry_log_is_refused(self) -> None:
        log = vectors("small-log")
        entries = [raw(entry["signedEntry"]) for entry in log["entries"]]
        swapped = [entries[0], entries[2], entries[1], *entries[3:]]
        flipped = [*entries[:4], entries[4][:-1] + bytes([entries[4][-1] ^ 1]), *entries[5:]]
        for spoiled in (entries[1:], entries[:2] + entries[3:], swapped, flipped):
            with self.assertRaises(lt.ProofFailed):
                lt.read_registry(CONTRACTS, spoiled, raw(log["network"]))

    def test_statement_ids_are_uuids_of_version_7(self) -> None:
        ids = {lt.uuid7() for _ in range(1_000)}
        self.assertEqual(len(ids), 1_000)
        for id_ in ids:
            self.assertRegex(id_, r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def _state_root(state: dict[tuple[int, str], bytes]) -> bytes:
    leaves = []
    for (kind, id_), hash_ in sorted(state.items(), key=lambda item: (item[0][0], item[0][1].encode())):
        leaves.append(lt.leaf_hash(kind.to_bytes(4, "big") + len(id_).to_bytes(2, "big") + id_.encode() + hash_))
    return lt.root_of(leaves)


if __name__ == "__main__":
    unittest.main()
