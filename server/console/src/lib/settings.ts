/** The settings file as people edit it: what is wrong with it, and what is different between two of them. */
import type { SettingsFile } from '@/api/types'

/** Lists of a settings file, in the order in which they are shown. */
export const LISTS = ['categories', 'departments', 'reasons', 'answers', 'purposes', 'forms', 'hazards', 'themes', 'checkpoints'] as const
export type List = (typeof LISTS)[number]
/** Lists of which each item is a code with words. */
export const WORD_LISTS = ['reasons', 'answers', 'purposes', 'hazards', 'themes'] as const
export type WordList = (typeof WORD_LISTS)[number]

const CODE = /^[\p{L}\p{N}._/-]+$/u
const MAX_CODE_BYTES = 64
const MAX_BYTES = 200
const MAX_HOURS = 8784

export interface Fault {
  section: List | 'step_hours'
  /** Counted from 1; 0 for the whole section. */
  number: number
  key: 'no_code' | 'bad_code' | 'twice' | 'no_words' | 'long_words' | 'hours' | 'no_category' | 'unknown_category' | 'unknown_purpose' | 'no_question' | 'options' | 'place'
  code: string
}

interface Words {
  zh: string
  en: string
}
interface Item {
  id: string
  name?: Words | string
  words?: Words
}

const bytes = (text: string): number => new TextEncoder().encode(text).length
const wordsOf = (item: Item): Words => {
  const given = item.words ?? item.name ?? ''
  return typeof given === 'string' ? { zh: given, en: '' } : given
}
/** What people call an item. */
export const nameOf = (item: Item): string => wordsOf(item).zh

/** The list, also where an older file has none. */
export const itemsOf = (file: SettingsFile, list: List): Item[] => (file[list] ?? []) as Item[]

function checkItems(section: Fault['section'], items: Item[], add: (fault: Fault) => void): void {
  const seen = new Set<string>()
  items.forEach((item, index) => {
    const say = (key: Fault['key']): void => add({ section, number: index + 1, key, code: item.id })
    if (!item.id) say('no_code')
    else if (!CODE.test(item.id) || bytes(item.id) > MAX_CODE_BYTES) say('bad_code')
    else if (seen.has(item.id)) say('twice')
    seen.add(item.id)
    const { zh, en } = wordsOf(item)
    if (!zh.trim()) say('no_words')
    else if (bytes(zh) > MAX_BYTES || bytes(en) > MAX_BYTES) say('long_words')
  })
}

/** What the relay would refuse, told while one still edits; the relay has the last word. */
export function faults(file: SettingsFile): Fault[] {
  const found: Fault[] = []
  const add = (fault: Fault): void => void found.push(fault)
  for (const list of LISTS) checkItems(list, itemsOf(file, list), add)
  if (file.categories.length === 0) add({ section: 'categories', number: 0, key: 'no_category', code: '' })
  const areHours = (hours: number[]): boolean => hours.every((hour) => Number.isInteger(hour) && hour >= 1 && hour <= MAX_HOURS)
  const { accept, dispatch, verify, close } = file.step_hours
  if (![accept, dispatch, verify, close].every(areHours)) add({ section: 'step_hours', number: 0, key: 'hours', code: '' })
  const known = new Set(file.categories.map(({ id }) => id))
  file.categories.forEach(({ id, due_hours }, index) => {
    if (!areHours(due_hours)) add({ section: 'categories', number: index + 1, key: 'hours', code: id })
  })
  file.departments.forEach(({ categories }, index) => {
    for (const code of categories) if (!known.has(code)) add({ section: 'departments', number: index + 1, key: 'unknown_category', code })
  })
  const purposes = new Set((file.purposes ?? []).map(({ id }) => id))
  file.forms.forEach((form, index) => {
    const say = (key: Fault['key'], code: string): void => add({ section: 'forms', number: index + 1, key, code })
    for (const code of form.purposes ?? []) if (!purposes.has(code)) say('unknown_purpose', code)
    if (form.questions.length === 0) say('no_question', form.id)
    checkItems('forms', form.questions as Item[], (fault) => add({ ...fault, number: index + 1 }))
    for (const { id, kind, options = [] } of form.questions) {
      if (kind === 'option' ? options.length < 2 : options.length > 0) say('options', id)
    }
  })
  file.checkpoints.forEach(({ id, position: { latitude, longitude } }, index) => {
    const isThere = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude !== 0 || longitude !== 0)
    if (!isThere) add({ section: 'checkpoints', number: index + 1, key: 'place', code: id })
  })
  return found
}

export interface Difference {
  section: List | 'step_hours' | 'reminders'
  kind: 'added' | 'removed' | 'changed' | 'moved'
  id: string
  name: string
  /** Which parts of it, as they were and as they are. */
  parts: { path: string; from: string; to: string }[]
}

function flat(value: unknown, path = ''): Map<string, string> {
  if (value === null || value === undefined) return new Map()
  if (typeof value !== 'object') return new Map([[path, String(value)]])
  const parts = Object.entries(value).map(([key, inner]) => flat(inner, path ? `${path}.${key}` : key))
  return new Map(parts.flatMap((part) => [...part]))
}

function parts(before: unknown, after: unknown): Difference['parts'] {
  const [old, now] = [flat(before), flat(after)]
  const paths = [...new Set([...old.keys(), ...now.keys()])]
  return paths.filter((path) => old.get(path) !== now.get(path)).map((path) => ({ path, from: old.get(path) ?? '', to: now.get(path) ?? '' }))
}

/** What becomes of `before` on the way to `after`. */
export function differences(before: SettingsFile, after: SettingsFile): Difference[] {
  const found: Difference[] = []
  for (const section of LISTS) {
    // A file without the list leaves the list as it is.
    if (!after[section]) continue
    const [old, now] = [itemsOf(before, section), itemsOf(after, section)]
    const byId = new Map(old.map((item) => [item.id, item]))
    const stays = new Set(now.map(({ id }) => id))
    for (const item of old) if (!stays.has(item.id)) found.push({ section, kind: 'removed', id: item.id, name: nameOf(item), parts: [] })
    for (const item of now) {
      const known = byId.get(item.id)
      if (!known) {
        found.push({ section, kind: 'added', id: item.id, name: nameOf(item), parts: [] })
        continue
      }
      const changed = parts(known, item)
      if (changed.length) found.push({ section, kind: 'changed', id: item.id, name: nameOf(item), parts: changed })
    }
    const kept = (list: Item[], other: Item[]): string => list.filter(({ id }) => other.some((item) => item.id === id)).map(({ id }) => id).join(' ')
    if (kept(old, now) !== kept(now, old)) found.push({ section, kind: 'moved', id: '', name: '', parts: [] })
  }
  for (const section of ['step_hours', 'reminders'] as const) {
    if (!after[section]) continue
    const changed = parts(before[section], after[section])
    if (changed.length) found.push({ section, kind: 'changed', id: '', name: '', parts: changed })
  }
  return found
}
