/** What every page needs once somebody is logged in: the township's settings, live changes, the name in the tab. */
import { onBeforeUnmount, onMounted, watch } from 'vue'
import { useLive } from '@/stores/live'
import { useTownship } from '@/stores/township'

export function useInside(): void {
  const township = useTownship()
  const live = useLive()

  async function load(): Promise<void> {
    try {
      await township.load()
      township.failed = false
    } catch {
      township.failed = true
    }
  }

  live.on(({ kind }) => {
    if (kind === 'settings' || (kind === null && !township.settings)) void load()
  })
  onMounted(() => {
    live.start()
    void load()
  })
  onBeforeUnmount(() => {
    live.stop()
    township.drop()
  })
  watch(
    () => township.settings?.name,
    (name) => (document.title = name ? `${name} · 随手` : '随手 · 指挥台'),
  )
}
