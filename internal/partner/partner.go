// Package partner is the contract between the hub and the partners: what a
// partner folder offers, and what it is given.
package partner

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Partner is one partner system: its name, settings and two sides.
type Partner struct {
	Name     string // path prefix, config key, metric label
	Title    string // as people write it
	Settings []Field
	// Door: we play the partner. Built once for all shops; nil: none.
	Door func(Deps) (Side, error)
	// LongBodies is how many bytes of a body the door reads where that is much
	// more than MaxBody: the hub cuts off what is longer than 64 MB and this.
	LongBodies int64
	// Callback is what the door sends by itself to those who call it: built for
	// every shop with a credential at the door, and run as a route of that shop
	// named CallbackRoute(Name). Nil: nothing.
	Callback func(Deps) (Side, error)
	// Warnings says of a statement that the door took, a sentence each, what the
	// partner may make otherwise of it than its sender wants. Nil: nothing.
	Warnings func(*order.Order) []string
	// Lacks are needs that an order through this door never meets, because the
	// partner's API has no place for them; `check` warns of routes that wait
	// for them in vain.
	Lacks []Need
	// Route: we play the shop. Built once for every configured route; nil: none.
	Route func(Deps, Settings) (Side, error)
	// Formats are the partner's own files that `ordermux import` reads.
	Formats []Format
	// Kinds say of kinds of the door's credentials what their fields do not.
	Kinds []CredentialKind
	// Uploads builds what takes the files of the door's SFTP users whose folders
	// are the partner's own. Nil: they upload files of orders, in the first of
	// Formats.
	Uploads func(Deps) (Uploads, error)
}

// CredentialKind says of a kind of a door's credentials (Field.Of) what its
// fields do not.
type CredentialKind struct {
	Of string
	// Most is how many may live at a time at a shop, those of the configuration
	// with them; 0: any number.
	Most int
	// Names are offered for the name.
	Names []string
	// Advice is shown with a new one, a sentence or two.
	Advice string
}

// CallbackRoute is the name of the built-in route of a door's callbacks. No
// configured route can have it.
func CallbackRoute(partner string) string { return partner + ":callback" }

// Field declares one setting: parsing, the console's form, docs and masking.
type Field struct {
	Name        string
	Description string
	Door, Route bool // where it applies
	Kind        FieldKind
	Required    bool
	Default     string
	Choices     []string
	Secret      bool
	// Credential marks a door's field whose value a caller presents:
	// Credentials.Find(kind = Field.Name, presented) finds its shop.
	Credential bool
	// With names another field that a caller presents together with this one,
	// an id with its secret: Find takes what Joined makes of both.
	With string
	// Password marks a secret that people choose: what is made while the hub
	// runs keeps it as argon2id, and only Credentials.Check can compare it.
	Password bool
	// Of tells the kinds of a door's credentials apart where it has several:
	// "" are its own (an API client, an application), "user" those of people.
	Of string
	// Make says what is made for the field where a credential is made without
	// it: MakeUUID, MakeKey, MakeHex24; "": nothing.
	Make Making
	// Unique names a set of values: no two credentials of a kind at a shop have
	// the same one in it, be it in the same field or in two of that set.
	Unique string
	// Hub marks a setting of the whole door, whoever calls it: it stands in the
	// configuration's doors.<partner>, and in Deps.Settings.
	Hub bool
	// Account marks the settings of a route that together name an account at the
	// partner where one thing at a time can be on its way, such as the filling of
	// its one basket: `check` refuses two routes to it that could work at a time.
	Account bool
	// Keep makes of a value that was given what is kept and handed to sides in
	// its place, for a secret that is more than the partner needs. What Keep
	// made itself it must return as it is. Not of what callers present
	// (Credential), nor of lists. Nil: the value.
	Keep func(string) string
	// Check says what is wrong with a value of the kind, or an element of a list,
	// a sentence each: "codes.nope: is no meaning". Not of secrets. Nil: nothing.
	Check func(string) []string
}

// Making is how the hub makes the value of a field that nobody gave.
type Making string

// The makings.
const (
	MakeUUID  Making = "uuid"  // random, version 4
	MakeKey   Making = "key"   // 256 random bits in base62
	MakeHex24 Making = "hex24" // 12 random bytes
)

// Joined is what Credentials.Find takes for a field with Field.With: the
// other field's value and this one's.
func Joined(with, value string) string { return with + "\x00" + value }

// FieldKind is the shape of a setting's value.
type FieldKind string

// The kinds of field.
const (
	Text     FieldKind = "text"
	Bool     FieldKind = "bool"
	Int      FieldKind = "int"
	Duration FieldKind = "duration"
	URL      FieldKind = "url"
	List     FieldKind = "list" // of text
	// Document is the path of a file, seen from the configuration's; the
	// Value's Text is what it holds, UTF-8, at most 1 MB.
	Document FieldKind = "document"
)

// Settings are the values of a door or route, checked against the fields;
// defaults filled in.
type Settings map[string]Value

// TextOr returns the text of a setting, or without where there is none.
func (s Settings) TextOr(name, without string) string {
	if v := s[name].Text; v != "" {
		return v
	}
	return without
}

// Value is one setting. Secret fields have only Secret set.
type Value struct {
	Text   string
	List   []string
	Secret secret.Text
}

// Mode says what a side delivers of an order.
type Mode string

// The modes (docs/ARCHITECTURE.md, "Deliveries").
const (
	Each   Mode = "each"   // every event that passes the rules
	Latest Mode = "latest" // the present state; the same bytes are not sent twice
	Once   Mode = "once"   // one success per order
)

// Repeat says how safe it is to send a task again whose outcome is unknown.
type Repeat string

// The repeat safeties.
const (
	RepeatSafe  Repeat = "safe"
	AskFirst    Repeat = "ask_first" // Look decides
	RepeatNever Repeat = "never"     // parked for a person
)

// Need is something an order must have before it can be sent.
type Need string

// The needs.
const (
	NeedLines    Need = "lines"
	NeedProducts Need = "product_lines" // at least one line of kind product
	NeedPrices   Need = "prices"        // every product line has a total, or quantity and price of one
	NeedEmail    Need = "email"
	NeedName     Need = "name"
	NeedAddress  Need = "address" // a complete recipient
	NeedSession  Need = "session"
	NeedPlacedAt Need = "placed_at"
)

// Side is one half of a partner. Each function may be nil.
type Side struct {
	Handler http.Handler // a door's API; a route's webhook receiver
	// Deliver sends at most Batch tasks, never two of one order, and returns
	// one Outcome per task in the same sequence.
	Deliver func(context.Context, []Task) []Outcome
	// Look says what became of tasks already sent: Delivered, Pending, or
	// NotThere (which settles nothing by itself), or Later/Unknown if it can
	// not tell.
	Look func(context.Context, []Task) []Outcome
	// Poll fetches what the partner has to tell, every PollEvery.
	Poll      func(context.Context) error
	PollEvery time.Duration
	// Rewrite writes the files that the side keeps in Deps.Files anew, at once
	// and with the same orders in them: one of those was erased, and what the
	// ledger still says of it is all that may stand there.
	Rewrite func(context.Context) error
	// Forget is told of an order that is about to be erased and was sent, or may
	// have been (a callback's: of every order), while it can still be read. What the side needs so that the
	// partner forgets the person too is durable, and sealed, when it returns;
	// Poll passes it on. Nil: the partner can not be told.
	Forget func(context.Context, *order.Order) error

	// Connect logs in at the partner without leaving anything there, and says
	// what it found in a few words: `check --connect`. Nil: Look is asked for an
	// order that nobody has.
	Connect func(context.Context) (string, error)

	// Stock says what the partner could send now of lines, in their sequence;
	// nothing is reserved. The lines name products by the shop's own code
	// (catalog.Internal), no two the same one; Deps.Catalog knows their other
	// codes. Free is what the partner could send in all, where it says so. What
	// it can not tell has the reason catalog.Undecided. Any node may ask, at any
	// time. Nil: it can not be asked.
	Stock func(context.Context, []catalog.Line) ([]catalog.Availability, error)
	// Couriers returns the partner's couriers, as mirrored last or (fresh) as
	// they are now, with those that the route's settings name. Nil: it has none.
	Couriers func(ctx context.Context, fresh bool) (*shipping.Mirror, error)
	// Test sends a message that means nothing, so that people see whether it
	// arrives: to the account named, one of the shop's at the door (a callback),
	// or to whom the route sends ("": its own). It says in a few words what
	// happened. Errors: order.ErrNotFound for an unknown account,
	// *order.Invalid for one that can not be sent to; what another one says is
	// shown to people, and holds no secret. Nil: there is none.
	Test func(ctx context.Context, account string) (string, error)
	// Names says which of the partner's fields stand under names of the wire that
	// are not the partner's own, because an operator may name them: {"klucz":
	// {"systemKey"}}. Who listens to the side (docs/capture.md) judges by both
	// what is a secret and what a person's. Nil: all names are the partner's.
	Names map[string][]string
	// TestOrder lets an order be born at a shop of the door, as the platform's
	// own trigger for tests does. Doors. Errors: *order.Invalid.
	TestOrder func(ctx context.Context, shop string, t TestOrder) ([]order.Receipt, error)
	// Jobs returns what the side was asked to do and does, or did, by itself, the
	// newest first, without their items, and where the next page starts ("":
	// nowhere). shop is the route's own there.
	Jobs func(ctx context.Context, shop, cursor string, limit int) (page []Job, next string, err error)
	// Job returns one with its items; nil: there is none, or it is long over.
	Job func(ctx context.Context, shop, id string) (*Job, error)
	// Promote keeps a promotion durably, to be sent by Poll, and returns the id of
	// its Job; the same request again while it waits is the same one. Routes.
	// Errors: *order.Invalid for what the partner can not be told.
	Promote func(ctx context.Context, r *promotion.Request) (job string, err error)
	// Troubles are sentences, without personal data, on what a person should
	// mend although the route goes on: one alert for each, for as long as it is
	// said in the same words. Asked every now and then: it looks at nothing but
	// State and memory.
	Troubles func(context.Context) ([]string, error)

	Mode      Mode
	Batch     int // most tasks per Deliver; 0: 1
	Slots     int // calls in flight at a time; 0: the engine's default
	Repeat    Repeat
	Needs     []Need
	Invites   []string        // kinds of invitation that a delivery may claim: InviteShop, InviteProducts
	MaxAge    time.Duration   // greatest age of an order that is sent by default; 0: any
	Timeout   time.Duration   // of one Deliver; 0: 30 s
	Rate      float64         // calls per second; 0: no limit
	DailyCap  int             // calls per day; 0: none
	Retry     []time.Duration // fixed schedule that ends `dropped`; nil: the engine's own, which ends `failed`
	On        []order.Kind    // kinds of event that the side is for, where the route's rules name none; nil: all of its mode
	Confirms  []order.Kind    // a door's own statements that its callback sends back all the same
	SkipTrust bool            // accepts public orders without being asked to (sandbox receivers)
	// Plan says of an order that passed the rules what its delivery would be. It looks at nothing but its arguments and the
	// settings in force. Nil: at once, claiming all of Invites.
	// Base is the time of the event that brought the order up, by its source;
	// received is when we accepted it.
	Plan func(o *order.Order, base, received time.Time) Plan
	// Render returns the bytes that would be sent for the task, for Latest's
	// "same bytes" and for dry runs. Nil: compare states by Diff.
	Render func(Task) ([]byte, error)
}

// The kinds of invitation.
const (
	InviteShop     = "shop"     // about the shop or the order
	InviteProducts = "products" // about the products bought
)

// Plan is what a side makes of an order; see Side.Plan.
type Plan struct {
	// Skip, with a machine word in Code, says why the order is none of the
	// side's: it gets no delivery.
	Skip, Code string
	// At is the earliest moment of the delivery, beside what the route's rules
	// say; zero: at once.
	At time.Time
	// Invites are those of Side.Invites that the delivery claims; nil: all.
	Invites []string
}

// Task is one order (or event) to send.
type Task struct {
	Key     string // stable over repeats, at most 64 characters of [a-z0-9-]
	Shop    string
	Route   string
	Attempt int          // from 1
	Planned time.Time    // when the delivery was planned: at once after we accepted what brought the order up; zero: not known
	Event   order.Event  // what triggered it (Each); the newest event otherwise
	Order   *order.Order // merged present state, lines filtered by the route's rule; nil if no source stated it
	Note    []byte       // what SaveNote kept earlier
	Ref     string       // the partner's number, where an earlier outcome gave one
	// SaveNote keeps a small note (at most 4 KB) durably before it returns.
	SaveNote func(context.Context, []byte) error
}

// Result is what a side saw.
type Result int8

// The results.
const (
	ResultUnknown Result = iota // zero value: nothing is known
	ResultDelivered
	ResultPending
	ResultLater
	ResultRefused
	ResultNotThere // Look only
	ResultDeclined
)

// Scope says what an outcome is about.
type Scope int8

// The scopes.
const (
	ScopeOrder Scope = iota
	ScopeBatch       // one of the batch is bad, nobody says which: the engine halves it
	ScopeRoute       // the login, the address, the account: pauses the route, counts no attempt
	// ScopeReceiver: about one of the many whom a callback calls, or one order
	// whose turn has not come at a partner that answers well (its goods are out
	// of stock). Its trouble is not the others': the breaker hears nothing of it.
	ScopeReceiver
)

// Outcome is what a side saw of one task. The engine alone decides what
// follows.
type Outcome struct {
	Result Result
	Scope  Scope
	Ref    string        // the partner's number
	After  time.Duration // Pending: look after; Later: the partner's Retry-After
	Reason string        // the partner's words or ours; no personal data
	Code   string        // machine word for grouping: "http_400", "timeout", "wrong_key"
}

// Delivered is the outcome of a task that the partner took.
func Delivered(ref string) Outcome { return Outcome{Result: ResultDelivered, Ref: ref} }

// Pending is the outcome of a task that the partner will judge later.
func Pending(ref string, after time.Duration) Outcome {
	return Outcome{Result: ResultPending, Ref: ref, After: after}
}

// Later is the outcome of a task that certainly had no effect and can be sent
// again.
func Later(after time.Duration, code, reason string) Outcome {
	return Outcome{Result: ResultLater, After: after, Code: code, Reason: reason}
}

// Refused is the outcome of a task that the partner will never take as it is.
func Refused(code, reason string) Outcome {
	return Outcome{Result: ResultRefused, Code: code, Reason: reason}
}

// Unknown is the outcome of a task that may or may not have had its effect.
func Unknown(code, reason string) Outcome {
	return Outcome{Result: ResultUnknown, Code: code, Reason: reason}
}

// Declined is the outcome of a task that the side itself will not send: the
// customer wants no such mail, or had one lately. The delivery is closed as
// cancelled and keeps its claims: no other route invites in its place.
func Declined(code, reason string) Outcome {
	return Outcome{Result: ResultDeclined, Code: code, Reason: reason}
}

// NotThere is Look's outcome for a task the partner does not have.
func NotThere() Outcome { return Outcome{Result: ResultNotThere} }

// Of returns the outcome with another scope.
func (o Outcome) Of(s Scope) Outcome { o.Scope = s; return o }

// Deps is what a side is given.
type Deps struct {
	Partner     string
	Shop, Route string       // a route's; empty for a door
	Source      order.Source // a route's own, for what it appends
	Intake      Intake
	Orders      Orders
	People      People      // doors
	Credentials Credentials // doors
	Access      Access      // doors
	State       State       // scoped to the connection or the door
	// At is the door's State at one shop: what it changes there by Changing
	// commits with the shop's orders. Doors and callbacks.
	At       func(shop string) State
	Settings Settings // of the whole door, see Field.Hub
	Catalog  catalog.Store
	// Promotions are what shops sell for less; doors, callbacks, uploads.
	Promotions Promotions
	// Currency and Timezone are the shop's; routes and callbacks.
	Currency, Timezone string
	// Put uploads a file by SFTP, whole or not at all, in place of whatever has
	// its name; with write nil it logs in, sees whether the folder is there, and
	// leaves nothing. Errors hold no secret. Routes.
	Put      func(ctx context.Context, to SFTPTarget, folder, name string, write func(io.Writer) error) error
	Stock    Stock
	Couriers func(shop string) []shipping.Courier // the shop's own, as configured now
	// Note tells whoever listens to a call (docs/capture.md) what it was, where
	// method and path do not say: gate and method of the partner's API, and the
	// code of a fault in the body ("": none), as they are called there. A door
	// says so of the request whose context it is, before its handler returns,
	// the last word counts. A route says so of the call of HTTP that ended last
	// of those of its context, before it makes another one; of calls that it
	// makes at a time it notes none. Never nil.
	Note func(ctx context.Context, gate, method, fault string)
	// Refused keeps a caller with wrong credentials waiting, as a 401 does by
	// itself: for APIs that refuse them with another status. Doors call it before
	// they answer. Nil: nobody waits.
	Refused   func(context.Context)
	Seal      Sealer // for what a side keeps in State and nobody else may read
	Reviews   *review.Book
	Mail      *mail.Server // the hub's own; nil: none is configured; routes
	Files     Files        // what partners fetch from us; routes
	HTTP      *outbound.Client
	Log       *slog.Logger
	Now       func() time.Time
	PublicURL string
}

// Intake accepts entries: all or nothing, on disk when it returns. Errors:
// *order.Invalid, order.ErrConflict, order.ErrChanged, order.ErrBusy,
// order.ErrReadOnly; anything else is a trouble of ours (500).
type Intake interface {
	Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error)
}

// Orders answers a side's reads.
type Orders interface {
	// Layers returns what the sources said of each order that are named
	// sourcePrefix or sourcePrefix + "/…" ("citrusad:default" covers its own
	// "/public", but not "citrusad:default2"), merged (secret before public);
	// nil where they said nothing.
	Layers(ctx context.Context, shop, sourcePrefix string, ids []string) ([]*order.Order, error)
	// ListLayers does so for the newest orders that such a source placed,
	// newest first.
	ListLayers(ctx context.Context, shop, sourcePrefix string, skip, limit int) ([]*order.Order, error)
	// Merged returns the merged state; nil where unknown or without a statement.
	Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error)
	// Newest returns each order's newest event, for Entry.After; 0 where
	// unknown. It is asked before what is to be looked at.
	Newest(ctx context.Context, shop string, ids []string) ([]int64, error)
	// Events returns all events of an order, oldest first. They are shared:
	// never change them. Errors: order.ErrNotFound.
	Events(ctx context.Context, shop, id string) ([]order.Event, error)
	// After returns the events of a shop behind a place in its log, at most
	// limit; fewer may come although there are more, none means that there is
	// none. They are shared: never change them.
	After(ctx context.Context, shop string, after int64, limit int) ([]order.Event, error)
	// SeqAt returns the place of the newest event that was accepted at or before
	// a time; 0: there is none.
	SeqAt(ctx context.Context, shop string, t time.Time) (int64, error)
}

// People finds and erases the persons in a shop's orders, for doors whose API
// has a call for that.
type People interface {
	// Find looks through the shop's log from after a place on (0: from its
	// beginning) and returns whose orders it found that are not erased yet, of
	// those that sources stated whose names begin with sourcePrefix; and from
	// where on to look further, 0: there is no more.
	Find(ctx context.Context, shop, sourcePrefix string, p Persons, after int64) (orders []string, next int64, err error)
	// Erase removes the person from orders everywhere, for good.
	Erase(ctx context.Context, shop string, orders []string) error
}

// Persons are those with one of these e-mail addresses, in whatever letters, as
// customer, recipient or payer; without any, all whose order was accepted first
// before a time.
type Persons struct {
	Emails []string
	Before time.Time
}

// Credentials find who presents a credential.
type Credentials interface {
	// Find looks the presented value up among the credentials of that kind
	// (Field.Name) of the partner's doors. False: unknown.
	Find(ctx context.Context, kind, presented string) (Grant, bool, error)
	// Check reports whether the presented value is that of a secret field of
	// the credential that the grant is of; in constant time, and for a Password
	// as slow as argon2id is.
	Check(ctx context.Context, g Grant, field, presented string) (bool, error)
	// List returns what the shop's credentials of this door open, of one kind
	// (Field.Of), by name: a door that answers by its shops' settings.
	List(ctx context.Context, shop, of string) ([]Grant, error)
	// All returns those of every shop: a door whose callers name a website or a
	// domain that is nobody's secret. In the sequence of shop and name.
	All(ctx context.Context, of string) ([]Grant, error)
}

// Access issues and checks the short-lived tokens of a door, without writing
// anything: any node takes what another one issued. What revokes a credential
// revokes its tokens.
type Access interface {
	// Issue returns a token of the credential that the grant is of. Use tells a
	// door's kinds of token apart ("access", "refresh", "code"); data is signed,
	// not secret, at most 256 characters, and holds nothing personal.
	Issue(g Grant, use, data string, ttl time.Duration) secret.Text
	// Check returns the grant, as it is now, and the data of a token. Errors:
	// secret.ErrToken for what we never issued or was revoked, secret.ErrExpired
	// (with the grant); anything else is a trouble of ours.
	Check(ctx context.Context, use, token string) (Grant, string, error)
}

// Sealer seals what a side keeps. The context is bound to it: what was sealed
// for one place opens in no other.
type Sealer interface {
	Seal(plain []byte, context string) []byte
	Open(sealed []byte, context string) ([]byte, error)
}

// Grant is what a credential opens.
type Grant struct {
	Shop     string
	ShopName string       // as people write it
	Account  string       // what a credential of another kind than the door's own is known by: a login
	Name     string       // the credential's name; rotation keeps it
	Source   order.Source // RankDoor; a side lowers it for public keys with its Public method
	Of       string       // the kind of credential, see Field.Of
	// Generation is raised when all tokens of the credential are revoked.
	Generation int64
	Settings   Settings // the door's settings at that shop; what is only kept as a hash is not in it
	// Former are the secrets of before a rotation that go on counting for a
	// while, by field: for a door that can not ask Credentials.Check, because
	// callers present something else that was made of the secret.
	Former   map[string][]secret.Text
	Currency string // the shop's
	Timezone string // the shop's, IANA
}

// State is a small key-value store with expiry.
type State interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error // ttl 0: for ever
	Delete(ctx context.Context, key string) error
	// List returns keys that begin with prefix and come after the key after, in
	// the sequence of their bytes, at most limit of them, with their values. A
	// prefix is of printable ASCII; keys longer than 1000 bytes are not found.
	List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error)
	// Change writes several keys in one transaction, all or none: false, and
	// nothing is written, unless under each stands what the caller believes.
	Change(ctx context.Context, edits ...Edit) (bool, error)
	// Changing is Change in the transaction that appends an entry of the same
	// shop; where something else stands, it refuses the call with
	// order.ErrChanged.
	Changing(edits ...Edit) order.Effect
}

// Edit is one key of State.Change.
type Edit struct {
	Key string
	Old []byte        // what stands there; nil: nothing does
	New []byte        // nil: nothing shall
	TTL time.Duration // of what is written; 0: for ever. The next Put with a ttl removes what is over
}

// Promotions are the promotions of shops, see promotion.Book: what is put is run
// by the hub.
type Promotions interface {
	Put(ctx context.Context, shop string, r *promotion.Request, wire []byte) (promotion.Job, error)
	Job(ctx context.Context, shop, id string) (*promotion.Job, error)
	Find(ctx context.Context, shop string, id int64) (*promotion.Promotion, error)
	List(ctx context.Context, shop string, before int64, limit int) ([]promotion.Promotion, error)
	Stores(ctx context.Context, shop string, id int64) ([]string, error)
	Shown(ctx context.Context, shop, store string, skus []string, at time.Time) ([]promotion.Shown, error)
	Changes(ctx context.Context, shop string, after int64, limit int) ([]promotion.Change, error)
	Head(ctx context.Context, shop string) (int64, error)
}

// Stock answers what a shop can sell, from its catalogue and, for products
// whose stock is somebody else's (catalog.Live), by asking the routes of the
// shop that carry them.
type Stock interface {
	// Available says what could be had of lines now, in their sequence; what
	// the key ("": none) has reserved counts. What a route said is believed for
	// a while, unless the question is fresh. It takes at most about 2 s: lines
	// that nobody answered by then have the reason catalog.Undecided.
	Available(ctx context.Context, shop string, lines []catalog.Line, key string, fresh bool) ([]catalog.Availability, error)
}

// Files are what partners fetch under /files/{shop}/{route}/. Written whole
// and atomically; each fetch is recorded.
type Files interface {
	// Write replaces the file by what write produces. Names are plain.
	Write(ctx context.Context, name string, write func(io.Writer) error) error
	// Fetched returns when the file was fetched whole last; zero time: never.
	Fetched(ctx context.Context, name string) (time.Time, error)
}

// Withdrawer is what Files may also be.
type Withdrawer interface {
	// Withdrawn reports whether the hub took the file away, because it spoke
	// of an erased order and could not be written anew. Who asks for it is
	// told to come again until Write brings the next.
	Withdrawn(ctx context.Context, name string) (bool, error)
}

// Format reads one kind of file into entries.
type Format struct {
	Name        string // "citrusad-tsv"
	Description string
	// Sniff reports whether head (the first bytes of a file) looks like it.
	Sniff func(head []byte) bool
	// Read yields a row per order, in the file's sequence. A row's error is
	// its verdict and does not end the reading; an error that does comes last.
	Read func(r io.Reader, opts ReadOptions) iter.Seq2[Row, error]
	// Separator tells from head what stands between the cells, for a report in
	// the file's own manner; 0: it can not tell. Nil: the file has no cells.
	Separator func(head []byte) byte
}

// ReadOptions tell a reader what the file does not.
type ReadOptions struct {
	Shop     string
	Location *time.Location // of dates without offset
	Currency string
}

// Row is what a file says of one order.
type Row struct {
	Line     int // the first line of the order in the file, from 1
	LastLine int
	Count    int // lines of the file that make it; 0: all from Line to LastLine
	Bytes    int // of these lines; 0: not told
	Entries  []order.Entry
	// Skipped says why the rows are nothing to be sent, yet kept in the report.
	Skipped string
	// Notice says what is odd about rows that were taken all the same.
	Notice string
}
