package api

import (
	"net/http"
	"time"
)

// Cause says in one word why a call was refused.
type Cause string

// The causes.
const (
	CauseCredentials Cause = "credentials" // none, unknown ones, or wrong ones
	CauseForbidden   Cause = "forbidden"   // known, and not allowed this
	CauseUnknown     Cause = "unknown"     // no such address or thing
	CauseMethod      Cause = "method"      // GET where POST is meant
	CauseConflict    Cause = "conflict"
	CauseTooLarge    Cause = "too_large"
	CauseType        Cause = "media_type"
	CauseTooMany     Cause = "too_many" // calls
	CauseMalformed   Cause = "malformed"
	CauseSaid        Cause = "said" // what the answer says
	CauseOurs        Cause = "ours" // a trouble of the hub
)

// RefusedCall are calls to us that were refused, all alike.
type RefusedCall struct {
	Door   string    `json:"door"`             // a partner's, "api", "in" (a route's receiver), "files", "sftp" (a user whom no door has)
	At     time.Time `json:"at"`               // the last one
	Since  time.Time `json:"since"`            // the first one
	Count  int64     `json:"count"`            // how many there were
	Method string    `json:"method"`           // of HTTP, or "SFTP"
	Path   string    `json:"path"`             // what could be a secret or a person is masked; of the query the names; of SFTP how it was tried: "password", "publickey", "none"
	Status int       `json:"status"`           // that was answered; 0: SFTP has none
	Code   string    `json:"code,omitzero"`    // the partner's word, where its API refuses in the body
	Cause  Cause     `json:"cause"`            // for people who are new to that API
	Reason string    `json:"reason"`           // the answer's own words
	From   string    `json:"from,omitzero"`    // network of the caller
	Kind   string    `json:"kind,omitzero"`    // of the credential
	Name   string    `json:"name,omitzero"`    // of the credential, the token or the route; absent: not known
	Proved bool      `json:"proved"`           // the caller had its secret; false: he only named it
	ID     string    `json:"request,omitzero"` // X-Request-Id of the last one
}

// RefusedCalls is the list of a shop's, or of those whose shop is not known.
type RefusedCalls struct {
	Calls []RefusedCall `json:"calls"`
}

// listRefused lists the calls of some days that were refused, the newest first.
// Those of callers that nobody knows belong to the hub.
func (a *API) listRefused(r *request) (any, error) {
	q := newQuery(r, "door", "limit")
	door, limit := q.text("door"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	out := RefusedCalls{Calls: []RefusedCall{}}
	switch {
	case r.shop == Hub && !r.grant.Scope.Covers(Admin):
		return nil, problemf(http.StatusForbidden, "calls of nobody knows whom are for admins of the hub")
	case a.Operator.Refused == nil:
		return out, nil
	}
	list, err := a.Operator.Refused(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if len(out.Calls) < limit && (door == "" || door == c.Door) {
			out.Calls = append(out.Calls, c)
		}
	}
	return out, nil
}
