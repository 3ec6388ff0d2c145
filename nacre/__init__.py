"""Nacre: margin, liquidation and loss absorption for perpetual futures."""
