import type { RouteRecordRaw } from 'vue-router'

/** Cart, orders and payment. */
export const shop: RouteRecordRaw[] = [
  {
    path: '/cart',
    name: 'cart',
    component: () => import('@/pages/shop/CartPage.vue'),
    meta: { signedIn: true },
  },
  {
    path: '/checkout',
    name: 'checkout',
    component: () => import('@/pages/shop/CheckoutPage.vue'),
    meta: { signedIn: true },
  },
  {
    path: '/pay/success',
    name: 'paymentResult',
    component: () => import('@/pages/shop/PaymentResultPage.vue'),
    meta: { signedIn: true },
  },
  {
    path: '/my/orders',
    name: 'myOrders',
    component: () => import('@/pages/shop/OrderListPage.vue'),
    meta: { signedIn: true },
  },
  {
    path: '/my/orders/:no',
    name: 'myOrder',
    component: () => import('@/pages/shop/OrderPage.vue'),
    props: true,
    meta: { signedIn: true },
  },
]
