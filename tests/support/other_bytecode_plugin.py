"""Loaded by pytest in a run of other_bytecode.py: contracts of any size may be deployed."""

from support.other_bytecode import lift_limit

lift_limit()
