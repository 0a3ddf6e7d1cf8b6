/** The time by the relay's clock, for what runs out. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { relayNow } from '@/api/client'

const TICK_MS = 15_000

export const useClock = defineStore('clock', () => {
  const now = ref(relayNow())
  setInterval(() => (now.value = relayNow()), TICK_MS)
  return { now }
})
