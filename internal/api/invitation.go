package api

import (
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// InvitationState is where an invitation stands, in our words.
type InvitationState string

// The states. A platform's own mail is never said to be sent: all that is known
// is that the platform has the invitation.
const (
	InvitationPlanned     InvitationState = "planned"
	InvitationHeld        InvitationState = "held"
	InvitationSending     InvitationState = "sending"
	InvitationSent        InvitationState = "sent" // the mail went out
	InvitationHandedOver  InvitationState = "handed_over"
	InvitationFailed      InvitationState = "failed"
	InvitationRefused     InvitationState = "refused"
	InvitationUnknown     InvitationState = "unknown"
	InvitationOpened      InvitationState = "opened"
	InvitationAnswered    InvitationState = "answered"
	InvitationNotReceived InvitationState = "not_received"
	InvitationCancelled   InvitationState = "cancelled"
	InvitationOptedOut    InvitationState = "opted_out"
)

// InvitationStates lists the states.
func InvitationStates() []InvitationState {
	return []InvitationState{
		InvitationPlanned, InvitationHeld, InvitationSending, InvitationSent, InvitationHandedOver, InvitationFailed, InvitationRefused,
		InvitationUnknown, InvitationOpened, InvitationAnswered, InvitationNotReceived, InvitationCancelled, InvitationOptedOut,
	}
}

// Text is the state for people.
func (s InvitationState) Text() string {
	switch s {
	case InvitationHandedOver:
		return "handed to the partner"
	case InvitationOpened:
		return "opened the form"
	case InvitationNotReceived:
		return "order not received"
	case InvitationOptedOut:
		return "opted out"
	}
	return string(s)
}

// deliveryStates are those of a delivery whose invitation may be in a state.
var deliveryStates = map[InvitationState][]delivery.State{
	InvitationPlanned:     {delivery.Ready, delivery.Retrying},
	InvitationHeld:        {delivery.Held},
	InvitationSending:     {delivery.Sending},
	InvitationSent:        {delivery.Delivered},
	InvitationHandedOver:  {delivery.Delivered, delivery.AwaitingPartner},
	InvitationFailed:      {delivery.Failed},
	InvitationRefused:     {delivery.Refused},
	InvitationUnknown:     {delivery.Asking, delivery.Parked},
	InvitationOpened:      {delivery.Delivered, delivery.Parked, delivery.Asking},
	InvitationAnswered:    {delivery.Delivered, delivery.Parked, delivery.Asking},
	InvitationNotReceived: {delivery.Delivered, delivery.Parked, delivery.Asking},
	InvitationCancelled:   {delivery.Cancelled, delivery.Dropped},
	InvitationOptedOut:    {delivery.Delivered, delivery.Parked, delivery.Asking, delivery.Cancelled},
}

// codeOptedOut is the outcome of a side that will not write to somebody who
// wants no such mail.
const codeOptedOut = "opted_out"

// Invitation is one invitation to review, on its way by one route.
type Invitation struct {
	Order     string            `json:"order"` // the reference
	Route     string            `json:"route"`
	Partner   string            `json:"partner"`
	Run       int               `json:"run"`
	Email     string            `json:"email,omitzero"` // masked for tokens that only read; gone when erased
	Kinds     []string          `json:"kinds"`          // "shop", "products"
	State     InvitationState   `json:"state"`
	StateText string            `json:"state_text"` // the same for people
	Code      string            `json:"code,omitzero"`
	Reason    string            `json:"reason,omitzero"`
	Created   time.Time         `json:"created"`
	Planned   time.Time         `json:"planned,omitzero"` // as far as it is for us to say
	Sent      time.Time         `json:"sent,omitzero"`    // it left us: by mail, or to the platform
	Opened    time.Time         `json:"opened,omitzero"`
	Answered  time.Time         `json:"answered,omitzero"`
	Missing   time.Time         `json:"not_received,omitzero"`
	Again     time.Time         `json:"again,omitzero"` // when one is, or was, asked once more after that
	OptedOut  time.Time         `json:"opted_out,omitzero"`
	Ref       string            `json:"ref,omitzero"` // the partner's number
	ShownAs   map[string]string `json:"shown_as"`     // the same state in the words of a platform's own pages, by platform
}

// Invitations is a page of invitations.
type Invitations struct {
	Invitations []Invitation `json:"invitations"`
	Next        string       `json:"next,omitzero"`
}

// invitationOf puts together what is known of an invitation. o and link may be
// nil.
func invitationOf(d *delivery.Delivery, r *InvitingRoute, o *order.Order, link *review.Link) Invitation {
	i := Invitation{
		Order: d.OrderID, Route: d.Route, Partner: r.Partner, Run: d.Run, Kinds: []string{}, Code: d.Code, Reason: d.Reason,
		Created: d.Planned, Ref: d.Ref,
	}
	if o != nil {
		plan := r.plan(o, d.Base, d.Planned)
		i.Planned = plan.At
		if plan.Skip == "" {
			i.Kinds = plan.Invites
		}
		if o.Customer != nil {
			i.Email = o.Customer.Email
		}
	}
	if link != nil {
		i.Kinds = kindsOfLink(link)
		i.Sent, i.Opened, i.Answered, i.Missing, i.OptedOut = link.Sent, link.Opened, link.Answered, link.Missing, link.OptedOut
		if i.Again = link.Again; link.Asked.IsZero() && (!link.Stopped.IsZero() || !link.Answered.IsZero() || !link.OptedOut.IsZero()) {
			i.Again = time.Time{} // it will not go
		}
	}
	i.State = stateOf(d, r.Mails, link)
	i.StateText, i.ShownAs = i.State.Text(), shownAs(i.State, r.Mails, link)
	switch {
	case d.State == delivery.Delivered && i.Sent.IsZero():
		i.Sent = d.Settled
	case d.State == delivery.Ready && !d.Due.IsZero():
		i.Planned = d.Due
	}
	return i
}

// kindsOfLink names a form's kinds as deliveries do.
func kindsOfLink(l *review.Link) []string {
	out := []string{}
	for _, k := range l.Kinds {
		if k == order.AboutProduct {
			k = review.KindProducts
		}
		out = append(out, k)
	}
	return out
}

// stateOf is where an invitation stands.
func stateOf(d *delivery.Delivery, mails bool, link *review.Link) InvitationState {
	if s, ok := afterwards(link); ok && (d.State == delivery.Delivered || d.State == delivery.Parked || d.State == delivery.Asking) {
		return s
	}
	switch d.State {
	case delivery.Held:
		return InvitationHeld
	case delivery.Sending:
		return InvitationSending
	case delivery.Failed:
		return InvitationFailed
	case delivery.Refused:
		return InvitationRefused
	case delivery.Asking, delivery.Parked:
		return InvitationUnknown
	case delivery.AwaitingPartner:
		return InvitationHandedOver
	case delivery.Delivered:
		if mails {
			return InvitationSent
		}
		return InvitationHandedOver
	case delivery.Cancelled, delivery.Dropped, delivery.Superseded:
		if d.Code == codeOptedOut {
			return InvitationOptedOut
		}
		return InvitationCancelled
	}
	return InvitationPlanned
}

// afterwards is what the customer did with a form.
func afterwards(l *review.Link) (InvitationState, bool) {
	switch {
	case l == nil:
	case !l.Answered.IsZero():
		return InvitationAnswered, true
	case !l.OptedOut.IsZero():
		return InvitationOptedOut, true
	case !l.Missing.IsZero():
		return InvitationNotReceived, true
	case !l.Opened.IsZero():
		return InvitationOpened, true
	}
	return "", false
}

// shownAs tells a state in the words of the platforms' own pages. Of what was
// handed to a platform nothing more is known than that it has it: its first
// state. The words: Trustpilot's page of the invitation status and Skeepers'
// page of the review requests, seen 2026; Trustpilot's "Cancelled" is inferred,
// and what its page says of mails that could not be sent is not known.
func shownAs(s InvitationState, mails bool, link *review.Link) map[string]string {
	const (
		queued       = "Queued"
		onItsWay     = "Sending - On its way"
		delivered    = "Delivered"
		unsubscribed = "Delivered - Unsubscribed"
		cancelled    = "Cancelled"

		scheduled = "Scheduled email"
		sent      = "Email sent"
		reminder  = "Reminder"
		opened    = "Form opened"
		submitted = "Review submitted"
		failed    = "Error"
	)
	words := func(trustpilot, skeepers string) map[string]string {
		out := map[string]string{}
		if trustpilot != "" {
			out["trustpilot"] = trustpilot
		}
		if skeepers != "" {
			out["skeepers"] = skeepers
		}
		return out
	}
	switch s {
	case InvitationPlanned, InvitationHeld, InvitationHandedOver:
		return words(queued, scheduled)
	case InvitationSending:
		if mails {
			return words(onItsWay, scheduled)
		}
		return words(queued, scheduled)
	case InvitationSent:
		if link != nil && !link.Reminded.IsZero() {
			return words(delivered, reminder)
		}
		return words(delivered, sent)
	case InvitationOpened, InvitationNotReceived:
		return words(delivered, opened)
	case InvitationAnswered:
		return words(delivered, submitted)
	case InvitationOptedOut:
		if link != nil {
			return words(unsubscribed, failed)
		}
		return words("", failed)
	case InvitationFailed, InvitationRefused:
		return words("", failed)
	case InvitationCancelled:
		return words(cancelled, "")
	}
	return words("", "")
}

// because reports whether the reason has such words in it, or the code that is
// one of them.
func (i *Invitation) because(words string) bool {
	return strings.Contains(strings.ToLower(i.Reason), strings.ToLower(words)) || i.Code == words
}

// shown masks what the caller may not see.
func (i Invitation) shown(r *request) Invitation {
	if !r.grant.Scope.Covers(Operate) && i.Email != "" {
		i.Email = MaskEmail(i.Email)
	}
	return i
}

// cells are an invitation's row in a CSV.
func (i Invitation) cells() []string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	return []string{
		i.Order, i.Email, strings.Join(i.Kinds, " "), i.Route, i.Partner, string(i.State), i.StateText, stamp(i.Created), stamp(i.Planned),
		stamp(i.Sent), stamp(i.Opened), stamp(i.Answered), i.Reason, i.ShownAs["trustpilot"], i.ShownAs["skeepers"],
	}
}

// columns are those of the CSV.
func (Invitation) columns() []string {
	return []string{
		"reference", "email", "kind", "route", "partner", "state", "state_text", "created", "planned",
		"sent", "opened", "answered", "reason", "shown_as_trustpilot", "shown_as_skeepers",
	}
}
