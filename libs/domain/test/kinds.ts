/** What tests need of each type of entity that has something of its own: one line each, by their names. */

export { task } from './kinds/task.ts'
