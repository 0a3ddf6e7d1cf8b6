import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

function flat(words: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') all.set(prefix + key, value)
    else for (const [inner, text] of flat(value as object, `${prefix}${key}.`)) all.set(inner, text)
  }
  return all
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [readFileSync(path, 'utf8')] : []
  })
}

const LOCALES = join(__dirname, '../src/locales')

/** The words that all share, and those of each area. */
function files(lang: string): object[] {
  const folder = join(LOCALES, lang)
  const areas = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  return [join(LOCALES, `${lang}.json`), ...areas].map((path) => JSON.parse(readFileSync(path, 'utf8')) as object)
}
const read = (lang: string): object => Object.assign({}, ...files(lang)) as object
const [chinese, english] = [flat(read('zh')), flat(read('en'))]

it('has every word in both languages, with the same blanks', () => {
  expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  const blanks = (text = ''): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()
  for (const [key, text] of chinese) expect(blanks(english.get(key)), key).toEqual(blanks(text))
})

it('has each area of words in one file', () => {
  for (const lang of ['zh', 'en']) {
    const tops = files(lang).flatMap((words) => Object.keys(words))
    expect(tops).toEqual([...new Set(tops)])
  }
})

it('has every word that a screen asks for', () => {
  const asked = sources(join(__dirname, '../src')).flatMap((text) => [...text.matchAll(/\bt\('([a-z_]+\.[\w.]+)'/g)].map(([, key]) => key ?? ''))
  expect(asked.length).toBeGreaterThan(200)
  expect(asked.filter((key) => !chinese.has(key))).toEqual([])
})

it('uses no character that the message format reads as something else', () => {
  for (const [key, text] of [...chinese, ...english]) expect(text, key).not.toMatch(/[@|]/)
})
