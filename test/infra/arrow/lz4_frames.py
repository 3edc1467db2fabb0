"""pyarrow's LZ4 on a folder: checks that each NAME.frame holds NAME.plain, prints the names as JSON, and writes NAME.theirs, the frame that it would make."""

import json
import sys
from pathlib import Path

import pyarrow as pa

lz4 = pa.Codec("lz4")
held = []
for plain in sorted(Path(sys.argv[1]).glob("*.plain")):
    wanted = plain.read_bytes()
    try:
        found = lz4.decompress(plain.with_suffix(".frame").read_bytes(), len(wanted)).to_pybytes()
    except OSError as error:
        raise SystemExit(f"{plain.stem}: {error}") from error
    if found == wanted:
        held.append(plain.stem)
    plain.with_suffix(".theirs").write_bytes(lz4.compress(wanted))
json.dump(held, sys.stdout)
