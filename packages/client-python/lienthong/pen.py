"""Writing and signing what an agency says."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import randbits
from typing import Any

from .contracts import Contracts
from .keys import STATEMENT, SigningKey

Fields = Mapping[str, Any]


def uuid7() -> str:
    """A UUIDv7 (RFC 9562) in lower case: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | randbits(12) << 64 | 2 << 62 | randbits(62)))


def now() -> dict[str, int]:
    """The present instant as a Timestamp: `nanos` is 0 to 999,999,999, never a sign."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return {"seconds": seconds, "nanos": nanos}


@dataclass(frozen=True)
class Signed:
    """A statement ready to be sent. Every attempt sends the same `envelope`: that is what makes a retry safe."""

    dossier: str
    statement_id: str
    payload: bytes
    envelope: bytes


@dataclass(frozen=True)
class Pen:
    """Signs for one agency. Who may say what in which state: the table in statement.proto."""

    contracts: Contracts
    agency: str
    keys: Sequence[SigningKey]
    network: bytes
    shard: str
    unit: str = ""
    officer_ref: str = ""
    clock: Callable[[], Any] = field(default=now)

    def open(self, dossier: str, **content: Any) -> Signed:
        """`content`: the fields of `Open`; `received_time` is the pen's clock unless given."""
        return self.sign(dossier, {}, "open", {"received_time": self.clock(), **content})

    def forward(self, dossier: str, branch: str, head: bytes, branches: Iterable[Fields]) -> Signed:
        """`branches`: of each `branch`, `step`, `edge`, `receiver` and what else `ForwardBranch` has."""
        return self.sign(dossier, {branch: head}, "forward", {"branches": list(branches)})

    def acknowledge(self, dossier: str, branch: str, forward: bytes, head: bytes | None = None) -> Signed:
        """`forward`: hash of the forward event; also the branch's head unless a recall was asked since."""
        return self.sign(dossier, {branch: head or forward}, "acknowledge", {"handoff": _handoff(forward, branch)})

    def refuse(self, dossier: str, branch: str, forward: bytes, reason: int, head: bytes | None = None) -> Signed:
        """`reason`: a number of `RefusalReason`."""
        content = {"handoff": _handoff(forward, branch), "reason": reason}
        return self.sign(dossier, {branch: head or forward}, "refuse", content)

    def complete(self, dossier: str, branch: str, head: bytes, step: str, outcome: int, **content: Any) -> Signed:
        """`outcome`: a number of `Outcome`; `content`: what else `Complete` has."""
        return self.sign(dossier, {branch: head}, "complete", {"step": step, "outcome": outcome, **content})

    def sign(self, dossier: str, prior: Mapping[str, bytes], kind: str, content: Fields) -> Signed:
        """Signs a statement of any kind: `kind` is the field name in the oneof, `prior` maps branches to their heads."""
        statement_id = uuid7()
        statement = self.contracts.new(
            "exchange.v1.Statement",
            version=1,
            network=self.network,
            shard=self.shard,
            author={"agency": self.agency, "unit": self.unit, "officer_ref": self.officer_ref},
            statement_id=statement_id,
            dossier=dossier,
            stated_time=self.clock(),
            prior=[{"branch": branch, "head": head} for branch, head in prior.items()],
            **{kind: content},
        )
        # Serialised once; from here on only these bytes count.
        payload = statement.SerializeToString()
        signatures = [{"key_id": key.public.key_id, "signature": key.sign(STATEMENT, payload)} for key in self.keys]
        envelope = self.contracts.new("exchange.v1.StatementEnvelope", payload=payload, signatures=signatures)
        return Signed(dossier, statement_id, payload, envelope.SerializeToString())


def _handoff(forward: bytes, branch: str) -> Fields:
    return {"forward": forward, "branch": branch}
