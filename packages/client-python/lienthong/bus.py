"""Calls to the bus over gRPC with mutual TLS 1.3."""

from __future__ import annotations

import queue
import random
import re
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import grpc

from .contracts import Contracts

_EXCHANGE = "exchange.v1.ExchangeService"
_REGISTRY = "registry.v1.RegistryService"
_RECEIVE_BYTES_MAX = 16 * 1024 * 1024


class BusError(Exception):
    """A call that failed: branch on `reason` (docs/errors.md)."""

    def __init__(self, code: grpc.StatusCode, message: str, details: Any = None) -> None:
        self.code = code
        self.reason: str | None = None
        self.field: str | None = None
        self.metadata: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.retry_after_seconds: float | None = None
        for name, detail in details or ():
            if name == "google.rpc.ErrorInfo":
                self.reason, self.metadata = detail.reason, dict(detail.metadata)
                self.field = self.metadata.get("field")
            elif name == "google.rpc.LocalizedMessage":
                self.texts[detail.locale] = detail.message
            elif name == "google.rpc.RetryInfo":
                self.retry_after_seconds = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
        super().__init__(f"{self.reason or code.name}: {message}")

    @property
    def repeatable(self) -> bool:
        """Whether the very same request may succeed, or tell its outcome, when it is sent again."""
        passing = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        # A server that is killed resets its calls; the bus itself never says these without a reason.
        cut = self.reason is None and self.code in {grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL}
        return cut or self.code in passing or self.retry_after_seconds is not None


class Bus:
    """A connection to one server of the bus. Which services answer depends on the server. Use it in a `with`."""

    def __init__(
        self, contracts: Contracts, address: str, *, ca: bytes, certificate: bytes, key: bytes, deadline_seconds: float = 10
    ) -> None:
        """`ca`, `certificate` and `key` are PEM: the authorities trusted, and the system's own. Nothing connects yet."""
        options: list[tuple[str, Any]] = [("grpc.max_receive_message_length", _RECEIVE_BYTES_MAX)]
        if re.match(r"127(\.\d+){3}:|\[::1\]:", address):
            # A server on this machine bears the name "localhost".
            options.append(("grpc.ssl_target_name_override", "localhost"))
        self.contracts = contracts
        # The servers speak TLS 1.3 only, so nothing older can be agreed on.
        self._channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, certificate), options)
        self._deadline_seconds = deadline_seconds

    def __enter__(self) -> Bus:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()

    def call(self, service: str, method: str, **fields: Any) -> Any:
        """Any call with one request and one response, e.g. `call("registry.v1.RegistryService", "GetAgency", agency=…)`."""
        package = service.rpartition(".")[0]
        invoke = self._channel.unary_unary(
            f"/lienthong.{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.contracts.type(f"{package}.{method}Response").FromString,
        )
        try:
            return invoke(self.contracts.new(f"{package}.{method}Request", **fields), timeout=self._deadline_seconds)
        except grpc.RpcError as error:
            raise self._error(error) from error

    def shard(self, name: str = "") -> Any:
        """What is needed to sign: `shard`, `network`, `now`, `origin` (a GetShardResponse)."""
        return self.call(_EXCHANGE, "GetShard", shard=name)

    def submit(self, envelope: bytes, attempts: int = 8) -> Any:
        """Submits until the bus accepts or refuses; every attempt sends the same bytes. Returns the AcceptedStatement."""
        for attempt in range(1, attempts + 1):
            try:
                return self.call(_EXCHANGE, "SubmitStatement", envelope=envelope).accepted
            except BusError as error:
                if not error.repeatable or attempt == attempts:
                    raise
                # A random part of it, so that clients that failed together do not come back together.
                backoff = min(2.0, 0.05 * 2 ** (attempt - 1)) * random.random()
                time.sleep((error.retry_after_seconds or 0) + backoff)
        raise ValueError("submit needs at least one attempt.")

    def dossier(self, shard: str, dossier: str, agency: str) -> Any:
        """The present state as the agency may see it (a Dossier)."""
        return self.call(_EXCHANGE, "GetDossier", shard=shard, dossier=dossier, agency=agency).dossier

    def trail(self, shard: str, dossier: str, agency: str) -> list[Any]:
        """All entries of the trail; `check_trail` holds them against each other."""
        entries: list[Any] = []
        token = ""
        while True:
            asked = {"shard": shard, "dossier": dossier, "agency": agency, "page_size": 500, "page_token": token}
            page = self.call(_EXCHANGE, "GetTrail", **asked)
            entries.extend(page.entries)
            if not (token := page.next_page_token):
                return entries

    def registry_entries(self) -> Iterator[bytes]:
        """Every SignedRegistryEntry in order, byte for byte. Ask the registry's server, not the exchange's."""
        number = 0
        while (page := self.call(_REGISTRY, "ListEntries", from_number=number, page_size=500)).signed_entries:
            yield from page.signed_entries
            number = page.next_number

    def receive(self, shard: str, *agencies: str, **start: Any) -> Receiver:
        """Opens a subscription; `start`: what else ReceiveStart has, such as `subscription`."""
        return Receiver(self, shard=shard, agencies=agencies, **start)

    def _error(self, error: Any) -> BusError:
        trailers = dict(error.trailing_metadata() or ())
        status = self.contracts.parse("google.rpc.Status", trailers.get("grpc-status-details-bin", b""))
        details = []
        for packed in status.details:
            name = packed.type_url.rpartition("/")[2]
            try:
                details.append((name, self.contracts.parse(name.removeprefix("lienthong."), packed.value)))
            except KeyError:
                pass  # A detail newer than these contracts; the code and the sentence stand without it.
        return BusError(error.code(), status.message or error.details() or "", details)


class Receiver:
    """A subscription under way: iterate for deliveries, settle what is safe here, leave the `with` to end it."""

    def __init__(self, bus: Bus, **start: Any) -> None:
        self._bus = bus
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._say(start=start)
        self._call = bus._channel.stream_stream(
            "/lienthong.exchange.v1.DeliveryService/Receive",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=bus.contracts.type("exchange.v1.ReceiveResponse").FromString,
        )(iter(self._requests.get, None))

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Sends what was settled and ends the subscription; what was not settled comes again."""
        self._requests.put(None)
        if kind is None:
            for _ in self:
                pass
        self._call.cancel()

    def __iter__(self) -> Iterator[Any]:
        """Deliveries, at least once each, in order per dossier. Raises BusError when the subscription breaks."""
        try:
            for response in self._call:
                yield from response.deliveries
        except grpc.RpcError as error:
            raise self._bus._error(error) from error

    def settle(self, *deliveries: Any) -> None:
        """Says that deliveries are safe here, so that they do not come again. Gives their credit back."""
        self._say(settle={"deliveries": [{"agency": d.agency, "leaf_index": d.leaf_index} for d in deliveries]})

    def _say(self, **what: Any) -> None:
        self._requests.put(self._bus.contracts.new("exchange.v1.ReceiveRequest", **what))
