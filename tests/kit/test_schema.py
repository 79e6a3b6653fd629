"""The schema that the migrations build: indexed, checked, closed to outsiders, and as the table classes say."""

import asyncio
import importlib
import os
import pkgutil
import re
import sys
from urllib.parse import urlsplit

import asyncpg
import pytest
from piccolo.columns import ForeignKey
from piccolo.table import Table

import domain

# A text column of one of these names holds one of a few words.
ENUMERATIONS = re.compile(
    r"(.*_)?(state|status|kind|role|queue|platform|transport|environment|visibility|purpose|source|tone|outcome"
    r"|direction|store|plan|result|cause_kind|provider|revoked_why)"
)
# These come from outside (a provider's or a client's own words) or are names.
OPEN = {("jobs", "name"), ("prompts", "tone"), ("slips", "plan")}

COLUMNS = """
SELECT table_name, column_name, data_type, udt_name, is_nullable = 'YES' AS nullable
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'kuitter' AND table_type = 'BASE TABLE' ORDER BY table_name, ordinal_position
"""
TYPES = {
    "TEXT": "text", "VARCHAR": "varchar", "UUID": "uuid", "TIMESTAMPTZ": "timestamptz", "DATE": "date", "TIME": "time",
    "BOOLEAN": "bool", "INTEGER": "int4", "BIGINT": "int8", "SMALLINT": "int2", "BYTEA": "bytea", "JSONB": "jsonb",
    "TEXT[]": "_text", "INTERVAL": "interval", "UUID[]": "_uuid",
}  # fmt: skip


@pytest.fixture(scope="module")
async def fetch(schema):
    """Asks the database that the migrations built."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter"})
    yield connection.fetch
    await connection.close()


def table_classes() -> list[type[Table]]:
    """Every table class of every feature."""
    found = []
    for feature in pkgutil.iter_modules(domain.__path__):
        name = f"domain.{feature.name}.tables"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Table) and value.__module__ == name
        ]
    return found


async def test_every_foreign_key_has_an_index(fetch):
    missing = await fetch(
        """SELECT c.conrelid::regclass::text AS "table", c.conname FROM pg_constraint c
           WHERE c.contype = 'f' AND c.connamespace = 'kuitter'::regnamespace AND NOT EXISTS (
               SELECT 1 FROM pg_index i
               WHERE i.indrelid = c.conrelid AND i.indisvalid
                 AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
                 AND (i.indpred IS NULL
                      OR pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$'))"""
    )
    assert [tuple(row) for row in missing] == []


async def test_every_foreign_key_says_what_happens_on_delete(fetch):
    silent = await fetch(
        """SELECT conrelid::regclass::text, conname FROM pg_constraint
           WHERE contype = 'f' AND connamespace = 'kuitter'::regnamespace AND confdeltype = 'a'"""
    )
    assert [tuple(row) for row in silent] == []


async def test_every_table_has_a_primary_key(fetch):
    missing = await fetch(
        """SELECT relname FROM pg_class t
           WHERE relkind IN ('r', 'p') AND relnamespace = 'kuitter'::regnamespace
             AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = t.oid AND contype = 'p')"""
    )
    assert [row["relname"] for row in missing] == []


async def test_nothing_that_is_counted_is_a_float(fetch):
    columns = [tuple(row) for row in await fetch(COLUMNS)]
    assert [column for column in columns if column[2] in ("real", "double precision", "money")] == []
    assert [
        column for column in columns if column[2] == "timestamp without time zone" and column[0] != "migration"
    ] == []
    assert [column for column in columns if column[2].startswith("character") and column[0] != "migration"] == []


async def test_every_column_of_words_has_a_check(fetch):
    checked = {
        (row["table"], row["column"])
        for row in await fetch(
            """SELECT c.conrelid::regclass::text AS "table", a.attname AS "column"
               FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
               WHERE c.contype = 'c' AND c.connamespace = 'kuitter'::regnamespace"""
        )
    }
    words = {
        (row["table_name"], row["column_name"])
        for row in await fetch(COLUMNS)
        if row["data_type"] == "text" and ENUMERATIONS.fullmatch(row["column_name"])
    }
    assert words - checked - OPEN == set()
    assert len(words & checked) > 10


def test_table_classes_are_found():
    assert {"users", "sessions"} <= {table._meta.tablename for table in table_classes()}


@pytest.mark.parametrize("table", table_classes(), ids=lambda table: table._meta.tablename)
async def test_table_class_matches_the_database(fetch, table):
    built = {
        row["column_name"]: (row["udt_name"], row["nullable"])
        for row in await fetch(COLUMNS)
        if row["table_name"] == table._meta.tablename
    }

    def type_of(column) -> str:
        if isinstance(column, ForeignKey):
            return type_of(column._foreign_key_meta.resolved_references._meta.primary_key)
        return TYPES[column.column_type]

    said = {column._meta.db_column_name: (type_of(column), column._meta.null) for column in table._meta.columns}
    assert said == built
    keys = await fetch(
        """SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
           WHERE i.indrelid = $1::text::regclass AND i.indisprimary""",
        table._meta.tablename,
    )
    assert [row["attname"] for row in keys] == [table._meta.primary_key._meta.db_column_name]


@pytest.mark.parametrize("table", table_classes(), ids=lambda table: table._meta.tablename)
async def test_references_of_a_table_class_match_the_database(fetch, table):
    actions = {"c": "CASCADE", "n": "SET NULL", "r": "RESTRICT", "a": "NO ACTION", "d": "SET DEFAULT"}
    built = {
        row["column"]: (row["target"], actions[row["action"]])
        for row in await fetch(
            """SELECT a.attname AS "column", c.confrelid::regclass::text AS target, c.confdeltype::text AS action
               FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
               WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conrelid::regclass::text = $1""",
            table._meta.tablename,
        )
    }
    said = {
        column._meta.db_column_name: (
            column._foreign_key_meta.resolved_references._meta.tablename,
            column._foreign_key_meta.on_delete.value,
        )
        for column in table._meta.foreign_key_columns
    }
    # A class may leave a reference out where two tables point at each other, but says nothing that is not so.
    assert said.items() <= built.items()


async def test_everything_lies_in_the_schema(fetch):
    elsewhere = await fetch(
        """SELECT relnamespace::regnamespace::text, relname FROM pg_class
           WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
             AND relnamespace::regnamespace::text NOT IN ('kuitter', 'pg_catalog', 'information_schema', 'pg_toast')"""
    )
    assert [tuple(row) for row in elsewhere] == []
    assert "migration" in {row["table_name"] for row in await fetch(COLUMNS)}


# A database of its own, prepared as Supabase prepares its own.


async def migrations_at_once(url: str, copies: int) -> list[tuple[int, str]]:
    """Run `kuitter migrate` so many times at once; exit status and error output of each."""
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ops.cli",
            "migrate",
            env=os.environ | {"DATABASE_URL": url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(copies)
    ]
    ended = [await child.communicate() for child in children]
    return [(child.returncode, err.decode()) for child, (_, err) in zip(children, ended, strict=True)]


@pytest.fixture(scope="module")
async def supabase(schema):
    """The address of an empty database with the two roles that Supabase's REST layer serves."""
    here = os.environ["DATABASE_URL"]
    address = urlsplit(here)._replace(path="/kuitter_scratch").geturl()
    server = await asyncpg.connect(here)
    await server.execute("DROP DATABASE IF EXISTS kuitter_scratch")
    for role in ("anon", "authenticated"):
        if not await server.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
            await server.execute(f"CREATE ROLE {role} NOLOGIN")
        await server.execute(f"GRANT {role} TO CURRENT_USER")
    await server.execute("CREATE DATABASE kuitter_scratch")
    connection = await asyncpg.connect(address)
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        await connection.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind} TO anon, authenticated"
        )
    await connection.execute("GRANT USAGE ON SCHEMA public TO anon, authenticated")
    await connection.close()
    yield address
    await server.execute("DROP DATABASE kuitter_scratch WITH (FORCE)")
    await server.execute("DROP ROLE anon")
    await server.execute("DROP ROLE authenticated")
    await server.close()


async def test_two_migrations_at_once_and_a_third_after_them(fetch, supabase):
    assert await migrations_at_once(supabase, 2) == [(0, ""), (0, "")]
    connection = await asyncpg.connect(supabase)
    done = await connection.fetch("SELECT * FROM kuitter.migration ORDER BY id")
    assert len(done) == len({row["name"] for row in done}) >= 5
    assert await migrations_at_once(supabase, 1) == [(0, "")]
    assert await connection.fetch("SELECT * FROM kuitter.migration ORDER BY id") == done
    here = {row["name"] for row in await fetch("SELECT name FROM migration")}
    assert {row["name"] for row in done} >= here
    await connection.close()


async def test_outsiders_of_the_rest_layer_see_nothing(supabase):
    connection = await asyncpg.connect(supabase)
    await connection.execute("CREATE TABLE kuitter.later (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY)")
    await connection.execute("CREATE FUNCTION kuitter.later_on() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    open_to = await connection.fetch(
        """SELECT role, relname, privilege
           FROM unnest(ARRAY['anon', 'authenticated']) AS role,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege,
                pg_class
           WHERE relnamespace = 'kuitter'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
             AND has_table_privilege(role, oid, privilege)"""
    )
    assert [tuple(row) for row in open_to] == []
    tables = await connection.fetchval(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'kuitter'::regnamespace AND relkind = 'r'"
    )
    assert tables > 10
    for role in ("anon", "authenticated"):
        for privilege in ("USAGE", "CREATE"):
            assert not await connection.fetchval("SELECT has_schema_privilege($1, 'kuitter', $2)", role, privilege)
        await connection.execute(f"SET ROLE {role}")
        for table in ("users", "later"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM kuitter.{table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT kuitter.later_on()")
        await connection.execute("RESET ROLE")
    assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
    await connection.execute("DROP TABLE kuitter.later; DROP FUNCTION kuitter.later_on()")
    await connection.close()
