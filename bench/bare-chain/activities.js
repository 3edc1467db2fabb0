import { readFileSync } from 'node:fs';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { anthropicClient } from '../../dist/infra/model-anthropic.js';

/** What one step keeps. */
const RECORD = 'x'.repeat(4_096);

/**
 * Activities of the bare chain: `ask` sends one recorded body to the model and puts 4 KB, `nothing` returns.
 * @param {{ bodies: string, baseURL: string, endpoint: string, bucket: string, accessKeyId: string, secretAccessKey: string }} where
 */
export function bareActivities({ bodies, baseURL, endpoint, bucket, accessKeyId, secretAccessKey }) {
  const model = anthropicClient({ apiKey: 'simulated', baseURL });
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  /** @type {import('@anthropic-ai/sdk/resources/messages').MessageCreateParamsNonStreaming[][]} */
  const recorded = JSON.parse(readFileSync(bodies, 'utf8'));
  return {
    /** @param {{ chain: number, n: number, round: string }} at */
    async ask({ chain, n, round }) {
      const answer = await model.messages.create(/** @type {any} */ (recorded[chain]?.[n]));
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `bare/${round}/${chain}.${n}.json`, Body: RECORD }));
      return `${answer.content.length} blocks`;
    },
    nothing: () => Promise.resolve('nothing'),
  };
}
