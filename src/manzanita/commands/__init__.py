"""Subcommands of ``manzanita``: HELP, add_arguments and run in each module."""
