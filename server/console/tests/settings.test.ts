import { describe, expect, it } from 'vitest'
import type { SettingsFile } from '@/api/types'
import { differences, faults } from '@/lib/settings'

const words = (zh: string) => ({ zh, en: '' })
const hours = [1, 2, 3, 4]
const file = (): SettingsFile => ({
  version: 3,
  categories: [
    { id: 'fire', name: words('消防'), due_hours: [72, 24, 4, 1], is_for_informants: false },
    { id: 'order', name: words('治安'), due_hours: [72, 24, 8, 1], is_for_informants: true },
  ],
  departments: [{ id: 'police', name: '派出所', categories: ['order'] }],
  reasons: [{ id: 'far', words: words('不在本镇') }],
  answers: [],
  purposes: [{ id: 'elder', name: words('独居老人') }],
  forms: [{ id: 'home', name: words('走访表'), purposes: ['elder'], questions: [{ id: 'well', words: words('身体好吗'), kind: 'yes' }] }],
  hazards: [],
  themes: [],
  checkpoints: [{ id: 'c1', name: '古樟树', position: { latitude: 29, longitude: 119 } }],
  step_hours: { accept: hours, dispatch: hours, verify: hours, close: hours },
})

describe('faults of a settings file', () => {
  it('are none where the relay has none', () => {
    expect(faults(file())).toEqual([])
  })

  it('name the place and what is wrong there', () => {
    const bad = file()
    bad.categories[1]!.id = 'fire'
    bad.categories[1]!.due_hours = [0, 24, 8, 1]
    bad.reasons.push({ id: 'Nicht so', words: words(' ') })
    bad.forms[0]!.questions.push({ id: 'which', words: words('哪一种'), kind: 'option', options: [{ id: 'a', name: words('甲') }] })
    bad.forms[0]!.purposes = ['gone']
    expect(faults(bad).map(({ section, number, key, code }) => [section, number, key, code])).toEqual([
      ['categories', 2, 'twice', 'fire'],
      ['reasons', 2, 'bad_code', 'Nicht so'],
      ['reasons', 2, 'no_words', 'Nicht so'],
      ['categories', 2, 'hours', 'fire'],
      ['departments', 1, 'unknown_category', 'order'],
      ['forms', 1, 'unknown_purpose', 'gone'],
      ['forms', 1, 'options', 'which'],
    ])
  })
})

describe('differences of two settings files', () => {
  it('are none between equal ones, and none where a file leaves a list out', () => {
    const short = file()
    delete short.answers
    expect(differences(file(), short)).toEqual([])
  })

  it('tell what came, went, moved, and which part of an item became another', () => {
    const after = file()
    after.categories.reverse()
    after.categories[1]!.due_hours = [72, 12, 4, 1]
    after.departments = []
    after.hazards.push({ id: 'snow', name: words('暴雪') })
    after.step_hours = { ...after.step_hours, accept: [1, 2, 3, 9] }
    expect(differences(file(), after)).toEqual([
      { section: 'categories', kind: 'changed', id: 'fire', name: '消防', parts: [{ path: 'due_hours.1', from: '24', to: '12' }] },
      { section: 'categories', kind: 'moved', id: '', name: '', parts: [] },
      { section: 'departments', kind: 'removed', id: 'police', name: '派出所', parts: [] },
      { section: 'hazards', kind: 'added', id: 'snow', name: '暴雪', parts: [] },
      { section: 'step_hours', kind: 'changed', id: '', name: '', parts: [{ path: 'accept.3', from: '4', to: '9' }] },
    ])
  })
})
