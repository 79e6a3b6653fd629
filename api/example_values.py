"""What fields look like in the examples of the OpenAPI document (api/examples.py); the rest follows from types."""

from typing import Any

# Bodies of which not every pair of fields goes together.
BODIES: dict[str, Any] = {
    "GoalChange": {"title": "Evenings outside", "steps_done": 3},
    "Proof": {"password": "a long way to walk"},
    "ReadUpTo": {"up_to": 12},
}

# Fields of the answers of an operation that look otherwise there: by its operation_id.
ANSWERS: dict[str, dict[str, Any]] = {
    "acceptPartnerRequest": {"status": "partners", "partnership_id": "0193f0c5-7c5e-7b3a-8f43-3d1c5a2b9c77"},
    "declinePartnerRequest": {"status": "declined"},
}

# By the name of a field, or of a shape and its field.
VALUES: dict[str, Any] = {
    "email": "mara@example.org", "new_email": "mara@example.net", "password": "a long way to walk",
    "current_password": "a long way to walk", "new_password": "a longer way to walk", "birth_date": "1993-04-02",
    "timezone": "Europe/Berlin", "locale": "en", "country": "DE", "username": "mara_walks", "started_on": "2026-11-01",
    "code": "402913", "why": "I want my evenings back.", "accepted_terms": True, "visibility": "anonymous",
    "body": "The evenings are the hardest.", "note": "A quiet day.", "triggers": ["boredom"], "mood": 4,
    "urge_level": 2, "intensity": 6, "coping": "A walk around the block.",
    "daily_message_time": "09:00", "from": "22:00", "to": "07:00", "app_version": "1.4.0",
    "platform": "ios", "transport": "apns", "token_kind": "apns", "environment": "production", "token": "6f2c…",
    "occurred_at": "2026-11-22T21:30:00Z", "feeling": "tired", "reflection": "I had not slept.",
    "due_on": "2026-12-31", "starts_on": "2026-12-01", "target": 30,
    "Answers.answers": [{"question_id": "triggers", "value": ["boredom", "stress"]}],
    "client_id": "0d5f3c1e", "version": "2026-11", "granted": True, "helpful": True,
    # What answers have besides.
    "next_cursor": None, "support": None, "completed_at": None, "finished_at": "2026-11-22T21:30:08Z",
    "edited_at": None, "read_at": None, "reply_to": None, "group_id": None, "avatar_url": None, "category": "feelings",
    "Comment.reply_to": None, "MessageView.code": None, "MessageView.detail": None, "ExportView.code": None,
    "freeze_days": ["2026-11-19"],
    "access_token": "eyJhbGciOi…", "refresh_token": "kr_5Yb…", "restore_token": "kx_8Qd…", "token_type": "Bearer",
    "expires_in": 900, "public_name": "mara_walks", "Author.name": "SteadyHeron412", "Group.name": "Quiet evenings",
    "Resource.name": "TelefonSeelsorge", "phone": "0800 111 0 111", "url": "https://example.org/help",
    "hours": "24/7", "text_word": None, "languages": ["de"], "Resource.text": None,
    "Step.text": "Breathe in for four seconds, out for six.", "ConsentView.text": "What you agree to, in full.",
    "ConsentView.kind": "terms", "current_version": "2026-11", "ConsentChange.version": "2026-11",
    "NotificationView.kind": "goal", "NotificationView.title": "Goal reached",
    "NotificationView.body": "Thirty clean days: you did it.", "deep_link": "kuitter://goals",
    "MessageView.body": "That sounds like a long day. What helped you last time?",
    "MemoryView.body": "Works nights, and finds the mornings after hardest.", "MemoryView.entry_id": None,
    "MemoryText.body": "My sister knows about it.", "MemoryView.origin": "talk",
    "SummaryView.body": "They talked about nights at work. A walk before bed has helped.",
    "DailyView.body": "One evening at a time.", "Support.message": "You are not alone with this.",
    "title": "Clean days", "Entry.title": "An evening walk", "EntryChange.title": "An evening walk",
    "NewEntry.title": "An evening walk", "Quiz.title": "Getting to know you",
    "QuizSummary.title": "Getting to know you", "Question.id": "triggers", "id_token": "eyJhbGciOi…",
    "identity_token": "eyJhbGciOi…", "payload": "eyJhbGciOi…", "current": 12, "level": None, "steps_done": None,
    "baseline": None, "allowed": None, "Goal.starts_on": "2026-11-11",
    "intro": "Ten questions, five minutes.", "description": "So many days in a row without a slip.",
    "Group.description": "For the hours after work.", "unit": "days", "fields": [], "plan": "free",
    "Slip.plan": "Leave the phone in the kitchen.", "SlipTold.plan": "Leave the phone in the kitchen.",
    "NewSlip.plan": "Leave the phone in the kitchen.", "SlipChange.plan": "Leave the phone in the kitchen.",
    "slug": "onboarding", "Trigger.slug": "stress", "Trigger.label": "Stress", "trigger": "stress", "label": "Stress",
    "labels": ["Boredom", "Stress"], "prompt": "What brings an urge on?", "hint": "Pick as many as you like.",
    "question_id": "triggers", "value": ["boredom", "stress"], "Option.value": "stress", "Group.slug": "quiet-evenings",
    "AchievementView.slug": "clean-7", "Earned.slug": "clean-7", "AchievementView.title": "A week",
    "Earned.title": "A week", "AchievementView.description": "Seven clean days in a row.",
    "Earned.description": "Seven clean days in a row.", "provider": "google", "client": "Kuitter 1.4.0 (iPhone)",
    "installation_id": "5b1f0c9e", "state": "ready", "Leaving.state": "deleting", "details": "It names a person.",
    "notice": "A store subscription goes on billing: cancel it there.",
    "manage_subscriptions": {"app_store": "https://apps.apple.com/account/subscriptions"},
    "Request.message": "Shall we help each other through the evenings?", "Request.partnership_id": None,
    "NewRequest.message": "Shall we help each other through the evenings?", "ended_at": None,
    "helped_before": ["A walk around the block."], "progress": 40, "current_days": 12, "best_days": 31,
    "total_clean_days": 96, "freezes_left": 1, "member_count": 128, "like_count": 3, "comment_count": 2,
    "resisted_rate": 75, "average_mood": 3.4, "average_urge_level": 2.5, "average_intensity": 5.5, "days": 30,
    "heat_map": [[0] * 22 + [2, 1]] * 7, "WindowUse.limit": 20, "used": 4, "bytes": 48213, "score": 1,
    "resets_at": "2026-11-23T23:00:00Z", "purges_at": "2026-12-22T21:30:00Z", "undo_until": "2026-11-23T21:30:00Z",
    "expires_at": "2026-11-29T21:30:00Z", "url_expires_at": "2026-11-22T21:45:00Z", "is_mine": False,
    "liked_by_me": False, "archived": False, "amount": "3.99", "product_id": "kuitter_plus", "base_plan": "monthly",
    "AppStoreProduct.product_id": "app.kuitter.plus.monthly", "includes": ["30 replies of Anchor a day"],
    "SubscriptionView.state": "active", "next_plan": None, "resumes_at": None, "warning": None, "ClaimView.code": None,
    "management_url": "https://play.google.com/store/account/subscriptions", "NewPurchase.store": "google_play",
    "management_urls": {"google_play": "https://play.google.com/store/account/subscriptions"}, "store": "google_play",
    "ClaimView.status": "accepted", "signedPayload": "eyJhbGciOi…",
}  # fmt: skip

# A value of each format; what stands in VALUES must be of the format, or this is taken.
FORMATS: dict[str, str] = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T21:30:00Z",
    "uuid": "0193f0c5-7c5e-7b3a-8f43-3d1c5a2b9c77",
}
