/**
 * The types of entities that have something of their own, one line each, by their names. A type without a line is a
 * title, content and what every entity has.
 */

export { task } from './kinds/task.ts'
