"""The provider sandbox: the outside services that the app talks to, played on this machine.

Start it with `python -m ops.sandbox`. A new provider is one module with a `Provider` and one line in `app.py`.
"""
