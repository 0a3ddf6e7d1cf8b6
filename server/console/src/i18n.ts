/** The languages of the console: Chinese first; English is fetched when it is chosen. */
import { createI18n } from 'vue-i18n'
import zh from './locales/zh'

export type Lang = 'zh' | 'en'

const KEY = 'suishou.lang'

export const i18n = createI18n({ legacy: false, locale: 'zh', fallbackLocale: 'zh', messages: { zh } as Record<string, typeof zh> })

export function lang(): Lang {
  return i18n.global.locale.value === 'en' ? 'en' : 'zh'
}

export async function speak(wanted: Lang): Promise<void> {
  if (wanted === 'en' && !i18n.global.availableLocales.includes('en')) {
    const en = await import('./locales/en')
    i18n.global.setLocaleMessage('en', en.default)
  }
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted === 'en' ? 'en' : 'zh-CN'
  localStorage.setItem(KEY, wanted)
}

export function lastSpoken(): Lang {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh'
}
