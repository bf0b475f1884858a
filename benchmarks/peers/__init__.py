"""Engines of others, run over the same shapes and facts."""
