import { describe, expect, it } from 'vitest'
import type { Task } from '@/api/types'
import { board, wanted } from '@/lib/evacuation'

type Item = Task['items'][number]
const item = (id: number, people: number, state: Item['state'], shelter: number | null = null): Item => ({ id, text: `第${id}户`, address: `河滩 ${id} 号`, people, state, shelter, is_accounted: state === 'moved' || state === 'elsewhere', marks: [], others: [] }) as unknown as Item
const shelters = [{ id: 0, name: '桥头小学', people: 0 }, { id: 1, name: '镇礼堂', people: 0 }] as Task['shelters']

describe('the evacuation board', () => {
  it('adds up: every household stands in one line, every moved one in one shelter', () => {
    const states: Item['state'][] = ['open', 'moved', 'absent', 'elsewhere', 'refused', 'moved', 'open']
    const items = Array.from({ length: 42 }, (_, index) => item(index + 1, 1 + (index % 6), states[index % 7]!, states[index % 7] === 'moved' ? index % 2 : null))
    const { lines, households, people, accounted, shelters: rooms } = board(items, shelters)
    expect(households).toBe(42)
    expect(people).toBe(147)
    expect(lines.reduce((sum, line) => sum + line.households, 0)).toBe(households)
    expect(lines.reduce((sum, line) => sum + line.people, 0)).toBe(people)
    const moved = lines.find(({ state }) => state === 'moved')!
    expect(rooms.reduce((sum, room) => sum + room.people, 0)).toBe(moved.people)
    expect(accounted.people).toBe(moved.people + lines.find(({ state }) => state === 'elsewhere')!.people)
  })

  it('puts first what somebody has to see to, and leaves out what is not there', () => {
    expect(board([item(1, 2, 'moved', 0), item(2, 3, 'open')], shelters).lines.map(({ state }) => state)).toEqual(['open', 'moved'])
  })

  it('finds households by their words and by what is missing', () => {
    const items = [item(1, 2, 'moved', 0), item(2, 3, 'absent'), item(12, 1, 'open')]
    expect(wanted(items, 'missing', '').map(({ id }) => id)).toEqual([2, 12])
    expect(wanted(items, 'all', '河滩 12').map(({ id }) => id)).toEqual([12])
    expect(wanted(items, 'absent', '河滩').map(({ id }) => id)).toEqual([2])
  })
})
