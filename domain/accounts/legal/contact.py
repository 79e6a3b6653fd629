"""How to reach whoever runs this."""

from __future__ import annotations

from domain.accounts.legal.page import CONTACT, Page, Section

PAGE = Page(
    title="Contact",
    intro="A person reads what you write.",
    sections=(
        Section(
            "Write to us",
            (
                "Questions, faults, privacy, an account that was suspended, something that should not be online: "
                + CONTACT
                + ".",
                "We never ask for your password or for a code.",
            ),
        ),
        Section(
            "If you need help now",
            (
                "This address is not read day and night. If you or somebody else is in danger, call the emergency "
                "number of your country.",
            ),
        ),
        Section(
            "Deleting your account",
            ("You can do that yourself, without writing to us, in the app or on the page /account-deletion.",),
        ),
    ),
)
