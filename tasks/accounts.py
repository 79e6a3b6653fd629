"""What is scheduled around accounts and requests."""

from __future__ import annotations

from domain.kit.idempotency import forget_old

PERIODIC = [("forget_idempotency_keys", 600.0, forget_old)]
