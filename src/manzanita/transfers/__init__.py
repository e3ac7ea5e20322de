"""Transfers of students between agencies of one installation: the rows, their moves, who has how many.

What a move does to students, meetings and logs stands in ``procedures``. (Transfers of *people* who work somewhere
else are ``accounts.transfer_actions``.)
"""
