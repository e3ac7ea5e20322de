"""Manzanita, a special education data system for California."""

__version__ = "0.1.0"
