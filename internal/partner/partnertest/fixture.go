// Package partnertest is the conformance suite of partners: RunDoor, RunRoute
// and RunLoop, driven by folders of raw HTTP, and a hub in memory to run them
// against.
//
// A case is a folder. Its files:
//
//	case.json        what is special about it (Case); may be missing
//	1.request.http   the first request, as text: request line, header, blank line, body
//	1.response.http  what a door must answer (doors)
//	1.reply.http     what the partner answers to a route (routes); "CLOSE" breaks the connection
//	order.json       doors: the orders that are accepted, missing if none (below a folder named
//	                 vendor: if they are not checked); routes: the orders to send
//	outcome.json     routes: what Deliver makes of them
//	look.json        routes: what Look makes of them afterwards; may be missing
//
// and 2.request.http and so on. Beside the cases, settings.json holds the
// settings that all of them share, and case.json what else they do.
//
// JSON bodies are equal if they are the same after removing blanks outside
// strings: the same sequence of keys, the same spelling of every number. Of
// the header only the lines that the file names are compared. {{any}} stands
// for any text; another name, such as {{token}}, for any text that is the same
// wherever the name stands again, in later requests too.
//
// With the flag -update the expectations are written anew, but never those
// below a folder named vendor: these are facts.
package partnertest

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/shipping"
)

var update = flag.Bool("update", false, "write the expectations of partner fixtures anew")

// Case is what case.json says.
type Case struct {
	Settings map[string]json.Value `json:"settings,omitzero"` // over those of settings.json
	// Source is the name that every accepted entry must have; "": not checked.
	Source string `json:"source,omitzero"`
	// Intake makes every Append fail: "busy", "read_only" or "broken".
	Intake string `json:"intake,omitzero"`
	// Only is "look" for a route case that does not deliver.
	Only string `json:"only,omitzero"`
	// Happening is what the tasks of a case of routes are about; without it: that
	// the orders were placed.
	Happening *order.Happening `json:"happening,omitzero"`
	// Credentials are those of the door beside its own, such as its users.
	Credentials []Credential `json:"credentials,omitzero"`
	// Now is the time at which the case plays; without it: now.
	Now time.Time `json:"now,omitzero"`
	// Products and Couriers are the shop's, of doors; Orders are what its own API
	// placed before.
	Products []catalog.Product  `json:"products,omitzero"`
	Couriers []shipping.Courier `json:"couriers,omitzero"`
	Orders   []order.Order      `json:"orders,omitzero"`
}

// Credential is one more credential of a door; see partner.Field.Of.
type Credential struct {
	Of       string                `json:"of,omitzero"`
	Name     string                `json:"name"`
	Settings map[string]json.Value `json:"settings"`
}

// clock is what the case's hub takes for the time; nil: the real one.
func (c Case) clock() func() time.Time {
	if c.Now.IsZero() {
		return nil
	}
	return func() time.Time { return c.Now }
}

// cases calls f for every folder below dir that holds a case.
func cases(t *testing.T, dir string, f func(t *testing.T, path string, c Case)) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		found = true
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, e.Name())
			c := Case{Settings: map[string]json.Value{}}
			readJSON(t, filepath.Join(dir, "settings.json"), &c.Settings)
			readJSON(t, filepath.Join(dir, "case.json"), &c)
			readJSON(t, filepath.Join(path, "case.json"), &c)
			f(t, path, c)
		})
	}
	if !found {
		t.Fatalf("%s holds no case", dir)
	}
}

// vendor reports whether a case is a fact of a vendor's documentation.
func vendor(path string) bool { return strings.Contains(filepath.ToSlash(path), "/vendor/") }

// updating reports whether the expectations of a case may be written.
func updating(path string) bool { return *update && !vendor(path) }

// readJSON reads a file into v; a missing one leaves v as it is and returns
// false.
func readJSON(t *testing.T, path string, v any) bool {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return true
}

// readList reads a file that holds one value or a list of them.
func readList[T any](t *testing.T, path string) []T {
	t.Helper()
	var raw json.Value
	if !readJSON(t, path, &raw) {
		return nil
	}
	var list []T
	if raw.Kind() == '[' {
		readJSON(t, path, &list)
		return list
	}
	var one T
	readJSON(t, path, &one)
	return []T{one}
}

// writeList writes a list as readList reads it; an empty one removes the file.
func writeList[T any](t *testing.T, path string, list []T) {
	t.Helper()
	if len(list) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	var v any = list
	if len(list) == 1 {
		v = list[0]
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = json.Indent(b); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, append(b, '\n'))
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A message is a request or an answer as its file has it.
type message struct {
	first  string // "POST /v1/orders HTTP/1.1", "HTTP/1.1 200 OK"
	header http.Header
	body   string
}

// readMessage reads a message; false if the file is missing.
func readMessage(t *testing.T, path string) (message, bool) {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return message{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseMessage(string(b))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m, true
}

func parseMessage(text string) (message, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	head, body, _ := strings.Cut(text, "\n\n")
	first, lines, _ := strings.Cut(strings.TrimSuffix(head, "\n"), "\n")
	m := message{first: first, header: http.Header{}, body: strings.TrimSuffix(body, "\n")}
	for line := range strings.Lines(lines) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok {
			return m, fmt.Errorf("header line without a colon: %q", line)
		}
		m.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return m, nil
}

// request makes the message a request as a server gets it.
func (m message) request(vars map[string]string) (*http.Request, error) {
	body := fill(m.body, vars)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\r\nHost: door.example\r\nContent-Length: %d\r\n", fill(m.first, vars), len(body))
	for name, values := range m.header {
		for _, v := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, fill(v, vars))
		}
	}
	b.WriteString("\r\n" + body)
	return http.ReadRequest(bufio.NewReader(&b))
}

// reply writes the message as a server's answer.
func (m message) reply(w http.ResponseWriter, vars map[string]string) error {
	var status int
	if _, err := fmt.Sscanf(m.first, "HTTP/1.1 %d", &status); err != nil {
		return fmt.Errorf("first line %q: %w", m.first, err)
	}
	for name, values := range m.header {
		for _, v := range values {
			w.Header().Add(name, fill(v, vars))
		}
	}
	w.WriteHeader(status)
	_, err := io.WriteString(w, fill(m.body, vars))
	return err
}

// text writes the message as its file has it, with the named header lines.
func (m message) text(names ...string) []byte {
	var b bytes.Buffer
	b.WriteString(m.first + "\n")
	for _, name := range names {
		for _, v := range m.header.Values(name) {
			b.WriteString(name + ": " + v + "\n")
		}
	}
	b.WriteString("\n" + m.body)
	if m.body != "" {
		b.WriteString("\n")
	}
	return b.Bytes()
}

// compare reports how got differs from the message, binding placeholders.
func (m message) compare(got message, vars map[string]string) error {
	if err := match(m.first, got.first, vars); err != nil {
		return fmt.Errorf("first line: %w", err)
	}
	for name, values := range m.header {
		if err := match(strings.Join(values, ", "), strings.Join(got.header.Values(name), ", "), vars); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	want, have := strings.TrimSpace(m.body), strings.TrimSpace(got.body)
	if strings.HasPrefix(want, "{") || strings.HasPrefix(want, "[") {
		want, have = compact(want), compact(have)
	}
	if err := match(want, have, vars); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

func compact(text string) string { return string(json.AppendCompact(nil, []byte(text))) }

var placeholder = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

// fill puts in the values that placeholders were bound to.
func fill(text string, vars map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if v, ok := vars[p[2:len(p)-2]]; ok {
			return v
		}
		return p
	})
}

// match compares a text with a pattern. A placeholder stands for any text
// without quotation marks; a bound one for its value.
func match(pattern, got string, vars map[string]string) error {
	var b strings.Builder
	var names []string
	b.WriteString(`^`)
	from := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(pattern, -1) {
		b.WriteString(regexp.QuoteMeta(pattern[from:at[0]]))
		from = at[1]
		name := pattern[at[2]:at[3]]
		if v, bound := vars[name]; bound && name != "any" {
			b.WriteString(regexp.QuoteMeta(v))
			continue
		}
		b.WriteString(`([^"]*)`)
		names = append(names, name)
	}
	b.WriteString(regexp.QuoteMeta(pattern[from:]) + `$`)
	found := regexp.MustCompile(b.String()).FindStringSubmatch(got)
	if found == nil {
		return fmt.Errorf("\n got: %s\nwant: %s", got, pattern)
	}
	for i, name := range names {
		vars[name] = found[i+1]
	}
	return nil
}

// Settings makes a side's settings out of plain values: defaults filled in,
// secrets wrapped, names and choices checked.
func Settings(t testing.TB, p partner.Partner, door bool, values map[string]json.Value) partner.Settings {
	t.Helper()
	return settings(t, p, door, "", values)
}

// stock gives the hub what the case says the shop sells, and how it sends.
func (c Case) stock(t *testing.T, hub *Hub) {
	t.Helper()
	hub.Couriers = c.Couriers
	if len(c.Products) == 0 {
		return
	}
	if _, err := hub.Catalog().Put(t.Context(), Shop, c.Products); err != nil {
		t.Fatal(err)
	}
}

// settings does so for one kind of a door's credentials.
func settings(t testing.TB, p partner.Partner, door bool, of string, values map[string]json.Value) partner.Settings {
	t.Helper()
	s := partner.Settings{}
	known := map[string]bool{}
	for _, f := range p.Settings {
		if door && (!f.Door || f.Of != of) || !door && !f.Route {
			continue
		}
		known[f.Name] = true
		if v, ok := values[f.Name]; ok {
			s[f.Name] = value(t, f, v)
		} else if f.Default != "" {
			s[f.Name] = partner.Value{Text: f.Default}
		} else if f.Required {
			t.Fatalf("setting %s is required", f.Name)
		}
	}
	for name := range values {
		if !known[name] {
			t.Fatalf("setting %s is unknown to this side", name)
		}
	}
	return s
}

func value(t testing.TB, f partner.Field, v json.Value) partner.Value {
	t.Helper()
	var text string
	switch {
	case f.Kind == partner.List:
		var list []string
		if err := json.Unmarshal(v, &list); err != nil {
			t.Fatalf("setting %s: %v", f.Name, err)
		}
		return partner.Value{List: list}
	case v.Kind() == '"':
		if err := json.Unmarshal(v, &text); err != nil {
			t.Fatalf("setting %s: %v", f.Name, err)
		}
	default:
		text = string(v) // true, 5
	}
	if f.Keep != nil {
		text = f.Keep(text)
	}
	if f.Secret {
		return partner.Value{Secret: secret.New(text)}
	}
	return partner.Value{Text: text}
}
