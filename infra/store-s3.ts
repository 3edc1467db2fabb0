import type { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Listed, ObjectStore } from '../activities/store.ts';
import { DirectS3 } from './s3-direct.ts';

// Node 20 is supported here; the SDK's notice about its own future releases would stand on every screen
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

export interface S3Config {
  bucket: string;
  endpoint?: string | undefined;
  region?: string | undefined;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined } | undefined;
  /** A connection on which nothing comes for so long is given up, ms; never, where it is left out. */
  idleMs?: number | undefined;
}

const identityOf = ({ sessionToken, ...keys }: NonNullable<S3Config['credentials']>) => ({ ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) });

/** Most keys that one request may remove. */
const REMOVED_AT_ONCE = 1_000;

/** An S3 bucket. Conditional puts need a server that honours `If-None-Match: *` (AWS since 2024, versitygw, MinIO, R2). */
export class S3Store implements ObjectStore {
  readonly bucket: string;
  readonly #client: S3Client;
  readonly #direct: DirectS3;
  readonly #endpoint: string | undefined;

  constructor(config: S3Config) {
    this.bucket = config.bucket;
    this.#endpoint = config.endpoint;
    this.#client = new S3Client({
      region: config.region ?? 'us-east-1',
      ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint, forcePathStyle: true }),
      ...(config.credentials === undefined ? {} : { credentials: identityOf(config.credentials) }),
      maxAttempts: 3,
      ...(config.idleMs === undefined ? {} : { requestHandler: { connectionTimeout: config.idleMs, socketTimeout: config.idleMs } }),
      // the signature covers the bytes already
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    this.#direct = new DirectS3(this.#client);
  }

  describe(): string {
    return `s3://${this.bucket}${this.#endpoint === undefined ? '' : ` at ${this.#endpoint}`}`;
  }

  async get(key: string, most = Infinity): Promise<Uint8Array | null> {
    const direct = most === Infinity ? await this.#direct.get(key) : null;
    if (direct !== null) return direct === 'absent' ? null : direct;
    try {
      const { Body, ContentLength = 0 } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      if (ContentLength > most) {
        (Body as Readable | undefined)?.destroy();
        throw new Error(`has ${ContentLength} bytes; at most ${most} were to be read`);
      }
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      if (error instanceof NoSuchKey || statusOf(error) === 404) return await this.#absent(error);
      throw this.#named(error, key);
    }
  }

  async putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean> {
    const direct = await this.#direct.putIfAbsent(key, body);
    if (direct !== null) return direct;
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body, IfNoneMatch: '*' }));
      return true;
    } catch (error) {
      // 409: another conditional put of this key is under way, so the key exists or soon will
      if (statusOf(error) === 412 || statusOf(error) === 409) return false;
      throw this.#named(error, key);
    }
  }

  async put(key: string, body: Uint8Array | string): Promise<void> {
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body }));
    } catch (error) {
      throw this.#named(error, key);
    }
  }

  async *list(prefix: string, after?: string): AsyncIterable<Listed> {
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: prefix,
            ...(after === undefined ? {} : { StartAfter: after }),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        )
        .catch((error: unknown) => {
          throw this.#named(error, prefix);
        });
      for (const item of page.Contents ?? []) if (item.Key !== undefined) yield { key: item.Key, bytes: item.Size ?? 0, modified: item.LastModified?.getTime() ?? Infinity };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += REMOVED_AT_ONCE) {
      const some = keys.slice(i, i + REMOVED_AT_ONCE);
      const Delete = { Objects: some.map((Key) => ({ Key })), Quiet: true };
      const { Errors: [fault] = [] } = await this.#client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete })).catch((error: unknown) => {
        if (statusOf(error) === 403) throw new RemovalDenied(this.describe(), { cause: error });
        throw this.#named(error, some[0] as string);
      });
      if (fault?.Code === 'AccessDenied') throw new RemovalDenied(this.describe());
      if (fault !== undefined) throw this.#named(new Error(`${fault.Code ?? 'not removed'}: ${fault.Message ?? ''}`), fault.Key ?? '');
    }
  }

  /** A missing bucket also answers 404; that one is an error. */
  #absent(error: unknown): Promise<null> {
    if (error instanceof S3ServiceException && error.name === 'NoSuchBucket') throw this.#named(error, '');
    return Promise.resolve(null);
  }

  #named(error: unknown, key: string): StoreError {
    const message = error instanceof Error ? error.message || error.name : String(error);
    return new StoreError(`${message} [${this.describe()}, key=${key}]`, statusOf(error), { cause: error });
  }
}

/** A failed request to the object store; `status` is the HTTP status, or undefined where none came back. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The store answers, and these credentials may not remove anything. */
export class RemovalDenied extends Error {
  override name = 'RemovalDenied';

  constructor(place: string, options?: ErrorOptions) {
    super(`S3: ${place} lets these credentials remove nothing: they need the right s3:DeleteObject`, options);
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
