import { Zstd } from '@hpcc-js/wasm-zstd';

interface Region {
  ptr: number;
  size: number;
}

/** What the package keeps its WebAssembly memory in. */
interface Memory {
  heapView(region: Region): Uint8Array;
  heapToUint8Array(region: Region): Uint8Array;
}

/**
 * zstd in WebAssembly. @hpcc-js/wasm-zstd 1.12 copies what it gives back by way of a JavaScript array, a number a byte: some 60 ns a byte,
 * tens of times what unpacking takes. Here the same bytes are copied at once.
 */
export async function loadZstd(): Promise<Zstd> {
  const zstd = await Zstd.load();
  const { _mainModule: memory } = zstd as unknown as { _mainModule: Memory };
  memory.heapToUint8Array = (region) => memory.heapView(region).slice();
  return zstd;
}
