import { describeImportCrashes } from './import-crash.ts'
import { standalone } from './pipeline.ts'

describeImportCrashes(standalone)
