/** What the types of entities that have something of their own do with it, and the traits: one line each, by their names. */

export { task } from './kinds/task.ts'
