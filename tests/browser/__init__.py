"""The page in a real browser, over the running product and its simulated house.

One Chromium serves all tests; each visit is a context of its own, as a visitor's machine is. The
product is always seen through a stand-in for Home Assistant's ingress, below a path prefix.
"""
