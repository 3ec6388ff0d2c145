"""How much the tests notice: small faults put into the contracts one at a time. Start with mutator.py."""
