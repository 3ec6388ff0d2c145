"""JSON-RPC spoken to an eth-tester object: Ape's embedded test chain, for scripts that run on it as on a node.

chain = NodeChain(rpc=EthTesterRpc(provider.tester.ethereum_tester))
"""

from typing import Any

from eth_tester.exceptions import TransactionFailed as EthTesterFailed

from nacre.chain.node import RpcError

GAS = 16_000_000


class EthTesterRpc:
    """The methods that NodeChain uses, and no others."""

    url = "embedded test chain"

    def __init__(self, tester: Any, chain_id: int):
        self._tester = tester
        self._chain_id = chain_id
        self._snapshots: list[Any] = []

    def __call__(self, method: str, *parameters: Any) -> Any:
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            raise RpcError(method, {"message": f"the embedded test chain has no method {method}"})
        try:
            return answer(*parameters)
        except EthTesterFailed as error:
            # It has decoded the reason already.
            raise RpcError(method, {"message": f"execution reverted: {error}"}) from None

    def _eth_chainId(self) -> str:
        return hex(self._chain_id)

    def _web3_clientVersion(self) -> str:
        return "eth-tester"

    def _eth_accounts(self) -> list[str]:
        return list(self._tester.get_accounts())

    def _eth_blockNumber(self) -> str:
        return hex(self._tester.get_block_by_number("latest")["number"])

    def _eth_getBlockByNumber(self, number: str, _full: bool) -> dict[str, str]:
        block = self._tester.get_block_by_number(_number(number))
        return {"timestamp": hex(block["timestamp"]), "baseFeePerGas": hex(block["base_fee_per_gas"])}

    def _eth_getCode(self, address: str, _block: str) -> str:
        return self._tester.get_code(address)

    def _eth_getStorageAt(self, address: str, slot: str, _block: str) -> str:
        return self._tester.get_storage_at(address, int(slot, 16))

    def _eth_getTransactionCount(self, address: str, _block: str) -> str:
        return hex(self._tester.get_nonce(address))

    def _eth_call(self, transaction: dict[str, Any], block: str) -> str:
        return self._tester.call(self._filled(transaction), _number(block))

    def _eth_estimateGas(self, transaction: dict[str, Any]) -> str:
        # The estimate of eth-tester searches by halves, tens of runs: one run says whether it would revert.
        self._tester.call(self._filled(transaction), "latest")
        return hex(GAS)

    def _eth_sendTransaction(self, transaction: dict[str, Any]) -> str:
        return self._tester.send_transaction(self._filled(transaction))

    def _eth_getTransactionReceipt(self, sent: str) -> dict[str, Any]:
        receipt = self._tester.get_transaction_receipt(sent)
        return {
            "status": hex(receipt["status"]),
            "gasUsed": hex(receipt["gas_used"]),
            "blockNumber": hex(receipt["block_number"]),
            "contractAddress": receipt["contract_address"],
            "logs": [
                {"address": log["address"], "topics": list(log["topics"]), "data": log["data"]}
                for log in receipt["logs"]
            ],
        }

    def _evm_snapshot(self) -> str:
        self._snapshots.append(self._tester.take_snapshot())
        return hex(len(self._snapshots) - 1)

    def _evm_revert(self, snapshot: str) -> bool:
        index = int(snapshot, 16)
        if index >= len(self._snapshots):
            return False
        self._tester.revert_to_snapshot(self._snapshots[index])
        del self._snapshots[index:]
        return True

    def _evm_mine(self) -> str:
        self._tester.mine_block()
        return "0x0"

    def _evm_setNextBlockTimestamp(self, timestamp: int) -> None:
        self._tester.time_travel(timestamp)

    def _filled(self, transaction: dict[str, Any]) -> dict[str, Any]:
        sender = transaction.get("from") or self._tester.get_accounts()[0]
        to = transaction.get("to", "")
        return {"from": sender, "to": to, "data": transaction["data"], "gas": GAS, "value": 0}


def _number(block: str) -> int | str:
    return int(block, 16) if block.startswith("0x") else block
