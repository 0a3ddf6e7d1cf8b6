/** Keeps what is typed until it is saved: a reload or a lost login takes nothing away. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { browserShelf } from './shelf'

const PREFIX = 'suishou.draft.'

function read<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(PREFIX + key)
    return text === null ? null : (JSON.parse(text) as T)
  } catch {
    return null
  }
}

/** A form that survives; `isKept` says that something from before was found. */
export function useDraft<T extends object>(key: string, empty: () => T): { form: Ref<T>; isKept: Ref<boolean>; clear: () => void } {
  const kept = read<Partial<T>>(key)
  const form = ref({ ...empty(), ...kept }) as Ref<T>
  const isKept = ref(kept !== null)
  const write = (): void => {
    try {
      const text = JSON.stringify(form.value)
      if (text === JSON.stringify(empty())) localStorage.removeItem(PREFIX + key)
      else localStorage.setItem(PREFIX + key, text)
    } catch {
      // No room, or none allowed: the form itself still stands.
    }
  }
  const stop = watch(form, write, { deep: true })
  onScopeDispose(stop)
  const clear = (): void => {
    form.value = empty()
    isKept.value = false
    localStorage.removeItem(PREFIX + key)
  }
  return { form, isKept, clear }
}

/** Whoever leaves takes everything along: the next one at this machine finds nothing. */
export function forgetDrafts(): void {
  const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index))
  for (const key of keys) if (key?.startsWith(PREFIX)) localStorage.removeItem(key)
  void browserShelf.clear()
}
