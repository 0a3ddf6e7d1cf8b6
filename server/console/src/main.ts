import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './style.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { surround } from './api/client'
import { i18n, lang, lastSpoken, speak } from './i18n'
import { makeRouter } from './router'
import { useConfirm } from './stores/confirm'
import { useLive } from './stores/live'
import { useLooks } from './stores/looks'
import { useSession } from './stores/session'

async function start(): Promise<void> {
  const app = createApp(App)
  app.use(createPinia())
  app.use(i18n)
  const session = useSession()
  const [confirm, live] = [useConfirm(), useLive()]
  useLooks()
  surround({
    csrf: () => session.csrf,
    language: lang,
    confirm: () => confirm.ask(),
    signedOut: () => session.drop(),
    reached: (isReached) => live.reached(isReached),
  })
  await speak(lastSpoken())
  await session.load().catch(() => undefined)
  app.use(makeRouter())
  app.mount('#app')
}

void start()
