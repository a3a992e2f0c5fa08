"""The whole product on an invented house: nothing needed but this package.

    House (stick on a real pty) ─▶ App, as `run` builds it ─▶ MQTT broker ─▶ Watcher ─▶ the screen

What is printed has gone the whole way: the watcher is a second MQTT client, which knows only what
discovery tells it, as Home Assistant does.
"""
