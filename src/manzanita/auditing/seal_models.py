"""What holds the logs together: rows that wait for their seal, the seals, and the head of each LEA's chain."""

from __future__ import annotations

from django.db import models

FIRST_MAC = b"\0" * 32


class Unsealed(models.Model):
    """A row of a log that waits to be sealed, written in the transaction of that row.

    It becomes visible together with its row, whatever order keys were drawn and transactions ended in, so that a
    row committed late waits for the next round instead of slipping between two.
    """

    lea_code = models.CharField(max_length=7, blank=True, default="")
    log = models.CharField(max_length=20)
    row_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="auditing_unsealed_of_lea", fields=["lea_code", "id"])]

    def __str__(self) -> str:
        return f"{self.log} {self.row_id}"


class LogSeal(models.Model):
    """The seal of one row: a MAC over the row and the seal before it in the chain of the LEA.

    ``form`` says which fields the MAC covers (``auditing.canonical``). Sequences of an LEA run 1, 2, 3 …
    """

    lea_code = models.CharField(max_length=7, blank=True, default="")
    sequence = models.BigIntegerField()
    log = models.CharField(max_length=20)
    row_id = models.BigIntegerField()
    form = models.PositiveSmallIntegerField()
    sealed_at = models.DateTimeField()
    mac = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="auditing_seal_in_order", fields=["lea_code", "sequence"]),
            models.UniqueConstraint(name="auditing_seal_once", fields=["log", "row_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.lea_code}/{self.sequence}"


class SealHead(models.Model):
    """The newest seal of one LEA, and the lock of whoever adds the next. ``anchored_sequence``: told outside."""

    lea_code = models.CharField(max_length=7, blank=True, unique=True)
    sequence = models.BigIntegerField(default=0)
    mac = models.BinaryField(max_length=32, default=FIRST_MAC)
    sealed_at = models.DateTimeField(null=True, blank=True)
    anchored_sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.lea_code}/{self.sequence}"


class SealCheck(models.Model):
    """What one verification of all chains found. ``first_problem`` names LEA, log and id; no student."""

    at = models.DateTimeField()
    row_count = models.BigIntegerField()
    seconds = models.FloatField()
    problem_count = models.BigIntegerField()
    first_problem = models.CharField(max_length=300, blank=True, default="")
    waiting_count = models.BigIntegerField()
    waiting_seconds = models.FloatField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.row_count} rows, {self.problem_count} problems"
