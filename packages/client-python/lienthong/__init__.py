"""A client of the bus for systems written in Python. See README.md."""

from .bus import Bus, BusError, Receiver
from .commitments import applicant_bytes, bus_statement_id, commitment, new_salt
from .contracts import Contracts
from .keys import Algorithm, KeyRefused, SigningKey, VerifyingKey, pre_authentication_encoding
from .merkle import leaf_hash, node_hash, root_from_path, root_of
from .pen import Pen, Signed, now, uuid7
from .proofs import ProofFailed, Registry, check_accepted, check_promise, check_trail, read_registry

__all__ = [
    "Algorithm", "Bus", "BusError", "Contracts", "KeyRefused", "Pen", "ProofFailed", "Receiver", "Registry", "Signed",
    "SigningKey", "VerifyingKey", "applicant_bytes", "bus_statement_id", "check_accepted", "check_promise", "check_trail",
    "commitment", "leaf_hash", "new_salt", "node_hash", "now", "pre_authentication_encoding", "read_registry",
    "root_from_path", "root_of", "uuid7",
]
