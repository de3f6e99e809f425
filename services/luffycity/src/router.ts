import { createRouter, createWebHistory, START_LOCATION } from 'vue-router'
import { routes } from './routes'

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior(to, from, saved) {
    if (saved) return saved
    // A page that is opened is at its top: to scroll there would have it laid out once more.
    if (from === START_LOCATION && !to.hash) return false
    // Another filter of the same list keeps its place; another page of it starts at the top.
    if (to.path === from.path && to.query.page === from.query.page) return false
    return to.hash ? { el: to.hash } : { top: 0 }
  },
})
