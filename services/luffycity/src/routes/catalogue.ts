import type { RouteRecordRaw } from 'vue-router'
import HomePage from '@/pages/HomePage.vue'
import { numberOf } from './parameters'

/** What anybody may look at. */
export const catalogue: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: HomePage },
  { path: '/courses', name: 'courses', component: () => import('@/pages/CourseListPage.vue') },
  { path: '/search', name: 'search', component: () => import('@/pages/SearchPage.vue') },
  {
    path: '/courses/:id([1-9]\\d{0,8})',
    name: 'course',
    component: () => import('@/pages/CoursePage.vue'),
    props: ({ params }) => ({ id: numberOf(params.id) }),
  },
  { path: '/status', name: 'status', component: () => import('@/pages/StatusPage.vue') },
  // Addresses that banners and bookmarks of older sites of this kind lead to.
  { path: '/actual-course', redirect: { name: 'courses' } },
  { path: '/free-course', redirect: { name: 'courses', query: { free: 'true' } } },
  {
    path: '/actual/detail/:id([1-9]\\d{0,8})',
    redirect: ({ params }) => ({ name: 'course', params: { id: params.id } }),
  },
  {
    path: '/:path(.*)*',
    name: 'notFound',
    component: () => import('@/pages/NotFoundPage.vue'),
  },
]
