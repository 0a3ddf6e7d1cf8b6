import { describe, expect, it } from 'vitest'
import type { IncidentRow, MapShown, PatrolRow, TrackShown } from '@/api/types'
import { areaFeatures, checkpointFeatures, gridFeatures, gridsOf, incidentFeatures, lastFix, nameFeatures, postFeatures, spotOf, trackFeatures, walkerFeatures, type WarningOnMap } from '@/lib/map/features'
import type { Basemap } from '@/lib/map/basemap'
import { readGrids } from '@/lib/map/grids'
import { LIGHT } from '@/lib/map/looks'
import { SHAPES } from '@/lib/map/symbols'
import { DRAWN, LAYERS, PICKED, SOURCES, styleOf, type SourceName } from '@/lib/map/style'
import { NOTHING, type Features } from '@/lib/map/features'
import defaults from '../../../core/src/model/defaults.json'

const square = (x: number, y: number) => ({ type: 'Polygon', coordinates: [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]] })
const SHOWN = {
  type: 'FeatureCollection',
  features: [
    { type: 'Feature', properties: { id: 'a', name: '甲', kind: 'micro', parent: 'v' }, geometry: square(115, 22) },
    { type: 'Feature', properties: { id: 'v', name: '村', kind: 'village', parent: null }, geometry: square(115, 22) },
    { type: 'Feature', properties: { id: 'o', name: '群', kind: 'online', parent: 'a' }, geometry: square(115, 22) },
  ],
} as unknown as MapShown
const grids = readGrids(SHOWN)
const NOW = Date.parse('2026-03-01T08:00:00Z')
const row = (more: Partial<IncidentRow>): IncidentRow => ({ document: 'd', category: 'fire', severity: 'normal', grid: 'a', position: null, due_at: null, excerpt: '张三家着火', ...more }) as IncidentRow

describe('what is drawn', () => {
  it('has the lowest grids on top, twins of chat groups not at all, and the number beside the name', () => {
    const tallies = new Map([['a', { open: 4, late: 1, urgent: 0 }]])
    expect(gridFeatures(grids, tallies).features.map(({ properties }) => [properties.id, properties.shade, properties.is_late])).toEqual([['v', 0, false], ['a', 2, true]])
    expect(nameFeatures(grids, tallies).features.map(({ properties }) => [properties.label, properties.is_leaf])).toEqual([['甲\n4', false], ['村', false]])
  })

  it('has incidents at their place, else in the middle of their grid, else nowhere', () => {
    expect(spotOf(row({ position: { longitude: 115.1, latitude: 22.1 } as IncidentRow['position'] }), grids)).toEqual([115.1, 22.1])
    expect(spotOf(row({}), grids)).toEqual([115.5, 22.5])
    expect(spotOf(row({ grid: null }), grids)).toBeNull()
    expect(spotOf(row({ grid: 'gone' }), grids)).toBeNull()
  })

  it('says of an incident what it is, how urgent, whether late; nothing that somebody wrote', () => {
    const late = row({ document: 'x', severity: 'urgent', due_at: '2026-03-01T07:00:00Z' as unknown as IncidentRow['due_at'] })
    const { features } = incidentFeatures([late, row({ grid: null })], grids, NOW)
    expect(features.map(({ properties }) => properties)).toEqual([{ id: 'x', icon: 'incident/fire/urgent/late/rough', late: 1, urgent: 1, is_rough: true, order: -4 }])
    expect(JSON.stringify(features)).not.toContain('张三')
  })

  const warning = (level: WarningOnMap['level'], audience: WarningOnMap['audience'], document = level): WarningOnMap =>
    ({ document, level, title: '', hazard: 'rainstorm', audience, post_list: [{ id: 1, name: '河滩', grid: 'a', position: null, keeper: null, last: null }] }) as unknown as WarningOnMap

  it('has a grid under several warnings in the colour of the highest', () => {
    const areas = areaFeatures([warning('yellow', { grids: ['a'] }), warning('red', { grids: ['a'] }), warning('blue', { is_everyone: true })], grids)
    expect(areas.features.map(({ properties }) => [properties.id, properties.level])).toEqual([['a', 'red'], ['v', 'blue']])
    expect(gridsOf({ audience: { roles: ['member'] } }, grids).map(({ id }) => id)).toEqual(['v'])
  })

  it('has posts with what they last said', () => {
    const silent = warning('orange', { grids: ['a'] })
    const heard = { ...silent, document: 'w', post_list: [{ ...silent.post_list[0], last: { report: 'need_help' } }] } as unknown as WarningOnMap
    expect(postFeatures([silent, heard], grids, ({ name }) => name).features.map(({ properties }) => [properties.id, properties.icon, properties.label])).toEqual([['orange/1', 'post/orange/silent', '河滩'], ['w/1', 'post/orange/need_help', '河滩']])
  })

  it('has people where their phones last told, and nobody without a path', () => {
    const track = (...stretches: [string, [number, number][], string[]][]): TrackShown =>
      ({ type: 'FeatureCollection', features: stretches.map(([type, coordinates, times]) => ({ type: 'Feature', properties: { is_coarse: false, times }, geometry: { type, coordinates: type === 'Point' ? coordinates[0] : coordinates } })) }) as unknown as TrackShown
    const patrol = { document: 'p', state: 'running' } as PatrolRow
    const path = track(['LineString', [[115.2, 22.2], [115.3, 22.3]], ['2026-03-01T07:00:00Z', '2026-03-01T07:05:00Z']], ['Point', [[115.1, 22.1]], ['2026-03-01T06:00:00Z']])
    expect(lastFix(path)?.spot).toEqual([115.3, 22.3])
    expect(lastFix(null)).toBeNull()
    const walkers = [{ patrol, name: '王芳', track: path }, { patrol: { ...patrol, document: 'q' }, name: '李强', track: null }]
    expect(walkerFeatures(walkers).features.map(({ properties }) => properties)).toEqual([{ id: 'p', name: '王芳', icon: 'person/running' }])
    expect(trackFeatures(walkers).features).toHaveLength(2)
  })

  it('has checkpoints', () => {
    expect(checkpointFeatures([{ id: 'c', name: '水库', position: { latitude: 22, longitude: 115 } }]).features[0]?.geometry).toEqual({ type: 'Point', coordinates: [115, 22] })
  })
})

describe('the style', () => {
  const data = Object.fromEntries(SOURCES.map((name) => [name, NOTHING])) as Record<SourceName, Features>
  const visible = Object.fromEntries(LAYERS.map((name) => [name, name !== 'people'])) as Record<(typeof LAYERS)[number], boolean>
  const style = styleOf({ looks: LIGHT, base: null, tiles: null, data, visible, picked: null })

  it('asks nobody for glyphs, sprites or tiles', () => {
    expect(Object.keys(style).sort()).toEqual(['layers', 'sources', 'version'])
    expect(JSON.stringify(style)).not.toContain('http')
  })

  it('has every layer that can be switched or clicked', () => {
    const ids = style.layers.map(({ id }) => id)
    expect([...Object.values(DRAWN).flat(), ...PICKED].filter((id) => !ids.includes(id))).toEqual([])
    const hidden = style.layers.filter(({ layout }) => (layout as { visibility?: string } | undefined)?.visibility === 'none').map(({ id }) => id)
    expect(hidden.sort()).toEqual([...DRAWN.people].sort())
  })

  it('has tiles under everything else, up to the zoom that they have', () => {
    const base: Basemap = { kind: 'file', version: 'v', is_missing: false, name: 'a', bounds: [115, 22, 116, 23], min_zoom: 8, max_zoom: 15, bytes: 1, attribution: '', is_gcj02: true, address: null }
    const tiled = styleOf({ looks: LIGHT, base, tiles: '/tiles/{z}/{x}/{y}', data, visible, picked: null })
    expect(tiled.layers.slice(0, 3).map(({ id }) => id)).toEqual(['ground', 'tiles', 'grid'])
    expect(tiled.sources.tiles).toMatchObject({ minzoom: 8, maxzoom: 15, bounds: [115, 22, 116, 23] })
  })
})

it('every category that a township begins with has a picture', () => {
  expect(defaults.categories.map(({ id }) => id).filter((id) => !(id in SHAPES))).toEqual([])
})
