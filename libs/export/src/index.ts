export { BadArchive } from './bad-archive.ts'
export {
  type ExportEvent,
  type ExportFile,
  type ExportManifest,
  type ExportPart,
  type ExportTag,
  exportEvent,
  exportFile,
  exportFormat,
  exportFormatVersion,
  exportManifest,
  exportParts,
  filePath,
  schemaPath,
} from './format.ts'
export { readArchive } from './read-archive.ts'
export { createTagCounts } from './tag-counts.ts'
export { type Finding, type Verification, verifyExport } from './verify-export.ts'
export { createZipWriter, type WrittenPart, type ZipWriter } from './zip/write-zip.ts'
