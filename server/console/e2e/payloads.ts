/** 200 ways in which somebody might try to make a page run what was written as a report. */
const TAGS = ['img', 'svg', 'body', 'iframe', 'video', 'audio', 'details', 'input', 'object', 'math', 'marquee', 'a', 'style', 'template', 'form', 'button', 'link', 'base', 'meta', 'embed']
const HANDLERS = ['onerror', 'onload', 'onfocus autofocus', 'ontoggle open', 'onmouseover']
const MARK = 'document.title=`owned`'

const byTag = TAGS.flatMap((tag) => HANDLERS.map((handler) => `<${tag} src=x href=x ${handler}="${MARK}">`))
const others = [
  `<script>${MARK}</script>`, `<SCRIPT SRC=//0/x></SCRIPT>`, `"><script>${MARK}</script>`, `'><svg/onload=${MARK}>`, `</textarea><script>${MARK}</script>`, `</title><script>${MARK}</script>`, `-->${'<script>'}${MARK}</script>`, `javascript:${MARK}`, `JaVaScRiPt:${MARK}`, `data:text/html,<script>${MARK}</script>`,
  `{{constructor.constructor('${MARK}')()}}`, `{{ 7*7 }}`, '${7*7}', '#{7*7}', '<%= 7*7 %>', '@:common.ok', '@.lower:common.ok', "{'x'}", '%s%n', '| | | |',
  '\u202Egnp.exe', '\u0000abc'.replace('\u0000', ''), '\uFEFF<b>', '&lt;script&gt;', '&#x3C;img src=x onerror=1&#x3E;', '\\u003cscript\\u003e', '%3Cscript%3E', '<<script>alert()//<</script>', '<scr<script>ipt>', '<svg><animate onbegin=1 attributeName=x dur=1s>',
  '=1+1', '+cmd|calc', '-2+3', '@SUM(1)', '\t=HYPERLINK("x")', "'; DROP TABLE incident; --", '" OR 1=1 --', '../../../etc/passwd', '..\\..\\x', 'null',
  'undefined', '__proto__', 'constructor', 'toString', '[object Object]', 'NaN', '-1', '1e309', 'true', '\u{1F525}'.repeat(10),
]
const schemes = ['javascript', 'vbscript', 'data', 'blob', 'file'].flatMap((scheme) => ['', ' ', '\t', '//', '%0a'].map((gap) => `<a href="${scheme}:${gap}${MARK}">x</a>`))
const breaks = ['"', "'", '`', ' ', '/'].flatMap((quote) => ['img', 'svg', 'script', 'style', 'math'].map((tag) => `${quote}><${tag}${quote}${quote}onload=${MARK} src=x>`))

export const PAYLOADS = [...byTag, ...others, ...schemes, ...breaks].slice(0, 200)
