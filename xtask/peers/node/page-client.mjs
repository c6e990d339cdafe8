// Hosts the official JavaScript client, which pages use, under Node for `cargo xtask conformance`, beside the official
// analytics package for browsers that sends its exposures. The lines are those of clients.mjs, with two modes:
//
//   remote   variants come from remote evaluation
//   flags    nothing but flags is fetched; of these, the package decides those that are marked for local evaluation
import { createRequire } from 'node:module';

import { serve, until } from './lines.mjs';

const require = createRequire(import.meta.url);
const NAME = '@amplitude/experiment-js-client';
const { Experiment } = require(NAME);
const analytics = require('@amplitude/analytics-browser');

const clients = new Map();

function start({ client: name, mode, server }) {
  clients.set(name, { mode, server, pages: new Map() });
}

// A page has one user, so each user has a client of its own, and so has each list of flag keys.
async function evaluate({ client: name, user, flag_keys: flagKeys, exposure }) {
  const { mode, server, pages } = clients.get(name);
  const id = JSON.stringify([name, user.user_id, flagKeys]);
  let page = pages.get(id);
  if (page) {
    if (mode === 'remote') await page.client.fetch(user, { flagKeys });
  } else {
    page = await open(id, server, user, mode === 'remote' && !flagKeys);
    pages.set(id, page);
    if (mode === 'remote' && flagKeys) await page.client.fetch(user, { flagKeys });
  }
  const variants = page.client.all();
  if (exposure) await expose(page, Object.keys(variants));
  return variants;
}

async function open(instanceName, { url, deployment_key: key, api_key: apiKey }, user, fetchOnStart) {
  const events = analytics.createInstance();
  const options = {
    instanceName,
    serverUrl: `${url}/2/httpapi`,
    flushIntervalMillis: 50,
    // Ids shorter than five characters would be dropped without it.
    minIdLength: 1,
    logLevel: 0,
    // What would be asked of or sent to other hosts.
    autocapture: false,
    enableDiagnostics: false,
    remoteConfig: { fetchRemoteConfig: false },
  };
  await events.init(apiKey, user.user_id, options).promise;
  const client = Experiment.initializeWithAmplitudeAnalytics(key, {
    instanceName,
    serverUrl: url,
    flagsServerUrl: url,
    fetchOnStart,
    // Failures are answers, not something to try again behind our back.
    throwOnError: true,
    retryFetchOnFailure: false,
  });
  await client.start(user);
  return { client, events };
}

// Reading a variant is what tracks an exposure to it.
async function expose({ client, events }, flagKeys) {
  for (const flagKey of flagKeys) client.variant(flagKey);
  await events.flush().promise;
}

function stop({ client: name }) {
  for (const { client } of clients.get(name).pages.values()) client.stop();
  clients.delete(name);
}

const wait = (request) => until(() => evaluate(request), request);

await serve(NAME, { start, evaluate, await: wait, stop });
