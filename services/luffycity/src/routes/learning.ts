import type { RouteRecordRaw } from 'vue-router'
import { numberOf } from './parameters'

/** Learning, and what comes of it. Lessons that are free to try are open to anybody. */
export const learning: RouteRecordRaw[] = [
  {
    path: '/learn/:courseId([1-9]\\d{0,8})/:sectionId([1-9]\\d{0,8})?',
    name: 'learn',
    component: () => import('@/pages/learning/PlayerPage.vue'),
    props: ({ params }) => ({
      courseId: numberOf(params.courseId),
      sectionId: params.sectionId ? numberOf(params.sectionId) : undefined,
    }),
  },
  {
    path: '/my/courses',
    name: 'myCourses',
    component: () => import('@/pages/learning/MyCoursesPage.vue'),
    meta: { signedIn: true },
  },
  {
    path: '/certificate/:code?',
    name: 'certificate',
    component: () => import('@/pages/learning/CertificatePage.vue'),
    props: true,
  },
]
