package config

import (
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// readReviews reads how a shop invites: the keys are those of review.Settings,
// which says itself what may stand there.
func (c *checker) readReviews(m *mapping, dst *review.Settings) {
	v, ok := m.take("reviews")
	if !ok {
		return
	}
	r, ok := v.mapping()
	if !ok {
		return
	}
	any := func(v value, _ string) bool { // Check judges, and its complaints need the line
		c.lines[v.path] = v.line
		return true
	}
	r.text("sender_name", &dst.SenderName)
	r.text("sender_email", &dst.SenderEmail)
	r.text("reply_to", &dst.ReplyTo)
	r.texts("senders", &dst.Senders, any)
	r.texts("ask", &dst.Ask, any)
	r.chosen("templates", &dst.Templates)
	r.days("delay", &dst.Delay)
	r.days("delay_products", &dst.DelayProducts)
	r.text("hour", &dst.Hour)
	r.text("redirect", &dst.Redirect)
	r.texts("tags", &dst.Tags, any)
	r.text("location", &dst.Location)
	r.days("frequency", &dst.Frequency)
	r.days("reminder", &dst.Reminder)
	r.days("again", &dst.Again)
	r.text("language", &dst.Language)
	if _, there := r.take("public"); there {
		dst.Public = new(bool)
		r.flag("public", dst.Public)
	}
	r.texts("notify", &dst.Notify, any)
	r.done()
	for _, f := range dst.Check() {
		c.complainReviews(r, f)
	}
}

// complainReviews puts a fault of the settings at the line of its key.
func (c *checker) complainReviews(m *mapping, f order.Fault) {
	key := f.Path[:len(f.Path)-len(strings.TrimLeft(f.Path, "abcdefghijklmnopqrstuvwxyz_"))]
	line := c.lines[join(m.path, f.Path)]
	if line == 0 {
		line = c.lines[join(m.path, key)]
	}
	c.complain(line, join(m.path, f.Path), "%s", f.Reason)
}

// days reads a whole number; how great it may be is the settings' to say.
func (m *mapping) days(key string, dst **int) {
	if _, there := m.take(key); !there {
		return
	}
	n, before := 0, len(m.c.complaints)
	m.number(key, &n, 0, review.MaxDays)
	if len(m.c.complaints) == before {
		*dst = &n
	}
}

// chosen reads keys and values that people choose.
func (m *mapping) chosen(key string, dst *map[string]string) {
	v, ok := m.take(key)
	if !ok {
		return
	}
	all, ok := v.mapping()
	if !ok {
		return
	}
	*dst = map[string]string{}
	for _, p := range all.pairs {
		if s, ok := p.scalar(); ok {
			(*dst)[p.key] = s
		}
	}
}
