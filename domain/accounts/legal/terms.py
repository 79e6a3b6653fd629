"""The terms of use."""

from __future__ import annotations

from domain.accounts.consents import TERMS
from domain.accounts.legal.page import CONTACT, Page, Section

PAGE = Page(
    title="Terms of use",
    intro="What you may expect of Kuitter, and what it expects of you. You accept these terms when you sign up.",
    consents=(TERMS,),
    sections=(
        Section(
            "What Kuitter is",
            (
                "Kuitter helps people who want to leave pornography behind: it keeps your streak and check-ins, and "
                "Anchor, its companion, answers and writes to you.",
                "Anchor is an AI and not a person. Nothing in Kuitter is therapy, medical care or an emergency "
                "service. If you or somebody else is in danger, call the emergency number of your country.",
            ),
        ),
        Section(
            "Who may use it",
            (
                "You must be at least 13 years old. Your date of birth cannot be changed later. People under 18 and "
                "adults are never brought together as partners.",
                "One account is for one person. Keep your password to yourself.",
            ),
        ),
        Section(
            "What you write",
            (
                "What you write stays yours. You allow Kuitter to keep it and to show it to those whom you show it to: "
                "your journal and check-ins to nobody, a post to whoever may read that place.",
                "Towards others the community rules hold. What breaks them is removed, and an account that does so "
                "again or gravely is suspended. If you think that was wrong, write to " + CONTACT + ".",
            ),
        ),
        Section(
            "Subscriptions",
            (
                "Kuitter can be used without paying. A subscription is bought from Apple or Google, is renewed by them "
                "until you cancel it there, and is refunded by their rules. Deleting your account here does not cancel "
                "it there.",
            ),
        ),
        Section(
            "Ending it",
            (
                "You can delete your account at any time, in the app or on the page /account-deletion. You have 30 "
                "days to change your mind, then your data is removed.",
                "If these terms change, the app shows you the new ones and asks.",
            ),
        ),
        Section(
            "What Kuitter cannot promise",
            (
                "We work for the service to be there and your data to be safe, but there may be faults and pauses. "
                "The law of your country on consumers and liability holds, whatever stands here.",
            ),
        ),
    ),
)
