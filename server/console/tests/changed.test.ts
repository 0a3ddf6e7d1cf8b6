import { describe, expect, it } from 'vitest'
import type { Incident } from '@/api/types'
import { isSame, lookAt, seenOf, since } from '@/lib/changed'
import { readRules } from '@/lib/rules'
import { soundOf } from '@/lib/sound'
import { toCsv } from '@/lib/table'

const origin = (entry: string) => ({ author: 'centre', claimed_at: '2026-03-01T00:00:00Z', entry, received_at: '2026-03-01T00:00:00Z' })
const step = (id: string) => ({ id, kind: 'accepted', origin: origin(`e-${id}`), took_effect: true })
const incident = (steps: string[], more: object = {}): Incident => ({ state: 'reported', category: 'fire', severity: 'high', grid: 'g1', changes: steps.length, steps: steps.map(step), notes: [], ...more }) as unknown as Incident

describe('what changed since somebody began', () => {
  it('is nothing while nothing changed, and is sent along as a count', () => {
    const look = lookAt(incident(['a']))
    expect(look.seen).toBe(1)
    expect(isSame(look, incident(['a']))).toBe(true)
    expect(seenOf(incident(['a', 'b']))).toEqual({ seen: 2 })
    expect(seenOf({})).toEqual({})
  })

  it('is each step that was not there and each field that is another', () => {
    const { fields, moments } = since(lookAt(incident(['a'])), incident(['a', 'b'], { state: 'accepted', grid: null }))
    expect(moments.map(({ id }) => id)).toEqual(['b'])
    expect(fields).toEqual([{ name: 'state', from: 'reported', to: 'accepted' }, { name: 'grid', from: 'g1', to: '' }])
  })
})

it('a table for a spreadsheet has no formula in it and keeps commas and quotes', () => {
  expect(toCsv([['=1+1', 'a,b', 'say "x"'], ['-5', '@x', '12.5']])).toBe(`'=1+1,"a,b","say ""x"""\r\n-5,'@x,12.5\r\n`)
})

it('words of another system are read line by line; half a line is none', () => {
  expect(readRules('噪声=order\n\n桥头 ＝ g1\n=x\ny=')).toEqual({ 噪声: 'order', 桥头: 'g1' })
})

it('a recording is known by its first bytes', () => {
  const of = (text: string) => soundOf(new Uint8Array([...text].map((letter) => letter.charCodeAt(0))))
  expect(of('OggS....')).toBe('audio/ogg')
  expect(of('\0\0\0\x20ftypM4A ')).toBe('audio/mp4')
  expect(soundOf(new Uint8Array([0xff, 0xf1, 0x50]))).toBe('audio/aac')
  expect(soundOf(new Uint8Array([0xff, 0xfb, 0x90]))).toBe('audio/mpeg')
  expect(of('<html>')).toBe('application/octet-stream')
})
