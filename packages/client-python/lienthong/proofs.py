"""Holding what the bus says against what is known: answers, promises, trails, the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .contracts import Contracts
from .keys import PROMISE, REGISTRY_ENTRY, STATEMENT, VerifyingKey
from .merkle import leaf_hash, root_from_path, root_of
from .pen import Signed


class ProofFailed(Exception):
    """Bytes that do not hold. Keep them, and show them to whoever audits the bus."""


def _need(holds: bool, sentence: str) -> None:
    if not holds:
        raise ProofFailed(sentence)


def check_promise(contracts: Contracts, promise: Any, leaf: bytes, keys: Mapping[bytes, VerifyingKey]) -> Any:
    """Checks signature and Merkle path of a promise for an event's hash. Returns the PromiseBody."""
    key = keys.get(promise.key_id)
    _need(key is not None, "The promise is signed by none of the promise keys given.")
    assert key is not None
    _need(key.verify(PROMISE, promise.payload, promise.signature), "The promise's signature does not verify.")
    body = contracts.parse("ledger.v1.PromiseBody", promise.payload)
    _need(body.version == 1, f"The promise has version {body.version}; this client knows version 1.")
    root = root_from_path(leaf, promise.batch_index, promise.batch_size, list(promise.path))
    _need(root == body.batch_root, "The promise's path does not lead from the event to the root that is signed.")
    return body


def check_accepted(
    contracts: Contracts, accepted: Any, signed: Signed, shard: Any, keys: Mapping[bytes, VerifyingKey]
) -> bytes:
    """Checks that an answer holds what was sent, and that its promise covers it. `shard`: a GetShardResponse. Returns the event's hash."""
    event = contracts.parse("exchange.v1.Event", accepted.event)
    _need(event.statement.payload == signed.payload, "The event does not contain the statement that was sent.")
    # A repeated answer has the signatures of the attempt that came first, if the statement was signed twice.
    if not accepted.repeated_answer:
        _need(signed.envelope in accepted.event, "The event has another envelope than the one that was sent.")
    hash_ = leaf_hash(accepted.event)
    body = check_promise(contracts, accepted.promise, hash_, keys)
    _need(body.network == shard.network and body.origin == shard.origin, "The promise is about another log.")
    return hash_


@dataclass
class Registry:
    """What a client takes from the registry log, checked entry by entry."""

    size: int = 0
    root: bytes = b""
    #: Agency keys by key id: the agency, and the key. Revoked ones stay, so that what they signed before can be read.
    agency_keys: dict[bytes, tuple[str, VerifyingKey]] = field(default_factory=dict)
    revoked: set[bytes] = field(default_factory=set)
    promise_keys: dict[bytes, VerifyingKey] = field(default_factory=dict)
    #: Hash of the last entry of each (kind number, id).
    last_entry: dict[tuple[int, str], bytes] = field(default_factory=dict)


def read_registry(contracts: Contracts, entries: Iterable[bytes], network: bytes) -> Registry:
    """Checks the log from its first entry on: hash (`network`, 32 bytes, from a source you trust), chain, the registrar's signatures."""
    registry = Registry()
    registrars: dict[bytes, VerifyingKey] = {}
    hashes: list[bytes] = []
    for number, entry_bytes in enumerate(entries):
        signed = contracts.parse("registry.v1.SignedRegistryEntry", entry_bytes)
        entry = contracts.parse("registry.v1.RegistryEntry", signed.payload)
        record = contracts.parse("registry.v1.RegistryRecord", entry.record)
        hash_ = leaf_hash(entry_bytes)
        where = f"Registry entry {number}"
        if number == 0:
            _need(hash_ == network, "The registry begins with another entry than the network's.")
            keys = [VerifyingKey.from_spki(k.algorithm, k.public_key) for k in record.genesis.registrar_keys]
            registrars = {key.key_id: key for key in keys}
        _need(entry.number == number, f"{where} says it is number {entry.number}.")
        _need(entry.previous == (hashes[-1] if hashes else b""), f"{where} does not name the entry before it.")
        subject = (entry.kind, entry.id)
        _need(entry.subject_previous == registry.last_entry.get(subject, b""), f"{where} skips an entry about {entry.id}.")
        valid = any(
            (key := registrars.get(signature.key_id)) and key.verify(REGISTRY_ENTRY, signed.payload, signature.signature)
            for signature in signed.signatures
        )
        _need(valid, f"{where} is not signed by the registrar.")
        hashes.append(hash_)
        registry.last_entry[subject] = hash_
        _take(registry, registrars, record)
    registry.size, registry.root = len(hashes), root_of(hashes)
    return registry


def _take(registry: Registry, registrars: dict[bytes, VerifyingKey], record: Any) -> None:
    kind = record.WhichOneof("record")
    if kind not in ("key", "promise_key", "registrar_key"):
        return
    said = getattr(record, kind)
    key = VerifyingKey.from_spki(said.public_key.algorithm, said.public_key.public_key)
    active = said.status == 1
    if kind == "registrar_key":
        registrars.pop(key.key_id, None)
        if active:
            registrars[key.key_id] = key
    elif kind == "promise_key":
        registry.promise_keys[key.key_id] = key
    else:
        registry.agency_keys[key.key_id] = (said.agency, key)
    if not active:
        registry.revoked.add(key.key_id)


def check_trail(contracts: Contracts, dossier: str, entries: Iterable[Any], registry: Registry | None = None) -> int:
    """Checks numbers, hashes, chain, times and, with the registry, signatures. Returns how many events the reader was not shown."""
    previous, withheld, times = b"", 0, (0, 0)
    for number, entry in enumerate(entries, start=1):
        where = f"Event {number} of {dossier}"
        _need(entry.number == number, f"{where} is missing; {entry.number} stands in its place.")
        if not entry.event:
            # Known by its hash only, which the event after it must name.
            withheld, previous = withheld + 1, entry.hash
            continue
        _need(leaf_hash(entry.event) == entry.hash, f"{where} has another hash than the trail says.")
        event = contracts.parse("exchange.v1.Event", entry.event)
        _need(event.header.number == number, f"{where} says it is number {event.header.number}.")
        _need(event.header.previous == previous, f"{where} does not name the event before it.")
        wall = (event.header.wall_time.seconds, event.header.wall_time.nanos)
        _need(wall >= times, f"{where} is older than the event before it.")
        previous, times = entry.hash, wall
        if event.WhichOneof("body") == "statement":
            statement = contracts.parse("exchange.v1.Statement", event.statement.payload)
            _need(statement.dossier == dossier, f"{where} belongs to {statement.dossier}.")
            if registry is not None:
                _need(_signed(event.statement, statement.author.agency, registry), f"{where} is not signed by its author.")
        else:
            _need(event.bus.dossier == dossier, f"{where} belongs to {event.bus.dossier}.")
    return withheld


def _signed(envelope: Any, agency: str, registry: Registry) -> bool:
    """Every signature is valid and by a key of the author."""
    for signature in envelope.signatures:
        owner, key = registry.agency_keys.get(signature.key_id, ("", None))
        if key is None or owner != agency or not key.verify(STATEMENT, envelope.payload, signature.signature):
            return False
    return len(envelope.signatures) > 0
