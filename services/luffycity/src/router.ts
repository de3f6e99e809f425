import { createRouter, createWebHistory } from 'vue-router'
import HomePage from '@/pages/HomePage.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    { path: '/courses', name: 'courses', component: () => import('@/pages/CourseListPage.vue') },
    {
      path: '/courses/:id([1-9]\\d{0,8})',
      name: 'course',
      component: () => import('@/pages/CoursePage.vue'),
      props: ({ params }) => ({ id: Number(params.id) }),
    },
    // Addresses that banners and bookmarks of older sites of this kind lead to.
    { path: '/actual-course', redirect: { name: 'courses' } },
    { path: '/free-course', redirect: { name: 'courses', query: { ordering: 'price' } } },
    {
      path: '/actual/detail/:id([1-9]\\d{0,8})',
      redirect: ({ params }) => ({ name: 'course', params: { id: params.id } }),
    },
    {
      path: '/:path(.*)*',
      name: 'notFound',
      component: () => import('@/pages/NotFoundPage.vue'),
    },
  ],
  scrollBehavior(to, from, saved) {
    if (saved) return saved
    // Another filter of the same list keeps its place; another page of it starts at the top.
    if (to.name === from.name && to.query.page === from.query.page) return false
    return to.hash ? { el: to.hash } : { top: 0 }
  },
})
