"""Runs several replays, two at a time, each in a process of its own: nothing of the caller is copied or imported again.

results = run_several(settings, progress)      # in the order of the settings
python -m nacre.replay.several                 # what such a process is: settings in, progress and result out
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from nacre.artifacts import ROOT
from nacre.replay.result import Result
from nacre.replay.run import Replay, Settings

# Number of the replay, candles done, candles in all.
Progress = Callable[[int, int, int], None]
PROCESSES = 2


class ReplayError(Exception):
    """A replay that ended early; the text says why."""


def run_several(settings: Sequence[Settings], progress: Progress | None = None) -> list[Result]:
    """Each on a chain of its own. The first that fails ends all."""
    running: list[subprocess.Popen[bytes]] = []

    def work(number: int) -> Result:
        command = [sys.executable, "-m", "nacre.replay.several"]
        pipe = subprocess.PIPE
        # From the root, so that it is this code that runs.
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            running.append(process)
            return _follow(process, settings[number], lambda done, total: progress and progress(number, done, total))

    with ThreadPoolExecutor(PROCESSES) as pool:
        futures = [pool.submit(work, number) for number in range(len(settings))]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.kill()
            raise


def _follow(process: "subprocess.Popen[bytes]", settings: Settings, progress: Callable[[int, int], object]) -> Result:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ReplayError("no pipes")
    pickle.dump(settings, process.stdin)
    process.stdin.close()
    for line in process.stdout:
        if line == b"result\n":
            return pickle.load(process.stdout)
        done, total = map(int, line.split())
        progress(done, total)
    words = process.stderr.read().decode(errors="replace").strip().splitlines()
    raise ReplayError(f"{settings.policy}: {words[-1] if words else 'the replay ended without a word'}")


def _main(source: BinaryIO, out: BinaryIO) -> None:
    settings: Settings = pickle.load(source)

    def progress(done: int, total: int) -> None:
        out.write(f"{done} {total}\n".encode())
        out.flush()

    result = Replay(settings).run(progress)
    out.write(b"result\n")
    pickle.dump(result, out)
    out.flush()


if __name__ == "__main__":
    _main(sys.stdin.buffer, sys.stdout.buffer)
