import { address } from './address.ts'
import type { Check } from './check.ts'
import { clock } from './clock.ts'
import { dataFolder } from './data-folder.ts'
import { dependencies } from './dependencies.ts'
import { disk } from './disk.ts'
import { kafka } from './kafka.ts'
import { key } from './key.ts'
import { memory } from './memory.ts'
import { migrations } from './migrations.ts'
import { model } from './model.ts'
import { nodeVersion } from './node-version.ts'
import { objectStore } from './object-store.ts'
import { parts } from './parts.ts'
import { pipeline } from './pipeline.ts'
import { postgres } from './postgres.ts'
import { providers } from './providers.ts'
import { registry } from './registry.ts'
import { services } from './services.ts'
import { telemetry } from './telemetry.ts'
import { way } from './way.ts'

/** What `./synap doctor` looks at, in the order in which it tells. Another check is another line here. */
export const checks: readonly Check[] = [
  nodeVersion,
  dependencies,
  disk,
  memory,
  way,
  address,
  key,
  clock,
  postgres,
  migrations,
  kafka,
  registry,
  objectStore,
  services,
  dataFolder,
  parts,
  pipeline,
  model,
  providers,
  telemetry,
]
