"""Replays a price history against freshly deployed contracts and reports who paid for what.

result.py   what a replay found out            html.py, charts.py, summary.py   how it is shown
world.py    contracts, agents, the block clock  agents_*.py                     what each role does
run.py      the loop over the candles
"""
