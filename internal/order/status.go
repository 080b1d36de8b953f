package order

// progress tells how far a status is on its way; the ends are the farthest, so
// that no progress hides them. 0: a source's own word, or none.
func (s Status) progress() int {
	switch s {
	case StatusReceived:
		return 1
	case StatusAccepted:
		return 2
	case StatusReady:
		return 3
	case StatusShipped:
		return 4
	case StatusDelivered:
		return 5
	case StatusCancelled:
		return 6
	case StatusRefunded:
		return 7
	}
	return 0
}

// Unsold reports whether the order was cancelled and no sale is left of it. One
// that was cancelled after the goods had left is a sale all the same.
func (o *Order) Unsold() bool {
	return o.Status == StatusCancelled && (o.Cancellation == nil || !o.Cancellation.AfterPickedUp)
}

func (s Status) ends() bool { return s == StatusCancelled || s == StatusRefunded }

// partial reports whether the happening ends only some lines: then the order
// as a whole goes on.
func (h *Happening) partial() bool { return h.Kind.Status().ends() && len(h.Lines) > 0 }

// standing returns where the order stands, and why it was cancelled. The
// sequence of arrival plays no part: of what one source dates itself the
// latest counts, of what it does not date the farthest, and of several sources
// the farthest. A cancellation or refund of the whole order beats all progress.
func (r *roll) standing() (Status, *Cancellation) {
	var status Status
	var why *Cancellation
	for _, l := range r.speakers {
		status = farther(status, l.standing())
		if why == nil { // the highest source that tells has it
			why = l.cancellation()
		}
	}
	return status, why
}

// farther returns the status that is farther on; a if none is.
func farther(a, b Status) Status {
	if a == "" || b.progress() > a.progress() {
		return b
	}
	return a
}

func (l *Layer) standing() Status {
	var undated, dated Status
	var at Time
	if l.Statement != nil {
		undated = l.Statement.Status
	}
	for i := range l.Happenings {
		h := &l.Happenings[i]
		status := h.Kind.Status()
		switch {
		case status == "" || h.partial():
		case h.At.IsZero() || status.ends():
			undated = farther(undated, status)
		case at.IsZero() || h.At.Time().After(at.Time()):
			dated, at = status, h.At
		case h.At.Equal(at):
			dated = farther(dated, status)
		}
	}
	return farther(undated, dated)
}

// cancellation returns what the source says of why the order was cancelled: its
// latest word by its own time, else its first.
func (l *Layer) cancellation() *Cancellation {
	var why *Cancellation
	var from *Happened
	for i := range l.Happenings {
		h := &l.Happenings[i]
		if h.Kind != KindCancelled || h.partial() {
			continue
		}
		said := h.Cancellation
		if said == nil && h.Reason != "" {
			said = &Cancellation{Reason: h.Reason}
		}
		if said != nil && (from == nil || newer(h, from)) {
			why, from = said, h
		}
	}
	if why == nil && l.Statement != nil {
		why = l.Statement.Cancellation
	}
	return why
}

func newer(h, than *Happened) bool {
	switch {
	case h.At.Equal(than.At):
		return h.Seq < than.Seq
	case h.At.IsZero() || than.At.IsZero():
		return than.At.IsZero()
	}
	return h.At.Time().After(than.At.Time())
}
