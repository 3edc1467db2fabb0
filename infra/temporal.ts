import { connect } from 'node:net';
import { Client, Connection, isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, type WorkflowStartOptions } from '@temporalio/client';
import proto from '@temporalio/proto';
import { QUEUES } from '../workflows/messages.ts';
import { SEARCH } from '../workflows/search-attributes.ts';
import { dataConverterOf } from './codec/data-converter.ts';
import type { Config } from './config.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;

const CONNECT_TIMEOUT_MS = 5_000;
const USUAL_PORT = 7233;
/** gRPC statuses PERMISSION_DENIED and UNAUTHENTICATED. */
const REFUSALS = new Set([7, 16]);
/** Where one of these is set, gRPC goes through a proxy, and the server itself need not be within reach. */
const PROXIES = ['grpc_proxy', 'https_proxy', 'http_proxy'];

/** A client of the configured Temporal service. @throws Error with one line naming the address when it cannot be reached. */
export async function connectTemporal({ temporal }: Pick<Config, 'temporal'>): Promise<Client> {
  const { address, namespace, connection: how = {}, payloadKeys } = temporal;
  const dataConverter = dataConverterOf(payloadKeys);
  try {
    if (PROXIES.every((name) => process.env[name] === undefined)) await knock(address);
    const connection = await Connection.connect({ address, ...how, connectTimeout: CONNECT_TIMEOUT_MS });
    return new Client({ connection, namespace, dataConverter });
  } catch (error) {
    if (refusesCredentials(error)) throw new Error(`Temporal at ${address} refuses the credentials: set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH`, { cause: error });
    throw new Error(`cannot reach Temporal at ${address}: is it running? (\`exemplar up\` starts a local one)`, { cause: error });
  }
}

function refusesCredentials(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && REFUSALS.has(cause.code);
}

/** Fails at once where nobody listens: gRPC would try again until its time is up. */
async function knock(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port: port === '' ? USUAL_PORT : Number(port), timeout: CONNECT_TIMEOUT_MS });
    socket.once('connect', resolve).once('error', reject);
    socket.once('timeout', () => reject(new Error(`no answer in ${CONNECT_TIMEOUT_MS / 1000} s`)));
    const close = () => void socket.destroy();
    socket.once('connect', close).once('timeout', close);
  });
}

/** Registers the custom search attributes that are missing. */
export async function ensureSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH).filter(({ name }) => known.customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, IndexedValueType[`INDEXED_VALUE_TYPE_${type}`]]));
  await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}

/** Starts a workflow under an id that only one run at a time may have; false where one runs already. */
export async function startOnce(client: Client, workflow: string, options: Omit<WorkflowStartOptions, 'taskQueue' | 'workflowIdReusePolicy'>): Promise<boolean> {
  try {
    await client.workflow.start(workflow, { ...options, taskQueue: QUEUES.orchestrate, workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
