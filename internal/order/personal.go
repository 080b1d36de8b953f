package order

import "slices"

// Personal is the part of an order, or of a happening, that names or may name
// a person.
type Personal struct {
	Session   string         `json:"session,omitzero"`
	Customer  *Customer      `json:"customer,omitzero"`
	Recipient *Party         `json:"recipient,omitzero"`
	Billing   *Party         `json:"billing,omitzero"`
	Notes     []Note         `json:"notes,omitzero"`
	Extra     map[string]Raw `json:"extra,omitzero"`

	Attachments []LineAttachments `json:"attachments,omitzero"`
}

// LineAttachments are the files of one line.
type LineAttachments struct {
	Line  int          `json:"line"` // its place among the lines, from 0
	Files []Attachment `json:"files"`
}

// IsZero reports whether there is nothing personal.
func (p *Personal) IsZero() bool {
	return p == nil || (p.Session == "" && p.Customer == nil && p.Recipient == nil &&
		p.Billing == nil && len(p.Notes) == 0 && len(p.Extra) == 0 && len(p.Attachments) == 0)
}

// Split takes the personal part out. The order itself is not changed; both
// parts share its memory.
func (o *Order) Split() (public Order, personal Personal) {
	public = *o
	personal = Personal{
		Session: o.Session, Customer: o.Customer, Recipient: o.Recipient,
		Billing: o.Billing, Notes: o.Notes, Extra: o.Extra, Attachments: attachments(o.Lines),
	}
	public.Join(nil)
	return public, personal
}

// Join puts the personal part back in, in place of what the order has; nil
// takes it out. What was stored when attachments were no personal part has them
// in its lines: there a part without any leaves them.
func (o *Order) Join(p *Personal) {
	if p == nil {
		p = &Personal{}
	}
	o.Session, o.Customer, o.Recipient = p.Session, p.Customer, p.Recipient
	o.Billing, o.Notes, o.Extra = p.Billing, p.Notes, p.Extra
	if p.IsZero() || len(p.Attachments) > 0 {
		o.Lines = attach(o.Lines, p.Attachments)
	}
}

// attachments are the files of lines, by line.
func attachments(lines []Line) (list []LineAttachments) {
	for i := range lines {
		if files := lines[i].Attachments; len(files) > 0 {
			list = append(list, LineAttachments{i, files})
		}
	}
	return list
}

// attach returns the lines with these files in place of theirs; the lines
// themselves are not changed.
func attach(lines []Line, list []LineAttachments) []Line {
	if attachments(lines) == nil && len(list) == 0 {
		return lines
	}
	lines = slices.Clone(lines)
	for i := range lines {
		if len(lines[i].Attachments) > 0 {
			lines[i].Attachments = nil
		}
	}
	for _, a := range list {
		if a.Line >= 0 && a.Line < len(lines) {
			lines[a.Line].Attachments = a.Files
		}
	}
	return lines
}

// aboutTitle marks the note that is a happening's title.
const aboutTitle = "title"

// Split takes the personal part out: the note, as the first of Personal.Notes,
// the title behind it, the files of lines and the unknown fields. The public part
// has no Wire, which may hold them too. The happening itself is not changed.
func (h *Happening) Split() (public Happening, personal Personal) {
	public = *h
	public.Join(nil)
	public.Wire = nil
	if h.Note != "" || h.Title != "" {
		personal.Notes = []Note{{Text: h.Note}}
	}
	if h.Title != "" {
		personal.Notes = append(personal.Notes, Note{About: aboutTitle, Text: h.Title})
	}
	personal.Extra, personal.Attachments = h.Extra, attachments(h.Lines)
	return public, personal
}

// Join puts the personal part back in; nil takes it out.
func (h *Happening) Join(p *Personal) {
	h.Title, h.Note, h.Extra = "", "", nil
	if p == nil {
		p = &Personal{}
	}
	if p.IsZero() || len(p.Attachments) > 0 {
		h.Lines = attach(h.Lines, p.Attachments)
	}
	if len(p.Notes) > 0 {
		h.Note = p.Notes[0].Text
	}
	if len(p.Notes) > 1 && p.Notes[1].About == aboutTitle {
		h.Title = p.Notes[1].Text
	}
	h.Extra = p.Extra
}
