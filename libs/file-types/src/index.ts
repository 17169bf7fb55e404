export { createSniffer, type FileKind, type Sniffer } from './sniffer.ts'
