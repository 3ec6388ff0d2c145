"""Makes Ape notice changes in imported Vyper files.

Ape compiles a contract again when its own file changed, not when a module, library or interface that it imports did:
tests would silently run old code. `./run` and `tests/conftest.py` call `drop_stale_build` before Ape reads its cache.
Standard library only, so that `./run` can call it in a few milliseconds.
"""

import hashlib
import sys
from pathlib import Path


def sources_digest(root: Path) -> str:
    """SHA-256 over names and contents of all Vyper files of the project."""
    digest = hashlib.sha256()
    for folder in ("contracts", "interfaces"):
        for path in sorted((root / folder).rglob("*.vy*")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
            digest.update(content)
    for name in ("ape-config.yaml", "requirements.txt"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def drop_stale_build(root: Path) -> bool:
    """Removes Ape's compiled project if any source differs from when it was made; says whether it did."""
    build = root / ".build"
    stamp = build / "sources.sha256"
    digest = sources_digest(root)
    if stamp.is_file() and stamp.read_text() == digest:
        return False
    (build / "__local__.json").unlink(missing_ok=True)
    build.mkdir(exist_ok=True)
    stamp.write_text(digest)
    return True


if __name__ == "__main__":
    drop_stale_build(Path(sys.argv[1]))
