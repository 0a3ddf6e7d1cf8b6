/** Screens and their addresses: behind `#`, so that every one can be opened again without the relay knowing them. */
import { createRouter, createWebHashHistory, type Router } from 'vue-router'
import { homeOf, isOneOf, SCREENS, WATCHING } from './lib/roles'
import { useSession } from './stores/session'

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', name: 'home', redirect: () => homeOf(useSession().roles) },
      { path: '/login', name: 'login', component: () => import('./views/entry/Login.vue'), meta: { isOpen: true } },
      { path: '/join/:code', name: 'join', component: () => import('./views/entry/Join.vue'), meta: { isOpen: true } },
      { path: '/queue/:id?', name: 'queue', component: () => import('./views/queue/Queue.vue') },
      { path: '/map', name: 'map', component: () => import('./views/map/CommandMap.vue') },
      { path: '/wall', name: 'wall', component: () => import('./views/wall/Wall.vue'), meta: { isBare: true } },
      { path: '/desk/:id?', name: 'desk', component: () => import('./views/desk/Desk.vue') },
      { path: '/orders/:kind?/:id?', name: 'orders', component: () => import('./views/orders/Orders.vue') },
      { path: '/figures', name: 'figures', component: () => import('./views/figures/Figures.vue') },
      { path: '/figures/:part(published|sheets|exports)/:id?', name: 'figures-more', component: () => import('./views/figures/More.vue'), meta: { screen: 'figures' } },
      { path: '/patrols/:id?', name: 'patrols', component: () => import('./views/patrols/Patrols.vue') },
      { path: '/care/:part?/:id?', name: 'care', component: () => import('./views/care/Care.vue') },
      { path: '/people/:part?', name: 'people', component: () => import('./views/people/People.vue') },
      { path: '/held', name: 'held', component: () => import('./views/held/Held.vue') },
      { path: '/house/:part?', name: 'house', component: () => import('./views/house/House.vue') },
      { path: '/start', name: 'start', component: () => import('./views/start/Start.vue') },
      { path: '/account', name: 'account', component: () => import('./views/entry/Account.vue') },
      { path: '/:rest(.*)*', name: 'unknown', component: () => import('./views/entry/Unknown.vue') },
    ],
  })
  router.beforeEach((to) => {
    const session = useSession()
    if (to.meta.isOpen) return true
    if (!session.isIn) return { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
    const screen = SCREENS.find((known) => known.name === (to.meta.screen ?? to.name))
    if (to.name === 'wall' && !isOneOf(session.roles, WATCHING)) return homeOf(session.roles)
    if (screen && !isOneOf(session.roles, screen.roles)) return homeOf(session.roles)
    return true
  })
  return router
}
