import type { RouteRecordRaw } from 'vue-router'
import { account } from './account'
import { catalogue } from './catalogue'
import { learning } from './learning'
import { shop } from './shop'

declare module 'vue-router' {
  interface RouteMeta {
    /** For who is logged in; everybody else is asked to log in first. */
    signedIn?: boolean
    /** For who is not logged in. */
    guests?: boolean
  }
}

export const routes: RouteRecordRaw[] = [...account, ...shop, ...learning, ...catalogue]
