"""Message classes made at run time from the contracts' FileDescriptorSet; nothing generated is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message


class Contracts:
    """The messages of `proto/`, by their names without the leading "lienthong."."""

    def __init__(self, descriptors: bytes) -> None:
        """Takes a serialised `google.protobuf.FileDescriptorSet` whose files come after those they import."""
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
            self._pool.AddSerializedFile(file.SerializeToString())
        # protobuf 4.22 renamed this function and dropped the old one later; Debian 12 has 4.21.
        named = getattr(message_factory, "GetMessageClass", None)
        self._class_of = named or message_factory.MessageFactory(self._pool).GetPrototype

    @classmethod
    def load(cls, path: str | Path) -> Contracts:
        """Reads the set from a file such as `packages/contracts/src/gen/descriptors.binpb`."""
        return cls(Path(path).read_bytes())

    def type(self, name: str) -> type[Message]:
        """The class of a message, e.g. "exchange.v1.Statement" or "google.rpc.Status". KeyError if there is none."""
        full = name if name.startswith("google.") else f"lienthong.{name}"
        return self._class_of(self._pool.FindMessageTypeByName(full))

    def new(self, name: str, **fields: Any) -> Message:
        """A message; messages inside it may be given as dicts."""
        return self.type(name)(**fields)

    def parse(self, name: str, data: bytes) -> Any:
        """Reads bytes. `google.protobuf.message.DecodeError` if they are no such message."""
        return self.type(name).FromString(data)
