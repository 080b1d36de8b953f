package skeepers

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// What the historic web service answers as "return" (source code of a client,
// seen 2026).
const (
	returnTaken     = 1
	returnSignature = 2
	returnAccount   = 3
	returnWrong     = 4
	returnTrouble   = 5 // ours: anything else is "unexpected" to clients
)

// historicCall is a call of the historic web service, by its variant.
type historicCall struct {
	website string
	message string
	plain   bool // type=json2 in the query: no base64
	json    bool // else: what is inside of it
}

// handleHistoric is the historic web service: always 200 for what the caller
// has to do with, and a number that says what.
func (d *door) handleHistoric(w http.ResponseWriter, r *http.Request, m *memory) error {
	body, err := m.body.Read(w, r)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	query := r.URL.Query()
	call := historicCall{
		website: form.Get("idWebsite"), message: form.Get("message"),
		plain: query.Get("type") == "json2", json: form.Get("type") == "json",
	}
	status := http.StatusOK
	code, debug := returnWrong, "the body is not form-encoded"
	if err == nil {
		code, debug, err = d.historic(r, m, query.Get("action"), &call)
		if err != nil {
			p := d.trouble(r, m, err)
			status, code, debug = p.status, returnTrouble, p.description
		}
	}
	m.out = call.appendAnswer(m.out, code, debug)
	h := w.Header()
	if h["Content-Type"] = jsonType; !call.plain {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(m.out)))
	w.WriteHeader(status)
	_, _ = w.Write(m.out) // a client that left is not our trouble
	return nil
}

// historic takes the order of a call. The error is a trouble of ours.
func (d *door) historic(r *http.Request, m *memory, action string, call *historicCall) (code int, debug string, err error) {
	if action != "act_api_notification_sha1" {
		return returnWrong, "action must be act_api_notification_sha1", nil
	}
	grants, err := d.historicGrants(r, call.website)
	if err != nil {
		return 0, "", err
	}
	if len(grants) == 0 {
		return returnAccount, "unknown idWebsite", nil
	}
	message, reason := call.open()
	if reason != "" {
		return returnWrong, reason, nil
	}
	for _, g := range grants {
		h := m.decoder.readHistoric(message, d.terms(g, opSync))
		if h.Query != pushOrder {
			return returnWrong, "query must be " + pushOrder, nil
		}
		if h.signed(&m.decoder.events[0], g.Settings["legacy_key"].Secret.Reveal()) {
			m.shop = g.Shop
			return d.takeHistoric(r, m, g)
		}
	}
	return returnSignature, "the signature is not right: lower-case hex SHA-1 of query, order_ref, email, lastname, firstname, order_date, delay and the secret key", nil
}

// historicGrants are the doors of a website that take historic calls.
func (d *door) historicGrants(r *http.Request, website string) (grants []partner.Grant, err error) {
	if website == "" {
		return nil, nil
	}
	all, err := d.deps.Credentials.All(r.Context(), "")
	for _, g := range all {
		if strings.EqualFold(g.Settings[websiteID].Text, website) && g.Settings["legacy_key"].Secret.Set() {
			grants = append(grants, g)
		}
	}
	return grants, err
}

func (d *door) takeHistoric(r *http.Request, m *memory, g partner.Grant) (code int, debug string, err error) {
	b := batch{decoder: &m.decoder, now: d.deps.Now(), grant: g}
	if err := b.append(r, d.deps.Intake); err != nil {
		return 0, "", err
	}
	if b.refusals > 0 {
		return returnWrong, told(m.decoder.faults), nil
	}
	return returnTaken, "", nil
}

// open returns the message as compact JSON, or what is wrong with it.
func (c *historicCall) open() ([]byte, string) {
	text := c.message
	if !c.plain {
		raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(fromURL.Replace(text), "="))
		if err != nil {
			return nil, "the message is not base64"
		}
		text = string(raw)
	}
	if !c.plain && !c.json && !strings.HasPrefix(strings.TrimSpace(text), "{") {
		b, err := phpToJSON(text)
		if err != nil {
			return nil, errPHP.Error()
		}
		return c.checked(b)
	}
	return c.checked([]byte(text))
}

func (c *historicCall) checked(b []byte) ([]byte, string) {
	err := json.CheckInput(b)
	if err == nil {
		b, err = json.Compact(b)
	}
	if invalid, ok := json.Invalid(err); ok {
		return nil, "message: " + faultText(invalid.Faults[0])
	}
	return b, ""
}

// The variant of base64 that the service speaks: + and / are - and _. A + that
// was sent unescaped has become a blank.
var (
	fromURL = strings.NewReplacer("-", "+", "_", "/", " ", "+")
	toURL   = strings.NewReplacer("+", "-", "/", "_")
)

// appendAnswer appends {"return": code, "debug": text} in the variant of the
// call.
func (c *historicCall) appendAnswer(b []byte, code int, debug string) []byte {
	if c.plain || c.json {
		text := strconv.AppendInt([]byte(`{"return":`), int64(code), 10)
		text = append(json.AppendText(append(text, `,"debug":`...), debug), '}')
		if c.plain {
			return append(b, text...)
		}
		return append(b, toURL.Replace(base64.StdEncoding.EncodeToString(text))...)
	}
	text := `a:2:{s:6:"return";i:` + strconv.Itoa(code) + `;s:5:"debug";s:` + strconv.Itoa(len(debug)) + `:"` + debug + `";}`
	return append(b, toURL.Replace(base64.StdEncoding.EncodeToString([]byte(text)))...)
}
