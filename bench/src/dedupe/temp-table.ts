// COPY into a temporary table, and from there what is not there yet.
import { copyThroughTemp } from '../store/copy-text.ts'
import { createPeer } from './peers.ts'

export const createContender = createPeer(copyThroughTemp)
