"""Samples in, text out: a library of its own that knows neither HTTP nor tasks nor settings."""
