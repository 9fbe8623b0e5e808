"""Keys of Curve25519, agreements, and XEdDSA: signatures made with keys that are otherwise used for agreements.

XEdDSA is described at https://signal.org/docs/specifications/xeddsa/. The curve's points are computed here, because no
library signs with a given scalar; it is not done in constant time, which is enough for a mock.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
KEY_TYPE = b"\x05"
"""Stands before a public key where Signal's messages carry one."""

Point = tuple[int, int, int, int]
"""x, y, z and t of extended coordinates."""
BASE: Point = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


class BadSignature(Exception):
    """A signature that was not made with the key it is said to be made with."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key of Curve25519 and its public key, 32 bytes each."""

    private: bytes
    public: bytes

    @classmethod
    def new(cls) -> Self:
        return cls.of(os.urandom(32))

    @classmethod
    def of(cls, private: bytes) -> Self:
        return cls(private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())

    @property
    def typed(self) -> bytes:
        """The public key with its type before it."""
        return KEY_TYPE + self.public

    def agree(self, public: bytes) -> bytes:
        """Return the secret shared with the owner of `public`."""
        return X25519PrivateKey.from_private_bytes(self.private).exchange(X25519PublicKey.from_public_bytes(public))

    def sign(self, message: bytes) -> bytes:
        """Return the XEdDSA signature of `message`, 64 bytes."""
        clamped = bytearray(self.private)
        clamped[0] &= 248
        clamped[31] = clamped[31] & 127 | 64
        scalar = int.from_bytes(clamped, "little")
        point = _compressed(_times(scalar, BASE))
        if point[31] & 128:
            scalar = -scalar % ORDER
        public = point[:31] + bytes([point[31] & 127])
        start = b"\xfe" + b"\xff" * 31
        nonce = _hashed(start, (scalar % ORDER).to_bytes(32, "little"), message, os.urandom(64))
        commitment = _compressed(_times(nonce, BASE))
        answer = (nonce + _hashed(commitment, public, message) * scalar) % ORDER
        return commitment + answer.to_bytes(32, "little")


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Raise BadSignature unless the owner of `public` has signed `message`.

    Older libraries carry the sign of the Edwards key in the signature's last bit, XEdDSA has none there: both are read.
    """
    u = int.from_bytes(public, "little") & (1 << 255) - 1
    y = (u - 1) * pow(u + 1, -1, P) % P
    edwards = y.to_bytes(32, "little")
    edwards = edwards[:31] + bytes([edwards[31] | signature[63] & 128])
    plain = signature[:63] + bytes([signature[63] & 127])
    try:
        Ed25519PublicKey.from_public_bytes(edwards).verify(plain, message)
    except (InvalidSignature, ValueError):
        raise BadSignature("the signature was not made with this key") from None


def _hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def _sum(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        scalar >>= 1
    return result


def _compressed(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")
