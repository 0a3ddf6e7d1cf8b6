import { describe, expect, it } from 'vitest'
import type { Note, StepShown } from '@/api/types'
import { isClaimFar, timeline, who } from '@/lib/timeline'

const origin = (entry: string, minute: number, author = 'centre') => ({ author, entry, claimed_at: '2026-03-01T00:00:00Z', received_at: `2026-03-01T00:${String(minute).padStart(2, '0')}:00Z` })
const step = (id: string, minute: number) => ({ id, kind: 'accepted', origin: origin(`e-${id}`, minute), took_effect: true }) as StepShown
const note = (entry: string, minute: number, of: string | null) => ({ step: of, text: entry, origin: origin(entry, minute), photos: [] }) as unknown as Note

describe('what happened', () => {
  it('has each remark once: with its step, or alone at its time', () => {
    const moments = timeline({ steps: [step('a', 1), step('b', 5)], notes: [note('of b', 5, 'b'), note('alone', 3, null), note('of nobody', 9, 'gone')] })
    expect(moments.map(({ id, notes }) => [id, notes.map(({ text }) => text)])).toEqual([
      ['a', []],
      ['alone', ['alone']],
      ['b', ['of b']],
      ['of nobody', ['of nobody']],
    ])
  })

  it('names the operator, the person, or the command centre', () => {
    const document = {
      operators: [{ entry: 'e1', name: '林晓' }],
      participants: [
        { author: 'person 1', name: '', is_hidden: true, member: null, phone: '', role: null },
        { author: 'person 2', name: '王芳', is_hidden: false, member: 'm1', phone: '', role: 'member' as const },
      ],
    }
    expect(who(document, origin('e1', 1))).toMatchObject({ name: '林晓', isCentre: true })
    expect(who(document, origin('e2', 1))).toMatchObject({ name: '', isCentre: true })
    expect(who(document, origin('e3', 1, 'person 1'))).toMatchObject({ name: '', isHidden: true, isCentre: false })
    expect(who(document, origin('e4', 1, 'person 2'))).toMatchObject({ name: '王芳', role: 'member' })
    expect(who(document, origin('e5', 1, 'person 9'))).toMatchObject({ name: 'person 9', isCentre: false })
  })

  it('says so when a phone’s clock is far off', () => {
    expect(isClaimFar(origin('e', 5))).toBe(false)
    expect(isClaimFar(origin('e', 6))).toBe(true)
  })
})
