/** Light or dark; as the machine has it until somebody chooses. */
import { defineStore } from 'pinia'
import { ref, watchEffect } from 'vue'

const KEY = 'suishou.looks'

export const useLooks = defineStore('looks', () => {
  const kept = localStorage.getItem(KEY)
  const isDark = ref(kept ? kept === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches)
  watchEffect(() => document.documentElement.classList.toggle('dark', isDark.value))

  function toggle(): void {
    isDark.value = !isDark.value
    localStorage.setItem(KEY, isDark.value ? 'dark' : 'light')
  }

  return { isDark, toggle }
})
