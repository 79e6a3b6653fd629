from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:13"
VERSION = "1.38.0"
DESCRIPTION = "quizzes, questions, answers"

FORWARDS = """
-- A version is never changed once people have answered it: a new one is added, and the old is switched off.
CREATE TABLE quizzes (
    slug text NOT NULL CONSTRAINT quizzes_slug CHECK (slug ~ '^[a-z0-9-]{1,60}$'),
    version integer NOT NULL CONSTRAINT quizzes_version CHECK (version > 0),
    title text NOT NULL,
    intro text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (slug, version)
);

CREATE TABLE quiz_questions (
    quiz text NOT NULL,
    version integer NOT NULL,
    id text NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL CONSTRAINT quiz_questions_kind CHECK (kind IN ('choice', 'choices', 'scale', 'number', 'text')),
    prompt text NOT NULL,
    hint text,
    required boolean NOT NULL,
    options jsonb NOT NULL DEFAULT '[]',
    smallest integer,
    largest integer,
    PRIMARY KEY (quiz, version, id),
    CONSTRAINT quiz_questions_position UNIQUE (quiz, version, position),
    CONSTRAINT quiz_questions_options CHECK ((kind IN ('choice', 'choices')) = (options <> '[]')),
    CONSTRAINT quiz_questions_range CHECK (
        CASE WHEN kind IN ('scale', 'number') THEN coalesce(smallest < largest, false)
             ELSE smallest IS NULL AND largest IS NULL END
    ),
    CONSTRAINT quiz_questions_quiz_fk FOREIGN KEY (quiz, version) REFERENCES quizzes (slug, version) ON DELETE CASCADE
);

-- One time of taking a quiz. A retake is a new one; the newest counts.
CREATE TABLE quiz_runs (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT quiz_runs_user_fk REFERENCES users (id) ON DELETE CASCADE,
    quiz text NOT NULL,
    version integer NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    completed_at timestamptz,
    CONSTRAINT quiz_runs_quiz_fk FOREIGN KEY (quiz, version) REFERENCES quizzes (slug, version) ON DELETE RESTRICT
);
CREATE INDEX quiz_runs_user ON quiz_runs (user_id, id DESC);
CREATE INDEX quiz_runs_user_quiz ON quiz_runs (user_id, quiz, id DESC);
CREATE INDEX quiz_runs_quiz ON quiz_runs (quiz, version);
CREATE UNIQUE INDEX quiz_runs_one_open ON quiz_runs (user_id, quiz) WHERE completed_at IS NULL;

CREATE TABLE quiz_answers (
    run_id uuid NOT NULL CONSTRAINT quiz_answers_run_fk REFERENCES quiz_runs (id) ON DELETE CASCADE,
    question_id text NOT NULL,
    value jsonb NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, question_id)
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
