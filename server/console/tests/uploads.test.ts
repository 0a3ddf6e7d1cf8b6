// @vitest-environment jsdom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { ApiFault } from '@/api/client'
import type { Shelf, Shelved } from '@/lib/shelf'
import { useUploads, type Uploads } from '@/lib/uploads'

function shelf(): Shelf & { kept: Map<string, Shelved> } {
  const kept = new Map<string, Shelved>()
  return {
    kept,
    of: async (form) => [...kept.values()].filter((photo) => photo.form === form),
    put: async (photo) => void kept.set(photo.id, photo),
    remove: async (id) => void kept.delete(id),
    clear: async () => kept.clear(),
  }
}
// Words for people come with the page's own styles.
vi.mock('@/lib/say', () => ({ told: (error: Error) => error.message }))

const jpeg = (name: string): File => new File([name], name, { type: 'image/jpeg' })
let scope = effectScope()
const use = (on: Shelf, send: Parameters<typeof useUploads>[2]): Uploads => {
  scope = effectScope()
  return scope.run(() => useUploads('a', on, send)) as Uploads
}

beforeEach(() => {
  setActivePinia(createPinia())
  vi.useFakeTimers()
  URL.createObjectURL = () => 'blob:x'
  URL.revokeObjectURL = () => undefined
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

it('photos go one after the other, tell how far they are, and are named by their hashes', async () => {
  const shares: number[] = []
  const on = shelf()
  const uploads = use(on, async (photo, progress) => {
    progress(0.5)
    shares.push(uploads.photos.value.find(({ state }) => state === 'sending')?.share ?? -1)
    return { hash: `h${photo.size}` }
  })
  await uploads.add([jpeg('a'), jpeg('bb')])
  await vi.runAllTimersAsync()
  expect(shares).toEqual([0.5, 0.5])
  expect(uploads.hashes.value).toEqual(['h1', 'h2'])
  expect(uploads.areThere.value).toBe(true)
  await uploads.clear()
  expect(on.kept.size).toBe(0)
})

it('a lost connection keeps a photo and tries it again; another page finds it', async () => {
  const on = shelf()
  let isLost = true
  const send = vi.fn(async () => {
    if (isLost) throw new ApiFault(0, 'offline', '')
    return { hash: 'h' }
  })
  const uploads = use(on, send)
  await uploads.add([jpeg('a')])
  await vi.advanceTimersByTimeAsync(0)
  expect([uploads.areStuck.value, uploads.areThere.value]).toEqual([true, false])
  scope.stop()
  isLost = false
  const again = use(on, send)
  await vi.advanceTimersByTimeAsync(10)
  expect(again.hashes.value).toEqual(['h'])
  expect(again.areThere.value).toBe(true)
})

it('what is refused says why and holds the others up no longer', async () => {
  const uploads = use(shelf(), async (photo) => {
    if (photo.size === 1) throw new ApiFault(422, 'invalid', '这不是照片')
    return { hash: 'h' }
  })
  await uploads.add([jpeg('a'), jpeg('bb'), new File(['x'], 'x.heic', { type: 'image/heic' })])
  await vi.runAllTimersAsync()
  expect(uploads.photos.value.map(({ state, reason }) => [state, reason])).toEqual([['refused', '这不是照片'], ['there', ''], ['refused', '']])
  expect(uploads.hashes.value).toEqual(['h'])
})
