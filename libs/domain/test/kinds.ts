/** What tests need of each type of entity that has something of its own, and of each trait: one line each, by their names. */

export { task } from './kinds/task.ts'
