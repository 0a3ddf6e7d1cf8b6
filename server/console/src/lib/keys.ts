/** Single keys of a screen; silent while somebody types or a dialog is open. */
import { onBeforeUnmount, onMounted } from 'vue'

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

function isDialogOpen(): boolean {
  const open = document.querySelectorAll<HTMLElement>('.el-overlay, .el-image-viewer__wrapper')
  return [...open].some((overlay) => overlay.style.display !== 'none')
}

export function useKeys(keys: Record<string, () => void>): void {
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (isTyping(event.target) || isDialogOpen()) return
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
  // Before anything that the key closes is gone.
  onMounted(() => window.addEventListener('keydown', press, true))
  onBeforeUnmount(() => window.removeEventListener('keydown', press, true))
}
