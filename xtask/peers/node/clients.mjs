// Hosts clients of the official Node server SDK for `cargo xtask conformance`. They are told where our server is and
// nothing else that matters: URLs, keys, short intervals.
//
//   {"do":"start","client":"a","mode":"poll|stream|remote","server":{"url":…,"deployment_key":…,…}}
//   {"do":"evaluate","client":"a","user":{…},"flag_keys":[…],"assignment":true,"exposure":true}
//   {"do":"await","client":"a","user":{…},"flag":"f","key":"on","within":5000}
//   {"do":"stop","client":"a"}
//   {"do":"cookie","function":"parse","argument":"…","newFormat":true}
import { createRequire } from 'node:module';

import { serve, until } from './lines.mjs';

const require = createRequire(import.meta.url);
const NAME = '@amplitude/experiment-node-server';
const { AmplitudeCookie, Experiment } = require(NAME);

const clients = new Map();

async function start({ client: name, mode, server }) {
  const client =
    mode === 'remote'
      ? Experiment.initializeRemote(server.deployment_key, { instanceName: name, ...remote(server) })
      : Experiment.initializeLocal(server.deployment_key, { instanceName: name, ...local(server, mode) });
  clients.set(name, { client, mode });
  await client.start?.();
}

// A failure is an answer, not something to try again behind our back.
function remote(server) {
  return { serverUrl: server.url, fetchRetries: 0 };
}

function local(server, mode) {
  // Ids shorter than five characters would be dropped without `minIdLength`.
  const serverUrl = `${server.url}/2/httpapi`;
  const analytics = { apiKey: server.api_key, serverUrl, flushIntervalMillis: 50, minIdLength: 1 };
  return {
    serverUrl: server.url,
    flagConfigPollingIntervalMillis: 200,
    // When polling too: without it, this SDK takes every user for a member of no cohort.
    cohortSyncConfig: { apiKey: server.api_key, secretKey: server.secret_key, cohortServerUrl: server.url },
    ...(mode === 'stream' ? { streamUpdates: true, streamServerUrl: server.url } : {}),
    // Only one of the two modes sends events, so that each is expected once.
    ...(mode === 'poll' ? { assignmentConfig: { ...analytics }, exposureConfig: { ...analytics } } : {}),
  };
}

async function evaluate({ client: name, user, flag_keys: flagKeys, assignment, exposure }) {
  const { client, mode } = clients.get(name);
  if (mode !== 'remote') return client.evaluateV2(user, flagKeys, { tracksExposure: exposure });
  return client.fetchV2(user, { flagKeys, tracksAssignment: assignment, tracksExposure: exposure });
}

// The helper for the cookie of the browser SDKs.
function cookie({ function: name, argument, newFormat }) {
  return AmplitudeCookie[name](argument, newFormat);
}

function stop({ client: name }) {
  clients.get(name).client.stop?.();
  clients.delete(name);
}

// Evaluating puts members into the user that it is given: each try has one of its own.
const wait = (request) => until(() => evaluate({ ...request, user: structuredClone(request.user) }), request);

await serve(NAME, { start, evaluate, await: wait, stop, cookie });
