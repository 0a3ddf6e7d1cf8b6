/** Photos of a form on their way to the relay: one after the other, again after a lost connection, kept until the form is sent. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiFault, sendBytes } from '@/api/client'
import { useLive } from '@/stores/live'
import { told } from './say'
import { browserShelf, type Shelf, type Shelved } from './shelf'

export interface Upload extends Shelved {
  state: 'waiting' | 'sending' | 'there' | 'refused'
  /** From 0 to 1. */
  share: number
  /** Why it was refused. */
  reason: string
  /** Where the page can show it from. */
  url: string
}

export interface Uploads {
  photos: ShallowRef<Upload[]>
  add: (files: Iterable<File>) => Promise<void>
  remove: (id: string) => Promise<void>
  /** The form is sent: nothing is kept any more. */
  clear: () => Promise<void>
  /** All of them are with the relay. */
  areThere: ComputedRef<boolean>
  /** Some wait for a connection. */
  areStuck: Ref<boolean>
  hashes: ComputedRef<string[]>
}

/** What phones' browsers hand over; others are turned into one of these by the browser itself. */
export const PHOTO_KINDS = ['image/jpeg', 'image/png', 'image/webp']
/** A photo that could not be sent is tried again after this long. */
const AGAIN_MS = 4000

type Send = (photo: Blob, progress: (share: number) => void) => Promise<{ hash: string }>

const toRelay: Send = (photo, progress) => sendBytes('/api/photos', photo, progress)

export function useUploads(form: string, shelf: Shelf = browserShelf, send: Send = toRelay): Uploads {
  const photos = shallowRef<Upload[]>([])
  const areStuck = ref(false)
  const live = useLive()
  let isOver = false
  let isRunning = false
  let again: ReturnType<typeof setTimeout> | undefined

  const change = (id: string, changed: Partial<Upload>): void => {
    photos.value = photos.value.map((photo) => (photo.id === id ? { ...photo, ...changed } : photo))
  }
  const show = (kept: Shelved): Upload => ({ ...kept, state: kept.hash ? 'there' : 'waiting', share: kept.hash ? 1 : 0, reason: '', url: URL.createObjectURL(kept.bytes) })

  async function run(): Promise<void> {
    clearTimeout(again)
    if (isRunning || isOver) return
    isRunning = true
    for (let next = waiting(); next && !isOver; next = waiting()) {
      const { id, form: of, name, bytes } = next
      change(id, { state: 'sending', share: 0 })
      try {
        const { hash } = await send(bytes, (share) => change(id, { share }))
        await shelf.put({ id, form: of, name, bytes, hash })
        change(id, { state: 'there', share: 1, hash })
        areStuck.value = false
      } catch (error) {
        const isLater = error instanceof ApiFault && (error.isOffline || error.status === 401 || error.status === 429 || error.status >= 500)
        change(id, isLater ? { state: 'waiting', share: 0 } : { state: 'refused', reason: told(error) })
        if (!isLater) continue
        areStuck.value = true
        again = setTimeout(() => void run(), AGAIN_MS)
        break
      }
    }
    isRunning = false
  }
  const waiting = (): Upload | undefined => photos.value.find(({ state }) => state === 'waiting')

  async function add(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      const kept: Shelved = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, form, name: file.name, bytes: file, hash: null }
      const shown = show(kept)
      if (!PHOTO_KINDS.includes(file.type)) {
        photos.value = [...photos.value, { ...shown, state: 'refused', reason: '' }]
        continue
      }
      photos.value = [...photos.value, shown]
      await shelf.put(kept)
    }
    void run()
  }

  async function remove(id: string): Promise<void> {
    const gone = photos.value.find((photo) => photo.id === id)
    if (gone) URL.revokeObjectURL(gone.url)
    photos.value = photos.value.filter((photo) => photo.id !== id)
    await shelf.remove(id)
  }

  async function clear(): Promise<void> {
    for (const { id } of photos.value) await remove(id)
  }

  void shelf.of(form).then((kept) => {
    if (isOver) return
    photos.value = [...kept.map(show), ...photos.value]
    void run()
  })
  watch(
    () => live.isReached,
    (isReached) => {
      if (isReached && areStuck.value) void run()
    },
  )
  onScopeDispose(() => {
    isOver = true
    clearTimeout(again)
    for (const { url } of photos.value) URL.revokeObjectURL(url)
  })

  const areThere = computed(() => photos.value.every(({ state }) => state === 'there' || state === 'refused'))
  const hashes = computed(() => photos.value.flatMap(({ hash }) => (hash ? [hash] : [])))
  return { photos, add, remove, clear, areThere, areStuck, hashes }
}
