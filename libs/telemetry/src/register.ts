/**
 * `node --import @synap/telemetry/register …`: hooks the module loader and starts the SDK, before any module that is to
 * be instrumented is loaded.
 */
import { register } from 'import-in-the-middle/register-hooks.mjs'
import { readTelemetryEnv } from './config.ts'

const env = readTelemetryEnv()
if (!env.disabled) {
  register({ include: ['pg', 'pg-pool', 'http', 'https', /@smithy/, /@aws-sdk/] })
  // Loaded after the hooks, so that what the SDK itself pulls in is seen by them too.
  const { loadExporter, startTelemetry } = await import('./sdk.ts')
  startTelemetry(env, { exporter: await loadExporter(env) })
}
