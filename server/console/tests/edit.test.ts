import { describe, expect, it } from 'vitest'
import type { IncidentRow, MapShown, Member } from '@/api/types'
import { codeFault, handedOver, misfiled, nextCode, overlapping, readCorners, ringFault, withBoundary, withMerged, withNew, withSplit, writeCorners } from '@/lib/map/edit'
import type { Polygon } from '@/lib/map/geometry'
import { gridAt, momentOf, readGrids, shadeOf, tally, withBelow } from '@/lib/map/grids'
import { isInside } from '@/lib/map/geometry'
import type { Spot } from '@/lib/map/shift'

const box = (x: number, y: number, width: number, height: number): Polygon[] => {
  const at = (right: number, up: number): Spot => [115.6 + right / 1000, 22.9 + up / 1000]
  return [[[at(x, y), at(x + width, y), at(x + width, y + height), at(x, y + height), at(x, y)]]]
}
const grid = (id: string, parent: string | null, kind: 'village' | 'micro' | 'online' = 'micro') => ({ id, name: `${id}格`, kind, parent })
/** A village of two micro-grids, one of them with a twin online, and a village of its own. */
let shown: MapShown = { type: 'FeatureCollection', features: [] }
shown = withNew(shown, grid('v', null, 'village'), box(0, 0, 20, 10))
shown = withNew(shown, grid('a', 'v'), box(0, 0, 10, 10))
shown = withNew(shown, grid('b', 'v'), box(10, 0, 10, 10))
shown = withNew(shown, grid('a-online', 'a', 'online'), box(0, 0, 10, 10))
shown = withNew(shown, grid('w', null, 'village'), box(20, 0, 10, 10))
const ids = (map: MapShown): string[] => map.features.map(({ properties }) => properties.id)
const parentOf = (map: MapShown, id: string): string | null | undefined => map.features.find(({ properties }) => properties.id === id)?.properties.parent

const incident = (document: string, grid: string | null, spot: [number, number] | null, more: Partial<IncidentRow> = {}): IncidentRow =>
  ({ document, grid, position: spot && { longitude: 115.6 + spot[0] / 1000, latitude: 22.9 + spot[1] / 1000 }, due_at: null, severity: 'normal', state: 'reported', ...more }) as IncidentRow

describe('the map after a change', () => {
  it('has a half that keeps its number and one beside it of the same kind', () => {
    const after = withSplit(shown, 'a', box(0, 0, 5, 10), box(5, 0, 5, 10), { id: 'a-2', name: '东' })
    expect(ids(after)).toEqual([...ids(shown), 'a-2'])
    expect(after.features.at(-1)?.properties).toEqual({ id: 'a-2', name: '东', kind: 'micro', parent: 'v' })
    expect(ids(shown)).toHaveLength(5)
  })

  it('loses what was merged, and what hung below it finds a new parent', () => {
    const after = withMerged(shown, 'b', ['a'], box(0, 0, 20, 10))
    expect(ids(after)).toEqual(['v', 'b', 'a-online', 'w'])
    expect(parentOf(after, 'a-online')).toBe('b')
    expect(parentOf(after, 'b')).toBe('v')
  })

  it('keeps a tree even if a parent goes into its own child', () => {
    const after = withMerged(shown, 'a', ['v'], box(0, 0, 20, 10))
    expect([parentOf(after, 'a'), parentOf(after, 'b')]).toEqual([null, 'a'])
  })

  it('says which open work would lie elsewhere than it is filed, and leaves what was so before', () => {
    const after = withSplit(shown, 'a', box(0, 0, 5, 10), box(5, 0, 5, 10), { id: 'a-2', name: '东' })
    const rows = [incident('moves', 'a', [7, 5]), incident('stays', 'a', [2, 5]), incident('chosen by hand', 'b', [7, 5]), incident('nowhere', 'a', null), incident('none', null, [7, 5])]
    expect(misfiled(rows, readGrids(shown), readGrids(after)).map(({ row, to }) => [row.document, to.id])).toEqual([['moves', 'a-2']])
    expect(misfiled(rows, readGrids(shown), readGrids(shown))).toEqual([])
    const gone = withMerged(shown, 'b', ['a'], box(0, 0, 20, 10))
    expect(misfiled(rows, readGrids(shown), readGrids(gone))).toEqual([])
  })

  it('hands people over, each grid once', () => {
    const member = (id: string, grids: string[]): Member => ({ id, name: id, role: 'member', grids, department: null, phone: '' })
    const changed = handedOver([member('1', ['a']), member('2', ['a', 'b']), member('3', ['w'])], ['a'], 'b')
    expect(changed.map(({ id, grids }) => [id, grids])).toEqual([['1', ['b']], ['2', ['b']]])
  })
})

describe('a number', () => {
  it('is new, and of letters that the relay takes', () => {
    expect([codeFault('', shown), codeFault('一', shown), codeFault('a b', shown), codeFault('a', shown), codeFault('x-1', shown)]).toEqual(['empty', 'letters', 'letters', 'taken', null])
    expect(nextCode('a', withNew(shown, grid('a-2', null), box(0, 0, 1, 1)))).toBe('a-3')
    expect(nextCode('a-2', withNew(shown, grid('a-2', null), box(0, 0, 1, 1)))).toBe('a-3')
  })
})

describe('a boundary', () => {
  it('has three corners and does not cross itself', () => {
    const corners = (...spots: [number, number][]): Spot[] => spots.map(([x, y]) => [115 + x, 22 + y])
    expect(ringFault(corners([0, 0], [1, 0]))).toBe('few')
    expect(ringFault(corners([0, 0], [1, 1], [1, 0], [0, 1]))).toBe('tangled')
    expect(ringFault(corners([0, 0], [1, 0], [1, 1], [0, 1]))).toBeNull()
  })

  it('is told if it covers a neighbour of the same parent, not its parent or a twin', () => {
    const grids = readGrids(shown)
    const own = { id: 'new', parent: 'v', kind: 'micro' as const }
    expect(overlapping(box(8, 0, 4, 10), own, grids.values()).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(overlapping(box(0, 0, 10, 10), { ...own, id: 'a' }, grids.values())).toEqual([])
    expect(overlapping(box(8, 0, 4, 10), { ...own, kind: 'online' }, grids.values())).toEqual([])
  })

  it('is read as it was written, and a wrong line is named', () => {
    const corners: Spot[] = [[115.6, 22.9], [115.61, 22.9], [115.61, 22.912345]]
    expect(readCorners(writeCorners(corners))).toEqual({ corners })
    expect(readCorners('115.6 22.9\n\n115.6，22.91')).toEqual({ corners: [[115.6, 22.9], [115.6, 22.91]] })
    expect(readCorners('115.6, 22.9\n22.9, 115.6')).toEqual({ line: 2 })
    expect(readCorners('115.6, 22.9\nhier')).toEqual({ line: 2 })
    expect(readCorners('115.6, 22.9, 4')).toEqual({ line: 1 })
  })

  it('is changed without touching the others', () => {
    const after = withBoundary(shown, 'b', box(10, 0, 5, 10))
    expect(after.features.filter((one, index) => one !== shown.features[index]).map(({ properties }) => properties.id)).toEqual(['b'])
  })
})

describe('grids', () => {
  const grids = readGrids(shown)

  it('know their depth and what hangs below', () => {
    expect([...grids.values()].map(({ id, depth }) => [id, depth])).toEqual([['v', 0], ['a', 1], ['b', 1], ['a-online', 2], ['w', 0]])
    expect([...withBelow('v', grids)].sort()).toEqual(['a', 'a-online', 'b', 'v'])
  })

  it('hold a place: the lowest that is walked', () => {
    expect(gridAt([115.605, 22.905], grids.values(), isInside)?.id).toBe('a')
    expect(gridAt([115.7, 22.905], grids.values(), isInside)).toBeNull()
  })

  it('are drawn anew when something becomes late, not with every tick', () => {
    const due = (at: string | null) => ({ due_at: at as unknown as IncidentRow['due_at'] })
    const rows = [due('2026-03-01T08:00:00Z'), due('2026-03-01T09:00:00Z'), due(null)]
    const at = (time: string): number => momentOf(rows, Date.parse(`2026-03-01T${time}Z`))
    expect(at('07:59:00')).toBe(1)
    expect(at('08:00:01')).toBe(Date.parse('2026-03-01T08:00:00Z') + 1)
    expect(at('08:59:59')).toBe(at('08:00:01'))
    expect(at('09:00:01')).toBeGreaterThan(at('08:59:59'))
  })

  it('count what is open, late and urgent', () => {
    const now = Date.parse('2026-03-01T00:00:00Z')
    const late = { due_at: '2026-02-28T00:00:00Z' as unknown as IncidentRow['due_at'], severity: 'urgent' as const }
    const tallies = tally([incident('1', 'a', null), incident('2', 'a', null, late), incident('3', null, null)], now)
    expect(tallies.get('a')).toEqual({ open: 2, late: 1, urgent: 1 })
    expect(tallies.get(null)?.open).toBe(1)
    expect([0, 1, 2, 3, 5, 6, 10, 11, 400].map(shadeOf)).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4])
  })
})
