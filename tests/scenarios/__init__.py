"""Whole stories: house, engine and publishers together, told from what Home Assistant sees."""
