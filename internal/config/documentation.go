package config

// Doc describes one key of the file.
type Doc struct {
	Path    string // names that people choose are *: "shops.*.routes.*.when"
	Kind    string // "text", "address", "duration", "secret", "list of ranges" …
	Default string // as written; empty: none
	Text    string
}

// Documentation describes every key of the file in its usual sequence, except
// the settings of partners, which their Fields describe.
func Documentation() []Doc {
	return []Doc{
		{"listen", "address", DefaultListen, "where the hub answers: doors, API, metrics"},
		{"public_url", "address of the web", "", "scheme and host that the world sees, for links in mails, webhook addresses and downloads"},
		{"data", "folder", DefaultData, "the embedded store, the seal key made by itself, files for partners; relative to the file's own folder; not together with database"},
		{"database", "secret", "", "instead of data: address of a PostgreSQL 14 or newer that any number of nodes share, postgres://user:password@host/name; see [scale.md](scale.md)"},
		{"seal_key", "secret", "", "seals what must stay readable for the hub; absent: made in the data folder, mode 0600; with database it is required, the same on every node"},
		{"admin_token", "secret", "", "the first token of the API: everything in every shop"},
		{"tls", "keys", "", "serve HTTPS with HTTP/2; read again when the files change"},
		{"tls.cert", "file", "", "certificate chain, PEM"},
		{"tls.key", "file", "", "private key, PEM"},
		{"trusted_proxies", "list of ranges", "", "proxies whose X-Forwarded-For and -Proto are believed"},
		{"smtp", "keys", "", "where mail leaves"},
		{"smtp.host", "host", "", "mail server"},
		{"smtp.port", "number", "587", "its port"},
		{"smtp.from", "mail address", "", "the sender"},
		{"smtp.username", "text", "", "login, with password"},
		{"smtp.password", "secret", "", "of the login"},
		{"smtp.tls", "starttls, always or never", "starttls", "starttls: encrypted where the server offers it"},
		{"alerts", "keys", "", "whom to tell when a route pauses, is blocked or lags, an order waits too long or the disk fills"},
		{"alerts.email", "list of mail addresses", "", "needs smtp"},
		{"alerts.webhook", "keys", "", "an address that takes alerts"},
		{"alerts.webhook.url", "address of the web", "", "gets a POST per alert and one when the trouble ends"},
		{"alerts.webhook.secret", "secret", "", "signs them as Standard Webhooks"},
		{"alerts.lag", "duration", "15m", "a route lags when its oldest event not yet considered is older"},
		{"alerts.waiting", "duration", "24h", "an order waits too long when it is open on a route for longer"},
		{"alerts.disk_free", "size", "256MiB", "below this in the data folder, new orders get 503"},
		{"outbound", "keys", "", "guard of calls to addresses that came from requests"},
		{"outbound.allow_private", "list of ranges", "", "private ranges that such calls may reach all the same"},
		{"doors", "keys", "", "addresses of their own, for clients that can change only the host"},
		{"doors.*.listen", "address", "", "where this partner's door answers at the root"},
		{"shops", "keys", "", "the shops by id (a-z, 0-9, - and _)"},
		{"shops.*.name", "text", "the id", "as people write it"},
		{"shops.*.currency", "ISO 4217", "", "of orders that name none"},
		{"shops.*.timezone", "IANA name", "UTC", "of dates without offset, and of at"},
		{"shops.*.doors", "keys", "", "per partner a set of credentials, or a list of sets each with a name"},
		{"shops.*.doors.*.name", "name", "default", "of the credential; stays the source's name when its value changes"},
		{"shops.*.routes", "keys", "", "the routes by name"},
		{"shops.*.routes.*.partner", "name", "", "whom the route delivers to"},
		{"shops.*.routes.*.connection", "name", "the route's", "routes with an equal one share limits, breaker and token"},
		{"shops.*.routes.*.when", "expression", "all", "over the order: which orders go"},
		{"shops.*.routes.*.lines", "expression", "all", "over a line: which lines go"},
		{"shops.*.routes.*.on", "list of kinds", "the partner's", "which events trigger"},
		{"shops.*.routes.*.unless", "list of kinds", "the partner's", "which events cancel what was not sent yet"},
		{"shops.*.routes.*.after", "duration", "0s", "delay from the event's own time"},
		{"shops.*.routes.*.at", "time of day", "any", "hour in the shop's time zone"},
		{"shops.*.routes.*.max_age", "duration or none", "the partner's", "greatest age of an order that is still sent"},
		{"shops.*.routes.*.trust", "public", "", "also send orders known only from a publishable key"},
		{"shops.*.routes.*.slots", "number", "the partner's", "calls in flight at a time"},
		{"shops.*.routes.*.rate", "calls per second", "the partner's", "greatest rate of calls"},
		{"shops.*.routes.*.daily_cap", "number", "the partner's", "most calls per day"},
		{"shops.*.routes.*.retry", "keys", "", "bounds of the retries"},
		{"shops.*.routes.*.retry.first", "duration", "the engine's", "first pause"},
		{"shops.*.routes.*.retry.max", "duration", "the engine's", "longest pause"},
		{"shops.*.routes.*.retry.give_up", "duration", "the engine's", "age after which a delivery is left to a person"},
		{"shops.*.routes.*.retry.attempts", "number", "no bound", "most attempts"},
		{"shops.*.routes.*.disabled", "true or false", "false", "keeps the route's position and sends nothing"},
		{"shops.*.routes.*.settings", "keys", "", "what the partner declares: address, keys"},
	}
}
