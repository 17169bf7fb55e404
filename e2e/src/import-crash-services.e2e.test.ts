import { describeImportCrashes } from './import-crash.ts'
import { services } from './pipeline.ts'

describeImportCrashes(services)
