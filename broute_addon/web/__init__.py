"""The page, and the JSON behind it: `view` is pure, `server` speaks HTTP."""
