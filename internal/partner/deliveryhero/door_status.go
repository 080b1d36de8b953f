package deliveryhero

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// The status of an outlet, as the vendor's page "Manage your outlets" has it
// (seen 2026).
const (
	outletOpen        = "OPEN"
	outletClosed      = "CLOSED" // only read: outside of its hours, or not checked in
	outletClosedToday = "CLOSED_TODAY"
	outletClosedUntil = "CLOSED_UNTIL"
	outletCheckin     = "CHECKIN"
)

// closedReasons are why an outlet may close.
var closedReasons = []string{
	"TOO_BUSY_NO_DRIVERS", "TOO_BUSY_KITCHEN", "UPDATES_IN_MENU", "TECHNICAL_PROBLEM", "CLOSED", "OTHER", "BAD_WEATHER", "HOLIDAY_SPECIAL_DAY",
}

// checkinLead is how long before an outlet's opening it can be checked in.
const checkinLead = 30 * time.Minute

// wireOutlet is the status of an outlet, as it is read.
type wireOutlet struct {
	Vendor  string       `json:"vendor_id"`
	Status  string       `json:"status"`
	Reason  string       `json:"closed_reason,omitzero"`
	Until   string       `json:"closed_until,omitzero"` // UTC
	Checkin *wireCheckin `json:"checkin_interval,omitzero"`
}

type wireCheckin struct {
	Start string `json:"start_time"`
	End   string `json:"end_time"`
}

// wireOutletChange is what a PUT says.
type wireOutletChange struct {
	Status string `json:"status"`
	Reason string `json:"closed_reason"`
	Until  string `json:"closed_until"`
}

// outletState is what is kept of an outlet: that it is closed, or for which of
// its hours it was checked in. Without any it is as its hours say.
type outletState struct {
	Status  string    `json:"status,omitzero"` // CLOSED_TODAY, CLOSED_UNTIL; "": not closed
	Reason  string    `json:"reason,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Checked time.Time `json:"checked,omitzero"` // when the hours begin that it was checked in for
}

func (d *door) statusCalls() map[string]handler {
	const path = "/v2/chains/{chain_id}/vendors/{vendor_id}/status"
	return map[string]handler{"GET " + path: d.handleStatus, "PUT " + path: d.handleStatusChange}
}

// handleStatus is GET …/vendors/{vendor_id}/status.
func (d *door) handleStatus(a *asked) (answer, error) {
	s, _, err := d.outletState(a.Context(), a.chain.Shop, a.vendor)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, a.vendor.status(s, d.here(a.grant))}, nil
}

// handleStatusChange is PUT …/vendors/{vendor_id}/status. The answer is the new
// status (our choice).
func (d *door) handleStatusChange(a *asked) (answer, error) {
	var in wireOutletChange
	if err := a.read(&in); err != nil {
		return answer{}, err
	}
	now := d.here(a.grant)
	for range stateTries {
		before, old, err := d.outletState(a.Context(), a.chain.Shop, a.vendor)
		if err != nil {
			return answer{}, err
		}
		after, err := a.vendor.change(before, in, now)
		if err != nil {
			return answer{}, err
		}
		b, err := json.Marshal(after)
		if err != nil {
			return answer{}, err
		}
		ok, err := d.deps.At(a.chain.Shop).Change(a.Context(), partner.Edit{Key: outletKey(a.vendor), Old: old, New: b})
		if err != nil {
			return answer{}, err
		}
		if ok {
			return answer{http.StatusOK, a.vendor.status(after, now)}, nil
		}
	}
	return answer{}, errBusyOutlet
}

// stateTries bounds how often a change is begun anew because another one came
// between.
const stateTries = 20

func outletKey(v *vendor) string { return "outlet/" + v.ID }

// outletState reads what is kept of an outlet, with the bytes it stands in.
func (d *door) outletState(ctx context.Context, shop string, v *vendor) (s outletState, raw []byte, err error) {
	raw, ok, err := d.deps.At(shop).Get(ctx, outletKey(v))
	if err != nil || !ok {
		return s, nil, err
	}
	return s, raw, json.Unmarshal(raw, &s)
}

// here is now, in the shop's zone.
func (d *door) here(g partner.Grant) time.Time {
	zone, err := time.LoadLocation(cmp.Or(g.Timezone, "UTC"))
	if err != nil {
		zone = time.UTC
	}
	return d.now().In(zone)
}

// hoursAt is the span of the outlet's hours that a moment is in, or the next
// one; an outlet without hours is always open. False: it never opens again.
func (v *vendor) hoursAt(now time.Time) (s span, open, ok bool) {
	if len(v.Hours) == 0 {
		return span{now, now.Add(24 * time.Hour)}, true, true
	}
	s, ok = nextSpan(v.Hours, now)
	return s, ok && !now.Before(s.from), ok
}

// checks reports whether somebody must check in before the outlet opens: without
// hours there is nothing to check in for.
func (v *vendor) checks() bool { return v.Checkin && len(v.Hours) > 0 }

// status is how an outlet stands at a moment.
func (v *vendor) status(s outletState, now time.Time) wireOutlet {
	out := wireOutlet{Vendor: v.ID}
	hours, open, known := v.hoursAt(now)
	checked := !v.checks() || s.Checked.Equal(hours.from)
	if v.checks() && known {
		out.Checkin = &wireCheckin{utc(hours.from.Add(-checkinLead)), utc(hours.to)}
	}
	switch {
	case s.Status != "" && now.Before(s.Until):
		out.Status, out.Reason, out.Until = s.Status, s.Reason, utc(s.Until)
	case open && checked:
		out.Status = outletOpen
	case known && checked && v.checks():
		out.Status = outletCheckin
	default:
		out.Status = outletClosed
	}
	return out
}

// change is what stands of an outlet after a PUT. Errors: *wrong.
func (v *vendor) change(s outletState, in wireOutletChange, now time.Time) (outletState, error) {
	hours, open, known := v.hoursAt(now)
	switch in.Status {
	case outletOpen:
		if !open {
			return s, badRequest("status: OPEN is possible within the opening hours only")
		}
		return outletState{Checked: hours.from}, nil
	case outletCheckin:
		switch {
		case !v.checks():
			return s, badRequest("status: CHECKIN is not enabled for this outlet")
		case !known || !open && now.Before(hours.from.Add(-checkinLead)):
			return s, badRequest("status: CHECKIN is possible from 30 minutes before opening")
		}
		return outletState{Checked: hours.from}, nil
	case outletClosedToday, outletClosedUntil:
		return v.close(s, in, now)
	}
	return s, badRequest("status: must be OPEN, CLOSED_TODAY, CLOSED_UNTIL or CHECKIN")
}

func (v *vendor) close(s outletState, in wireOutletChange, now time.Time) (outletState, error) {
	if !slices.Contains(closedReasons, in.Reason) {
		return s, badRequest("closed_reason: must be " + strings.Join(closedReasons, ", "))
	}
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
	s.Status, s.Reason, s.Until = in.Status, in.Reason, midnight.UTC()
	if in.Status == outletClosedToday {
		return s, nil
	}
	until, err := readUTC(in.Until)
	if err != nil || !until.After(now) {
		return s, badRequest("closed_until: must be a time to come, such as 2026-03-01T10:40:00Z")
	}
	s.Until = until
	return s, nil
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// readUTC reads a time of this API: without an offset it is UTC.
func readUTC(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", s)
}
