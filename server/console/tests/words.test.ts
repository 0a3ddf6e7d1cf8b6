import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { together, type Sections } from '@/lib/sections'

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
const open = (path: string): Sections => JSON.parse(readFileSync(join(LOCALES, path), 'utf8')) as Sections
const files = (lang: string): Sections[] => [open(`${lang}.json`), ...readdirSync(join(LOCALES, lang)).map((name) => open(`${lang}/${name}`))]
const [chinese, english] = [flat(together(files('zh'))), flat(together(files('en')))]

it('has no word twice, in whichever file', () => {
  for (const lang of ['zh', 'en']) {
    const keys = files(lang).flatMap((file) => Object.entries(file).flatMap(([section, words]) => Object.keys(words).map((key) => `${section}.${key}`)))
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
  }
})

it('has every word in both languages, with the same blanks', () => {
  expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  const blanks = (text = ''): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()
  for (const [key, text] of chinese) expect(blanks(english.get(key)), key).toEqual(blanks(text))
})

it('has every word that a screen asks for', () => {
  const asked = sources(join(__dirname, '../src')).flatMap((text) => [...text.matchAll(/\bt\('([a-z_]+\.[\w.]+)'/g)].map(([, key]) => key ?? ''))
  expect(asked.length).toBeGreaterThan(200)
  expect(asked.filter((key) => !chinese.has(key))).toEqual([])
})

it('uses no character that the message format reads as something else', () => {
  for (const [key, text] of [...chinese, ...english]) expect(text, key).not.toMatch(/[@|]/)
})
