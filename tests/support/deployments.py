"""Chains that break down or have one key only, and who has which role in what was deployed on them."""

from nacre.chain import EmbeddedChain

# An account without a key anywhere.
ABSENT = "0x000000000000000000000000000000000000dEaD"


class Interrupted(Exception):
    pass


class FragileChain(EmbeddedChain):
    """Breaks down before its n-th transaction."""

    left = 10**9

    def _count(self):
        if self.left == 0:
            raise Interrupted
        self.left -= 1

    def _create(self, *arguments):
        self._count()
        return super()._create(*arguments)

    def raw_transact(self, *arguments):
        self._count()
        return super().raw_transact(*arguments)


class OneKeyChain(EmbeddedChain):
    """A node that has the key of one account only."""

    @property
    def accounts(self):
        return [self.account("deployer")]

    def can_send(self, address):
        return address == self.account("deployer")


class FragileOneKeyChain(FragileChain, OneKeyChain):
    pass


def said_by(contract):
    """Every address that a contract names in a view without arguments: whoever has a role, and more."""
    views = {entry["name"] for entry in contract.abi.entries if entry.get("stateMutability") == "view"}
    functions = [item for (name, count), item in contract.abi.functions.items() if name in views and count == 0]
    return {item.name: contract.call(item.name) for item in functions if item.outputs.types == ["address"]}


def roles_left_to(system, account):
    """What an account is called in any contract of the system, its markets' included."""
    contracts = [system.token, system.config, system.clearinghouse, system.engine, system.lens]
    contracts += [system.vault, system.treasury_contract, system.governance_token]
    contracts += [system.timelock] if system.timelock else []
    contracts += [part for market in system.markets.values() for part in (market.oracle, market.venue)]
    return {f"{part.name}.{name}" for part in contracts for name, said in said_by(part).items() if said == account}
