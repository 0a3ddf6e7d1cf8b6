import { describe, expect, it } from 'vitest'
import { addressFault, tilesOf, type Basemap } from '@/lib/map/basemap'

const base = (kind: Basemap['kind'], address: string | null = null, is_missing = false) => ({ kind, address, is_missing, version: 'v1' })

describe('a base map', () => {
  it('comes from the relay, from an address, or not at all', () => {
    expect(tilesOf(null, 'http://relay')).toBeNull()
    expect(tilesOf(base('none'), 'http://relay')).toBeNull()
    expect(tilesOf(base('file'), 'http://relay')).toBe('http://relay/tiles/{z}/{x}/{y}?v=v1')
    expect(tilesOf(base('file', null, true), 'http://relay')).toBeNull()
    expect(tilesOf(base('address', 'https://t/{z}/{x}/{y}'), 'http://relay')).toBe('https://t/{z}/{x}/{y}')
  })

  it('has an address with places to fill in, and a key', () => {
    for (const [address, fault] of [
      ['https://tiles.example/{z}/{x}/{y}.png', null],
      ['https://tiles.example/DataServer?T=vec_w&x={x}&y={y}&l={z}&tk=0123456789abcdef', null],
      ['tiles.example/{z}/{x}/{y}', 'scheme'],
      ['ftp://tiles.example/{z}/{x}/{y}', 'scheme'],
      ['https:///{z}/{x}/{y}', 'scheme'],
      ['https://tiles.example/{z}/{x}', 'places'],
      ['https://tiles.example/{z}/{x}/{y}?tk=', 'key'],
      ['https://tiles.example/{z}/{x}/{y}?tk={key}', 'key'],
      ['https://tiles.example/{z}/{x}/{y}?tk=<您的密钥>', 'key'],
    ] as const) {
      expect(addressFault(address), address).toBe(fault)
    }
  })
})
