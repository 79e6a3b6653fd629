"""The certificates of a play Apple, and what is signed with them: the same shape as Apple's, under a root of our own.

Apple's library checks all of it (providers.md 7.3): the extensions with which Apple marks its certificates, the
identifiers of the keys, and that exactly three certificates come with each signature.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, TypeAlias

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

Flaw: TypeAlias = Literal["root", "oid", "payload", "chain", "algorithm"]

_INTERMEDIATE_MARK = "1.2.840.113635.100.6.2.1"
_LEAF_MARK = "1.2.840.113635.100.6.11.1"
_DER_NULL = b"\x05\x00"
# Whatever day the business clock shows, the signatures hold.
_BEFORE, _AFTER = timedelta(days=365 * 5), timedelta(days=365 * 50)

_Key: TypeAlias = ec.EllipticCurvePrivateKey


class Chain:
    """Root, intermediate and leaf; the leaf's key signs."""

    def __init__(self, root: _Key, intermediate: _Key, leaf: _Key, certificates: list[x509.Certificate]) -> None:
        """`certificates` are those of leaf, intermediate and root, in this order."""
        self._keys = (root, intermediate, leaf)
        self._certificates = certificates
        self._x5c = [base64.b64encode(_der(certificate)).decode() for certificate in certificates]

    @classmethod
    def new(cls) -> Chain:
        """A chain that nobody has seen before."""
        root, intermediate = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
        leaf = ec.generate_private_key(ec.SECP256R1())
        own = _certificate("Sandbox Root CA", root, None, root, None, None)
        middle = _certificate("Sandbox Intermediate CA", intermediate, own, root, 0, _INTERMEDIATE_MARK)
        return cls(root, intermediate, leaf, [_leaf(leaf, middle, intermediate, _LEAF_MARK), middle, own])

    @classmethod
    def load(cls, pem: bytes) -> Chain:
        """What `dump` wrote."""
        parts = pem.split(b"-----BEGIN PRIVATE KEY-----")[1:]
        keys = [serialization.load_pem_private_key(b"-----BEGIN PRIVATE KEY-----" + part, None) for part in parts]
        root, intermediate, leaf = (key for key in keys if isinstance(key, _Key))
        return cls(root, intermediate, leaf, x509.load_pem_x509_certificates(pem))

    def with_responder(self, url: str) -> Chain:
        """The same under the same root, its certificates naming where to ask by OCSP whether they still hold."""
        root, intermediate, leaf = self._keys
        own = self._certificates[2]
        middle = _certificate("Sandbox Intermediate CA", intermediate, own, root, 0, _INTERMEDIATE_MARK, responder=url)
        return Chain(*self._keys, [_leaf(leaf, middle, intermediate, _LEAF_MARK, url), middle, own])

    def issued(self, serial_number: int) -> tuple[x509.Certificate, x509.Certificate, _Key] | None:
        """The certificate of this number, its issuer's, and the issuer's key; None if none of ours has it."""
        leaf, middle, own = self._certificates
        for certificate, issuer, key in ((leaf, middle, self._keys[1]), (middle, own, self._keys[0])):
            if certificate.serial_number == serial_number:
                return certificate, issuer, key
        return None

    def dump(self) -> bytes:
        """All of it as PEM, the keys included."""
        return b"".join(
            [certificate.public_bytes(serialization.Encoding.PEM) for certificate in self._certificates]
            + [
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                for key in self._keys
            ]
        )

    @property
    def root(self) -> bytes:
        """The root certificate as PEM, for whoever verifies."""
        return self._certificates[2].public_bytes(serialization.Encoding.PEM)

    def sign(self, payload: Mapping[str, Any], flaw: Flaw | None = None) -> str:
        """A payload signed as Apple signs, or one that has to be refused for one reason alone.

        `root`: under a root that nobody trusts. `oid`: the leaf lacks Apple's mark. `payload`: changed after it was
        signed. `chain`: two certificates instead of three. `algorithm`: HS256, the public certificate as its secret.
        """
        match flaw:
            case "root":
                return self._stranger.sign(payload)
            case "oid":
                return self._unmarked.sign(payload)
            case "chain":
                return self._signed(payload, self._x5c[:2])
            case "algorithm":
                return jwt.encode(dict(payload), self._x5c[0], algorithm="HS256", headers={"x5c": self._x5c})
            case "payload":
                head, _, signature = self._signed(payload, self._x5c).split(".")
                return f"{head}.{self._signed({**payload, 'quantity': 2}, []).split('.')[1]}.{signature}"
        return self._signed(payload, self._x5c)

    def _signed(self, payload: Mapping[str, Any], x5c: list[str]) -> str:
        return jwt.encode(dict(payload), self._keys[2], algorithm="ES256", headers={"x5c": x5c})

    @cached_property
    def _stranger(self) -> Chain:
        return Chain.new()

    @cached_property
    def _unmarked(self) -> Chain:
        _, middle, own = self._certificates
        return Chain(*self._keys, [_leaf(self._keys[2], middle, self._keys[1], None), middle, own])


def _leaf(
    key: _Key, issuer: x509.Certificate, issuer_key: _Key, mark: str | None, responder: str | None = None
) -> x509.Certificate:
    return _certificate(
        "Sandbox Store Signing", key, issuer, issuer_key, None, mark, is_authority=False, responder=responder
    )


def _certificate(
    common_name: str,
    key: _Key,
    issuer: x509.Certificate | None,
    issuer_key: _Key,
    path_length: int | None,
    mark: str | None,
    *,
    is_authority: bool = True,
    responder: str | None = None,
) -> x509.Certificate:
    """One certificate; without an issuer it is its own."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _AFTER)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
        .add_extension(_usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if mark is not None:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), _DER_NULL), critical=False
        )
    if responder is not None:
        place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    return builder.sign(issuer_key, hashes.SHA384())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
