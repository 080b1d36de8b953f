// Package partner is the contract between the hub and the partners: what a
// partner folder offers, and what it is given.
package partner

import (
	"context"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
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
	// OpenAPI is the door's API as a document of OpenAPI 3.1 (JSON) of our own
	// writing, its paths as they follow the door's address. "{{name}}" in it, for a
	// name of its x-ordermux-values, is a value that whoever tries the API says
	// once. Nil where there is no door.
	OpenAPI []byte
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
	// Unrehearsed says that Deliver keeps more than State before its first call
	// leaves, so that no trial of it may be run: people are shown what Render
	// makes.
	Unrehearsed bool
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
