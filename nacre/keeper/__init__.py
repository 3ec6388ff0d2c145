"""Keeping a market sound, for profit and otherwise.

view.py     what a keeper knows, and what follows   decide.py   which liquidations pay: pure
chain.py    reads and sends                         jobs.py     what pays nothing: pure
chain_*.py  one round, the jobs, the events
"""
