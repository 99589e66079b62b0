"""Keys, and signatures over the pre-authentication encoding (docs/signed-bytes.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

STATEMENT = "application/vnd.lienthong.statement.v1+protobuf"
REGISTRY_ENTRY = "application/vnd.lienthong.registry-entry.v1+protobuf"
REGISTRY_RECORD = "application/vnd.lienthong.registry-record.v1+protobuf"
PROMISE = "application/vnd.lienthong.promise.v1+protobuf"


class Algorithm(IntEnum):
    """`lienthong.registry.v1.SignatureAlgorithm`. It comes from the key's registry entry, never from a signature."""

    ED25519 = 1
    ECDSA_P256_SHA256 = 2
    RSA_PKCS1_SHA256 = 3


class KeyRefused(ValueError):
    """A key that cannot be used for what it is given for."""


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a signature covers: DSSE v1, raw payload, lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _algorithm_of(public: Any) -> Algorithm:
    if isinstance(public, ed25519.Ed25519PublicKey):
        return Algorithm.ED25519
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return Algorithm.ECDSA_P256_SHA256
    if isinstance(public, rsa.RSAPublicKey) and 2048 <= public.key_size <= 4096:
        return Algorithm.RSA_PKCS1_SHA256
    raise KeyRefused("This kind of key cannot sign here; allowed: Ed25519, P-256, RSA of 2,048 to 4,096 bits.")


def _spki(public: Any) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class VerifyingKey:
    """A public key, and what it verifies."""

    key_id: bytes
    algorithm: Algorithm
    public_key: bytes
    _key: Any

    @classmethod
    def from_spki(cls, algorithm: int, public_key: bytes) -> VerifyingKey:
        """Reads a SubjectPublicKeyInfo in DER and holds it against the algorithm of its registry entry."""
        try:
            key = serialization.load_der_public_key(public_key)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyRefused("The public key is not a SubjectPublicKeyInfo in DER.") from error
        if _spki(key) != public_key:
            raise KeyRefused("The public key is not in DER's one form; export it as SubjectPublicKeyInfo again.")
        if (found := _algorithm_of(key)) != algorithm:
            raise KeyRefused(f"The public key is of the kind {found.name}; its registry entry says {algorithm}.")
        return cls(sha256(public_key).digest(), found, public_key, key)

    def verify(self, payload_type: str, payload: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the payload of this type. Never raises for a bad one."""
        signed = pre_authentication_encoding(payload_type, payload)
        try:
            if self.algorithm is Algorithm.ED25519:
                self._key.verify(signature, signed)
            elif self.algorithm is Algorithm.ECDSA_P256_SHA256:
                self._key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
            else:
                self._key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key, and its public half."""

    public: VerifyingKey
    _key: Any

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Reads an unencrypted PKCS#8 key in PEM."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyRefused("The private key is not an unencrypted PKCS#8 key in PEM.") from error
        return cls.of(key)

    @classmethod
    def of(cls, key: Any) -> SigningKey:
        """Takes a private key of the `cryptography` library."""
        public = key.public_key()
        return cls(VerifyingKey.from_spki(_algorithm_of(public), _spki(public)), key)

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Signs; an ECDSA signature is in DER, as the library gives it, and differs every time."""
        signed = pre_authentication_encoding(payload_type, payload)
        if self.public.algorithm is Algorithm.ED25519:
            return self._key.sign(signed)
        if self.public.algorithm is Algorithm.ECDSA_P256_SHA256:
            return self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
