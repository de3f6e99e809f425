import { createRouter, createWebHistory } from 'vue-router'
import { routes } from './routes'

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior(to, from, saved) {
    if (saved) return saved
    // Another filter of the same list keeps its place; another page of it starts at the top.
    if (to.path === from.path && to.query.page === from.query.page) return false
    return to.hash ? { el: to.hash } : { top: 0 }
  },
})
