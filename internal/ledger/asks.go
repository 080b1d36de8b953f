package ledger

// Asks is what Decide may ask a Lookup: the store that answers over a network
// reads it beforehand, for all calls of a transaction at once.
type Asks struct {
	Events []int64 // seqs
	// Happenings: the print of each, beside its subject's number.
	Numbers []int64
	Prints  []Print
}

// Asks adds what Decide of a call may ask, going by the rows that the batch
// knows. It is a forecast: Decide may ask for more (the events that stand
// between two statements of one order in one transaction), or for less.
func (b *Batch) Asks(c *Call, into *Asks) {
	if c.erase != nil {
		return
	}
	for i := range c.entries {
		slot := b.slot(c.Shop, c.keys[i])
		if slot == nil || slot.row == nil {
			continue
		}
		row, e := slot.row, &c.entries[i]
		if row.Flags&FlagErased != 0 {
			e = c.stripped(e)
		}
		if e.statement == nil {
			into.Numbers = append(into.Numbers, row.Number)
			into.Prints = append(into.Prints, e.print)
			continue
		}
		if l := row.layer(e.entry.Source.Name); l >= 0 && row.Layers[l].Seq != 0 && row.Layers[l].Print != e.print {
			into.Events = append(into.Events, row.Layers[l].Seq)
		}
	}
}
