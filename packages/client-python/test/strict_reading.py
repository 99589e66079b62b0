"""The strict reading of docs/signed-bytes.md along the descriptors: what a bus written in Python would refuse, and how it names it."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

HASH = 32
UUID_V7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ID = r"[a-z0-9][a-z0-9-]{0,63}"
DOSSIER = r"[A-Y0-9][0-9A-Z]{2}(\.[0-9A-Z]{2,3}){0,6}-(\d{6}|\d{8})-\d{4,12}"
#: Formats of the fields that the vectors spoil; the whole list stands in the comments of proto/.
FORMATS: dict[str, Any] = {
    "Statement.network": HASH, "Statement.shard": r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", "Statement.statement_id": UUID_V7,
    "Statement.dossier": DOSSIER, "Author.agency": ID, "Author.unit": f"({ID})?", "Prior.head": HASH, "Handoff.forward": HASH,
}  # fmt: skip
REQUIRED = {
    "Statement": ("version", "network", "shard", "author", "statement_id", "dossier", "stated_time"),
    "Acknowledge": ("handoff",), "Refuse": ("handoff", "reason"), "Handoff": ("forward", "branch"), "Author": ("agency",),
}  # fmt: skip


class Refused(Exception):
    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"{reason} {field}")
        self.reason, self.field = reason, field


def _varint(data: bytes, at: int, width: int, bytes_max: int = 10) -> tuple[int, int]:
    value = 0
    for length in range(bytes_max):
        byte = data[at + length]  # IndexError: cut short
        value |= (byte & 0x7F) << (7 * length)
        if value >> width:
            raise IndexError
        if byte < 0x80:
            return value, at + length + 1
    raise IndexError


def check(data: bytes, kind: Descriptor, path: str) -> None:
    """Raises Refused for the first thing that is wrong."""
    seen: set[str] = set()
    said: set[str] = set()
    counts: dict[str, int] = {}
    at = 0
    try:
        while at < len(data):
            tag, at = _varint(data, at, 32, 5)
            value: Any = None
            if tag & 7 == 0:
                value, at = _varint(data, at, 64)
            elif tag & 7 == 2:
                length, at = _varint(data, at, 32)
                if at + length > len(data):
                    raise IndexError
                value, at = data[at : at + length], at + length
            field = kind.fields_by_number.get(tag >> 3)
            if field is None:
                raise Refused("FIELD_UNKNOWN", f"{path}.#{tag >> 3}")
            repeated = field.label == FieldDescriptor.LABEL_REPEATED
            name = f"{path}.{field.name}" + (f"[{counts.get(field.name, 0)}]" if repeated else "")
            counts[field.name] = counts.get(field.name, 0) + 1
            if not repeated and field.name in seen or field.containing_oneof and field.containing_oneof.name in said:
                raise Refused("FIELD_DUPLICATED", name)
            seen.add(field.name)
            if field.containing_oneof:
                said.add(field.containing_oneof.name)
            _check_value(value, field, kind.name, name)
    except IndexError:
        raise Refused("MESSAGE_MALFORMED", path) from None
    for name in REQUIRED.get(kind.name, ()):
        if name not in seen:
            raise Refused("FIELD_MISSING", f"{path}.{name}")
    for oneof in kind.oneofs:
        if oneof.name not in said:
            raise Refused("FIELD_MISSING", f"{path}.{oneof.name}")


def _check_value(value: Any, field: Any, owner: str, name: str) -> None:
    delimited = field.type in (field.TYPE_MESSAGE, field.TYPE_STRING, field.TYPE_BYTES)
    if isinstance(value, bytes) != delimited or value is None:
        raise Refused("MESSAGE_MALFORMED", name)
    form = FORMATS.get(f"{owner}.{field.name}")
    if field.type == field.TYPE_MESSAGE:
        check(value, field.message_type, name)
    elif field.type == field.TYPE_STRING:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Refused("TEXT_INVALID", name) from None
        if form and not re.fullmatch(form, text):
            raise Refused("FIELD_INVALID" if text.isascii() and text.isprintable() else "TEXT_INVALID", name)
    elif field.type == field.TYPE_BYTES and form and len(value) != form:
        raise Refused("FIELD_INVALID", name)
    elif field.type == field.TYPE_ENUM and (value == 0 or value not in field.enum_type.values_by_number):
        raise Refused("ENUM_UNKNOWN", name)
    elif field.name == "version" and value != 1:
        raise Refused("VERSION_UNKNOWN", name)
