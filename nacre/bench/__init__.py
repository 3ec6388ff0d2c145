"""What the contracts cost: gas of each operation against its arithmetic floor, bytes of each contract.

./run bench gas [--json FILE]        # --check compares with docs/gas.md, --write renews the table there
./run bench size [--json FILE]       # likewise; fails above the limit
./run bench growth [--json FILE]      # likewise: gas of liquidations by how many positions are open
./run bench profile OPERATION        # where the gas of one operation goes
"""
