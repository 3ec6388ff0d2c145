"""Liquidating for profit: `decide` is pure arithmetic on integers, `chain` reads and sends."""
