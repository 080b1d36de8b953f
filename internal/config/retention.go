package config

// What retention is of, as the file names it.
const (
	RetainPersonal = "personal" // who a customer is
	RetainEvidence = "evidence" // requests to partners and their answers
	RetainFiles    = "files"    // files that partners fetch
	RetainCaptures = "captures" // what was listened to
	RetainJobs     = "jobs"     // promotions and their jobs
	RetainEvents   = "events"   // the log itself, and all that is known of its orders
)

// RetentionKind is a kind of data, and for how many days it can be kept.
type RetentionKind struct {
	Name        string
	Least, Most int // days
	// Default are the days where the file says nothing; 0: for ever.
	Default int
}

// RetentionKinds are all of them, in the sequence in which they are shown.
func RetentionKinds() []RetentionKind {
	const century = 36_500
	return []RetentionKind{
		{Name: RetainPersonal, Least: 1, Most: century},
		{Name: RetainEvidence, Least: 1, Most: century},
		{Name: RetainFiles, Least: 1, Most: century},
		{Name: RetainCaptures, Least: 1, Most: 7, Default: 7},
		{Name: RetainJobs, Least: 8, Most: 3650, Default: 90},
		{Name: RetainEvents, Least: 30, Most: century},
	}
}

// Retention says for how many days data is kept, by kind; 0: for ever.
type Retention map[string]int

// forEver is how the file takes a shop's kind out of what the hub says.
const forEver = "forever"

func (c *checker) readRetention(m *mapping) Retention {
	v, ok := m.take("retention")
	if !ok {
		return nil
	}
	days, ok := v.mapping()
	if !ok {
		return nil
	}
	r := Retention{}
	for _, k := range RetentionKinds() {
		var word string
		if _, ok := days.text(k.Name, &word); !ok {
			continue
		}
		if word == forEver && k.Default == 0 {
			r[k.Name] = 0
			continue
		}
		n := 0
		if days.number(k.Name, &n, k.Least, k.Most); n > 0 {
			r[k.Name] = n
		}
	}
	days.done()
	return r
}

// Where the days of a kind come from.
const (
	FromShop    = "shop"
	FromHub     = "hub"
	FromDefault = "default"
)

// Kept returns for how many days a shop's data of a kind is kept, 0: for ever,
// and where that is said.
func (c *Config) Kept(shop string, k RetentionKind) (days int, from string) {
	if s := c.Shops[shop]; s != nil {
		if n, ok := s.Retention[k.Name]; ok {
			return n, FromShop
		}
	}
	if n, ok := c.Retention[k.Name]; ok {
		return n, FromHub
	}
	return k.Default, FromDefault
}
