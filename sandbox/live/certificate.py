"""The certificate of the TLS end that stands for WhatsApp's hosts: one run's own, signed by nobody."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

NAMES = ("web.whatsapp.com", "whatsapp.com", "*.whatsapp.com", "whatsapp.net", "*.whatsapp.net")
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class TlsIdentity:
    """A certificate and its key. `key_hash` is what Chromium takes in `--ignore-certificate-errors-spki-list`."""

    certificate: bytes
    key: bytes
    key_hash: str

    @classmethod
    def new(cls) -> TlsIdentity:
        """Return a new one, good for a day before and after now."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - _DAY, now + _DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in NAMES]), critical=False)
            .sign(key, hashes.SHA256())
        )
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(
            made.public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            base64.b64encode(hashlib.sha256(public).digest()).decode(),
        )

    def context(self) -> ssl.SSLContext:
        """Return a server's context. OpenSSL reads the key from a file, which is gone when this returns."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="session-manager-live-") as directory:
            both = Path(directory) / "identity.pem"
            both.write_bytes(self.certificate + self.key)
            context.load_cert_chain(both)
        return context
