import account from './account.json'
import catalogue from './catalogue.json'
import common from './common.json'
import learning from './learning.json'
import shop from './shop.json'
import status from './status.json'

export default { ...common, ...catalogue, ...account, ...shop, ...learning, ...status }
