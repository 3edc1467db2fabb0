import { Message, RecordBatchFileWriter, type Schema } from 'apache-arrow';
import type { Compression } from '../../schemas/campaign.ts';
import { COMPRESSION_TYPES } from './codec.ts';

/** Prefix of a buffer that compression would not shrink, and that is stored as it is. */
const STORED = -1n;

/**
 * apache-arrow 21.2.0 departs from the IPC format in two ways, which its own reader does not mind. It prefixes each compressed buffer with
 * its compressed length where the uncompressed one belongs, so other readers refuse the file; and it leaves the schema message out of the
 * file's stream part, so readers that do not seek to the footer refuse it. This writer mends both.
 */
export class IpcFileWriter extends RecordBatchFileWriter {
  constructor(compression: Compression) {
    super({ compressionType: COMPRESSION_TYPES[compression] });
  }

  protected override _writeSchema(schema: Schema): this {
    return super._writeSchema(schema)._writeMessage(Message.from(schema));
  }

  /** What is not compressed is copied: its column builder puts the next record batch into the same buffers. */
  protected override _writeBodyBuffers(buffers: ArrayBufferView[]): this {
    return super._writeBodyBuffers(this._compression === null ? buffers.map(copied) : buffers);
  }

  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const body = super._compressBodyBuffers(buffers);
    for (const [i, plain] of buffers.entries()) {
      const prefix = body.buffers[2 * i] as Uint8Array;
      if (prefix.byteLength === 0) continue;
      const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
      if (view.getBigInt64(0, true) !== STORED) view.setBigInt64(0, BigInt(plain.byteLength), true);
    }
    return body;
  }
}

function copied({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}
