"""The fault campaign: a whole house in virtual time, from one seed, and what must hold in it.

A seed draws a house (module, leftover state, meter, radio), a way to deliver bytes, and a list of
faults with their moments (`plan`, `kinds`). A run (`run`) lets the engine, store, memory and MQTT
publisher of the product live in it (`world`, `product`, `broker`), kills and restarts the process,
and watches (`invariants`, against `truth`). A failing seed replays exactly, and a smaller list of
faults is looked for (`campaign`). Planted defects (`sabotage`) prove that the campaign sees.
"""
