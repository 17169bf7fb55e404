// What may stand before the first element: white space, an XML declaration, comments.
const prolog = /^\uFEFF?(?:\s+|<\?[^>]{0,500}\?>|<!--[\s\S]{0,20000}?-->)*/
const htmlDocument = /^<(?:!doctype\s+html|(?:html|head|body|title|meta|script|style|iframe)[\s/>])/i
const svgDocument = /^(?:<!doctype\s+svg[^>]{0,500}>\s*(?:<!--[\s\S]{0,20000}?-->\s*)*)?<svg[\s>]/i

/**
 * Whether a text is an HTML page or an SVG image. Only what begins a document counts: Markdown may begin with a `<div>` or
 * a heading in HTML and stays Markdown.
 */
export function markupOf(beginning: string): 'html' | 'svg' | undefined {
  const rest = beginning.slice(prolog.exec(beginning)?.[0].length ?? 0)
  if (svgDocument.test(rest)) return 'svg'
  return htmlDocument.test(rest) ? 'html' : undefined
}
