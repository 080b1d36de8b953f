<?php
// Orders as a shop's program in PHP would: all that it knows is where the
// descriptions (WSDL) are. Its argument is a JSON object with base, login,
// password, key and externalId; it prints what it was answered, as JSON.
declare(strict_types=1);
set_error_handler(fn (int $kind, string $text, string $file, int $line) => throw new ErrorException($text, 0, $kind, $file, $line));

$given = json_decode($argv[1], false, 16, JSON_THROW_ON_ERROR);

function client(string $gate, string $method): SoapClient
{
    global $given;
    static $known = [];
    return $known[$method] ??= new SoapClient(
        "$given->base/customer-api/?gate=$gate/$method/1/soap/wsdl",
        ['cache_wsdl' => WSDL_CACHE_NONE, 'connection_timeout' => 20],
    );
}

function login(string $password): object
{
    global $given;
    $day = (new DateTimeImmutable('now', new DateTimeZone('Europe/Warsaw')))->format('Ymd');
    return client('Authenticate', 'authenticate')->authenticate([
        'authenticate' => ['systemLogin' => $given->login, 'systemKey' => sha1($day . sha1($password))],
    ]);
}

function call(string $method, array $params): object
{
    global $given, $session;
    return client('Dropshipping', $method)->$method([
        'authenticate' => ['sessionKey' => $session, 'dropshippingKey' => $given->key],
        'params' => $params,
    ]);
}

$said = ['wrong' => login('not the password'), 'login' => login($given->password)];
$session = $said['login']->sessionKey;

$goods = [
    ['code' => '5901234123457', 'codeType' => 'producer', 'quantity' => 2, 'comment' => 'prosimy pakować <osobno> & ciasno'],
    ['code' => 'CHAIR-PINE', 'codeType' => 'internal', 'quantity' => 1],
];
$address = [
    'clientDeliveryAddressFirstName' => 'Żaneta',
    'clientDeliveryAddressLastName' => 'Gęślą',
    'clientDeliveryAddressStreet' => 'Polna 3/7',
    'clientDeliveryAddressZipCode' => '61-001',
    'clientDeliveryAddressCity' => 'Poznań',
    'clientDeliveryAddressCountryId' => 'PL',
    'clientDeliveryAddressPhone1' => '+48600000000',
];
$said['empty'] = call('placeOrder', ['clientDeliveryAddress' => $address, 'courierId' => 5]);
$said['tooMany'] = call('basketVerification', ['products' => [['quantity' => 50] + $goods[0], $goods[1]]]);
$said['verified'] = call('basketVerification', ['products' => $goods]);
$said['imported'] = call('basketImport', ['products' => $goods]);
$said['couriers'] = call('getCouriers', []);
$said['offered'] = call('getCouriersForBasket', [
    'clientDeliveryAddress' => ['clientDeliveryAddressCountryId' => 'PL', 'clientDeliveryAddressZipCode' => '61-001'],
]);
$dpd = array_values(array_filter($said['offered']->results, fn ($c) => $c->courierName === 'DPD'))[0];
$order = [
    'clientDeliveryAddress' => $address,
    'courierId' => $dpd->courierId,
    'orderExternalId' => $given->externalId,
    'payerAddress' => [
        'payerAddressFirm' => 'Sklep ABC', 'payerAddressNip' => '1234563218', 'payerAddressStreet' => 'Długa 1',
        'payerAddressZipCode' => '60-100', 'payerAddressCity' => 'Poznań', 'payerAddressCountryId' => 'PL',
    ],
];
$said['placed'] = call('placeOrder', $order);
$said['again'] = call('placeOrder', $order + ['products' => $goods]);
$said['status'] = call('getOrdersStatus', ['ordersIds' => [$said['placed']->orderId, 'nobody-1']]);
$said['recipients'] = call('getRecipients', []);
$recipient = $said['placed']->clientDeliveryAddressId;
$said['changed'] = call('updateRecipients', ['recipients' => [
    ['clientDeliveryAddressId' => $recipient, 'clientDeliveryAddressStreet' => 'Łąkowa 12', 'clientDeliveryAddressCity' => 'Łódź'],
]]);
$said['recipient'] = call('getRecipients', ['clientDeliveryAddressesIds' => [$recipient]]);
$said['statusAfter'] = call('getOrdersStatus', ['ordersExternalIds' => [$given->externalId]]);

echo json_encode($said, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), "\n";
