"""The one Piccolo app: its migrations build the whole schema `kuitter`.

They are hand-written SQL inside Piccolo's migrations: partial and composite keys, CHECKs and descending indexes have
no form in the table classes. tests/kit/test_schema.py holds the table classes against what the migrations built.
"""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="kuitter",
    migrations_folder_path=str(Path(__file__).parent / "versions"),
    table_classes=[],
    migration_dependencies=[],
    commands=[],
)
