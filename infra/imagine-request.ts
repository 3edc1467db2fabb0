import { imagineFingerprint } from '../activities/imagine-reader.ts';
import type { Structured } from '../activities/model.ts';
import type { ObjectStore } from '../activities/store.ts';
import { canonicalJson, sha256Hex } from '../schemas/canonical.ts';
import type { ImaginedSource } from '../schemas/campaign.ts';
import type { ImagineRequest } from '../schemas/imagined.ts';
import { objectKey } from '../schemas/keys.ts';
import type { CampaignSource } from './campaign-source.ts';
import type { Provider } from './provider.ts';

/** Freezes all that the situations depend on. Returns the object's sha256, and the fingerprint by which an imagination is known again. */
export async function saveImagineRequest(
  store: ObjectStore,
  { file, agents, prompts, quote }: CampaignSource,
  situations: ImaginedSource,
  provider: Provider,
  structured: Structured,
): Promise<{ request: string; fingerprint: string }> {
  const rules = prompts['imagine'] as string;
  const request: ImagineRequest = {
    schema: 1,
    campaign: file.name,
    source: situations,
    agents,
    model: file.model,
    quote,
    provider: provider.identity,
    structured,
    prompt: sha256Hex(rules),
    sample: file.sample,
  };
  const text = canonicalJson(request);
  await store.putIfAbsent(objectKey(request.prompt), rules);
  await store.putIfAbsent(objectKey(sha256Hex(text)), text);
  return { request: sha256Hex(text), fingerprint: imagineFingerprint(request) };
}
