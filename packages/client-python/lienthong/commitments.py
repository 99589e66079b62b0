"""What is derived and committed to: bus statement ids, documents, the applicant (docs/signed-bytes.md)."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from secrets import token_bytes


def _framed(parts: Iterable[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def bus_statement_id(cause: bytes, branch: str, receiver: str, kind: int, ordinal: int) -> bytes:
    """Id of what the bus says: the same cause, branch, receiver, kind and ordinal give the same id."""
    texts = (branch, receiver, str(kind), str(ordinal))
    return sha256(_framed((b"lienthong bus statement v1", cause, *(text.encode() for text in texts)))).digest()


def new_salt() -> bytes:
    """A salt: 32 random bytes, made and kept by the author, another one for every commitment."""
    return token_bytes(32)


def commitment(salt: bytes, kind: str, data: bytes | Iterable[bytes]) -> bytes:
    """HMAC-SHA-256(salt, kind ‖ 00 ‖ bytes). Long documents may be given in pieces."""
    if len(salt) != 32:
        raise ValueError(f"A salt has 32 bytes, not {len(salt)}; make one with new_salt().")
    mac = hmac.new(salt, kind.encode() + b"\x00", sha256)
    for piece in (data,) if isinstance(data, bytes) else data:
        mac.update(piece)
    return mac.digest()


_IDENTITIES = {"citizen": r"(\d{12})?", "foreigner": r"([A-Z]{3}:[0-9A-Z]{1,32})?", "organisation": r"(\d{10}|\d{13})?"}
_BORN = r"(\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?"


def applicant_bytes(kind: str, identity: str, name: str, born: str = "") -> bytes:
    """The applicant's canonical bytes: the name in form C, single spaces and capitals, as identity papers print it.

    ValueError names the part that has another form than docs/signed-bytes.md says, and never repeats what stands in it."""
    words = re.split("[\t-\r \xa0]+", unicodedata.normalize("NFC", name))
    printed = unicodedata.normalize("NFC", " ".join(word for word in words if word).upper())
    wrong = (
        "kind" if kind not in _IDENTITIES
        else "identity" if not re.fullmatch(_IDENTITIES[kind], identity, re.ASCII)
        else "born" if not re.fullmatch("" if kind == "organisation" else _BORN, born, re.ASCII)
        else "name" if not 0 < len(printed) <= 400 or any(unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} for c in printed)
        else None
    )  # fmt: skip
    if wrong is not None:
        raise ValueError(f"The applicant's {wrong} has not the form that docs/signed-bytes.md describes.")
    return _framed(text.encode() for text in ("lienthong applicant v1", kind, identity, printed, born))
