package order

// Layer is what one source says of an order, with what it said happened. Make
// layers with Layers, or keep one up to date with Add.
type Layer struct {
	Source    Source
	First     int64  // seq of its first statement: of equal ranks the first wins
	Statement *Order // its last statement; nil if it only reported happenings. An operator's: all groups it corrected
	Seq       int64  // seq of its last statement
	// Groups tells since which seq the present content of a group stands: of an
	// operator's layer the seq of the last correction, of another layer the seq
	// of the statement that last changed the group. Groups it does not hold
	// stand since Seq; of an operator's layer, if it holds any, they are not
	// corrected at all.
	Groups     map[Group]int64
	Happenings []Happened
}

// Happened is a happening with its place in the ledger.
type Happened struct {
	Seq int64
	Happening
}

// Layers folds the events of one order, oldest first, into one layer per
// source, in the sequence in which the sources first spoke. It shares the
// events' memory.
func Layers(events []Event) []Layer {
	var layers []Layer
	for i := range events {
		e := &events[i]
		if e.Statement == nil && e.Happening == nil {
			continue
		}
		l := layerOf(&layers, e.Source)
		if e.Statement != nil {
			l.Add(e.Seq, e.Statement)
		} else {
			l.Happenings = append(l.Happenings, Happened{Seq: e.Seq, Happening: *e.Happening})
		}
	}
	return layers
}

func layerOf(layers *[]Layer, s Source) *Layer {
	for i := range *layers {
		if l := &(*layers)[i]; l.Source.Name == s.Name {
			l.Source.Rank = max(l.Source.Rank, s.Rank)
			return l
		}
	}
	*layers = append(*layers, Layer{Source: s})
	return &(*layers)[len(*layers)-1]
}

// Add takes the source's next statement. It replaces the last one whole, but
// for a cancellation or refund that was claimed: a late retry of an older
// statement does not take that back. An operator's statement corrects the
// groups that it states and leaves the others. The statement is shared, never
// changed.
func (l *Layer) Add(seq int64, o *Order) {
	if l.Statement == nil {
		l.First = seq
	}
	if l.Source.Rank == RankOperator {
		l.correct(seq, o)
		return
	}
	if l.Statement != nil {
		l.keepSince(o)
		o = keepEnd(l.Statement, o)
	}
	l.Statement, l.Seq = o, seq
}

// keepSince remembers since when the groups stand that o leaves as they are.
func (l *Layer) keepSince(o *Order) {
	since := make(map[Group]int64, len(groups))
	for _, g := range groups {
		if SameGroup(g, l.Statement, o) {
			since[g] = l.since(g)
		}
	}
	l.Groups = since
}

// keepEnd returns next, with the end that last claimed if next claims none.
func keepEnd(last, next *Order) *Order {
	if !last.Status.ends() || next.Status.ends() {
		return next
	}
	kept := *next
	kept.Status, kept.Cancellation = last.Status, last.Cancellation
	return &kept
}

func (l *Layer) correct(seq int64, o *Order) {
	corrected := Order{ID: o.ID}
	since := make(map[Group]int64, len(groups))
	for _, g := range groups {
		switch {
		case o.States(g):
			CopyGroup(&corrected, g, o)
			since[g] = seq
		case l.Statement != nil && l.states(g):
			CopyGroup(&corrected, g, l.Statement)
			since[g] = l.since(g)
		}
	}
	corrected.Status, corrected.Cancellation = o.Status, o.Cancellation
	if l.Statement != nil {
		corrected = *keepEnd(l.Statement, &corrected)
	}
	l.Statement, l.Seq, l.Groups = &corrected, seq, since
}

// states reports whether the layer says something in the group; an operator's
// correction may say that there is nothing.
func (l *Layer) states(g Group) bool {
	if l.Statement == nil {
		return false
	}
	if l.Source.Rank == RankOperator && l.Groups != nil {
		_, ok := l.Groups[g]
		return ok
	}
	return l.Statement.States(g)
}

func (l *Layer) since(g Group) int64 {
	if seq, ok := l.Groups[g]; ok {
		return seq
	}
	return l.Seq
}
