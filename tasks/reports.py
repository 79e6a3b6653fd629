"""Reports are kept for a while after they were reviewed, and then forgotten."""

from __future__ import annotations

from domain.reports import review

PERIODIC = [("reports.forget_old", 3600.0, review.forget_old)]
