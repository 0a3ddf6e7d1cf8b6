/** One list of a kind with the one that is open, kept up to date. */
import { computed, onMounted, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { DocumentKind } from '@/api/types'
import { useLive } from '@/stores/live'
import { gathered } from './gathered'
import { told } from './say'

export interface Works<R, F> {
  rows: ShallowRef<R[]>
  full: ShallowRef<F | null>
  fault: Ref<string>
  isLoaded: Ref<boolean>
  isOpen: ComputedRef<boolean>
  /** Something changed that is not shown yet, for each look is written down. */
  isStale: Ref<boolean>
  load: () => Promise<void>
  show: (full: F) => void
  again: () => Promise<unknown>
}

/** `followed` looks by itself at what changes; `audited` only when somebody asks for it. */
export type Manner = 'followed' | 'audited'

export function useWorks<R, F>(kind: DocumentKind, id: () => string | null, list: () => Promise<R[]>, one: (id: string) => Promise<F>, manner: Manner = 'followed'): Works<R, F> {
  const rows = shallowRef<R[]>([])
  const full = shallowRef<F | null>(null)
  const fault = ref('')
  const isLoaded = ref(false)
  const isStale = ref(false)
  const live = useLive()

  async function load(): Promise<void> {
    try {
      rows.value = await list()
      isLoaded.value = true
      fault.value = ''
    } catch (error) {
      fault.value = told(error)
    }
  }
  async function open(): Promise<void> {
    const wanted = id()
    if (wanted === null) {
      full.value = null
      return
    }
    try {
      const found = await one(wanted)
      if (id() === wanted) full.value = found
    } catch (error) {
      fault.value = told(error)
    }
  }
  const again = (): Promise<unknown> => {
    isStale.value = false
    return Promise.all([load(), open()])
  }
  const soon = gathered(again, 250)
  live.on((heard) => {
    if (heard.kind !== kind && heard.kind !== null) return
    if (manner === 'followed') soon()
    else isStale.value = true
  })
  onMounted(load)
  watch(id, open, { immediate: true })
  const show = (shown: F): void => {
    full.value = shown
    void load()
  }
  return { rows, full, fault, isLoaded, isOpen: computed(() => id() !== null), isStale, load, show, again }
}
