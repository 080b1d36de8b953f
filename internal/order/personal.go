package order

// Personal is the part of an order, or of a happening, that names or may name
// a person.
type Personal struct {
	Session   string         `json:"session,omitzero"`
	Customer  *Customer      `json:"customer,omitzero"`
	Recipient *Party         `json:"recipient,omitzero"`
	Billing   *Party         `json:"billing,omitzero"`
	Notes     []Note         `json:"notes,omitzero"`
	Extra     map[string]Raw `json:"extra,omitzero"`
}

// IsZero reports whether there is nothing personal.
func (p *Personal) IsZero() bool {
	return p == nil || (p.Session == "" && p.Customer == nil && p.Recipient == nil &&
		p.Billing == nil && len(p.Notes) == 0 && len(p.Extra) == 0)
}

// Split takes the personal part out. The order itself is not changed; both
// parts share its memory.
func (o *Order) Split() (public Order, personal Personal) {
	public = *o
	personal = Personal{
		Session: o.Session, Customer: o.Customer, Recipient: o.Recipient,
		Billing: o.Billing, Notes: o.Notes, Extra: o.Extra,
	}
	public.Join(nil)
	return public, personal
}

// Join puts the personal part back in, in place of what the order has; nil
// takes it out.
func (o *Order) Join(p *Personal) {
	if p == nil {
		p = &Personal{}
	}
	o.Session, o.Customer, o.Recipient = p.Session, p.Customer, p.Recipient
	o.Billing, o.Notes, o.Extra = p.Billing, p.Notes, p.Extra
}

// aboutTitle marks the note that is a happening's title.
const aboutTitle = "title"

// Split takes the personal part out: the note, as the first of Personal.Notes,
// the title behind it, and the unknown fields. The public part has no Wire, which
// may hold them too. The happening itself is not changed.
func (h *Happening) Split() (public Happening, personal Personal) {
	public = *h
	public.Title, public.Note, public.Extra, public.Wire = "", "", nil, nil
	if h.Note != "" || h.Title != "" {
		personal.Notes = []Note{{Text: h.Note}}
	}
	if h.Title != "" {
		personal.Notes = append(personal.Notes, Note{About: aboutTitle, Text: h.Title})
	}
	personal.Extra = h.Extra
	return public, personal
}

// Join puts the personal part back in; nil takes it out.
func (h *Happening) Join(p *Personal) {
	h.Title, h.Note, h.Extra = "", "", nil
	if p == nil {
		return
	}
	if len(p.Notes) > 0 {
		h.Note = p.Notes[0].Text
	}
	if len(p.Notes) > 1 && p.Notes[1].About == aboutTitle {
		h.Title = p.Notes[1].Text
	}
	h.Extra = p.Extra
}
