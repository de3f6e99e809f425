import type { RouteRecordRaw } from 'vue-router'

/** Logging in, and one's own account. `guests`: who is logged in has no business there. */
export const account: RouteRecordRaw[] = [
  {
    path: '/login',
    name: 'login',
    component: () => import('@/pages/account/LoginPage.vue'),
    meta: { guests: true },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('@/pages/account/RegisterPage.vue'),
    meta: { guests: true },
  },
  {
    path: '/password-reset',
    name: 'passwordReset',
    component: () => import('@/pages/account/PasswordResetPage.vue'),
  },
  {
    path: '/my/profile',
    name: 'profile',
    component: () => import('@/pages/account/ProfilePage.vue'),
    meta: { signedIn: true },
  },
]
