import { describe, expect, it } from 'vitest'
import type { Dispatch, Incident } from '@/api/types'
import { deeds, EMPTY, forms, missing } from '@/lib/steps'

const dispatch = (department: string, state: Dispatch['state']): Dispatch => ({ department, state, step: `s-${department}`, due_at: null, member: null })
const incident = (state: Incident['state'], possible: Incident['possible'], dispatches: Dispatch[] = []) => ({ state, possible, dispatches })

describe('what can be done', () => {
  it('lets a dispatcher dispatch what nobody accepted yet: it is accepted first', () => {
    const reported = incident('reported', ['accepted', 'handling', 'returned', 'rejected', 'reminded'])
    expect(deeds(reported, ['dispatcher'])).toEqual(['accepted', 'dispatched', 'handling', 'returned', 'rejected', 'reminded', 'merge', 'correct', 'note'])
    expect(forms('dispatched', { ...EMPTY, departments: ['police'] }, reported).map(({ kind }) => kind)).toEqual(['accepted', 'dispatched'])
    expect(forms('dispatched', { ...EMPTY, departments: ['police'] }, { possible: ['dispatched'] })).toHaveLength(1)
  })

  it('gives a handler only what is about the own department', () => {
    const both = incident('dispatched', ['dispatched', 'handling', 'resolved', 'returned', 'closed'], [dispatch('police', 'resolved'), dispatch('fire', 'sent')])
    expect(deeds(both, ['handler'], 'police')).toEqual(['returned', 'note'])
    expect(deeds(both, ['handler'], 'fire')).toEqual(['handling', 'resolved', 'returned', 'note'])
    expect(deeds(both, ['handler'], 'water')).toEqual(['note'])
  })

  it('gives a reader nothing', () => {
    expect(deeds(incident('reported', ['accepted']), ['reader'])).toEqual([])
  })

  it('changes nothing of what is settled', () => {
    expect(deeds(incident('closed', ['reopened']), ['dispatcher'])).toEqual(['reopened', 'note'])
  })
})

describe('what a step needs', () => {
  it('is said before it is sent', () => {
    expect(missing('dispatched', EMPTY)).toBe('need.receiver')
    expect(missing('dispatched', { ...EMPTY, members: ['m1'] })).toBeNull()
    expect(missing('rejected', { ...EMPTY, remark: 'no' })).toBe('need.reason')
    expect(missing('returned', { ...EMPTY, remark: ' ' })).toBe('need.reason_or_remark')
    expect(missing('closed', EMPTY)).toBe('need.answer')
    expect(missing('correct', { ...EMPTY, remark: 'x' })).toBe('need.change')
    expect(missing('verified', EMPTY)).toBeNull()
  })

  it('carries what belongs to it and nothing that was typed for another', () => {
    const filled = { ...EMPTY, reason: 'outside', answer: 'fixed', dispatch: 's1', remark: ' hm ', departments: ['police'], members: ['m1'], due_hours: 4 }
    expect(forms('closed', filled, { possible: [] })).toEqual([{ kind: 'closed', remark: 'hm', answer: 'fixed' }])
    expect(forms('rejected', filled, { possible: [] })).toEqual([{ kind: 'rejected', remark: 'hm', reason: 'outside' }])
    expect(forms('handling', filled, { possible: [] })).toEqual([{ kind: 'handling', remark: 'hm', dispatch: 's1' }])
    expect(forms('dispatched', filled, { possible: ['dispatched'] })[0]?.dispatches).toEqual([{ department: 'police', due_hours: 4 }, { member: 'm1', due_hours: 4 }])
  })
})
