package citrusad

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// servePixel is GET /v1/resource/third-o, the order report that a browser
// sends. Sister addresses are called with fetch from the shop's own pages, so
// any origin may read the answer (inferred).
func (d *door) servePixel(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodGet:
		d.handlePixel(w, r)
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*, Authorization")
		h.Set("Access-Control-Max-Age", "86400")
		d.otherMethod(w, r, "GET, OPTIONS")
	default: // HEAD too: it must not take an order
		notAllowed("GET, OPTIONS").writePixel(w)
	}
}

func (d *door) handlePixel(w http.ResponseWriter, r *http.Request) {
	g, err := d.acceptPixel(r)
	if err != nil {
		p := trouble(err)
		d.logTrouble(r, err, p, g)
		p.writePixel(w)
		return
	}
	writeJSON(w, http.StatusOK, []byte(`{}`))
}

// acceptPixel takes the order of a query; it is on disk when it returns nil.
func (d *door) acceptPixel(r *http.Request) (partner.Grant, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return partner.Grant{}, badRequest("the query can not be read")
	}
	g, err := d.loginPixel(r, query)
	if err != nil {
		return g, err
	}
	w, faults := readPixel(query)
	if faults != nil {
		return g, invalidInput(faults)
	}
	o := toOrder(&w, configured(g), nil)
	_, err = d.deps.Intake.Append(r.Context(), g.Shop, []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: w.ID},
		Source:    publicSource(g.Source),
		Statement: &order.Statement{Order: o},
	}})
	return g, err
}

// loginPixel finds who presents a publishable key. The page asks for it in the
// query and, contradicting itself, in the Authorization header: either will do.
func (d *door) loginPixel(r *http.Request, query url.Values) (partner.Grant, error) {
	keys := presented(r.Header.Get("Authorization"))
	if key := query.Get("key"); key != "" {
		keys = []string{key}
	}
	if len(keys) == 0 {
		return partner.Grant{}, invalidInput([]order.Fault{required("key")})
	}
	return d.find(r, publicKey, keys)
}

// publicSource is the source behind a publishable key: whoever reads a shop's
// pages knows the key, so it ranks lowest.
func publicSource(s order.Source) order.Source {
	if s.Public() {
		return s
	}
	return order.Source{Name: s.Name + "/public", Rank: order.RankPublic}
}

// ignored are names that scripts add so that no cache answers; keeping them
// would make each page reload a change of the order.
var ignored = []string{"_", "cb", "nocache", "rand", "rnd"}

// known are the names of the page's table.
var known = []string{"key", "teaid", "catid", "ordid", "ordts", "sesid", "cusid", "procods", "pris", "quas"}

// readPixel reads an order out of a query. The three lists belong together by
// index; pris are unit prices (inferred: the quantities stand apart).
func readPixel(q url.Values) (w wireOrder, faults []order.Fault) {
	p := pixel{values: q}
	w = wireOrder{
		Catalog:  p.text("catid", true, maxText),
		ID:       p.text("ordid", true, maxID),
		Date:     p.time("ordts"),
		Session:  p.text("sesid", true, maxText),
		Team:     p.text("teaid", false, maxText),
		Customer: p.text("cusid", false, maxText),
	}
	if strings.ContainsAny(w.ID, "\t\r\n") {
		p.fault("ordid", order.Malformed, order.ErrControl.Error())
	}
	w.Items = p.items()
	for name, values := range q {
		if slices.Contains(known, name) || slices.Contains(ignored, name) {
			continue
		}
		p.clean("query", append(values, name)) // a name is input, too: no path shows it
		w.Extra = append(w.Extra, extraField{
			Path:  string(appendName(nil, name)),
			Value: string(appendTexts(nil, values)),
		})
	}
	return w, p.faults
}

// A pixel is a query that is being read.
type pixel struct {
	values url.Values
	faults []order.Fault
}

func required(name string) order.Fault {
	return order.Fault{Path: name, Code: order.Required, Reason: "is required"}
}

func (p *pixel) fault(path string, code order.FaultCode, reason string) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, order.Fault{Path: path, Code: code, Reason: reason})
	}
}

func (p *pixel) text(name string, must bool, limit int) string {
	v := p.values.Get(name)
	switch {
	case v == "" && must:
		p.faults = append(p.faults, required(name))
	case len(v) > limit:
		p.fault(name, order.TooLarge, order.ErrTextTooLong.Error())
	default:
		p.clean(name, []string{v})
	}
	return v
}

// clean complains about bytes that no order may have.
func (p *pixel) clean(name string, values []string) {
	for _, v := range values {
		if err := checkText(v); err != nil {
			p.fault(name, order.Malformed, err.Error())
			return
		}
	}
}

// aPlus finds the offset whose plus sign came unescaped, so that it arrived as
// a blank.
var aPlus = regexp.MustCompile(` (\d\d:\d\d)$`)

func (p *pixel) time(name string) order.Time {
	text := p.text(name, true, maxText)
	if text == "" {
		return order.Time{}
	}
	t, err := order.ParseTime(aPlus.ReplaceAllString(text, "+$1"))
	if err != nil {
		p.fault(name, order.Malformed, err.Error())
	}
	return t
}

func (p *pixel) items() []wireItem {
	codes, prices, counts := p.list("procods"), p.list("pris"), p.list("quas")
	if len(p.faults) > 0 && (codes == nil || prices == nil || counts == nil) {
		return nil
	}
	if len(prices) != len(codes) || len(counts) != len(codes) {
		p.fault("procods", order.Malformed, "procods, pris and quas must have the same length")
		return nil
	}
	items := make([]wireItem, len(codes))
	for i := range items {
		items[i] = wireItem{GTIN: codes[i], Unit: p.number("pris", i, prices[i]), Quantity: p.number("quas", i, counts[i])}
		if codes[i] == "" {
			p.faults = append(p.faults, required(string(appendIndex([]byte("procods"), i))))
		}
		if reason := quantityFault(items[i].Quantity); reason != "" {
			p.fault(string(appendIndex([]byte("quas"), i)), order.Malformed, reason)
		}
	}
	return items
}

// list returns the values of a repeated name; nil with a complaint if there is
// none.
func (p *pixel) list(name string) []string {
	v := p.values[name]
	switch {
	case len(v) == 0 || len(v) == 1 && v[0] == "":
		p.faults = append(p.faults, required(name))
		return nil
	case len(v) > maxItems:
		p.fault(name, order.TooLarge, order.ErrTooMany.Error())
		return nil
	}
	p.clean(name, v)
	return v
}

func (p *pixel) number(name string, i int, text string) order.Decimal {
	n, err := order.ParseDecimal(strings.TrimSpace(text))
	if err != nil {
		p.fault(string(appendIndex([]byte(name), i)), order.Malformed, err.Error())
	}
	return n
}

// checkText refuses invalid UTF-8 and control characters other than tab and
// line ends.
func checkText(s string) error {
	if strings.ToValidUTF8(s, "") != s {
		return order.ErrUTF8
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return order.ErrControl
		}
	}
	return nil
}
