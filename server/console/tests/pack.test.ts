import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { packed } from '../scripts/pack'

it('lists every file with where it lies, as it is and smaller', () => {
  const long = Buffer.from('a'.repeat(1000))
  const pack = packed([{ path: 'index.html', bytes: long }, { path: 'assets/x.js', bytes: Buffer.from('1') }])
  const end = pack.indexOf(10)
  const list = JSON.parse(pack.subarray(0, end).toString()) as { path: string; plain: [number, number]; gzip: [number, number] }[]
  const bytes = pack.subarray(end + 1)
  expect(list.map(({ path }) => path)).toEqual(['index.html', 'assets/x.js'])
  expect(bytes.subarray(...list[0]!.plain)).toEqual(long)
  expect(gunzipSync(bytes.subarray(...list[0]!.gzip))).toEqual(long)
  // What does not get smaller is there once.
  expect(list[1]!.gzip[0]).toBe(list[1]!.gzip[1])
  expect(bytes.subarray(...list[1]!.plain).toString()).toBe('1')
})
