"""Seeded generator of a fictitious SELPA, written out as real state and SIS files.

Same seed, version and as-of date give the same bytes: every student draws from a generator of their own,
seeded with (seed, index), so students can be made one at a time, in any order, in bounded memory.
"""
