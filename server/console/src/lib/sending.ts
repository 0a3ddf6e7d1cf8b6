import { ref, type Ref } from 'vue'
import { told } from './say'

/** A form sends one thing at a time; what the relay refuses stands beside it in words. */
export interface Sending {
  isBusy: Ref<boolean>
  fault: Ref<string>
  /** Does the work, unless something is under way. */
  sending: (work: () => Promise<void>) => Promise<void>
}

export function useSending(): Sending {
  const isBusy = ref(false)
  const fault = ref('')
  async function sending(work: () => Promise<void>): Promise<void> {
    if (isBusy.value) return
    isBusy.value = true
    fault.value = ''
    try {
      await work()
    } catch (error) {
      fault.value = told(error)
    } finally {
      isBusy.value = false
    }
  }
  return { isBusy, fault, sending }
}
