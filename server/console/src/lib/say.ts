/** What to tell a person about a refusal: why, and what to do. */
import { ApiFault } from '@/api/client'
import { i18n } from '@/i18n'

export function told(error: unknown): string {
  const { t } = i18n.global
  if (!(error instanceof ApiFault)) return t('fault.unknown')
  if (error.isOffline) return t('fault.offline')
  const reason = error.message || t('fault.status', { status: error.status })
  const first = error.problems.filter((problem) => problem !== reason).slice(0, 20)
  return [reason, ...first].join('\n')
}

/** Says it at the top of the screen. */
export function complain(error: unknown): void {
  ElMessage({ type: 'error', message: told(error), duration: 8000, showClose: true, customClass: 'message-lines' })
}
