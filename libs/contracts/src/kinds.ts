/**
 * The types of entities that have something of their own, and the traits that an entity of any type may have: one line
 * each, by their names. A type without a line is a title, content and what every entity has.
 */

export { task } from './kinds/task.ts'
