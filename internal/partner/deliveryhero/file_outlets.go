package deliveryhero

import "strings"

// outlets are those that a row is about.
type outlets struct {
	list    []*vendor
	named   map[string]string // by ID, as the file names them where that is not their ID
	every   bool              // wherever the chain sells
	unknown []string          // the chain has none of these
	bad     string            // why the row names none
}

// The columns that name outlets, in files of several.
const (
	columnVendors = "vendors"
	columnExclude = "exclude"
)

// everyOutlet stands for all outlets of the chain.
const everyOutlet = "all"

// mostOutletSets bounds how many of the ways to name outlets are remembered.
const mostOutletSets = 200

// outletsOf reads which outlets rows are about. Rows mostly name the same.
type outletsOf struct {
	chain *chain
	one   *outlets // of the whole file; nil: the rows name them
	known map[[2]string]*outlets
}

// newOutlets reads those of a file; of a vendor: all its rows are about it.
func newOutlets(c *chain, of *vendor) *outletsOf {
	o := &outletsOf{chain: c}
	if of != nil {
		o.one = &outlets{list: []*vendor{of}}
	}
	return o
}

func (o *outletsOf) row(t *table) *outlets {
	if o.one != nil {
		return o.one
	}
	key := [2]string{t.cell(columnVendors), t.cell(columnExclude)}
	if found := o.known[key]; found != nil {
		return found
	}
	if o.known == nil || len(o.known) >= mostOutletSets {
		o.known = map[[2]string]*outlets{}
	}
	// The key is a part of the row, which is not to be kept as long.
	key = [2]string{strings.Clone(key[0]), strings.Clone(key[1])}
	o.known[key] = o.read(key[0], key[1])
	return o.known[key]
}

func (o *outletsOf) read(vendors, exclude string) *outlets {
	names, without := listed(vendors), listed(exclude)
	switch {
	case len(names) == 0:
		return &outlets{bad: "vendors: names no outlet"}
	case len(names) == 1 && strings.EqualFold(names[0], everyOutlet):
		return o.allBut(without)
	case len(without) > 0:
		return &outlets{bad: "exclude: belongs to vendors \"all\" only"}
	}
	out := &outlets{}
	seen := map[*vendor]bool{}
	for _, name := range names {
		v := o.chain.vendor(name)
		switch {
		case strings.EqualFold(name, everyOutlet):
			return &outlets{bad: "vendors: \"all\" stands for every outlet, so it stands alone"}
		case v == nil:
			out.unknown = append(out.unknown, name)
		case !seen[v]:
			seen[v] = true
			out.add(v, name)
		}
	}
	return out
}

// add adds an outlet, as it is named.
func (o *outlets) add(v *vendor, name string) {
	o.list = append(o.list, v)
	if name == v.ID {
		return
	}
	if o.named == nil {
		o.named = map[string]string{}
	}
	o.named[v.ID] = name
}

// allBut are the chain's outlets without some.
func (o *outletsOf) allBut(without []string) *outlets {
	out := &outlets{every: len(without) == 0}
	gone := map[*vendor]bool{}
	for _, name := range without {
		if v := o.chain.vendor(name); v != nil {
			gone[v] = true
		} else {
			out.unknown = append(out.unknown, name)
		}
	}
	for _, v := range o.chain.Vendors {
		if !gone[v] {
			out.list = append(out.list, v)
		}
	}
	return out
}

// listed reads a list of words apart by commas.
func listed(text string) (out []string) {
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}
