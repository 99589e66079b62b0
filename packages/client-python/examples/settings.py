"""What an office's system is told: a JSON file of addresses, paths and names. See README.md for its fields."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # Not needed where the package is installed.

import lienthong as lt  # noqa: E402


class Office:
    """One agency, its seal, and the connections of the system that speaks for it."""

    def __init__(self, path: str) -> None:
        self.told: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        self.agency: str = self.told["agency"]
        self.contracts = lt.Contracts.load(self.told["descriptors"])
        tls = {name: Path(self.told[name]).read_bytes() for name in ("ca", "certificate", "key")}
        self.exchange = lt.Bus(self.contracts, self.told["exchange"], **tls)
        registry_server = lt.Bus(self.contracts, self.told["registry"], **tls)
        # The network's hash was given on paper; everything else follows from it.
        with registry_server:
            network = bytes.fromhex(self.told["network"])
            self.registry = lt.read_registry(self.contracts, registry_server.registry_entries(), network)
            self.shard = self.exchange.shard()
            self.route = registry_server.call("registry.v1.RegistryService", "GetProcedure", procedure=self.told["procedure"])
            self.receivers = {
                step.role: self._resolve(registry_server, step.role) for step in self.route.routes[0].route.steps
            }
        assert self.shard.network == network
        self.seal = lt.SigningKey.from_pem(Path(self.told["seal"]).read_bytes())
        self.pen = lt.Pen(self.contracts, self.agency, [self.seal], network, self.shard.shard, clock=lambda: self.shard.now)

    def _resolve(self, server: lt.Bus, role: str) -> list[Any]:
        question = {"area_code": self.told["area"], "procedure": self.route.procedure.key, "on_date": self.told["legal_day"]}
        return list(server.call("registry.v1.RegistryService", "ResolveRole", role=role, **question).candidates)

    def say(self, signed: lt.Signed) -> bytes:
        """Submits, checks the answer and its promise, and shows it. Returns the event's hash, the new head."""
        accepted = self.exchange.submit(signed.envelope)
        head = lt.check_accepted(self.contracts, accepted, signed, self.shard, self.registry.promise_keys)
        self.show(accepted=accepted.SerializeToString().hex(), envelope=signed.envelope.hex())
        # The same bytes again, as after a lost answer: the same event.
        again = self.exchange.submit(signed.envelope)
        assert again.repeated_answer and again.event == accepted.event and again.leaf_index == accepted.leaf_index
        return head

    def show(self, **line: Any) -> None:
        """Writes a line of JSON for whoever started this."""
        print(json.dumps(line), flush=True)
