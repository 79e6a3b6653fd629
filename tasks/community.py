"""The community: telling people what others did, counting anew by night, forgetting what only a limit needed."""

from __future__ import annotations

from domain.community import posting, repair, telling
from domain.community.telling import TellOfCommentLikes, TellOfComments, TellOfPostLikes, TellOfReplies
from tasks.actor import recomputes

tell_of_post_likes = recomputes(TellOfPostLikes)(telling.tell)
tell_of_comment_likes = recomputes(TellOfCommentLikes)(telling.tell)
tell_of_comments = recomputes(TellOfComments)(telling.tell)
tell_of_replies = recomputes(TellOfReplies)(telling.tell)

PERIODIC = [
    ("community.repair_counts", 30.0, repair.repair_some),
    ("community.early_writings", 3_600.0, posting.forget_early_writings),
]
