/** The password given again: one dialog for however many requests wait for it. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useConfirm = defineStore('confirm', () => {
  const isOpen = ref(false)
  let waiting: ((isRight: boolean) => void)[] = []

  function ask(): Promise<boolean> {
    isOpen.value = true
    return new Promise((resolve) => waiting.push(resolve))
  }

  function settle(isRight: boolean): void {
    isOpen.value = false
    const all = waiting
    waiting = []
    for (const resolve of all) resolve(isRight)
  }

  return { isOpen, ask, settle }
})
