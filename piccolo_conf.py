"""Piccolo's configuration: the engine of this process and the one app whose migrations build the schema."""

from piccolo.conf.apps import AppRegistry

from domain.kit.database import engine

DB = engine()

APP_REGISTRY = AppRegistry(apps=["piccolo_migrations.piccolo_app"])
