"""A chain behind a URL: anvil, another development node, or a real one.

    NodeChain("http://127.0.0.1:8545")                # the node's own accounts; on anvil any account by name, and time
    NodeChain(url, private_key=os.environ[...])       # one account of one's own, signed here

On anvil a transaction that reverts is mined, as in process, so that time goes on the same way. On any other node it is
tried first and not sent when it would revert: nobody pays for that; its receipt then says gas_used 0.
"""

import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from eth_account import Account

from nacre.chain.abi import checksum, revert_reason
from nacre.chain.base import BaseChain, CallFailed, ChainError, RawLog, Receipt, TransactionFailed, named_address

PRIVATE_KEY_VARIABLE = "NACRE_PRIVATE_KEY"
READ_TIMEOUT_SECONDS = 30
RECEIPT_TIMEOUT_SECONDS = 180
# Anvil is not asked for an estimate: enough for every call of ours, below the limit of its blocks.
ANVIL_GAS = 16_000_000
RICH = hex(10**24)


class RpcError(ChainError):
    """The node refused; `data` is what a reverted call returned, if it was one."""

    def __init__(self, method: str, error: dict[str, Any]):
        self.text = str(error.get("message", error))
        data = error.get("data")
        if isinstance(data, dict):  # some nodes nest it
            data = data.get("data") or data.get("result")
        self.data = bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else None
        self.reverted = self.data is not None or "revert" in self.text
        super().__init__(f"{method}: {self.text}")

    @property
    def reason(self) -> str:
        if self.data:
            return revert_reason(self.data)
        return self.text.removeprefix("execution reverted: ").removeprefix(
            "VM Exception while processing transaction: "
        )


class Rpc:
    """JSON-RPC over one connection that is kept open."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ChainError(f"not the address of a node: {url} (http://... or https://... is needed)")
        self.url = url
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=READ_TIMEOUT_SECONDS)
        self._id = 0

    def __call__(self, method: str, *parameters: Any) -> Any:
        self._id += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": list(parameters)})
        answer = self._post(body)
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer["result"]

    def _post(self, body: str) -> dict[str, Any]:
        # A node may close an idle connection: one more try on a new one, unless the request may have had an effect.
        for attempt in (0, 1):
            try:
                self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
                response = self._connection.getresponse()
                content = response.read()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                self._connection.close()
                if attempt or "eth_send" in body:
                    raise ChainError(f"the node at {self.url} hung up: {error}") from None
            except OSError as error:
                self._connection.close()
                raise ChainError(f"no node answers at {self.url}: {error}") from None
        try:
            return json.loads(content)
        except ValueError:
            raise ChainError(f"{self.url} answers {response.status} and no JSON") from None


class NodeChain(BaseChain):
    """See nacre.chain.base.Chain for the methods."""

    def __init__(self, url: str = "", private_key: str | None = None, rpc: Any = None):
        super().__init__()
        self.rpc = rpc or Rpc(url)
        self.name = self.rpc.url
        self.chain_id = int(self.rpc("eth_chainId"), 16)
        client = str(self.rpc("web3_clientVersion")).lower()
        self.is_anvil = client.startswith("anvil")
        self.moves_time = self.is_anvil or client.startswith("eth-tester")
        self._signer = None
        if private_key:
            try:
                self._signer = Account.from_key(private_key)
            except Exception:  # whatever is wrong with it: the key must not show up in a trace
                raise ChainError("the private key is not 32 bytes in hexadecimal") from None
        self._named: dict[str, str] = {}

    # ---- accounts

    @cached_property
    def accounts(self) -> Sequence[str]:
        own = [self._signer.address] if self._signer else []
        try:
            return own + [checksum(address) for address in self.rpc("eth_accounts")]
        except RpcError:
            return own

    def account(self, name: str) -> str:
        if name not in self._named:
            if not self.is_anvil:
                raise ChainError("accounts by name exist in process and on anvil only")
            address = named_address(name)
            self.rpc("anvil_impersonateAccount", address)
            self.rpc("anvil_setBalance", address, RICH)
            self._named[name] = address
        return self._named[name]

    def can_send(self, address: str) -> bool:
        return checksum(address) in self.accounts or checksum(address) in self._named.values()

    # ---- time

    @property
    def timestamp(self) -> int:
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    @property
    def block_number(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)

    def mine(self, seconds: int = 0) -> None:
        self._require_clock()
        if seconds:
            self.set_next_timestamp(self.timestamp + seconds)
        self.rpc("evm_mine")

    def set_next_timestamp(self, timestamp: int) -> None:
        self._require_clock()
        self.rpc("evm_setNextBlockTimestamp", timestamp)

    def _require_clock(self) -> None:
        if not self.moves_time:
            raise ChainError("time moves by itself on this node: only a development node can be told to")

    @contextmanager
    def block(self, seconds: int = 1) -> Iterator[None]:
        """As in process, but here each transaction still takes a block: the first one is `seconds` after the last."""
        if self.moves_time:
            self.set_next_timestamp(self.timestamp + seconds)
        yield

    # ---- state

    def code(self, address: str) -> bytes:
        return bytes.fromhex(self.rpc("eth_getCode", address, "latest")[2:])

    def nonce(self, address: str) -> int:
        return int(self.rpc("eth_getTransactionCount", address, "latest"), 16)

    def storage(self, address: str, slot: int) -> int:
        return int(self.rpc("eth_getStorageAt", address, hex(slot), "latest"), 16)

    def snapshot(self) -> int:
        return int(self.rpc("evm_snapshot"), 16)

    def revert(self, snapshot: int) -> None:
        if not self.rpc("evm_revert", hex(snapshot)):
            raise ChainError(f"there is no snapshot {snapshot}")

    def release(self, snapshot: int) -> None:
        """Nodes keep snapshots until they end: nothing to do."""

    # ---- calls

    def raw_call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        call = {"to": to, "data": "0x" + data.hex()} | ({"from": sender} if sender else {})
        try:
            return bytes.fromhex(self.rpc("eth_call", call, "latest")[2:])
        except RpcError as error:
            if not error.reverted:
                raise
            raise CallFailed(error.reason) from None

    def raw_transact(self, to: str, data: bytes, sender: str, what: str = "") -> Receipt:
        return self._send({"from": sender, "to": to, "data": "0x" + data.hex()}, what)

    def _create(self, code: bytes, sender: str, what: str) -> str:
        receipt = self._send({"from": sender, "data": "0x" + code.hex()}, what)
        receipt.check()
        return checksum(self.rpc("eth_getTransactionReceipt", receipt.transaction_hash)["contractAddress"])

    def _send(self, transaction: dict[str, Any], what: str) -> Receipt:
        if not self.can_send(transaction["from"]):
            raise ChainError(f"{what}: the node has no key of {transaction['from']}")
        try:
            sent = self._submit(transaction)
        except RpcError as error:
            if not error.reverted:
                raise ChainError(f"{what}: {error}") from None
            return Receipt(False, error.reason, 0, [], self.block_number, self.timestamp, what, self)
        return self._receipt(sent, transaction, what)

    def _submit(self, transaction: dict[str, Any]) -> str:
        gas = ANVIL_GAS if self.is_anvil else int(self.rpc("eth_estimateGas", transaction), 16) * 5 // 4
        if self._signer is None or self._signer.address != checksum(transaction["from"]):
            return self.rpc("eth_sendTransaction", transaction | {"gas": hex(gas)})
        base_fee = int(self.rpc("eth_getBlockByNumber", "latest", False).get("baseFeePerGas", "0x0"), 16)
        tip = max(0, int(self.rpc("eth_gasPrice"), 16) - base_fee)
        fields = {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": int(self.rpc("eth_getTransactionCount", transaction["from"], "pending"), 16),
            "gas": gas,
            # Generous: the base fee climbs while blocks are full, and only what is due is paid.
            "maxFeePerGas": 3 * base_fee + tip,
            "maxPriorityFeePerGas": tip,
            "data": transaction["data"],
            "value": 0,
        }
        if "to" in transaction:
            fields["to"] = checksum(transaction["to"])
        return self.rpc("eth_sendRawTransaction", "0x" + self._signer.sign_transaction(fields).raw_transaction.hex())

    def _receipt(self, sent: str, transaction: dict[str, Any], what: str) -> Receipt:
        deadline = time.monotonic() + RECEIPT_TIMEOUT_SECONDS
        pause = 0.002
        while (found := self.rpc("eth_getTransactionReceipt", sent)) is None:
            if time.monotonic() > deadline:
                raise TransactionFailed(f"{what}: not mined after {RECEIPT_TIMEOUT_SECONDS} s, transaction {sent}")
            time.sleep(pause)
            pause = min(1.0, pause * 2)
        number = int(found["blockNumber"], 16)
        timestamp = self._time_of(number, found["logs"])
        ok = found["status"] == "0x1"
        reason = "" if ok else self._why(transaction, number, timestamp)
        gas = int(found["gasUsed"], 16)
        logs = [raw_log(log) for log in found["logs"]]
        return Receipt(ok, reason, gas, logs, number, timestamp, what, self, transaction_hash=sent)

    def _time_of(self, number: int, logs: list[dict[str, Any]]) -> int:
        if logs and "blockTimestamp" in logs[0]:  # newer nodes say it: one question less
            return int(logs[0]["blockTimestamp"], 16)
        return int(self.rpc("eth_getBlockByNumber", hex(number), False)["timestamp"], 16)

    def _why(self, transaction: dict[str, Any], number: int, timestamp: int) -> str:
        """Receipts do not say why: the same call once more, on the state before, at the time of the block."""
        overrides = [{}, {"time": hex(timestamp), "number": hex(number)}] if self.is_anvil else []
        try:
            self.rpc("eth_call", transaction, hex(number - 1), *overrides)
        except RpcError as error:
            return error.reason
        return "reverted, for a reason that only the state inside its block knows"


def raw_log(log: dict[str, Any]) -> RawLog:
    """As JSON-RPC writes it."""
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return RawLog(checksum(log["address"]), topics, bytes.fromhex(log["data"][2:]))
