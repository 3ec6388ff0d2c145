"""Replays a price history against freshly deployed contracts and reports who paid for what.

result.py   what a replay found out            words.py, html.py, charts.py, summary.py   how it is told
world.py    contracts, agents, the block clock  agents_*.py                     what each role does
run.py      the loop over the candles           several.py                      more than one, in processes of their own
compare.py  several results side by side        compare_html.py, compare_summary.py   how they are told
"""
