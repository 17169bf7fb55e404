// BEGIN, two prepared INSERTs, COMMIT, each awaited: the transactional outbox of the textbooks.
import { beginCommit } from './transactions.ts'

export const createContender = beginCommit([])
