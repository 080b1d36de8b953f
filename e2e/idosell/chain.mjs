// Orders as a shop's program in Node would: all that it knows is where the
// descriptions (WSDL) are. Its argument is a JSON object with base, login,
// password, key and externalId; it prints what it was answered, as JSON.
import { createHash } from 'node:crypto'
import soap from 'soap'

const given = JSON.parse(process.argv[2])
const sha1 = (text) => createHash('sha1').update(text).digest('hex')
const known = {}

async function ask(gate, method, request) {
  known[method] ??= await soap.createClientAsync(`${given.base}/customer-api/?gate=${gate}/${method}/1/soap/wsdl`)
  const [answer] = await known[method][method + 'Async']({ [method]: request })
  return plain(answer.response)
}

// plain takes an answer out of the shape in which the package gives it: what
// has attributes, as every typed element has, is an object with $value, and a
// list an object with its items. Without a value it is an empty text: no answer
// of this API has empty objects.
function plain(v) {
  if (v === null || typeof v !== 'object' || v instanceof Date) return v
  if (Array.isArray(v)) return v.map(plain)
  const { attributes = {}, $value, ...rest } = v
  if ($value !== undefined) return $value
  if (Object.keys(attributes).some((a) => a.endsWith('arrayType'))) return [rest.item ?? []].flat().map(plain)
  if (Object.keys(rest).length === 0) return ''
  return Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, plain(member)]))
}

function login(password) {
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Warsaw' }).format(new Date()).replaceAll('-', '')
  return ask('Authenticate', 'authenticate', {
    authenticate: { systemLogin: given.login, systemKey: sha1(day + sha1(password)) },
  })
}

let session
const call = (method, params) =>
  ask('Dropshipping', method, { authenticate: { sessionKey: session, dropshippingKey: given.key }, params })
const list = (...items) => ({ item: items })

const said = { wrong: await login('not the password'), login: await login(given.password) }
session = said.login.sessionKey

const goods = [
  { code: '5901234123457', codeType: 'producer', quantity: 2, comment: 'prosimy pakować <osobno> & ciasno' },
  { code: 'CHAIR-PINE', codeType: 'internal', quantity: 1 },
]
const address = {
  clientDeliveryAddressFirstName: 'Żaneta',
  clientDeliveryAddressLastName: 'Gęślą',
  clientDeliveryAddressStreet: 'Polna 3/7',
  clientDeliveryAddressZipCode: '61-001',
  clientDeliveryAddressCity: 'Poznań',
  clientDeliveryAddressCountryId: 'PL',
  clientDeliveryAddressPhone1: '+48600000000',
}
said.empty = await call('placeOrder', { clientDeliveryAddress: address, courierId: 5 })
said.tooMany = await call('basketVerification', { products: list({ ...goods[0], quantity: 50 }, goods[1]) })
said.verified = await call('basketVerification', { products: list(...goods) })
said.imported = await call('basketImport', { products: list(...goods) })
said.couriers = await call('getCouriers', {})
said.offered = await call('getCouriersForBasket', {
  clientDeliveryAddress: { clientDeliveryAddressCountryId: 'PL', clientDeliveryAddressZipCode: '61-001' },
})
const order = {
  clientDeliveryAddress: address,
  courierId: said.offered.results.find((c) => c.courierName === 'DPD').courierId,
  orderExternalId: given.externalId,
  payerAddress: {
    payerAddressFirm: 'Sklep ABC', payerAddressNip: '1234563218', payerAddressStreet: 'Długa 1',
    payerAddressZipCode: '60-100', payerAddressCity: 'Poznań', payerAddressCountryId: 'PL',
  },
}
said.placed = await call('placeOrder', order)
said.again = await call('placeOrder', { ...order, products: list(...goods) })
said.status = await call('getOrdersStatus', { ordersIds: list(said.placed.orderId, 'nobody-1') })
said.recipients = await call('getRecipients', {})
const recipient = said.placed.clientDeliveryAddressId
said.changed = await call('updateRecipients', {
  recipients: list({ clientDeliveryAddressId: recipient, clientDeliveryAddressStreet: 'Łąkowa 12', clientDeliveryAddressCity: 'Łódź' }),
})
said.recipient = await call('getRecipients', { clientDeliveryAddressesIds: list(recipient) })
said.statusAfter = await call('getOrdersStatus', { ordersExternalIds: list(given.externalId) })

process.stdout.write(JSON.stringify(said) + '\n')
