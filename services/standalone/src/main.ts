import { runService } from '@synap/runtime'
import { standaloneConfig } from './config.ts'
import { openDrivers } from './open-drivers.ts'
import { startServices } from './start-services.ts'
import { endWithParent, tellParent } from './tell-parent.ts'

endWithParent()
await runService('standalone', standaloneConfig, async (context) => {
  const drivers = await openDrivers(context)
  const url = await startServices(context, drivers)
  const { adminUrl, config } = context
  tellParent({ url, apiKey: drivers.keys.apiKey, adminUrl, dataDir: config.dataDir })
})
