"""What is kept of a person, who else gets to see it, and how it ends."""

from __future__ import annotations

from domain.accounts.consents import CURRENT, PARTNER_SHARING, SENSITIVE_DATA, THIRD_PARTY_AI
from domain.accounts.legal.page import CONTACT, Page, Section

PAGE = Page(
    title="Privacy",
    intro="What Kuitter keeps of you, who else gets to see some of it, and how you get it back or make it go away.",
    consents=(SENSITIVE_DATA, THIRD_PARTY_AI, PARTNER_SHARING),
    sections=(
        Section(
            "What is kept",
            ("Only what you enter and what the service needs to work:",),
            (
                "your e-mail address, date of birth, time zone, language and country; your password as a hash that "
                "cannot be turned back; if you sign in with Google or Apple, the number by which they know you",
                "your check-ins, streaks, slips, journal and goals, and why you are doing this",
                "your talk with Anchor, and what Anchor keeps in mind of it",
                "your username, the random names under which others see you, and whom you blocked",
                "where you are signed in, and the address of your phone for notifications",
                "which consents you gave and when, and security events without any text",
            ),
        ),
        Section(
            "Data about health and sexual life",
            (
                CURRENT[SENSITIVE_DATA][1] + " You give this consent when you sign up, and withdraw it in the app or "
                "by deleting the account.",
            ),
        ),
        Section(
            "What others see of you",
            (
                "You choose between your username and a random name, and may change it at any time. Nobody else is "
                "shown your e-mail address, your journal, your check-ins or the number of your account. When you "
                "become anonymous, what you wrote under your username appears under another random name.",
                CURRENT[PARTNER_SHARING][1] + " This happens only with your consent.",
            ),
        ),
        Section(
            "DeepSeek, the AI behind Anchor",
            (
                CURRENT[THIRD_PARTY_AI][1],
                "DeepSeek processes it in the People's Republic of China. You can withdraw this consent at any time, "
                "and it acts at once; you can also keep your journal out of it.",
            ),
        ),
        Section(
            "Who else is involved",
            (),
            (
                "Apple and Google deliver notifications. Unless you choose otherwise, these only say that there is "
                "something to read.",
                "Apple and Google sign you in if you choose that way, and handle purchases.",
                "A mail provider delivers our e-mails.",
                "Nobody gets data for advertising, and there is no tracking.",
            ),
        ),
        Section(
            "Your data in your hands",
            (
                "In the app you can ask for an export, one archive with all that is kept of you. You can correct what "
                "you entered, withdraw each consent, and delete single entries. For anything else write to "
                + CONTACT
                + ". You may also complain to the data protection authority of your country.",
            ),
        ),
        Section(
            "Deletion",
            (
                "You delete your account in the app, or on the page /account-deletion if you no longer have it. At "
                "once nobody sees anything of you and no more is sent to you. For 30 days you can come back; then "
                "all of it is removed, except for:",
            ),
            (
                "purchases, for the books, without your person",
                "the text of something that was reported, for up to 180 days",
                "security events without text and without your person, for up to a year",
                "a partner's own copy of your talk, with your messages blanked",
            ),
        ),
    ),
)
