"""A real Home Assistant Core with a real Mosquitto; `setup` installs it, `rig` runs it."""
