"""The community rules."""

from __future__ import annotations

from domain.accounts.consents import COMMUNITY_RULES
from domain.accounts.legal.page import CONTACT, Page, Section

PAGE = Page(
    title="Community rules",
    intro="For posts, comments, groups and partners. You accept them before you first write to others.",
    consents=(COMMUNITY_RULES,),
    sections=(
        Section(
            "Be good company",
            ("Everybody here is working on something hard. Encourage, listen, and let others go at their own pace.",),
        ),
        Section(
            "Not here",
            (),
            (
                "links to pornography, names of sites or performers, and descriptions meant to arouse",
                "anything sexual that involves people under 18: it is removed at once, and reported where the law asks "
                "for that",
                "insults, threats, hate, and pressing somebody who does not want to talk",
                "telephone numbers, addresses, accounts elsewhere, your own or another's: stay here, where you are "
                "protected",
                "urging others to harm themselves, or telling how",
                "advertising, selling, and pretending to be somebody else",
            ),
        ),
        Section(
            "Hard subjects",
            (
                "Talking about a slip, about shame or dark thoughts is welcome. Mark a post as sensitive if it may "
                "pull others along. If you are in danger, please call the emergency number of your country.",
            ),
        ),
        Section(
            "Reporting and blocking",
            (
                "Everything that others write can be reported, and everybody can be blocked: then neither of you sees "
                "the other any more, whatever name you wear. People read the reports; whoever reported hears what came "
                "of it.",
                "Being anonymous protects you from other members, not from these rules: limits and suspensions are of "
                "the account. If one hit you wrongly, write to " + CONTACT + ".",
            ),
        ),
    ),
)
