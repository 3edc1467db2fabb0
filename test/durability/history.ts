import { createRequire } from 'node:module';
import proto from '@temporalio/proto';
import patch from '@temporalio/proto/lib/patch-protobuf-root.js';

type History = proto.temporal.api.history.v1.IHistory;

interface ProtoJson {
  fromJson(type: unknown, json: unknown, options: { ignoreUnknownFields: boolean }): History;
}

// a message type is known only to the copy of protobufjs that made it, and npm may install several:
// the SDK's own converter asks another copy than the one that @temporalio/proto uses
const ofProto = createRequire(createRequire(import.meta.url).resolve('@temporalio/proto'));
const protoJson = ofProto('protobufjs/ext/protojson') as ProtoJson;
const root = patch.patchProtobufRoot(proto) as unknown as { lookupType(name: string): unknown };

/** A history from Temporal's protocol JSON, as `temporal workflow show --output json` writes it. */
export function historyFromJson(json: unknown): History {
  return protoJson.fromJson(root.lookupType('temporal.api.history.v1.History'), json, { ignoreUnknownFields: true });
}
