import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';

/** What the SDK's signer and handler pass on; their own types come from packages that are not depended on here. */
interface HttpRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: Uint8Array | string;
}

interface Signer {
  sign(request: HttpRequest, options: { signingDate: Date }): Promise<HttpRequest>;
}

interface Handler {
  handle(request: HttpRequest): Promise<{ response: { statusCode: number; body: AsyncIterable<Uint8Array> } }>;
}

/** Where the SDK sends what concerns the bucket; `base` stands before the key in the path. */
interface Place {
  protocol: string;
  hostname: string;
  port: number | undefined;
  base: string;
}

/** Keys that stand in a path, and in a signature, as they are. */
const PLAIN_KEY = /^[\w.~-]+(?:\/[\w.~-]+)*$/;

/**
 * Reads and writes objects with the SDK's own signer and connections but past its middleware, which costs a small object some four
 * times what the request does. Answers only where the server says a plain yes or no: null leaves the request to the SDK, which
 * retries, follows regions, mends clocks and names errors, and from whose last request is known where the bucket is.
 */
export class DirectS3 {
  readonly #client: S3Client;
  #place: Place | null = null;
  #signer: Promise<Signer> | null = null;

  constructor(client: S3Client) {
    this.#client = client;
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const { Key } = args.input as { Key?: string };
        if (Key !== undefined && PLAIN_KEY.test(Key)) this.#learn(args.request as HttpRequest, Key);
        return answer;
      },
      { step: 'finalizeRequest', priority: 'low', name: 'learnPlace' },
    );
  }

  /** The object, or `absent`; null: ask the SDK. */
  async get(key: string): Promise<Uint8Array | 'absent' | null> {
    const answer = await this.#send('GET', key);
    if (answer?.status === 200) return answer.body;
    // a missing bucket answers 404 too
    return answer?.status === 404 && new TextDecoder().decode(answer.body).includes('<Code>NoSuchKey</Code>') ? 'absent' : null;
  }

  /** Whether this put made the object; null: ask the SDK. */
  async putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean | null> {
    const answer = await this.#send('PUT', key, body, { 'if-none-match': '*' });
    if (answer?.status === 200) return true;
    return answer?.status === 412 || answer?.status === 409 ? false : null;
  }

  async #send(method: 'GET' | 'PUT', key: string, body?: Uint8Array | string, headers: Record<string, string> = {}): Promise<{ status: number; body: Uint8Array } | null> {
    const place = this.#place;
    if (place === null || !PLAIN_KEY.test(key)) return null;
    const { protocol, hostname, port, base } = place;
    const request: HttpRequest = {
      method,
      protocol,
      hostname,
      ...(port === undefined ? {} : { port }),
      path: `${base}${key}`,
      query: {},
      headers: {
        ...headers,
        host: port === undefined ? hostname : `${hostname}:${port}`,
        'x-amz-content-sha256': createHash('sha256').update(body ?? '').digest('hex'),
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
      ...(body === undefined ? {} : { body }),
    };
    try {
      const { config } = this.#client;
      this.#signer ??= config.signer() as unknown as Promise<Signer>;
      const signed = await (await this.#signer).sign(request, { signingDate: new Date(Date.now() + config.systemClockOffset) });
      const { response } = await (config.requestHandler as Handler).handle(signed);
      return { status: response.statusCode, body: await bytesOf(response.body) };
    } catch {
      // the SDK meets the same fault, waits and tries again, and says what it was
      this.#signer = null;
      return null;
    }
  }

  #learn({ protocol, hostname, port, path }: HttpRequest, key: string): void {
    if (path.endsWith(`/${key}`)) this.#place = { protocol, hostname, port, base: path.slice(0, -key.length) };
  }
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}
