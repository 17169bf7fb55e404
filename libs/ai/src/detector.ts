/** A file of its own, so that it can be loaded late: see `detectLanguage`. */
export { eld } from 'eld/small'
