"""The pure domain: standard library and Polars only. No Django, clock, network or environment."""
