"""Whether the certificates that the App Store signs with still hold: the responder of RFC 6960 that they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ops.sandbox.app_store_chain import Chain
from ops.sandbox.wire import Answer, Request

PATH = "/app-store/ocsp"
_TYPE = (b"content-type", b"application/ocsp-response")
_HOUR = timedelta(hours=1)


class Responder:
    """Answers for the intermediate and the leaf; by the real clock, as whoever asks does."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.revoked = False
        """Whether it says that they were revoked an hour ago."""

    def answer(self, request: Request) -> Answer:
        """What it says of the certificate that is asked for."""
        if request.method != "POST":
            return Answer(status=405, headers=[(b"allow", b"POST")])
        try:
            asked = ocsp.load_der_ocsp_request(request.body)
        except ValueError:
            return _said(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST))
        known = self._chain.issued(asked.serial_number)
        if known is None:
            return _said(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED))
        certificate, issuer, key = known
        now = datetime.now(UTC)
        built = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=issuer,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if self.revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + _HOUR,
                revocation_time=now - _HOUR if self.revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
            .sign(key, hashes.SHA256())
        )
        return _said(built)


def _said(response: ocsp.OCSPResponse) -> Answer:
    return Answer(status=200, headers=[_TYPE], body=response.public_bytes(Encoding.DER))
