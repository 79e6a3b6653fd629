from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:15"
VERSION = "1.38.0"
DESCRIPTION = "achievements"

FORWARDS = """
-- What can be achieved: earned once the person's `metric` is at least `level`. The metrics are in
-- domain/achievements/metrics.py.
CREATE TABLE achievements (
    slug text PRIMARY KEY,
    metric text NOT NULL CONSTRAINT achievements_metric CHECK (metric IN ('best_clean_days', 'total_clean_days',
        'comebacks', 'check_in_streak', 'check_ins', 'urges_logged', 'urges_resisted', 'journal_entries',
        'slips_reflected', 'goals_completed', 'quizzes_completed')),
    level integer NOT NULL CONSTRAINT achievements_level CHECK (level > 0),
    title text NOT NULL,
    description text NOT NULL,
    position integer NOT NULL,
    active boolean NOT NULL DEFAULT true
);

-- Never taken back: a slip, an undone slip and a deleted entry leave these rows.
CREATE TABLE earned_achievements (
    user_id uuid NOT NULL CONSTRAINT earned_achievements_user_fk REFERENCES users (id) ON DELETE CASCADE,
    achievement text NOT NULL CONSTRAINT earned_achievements_achievement_fk REFERENCES achievements (slug) ON DELETE CASCADE,
    earned_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, achievement)
);
CREATE INDEX earned_achievements_achievement ON earned_achievements (achievement);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
