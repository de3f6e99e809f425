import type { RouteRecordRaw } from 'vue-router'
import HomePage from '@/pages/HomePage.vue'

export const routes: RouteRecordRaw[] = [
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
]
