"""Home Assistant's side: the Supervisor, Core, the MQTT broker and what they are told.

`entities` and `discovery` are pure, `mqtt` is the only importer of paho, `publisher` turns
snapshots into messages.
"""
