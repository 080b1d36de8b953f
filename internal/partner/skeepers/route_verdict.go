package skeepers

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// said is what an answer says about the events of a batch.
type said struct {
	refused  map[string]string // the partner's words by reference
	nameless bool              // an event was refused, and not one that can be told
	strange  string            // why the answer is none of this API's; "": it may be
}

// readAnswer reads the array that an answer is: refused elements carry
// error_description or error, and name their order by purchase_reference. The
// sequence of the elements is not documented, so it says nothing.
func readAnswer(body []byte, batch []sent) said {
	a := said{refused: map[string]string{}}
	known := make(map[string]bool, len(batch))
	for _, s := range batch {
		known[s.event.Reference] = true
	}
	if a.strange = strange(body); a.strange != "" || isEmpty(body) {
		return a
	}
	_ = json.Elements(body, func(_ int, element json.Value) error { // what is no array names nobody
		reference, words := readVerdict(element)
		switch {
		case words == "":
		case known[reference]:
			a.refused[reference] = words
		default:
			a.nameless = true
		}
		return nil
	})
	return a
}

// strange says why an answer can not be one of this API; "": it can. An empty
// one can: what stands in the body of a success is not documented. A page of a
// proxy can not, nor an object that tells of an error.
func strange(body []byte) string {
	switch {
	case isEmpty(body):
		return ""
	case json.CheckInput(body) != nil || !json.Valid(body):
		return "the answer is no JSON: " + partnerWords(body)
	case json.Value(body).Kind() != '{':
		return ""
	}
	if _, words := readVerdict(body); words != "" {
		return "the answer tells of an error: " + partner.Words(words)
	}
	return ""
}

func isEmpty(body []byte) bool { return len(bytes.TrimSpace(body)) == 0 }

// readVerdict reads one element; words are "" if its event was taken.
func readVerdict(element json.Value) (reference, words string) {
	if element.Kind() != '{' {
		return "", ""
	}
	c := json.NewCursor(string(json.AppendCompact(nil, element)))
	var short string
	for c.Open(); c.More(); {
		switch c.Name() {
		case "purchase_reference":
			reference = wordOf(&c)
		case "error_description":
			words = wordOf(&c)
		case "error":
			short = wordOf(&c)
		default:
			c.Raw()
		}
	}
	if words == "" {
		words = short
	}
	return reference, words
}

// wordOf reads a string, or another value as it is spelled; null, false and
// what is empty are "".
func wordOf(c *json.Cursor) string {
	if c.Kind() == '"' {
		return c.Text()
	}
	switch text := c.Raw(); text {
	case "null", "false", "0", "[]", "{}":
		return ""
	default:
		return text
	}
}

// prove judges a batch that was answered with success. 206 is success to most
// HTTP libraries and hides refusals, so the body is read whatever the status.
func prove(reply outbound.Reply, batch []sent, outcomes []partner.Outcome) {
	a := readAnswer(reply.Body, batch)
	// 206 says that something was refused; then somebody must be named.
	hidden := a.nameless || reply.Status == http.StatusPartialContent && len(a.refused) == 0
	for _, s := range batch {
		words, refused := a.refused[s.event.Reference]
		switch {
		case refused:
			outcomes[s.task] = partner.Refused("refused", partner.Words(words))
		case a.strange != "" && reply.Status != http.StatusPartialContent:
			outcomes[s.task] = partner.Unknown("answer_unreadable", a.strange)
		case !hidden:
			outcomes[s.task] = partner.Delivered(s.event.Reference)
		case len(batch) > 1:
			outcomes[s.task] = partner.Refused("refused_nameless",
				"the partner refuses a part of the batch and does not say which").Of(partner.ScopeBatch)
		case a.nameless:
			outcomes[s.task] = partner.Refused("refused", "the partner refuses the order: "+words206(reply.Body))
		default:
			outcomes[s.task] = partner.Unknown("answer_unreadable", "the partner answers 206 and does not say what it refuses")
		}
	}
}

// words206 are the words of the only refusal in an answer.
func words206(body []byte) string {
	words := ""
	_ = json.Elements(body, func(_ int, element json.Value) error { // it has been read before
		if _, w := readVerdict(element); words == "" {
			words = w
		}
		return nil
	})
	return partner.Words(words)
}

// refuse judges a batch that was answered with 400: final. An array of
// verdicts names the bad ones, otherwise they are looked for by halves.
func refuse(reply outbound.Reply, batch []sent, outcomes []partner.Outcome) {
	a := readAnswer(reply.Body, batch)
	for _, s := range batch {
		words, named := a.refused[s.event.Reference]
		switch {
		case named:
			outcomes[s.task] = partner.Refused("refused", partner.Words(words))
		case len(batch) > 1:
			outcomes[s.task] = partner.Refused("http_400", partnerWords(reply.Body)).Of(partner.ScopeBatch)
		default:
			outcomes[s.task] = partner.Refused("http_400", partnerWords(reply.Body))
		}
	}
}

// fetchShop begins the text of a 500 that is about the configuration: the
// website id is wrong (logged by a client of the live API, seen 2026).
const fetchShop = "fetch Shop of website"

// verdict is the outcome of every order of a batch that was answered with no
// success. The table of outbound holds but for that 500.
func verdict(reply outbound.Reply, batch int) partner.Outcome {
	code, words := statusCode(reply.Status), partnerWords(reply.Body)
	if reply.Status/100 == 5 && strings.Contains(string(reply.Body), fetchShop) {
		return partner.Refused("unknown_website", "the partner does not know the website_id: "+words).Of(partner.ScopeRoute)
	}
	switch outbound.Verdict(reply.Status) {
	case outbound.Later:
		return partner.Later(reply.RetryAfter, code, words)
	case outbound.Login:
		return partner.Refused(code, loginReason(reply.Status)+words).Of(partner.ScopeRoute)
	case outbound.Refused:
		o := partner.Refused(code, words)
		if batch > 1 {
			return o.Of(partner.ScopeBatch)
		}
		return o
	}
	return partner.Unknown(code, words)
}

// loginReason tells a person where to look.
func loginReason(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the partner refuses a token that it has just given: "
	case status == http.StatusForbidden:
		return "the client may not send for this website_id: "
	case status/100 == 3:
		return "base_url answers with a redirect: "
	}
	return "base_url does not seem to be the address of the API, or the website_id is wrong: "
}

// tokenVerdict is the outcome of every order if no token was given. Nothing
// has left that could have had an effect.
func tokenVerdict(reply outbound.Reply) partner.Outcome {
	code, words := statusCode(reply.Status), partnerWords(reply.Body)
	switch outbound.Verdict(reply.Status) {
	case outbound.Later, outbound.Unknown:
		return partner.Later(reply.RetryAfter, "token_"+code, "no token: "+words)
	}
	reason := "token_url does not seem to be the address that gives tokens: "
	switch reply.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		reason = "token_url refuses the client_id or client_secret: "
	}
	return partner.Refused("token_"+code, reason+words).Of(partner.ScopeRoute)
}

// noToken is the outcome of every order if asking for a token was not
// answered.
func noToken(err error) partner.Outcome {
	if e, ok := errors.AsType[*outbound.Error](err); ok && e.Op == outbound.OpRequest {
		return partner.Refused("token_"+callCode(err), "token_url: "+err.Error()).Of(partner.ScopeRoute)
	}
	return partner.Later(0, "token_"+callCode(err), "no token: "+err.Error())
}

// unanswered is the outcome of every order of a batch without a complete
// answer, or without a token.
func unanswered(err error) partner.Outcome {
	if b, ok := errors.AsType[*blocked](err); ok {
		return b.outcome
	}
	e, ok := errors.AsType[*outbound.Error](err)
	switch {
	case ok && !e.Left && e.Op == outbound.OpRequest: // the address or the token can not even be sent
		return partner.Refused(callCode(err), err.Error()).Of(partner.ScopeRoute)
	case ok && !e.Left:
		return partner.Later(0, callCode(err), err.Error())
	case ok:
		return partner.Unknown(callCode(err), err.Error())
	}
	return partner.Outcome{}
}

// callCode is the machine's word for a call without a complete answer.
func callCode(err error) string {
	e, ok := errors.AsType[*outbound.Error](err)
	switch {
	case !ok:
		return "no_answer"
	case e.Timeout():
		return "timeout"
	}
	return "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
}

func statusCode(status int) string { return "http_" + strconv.Itoa(status) }

// partnerWords reads the partner's words out of an error body. Which key holds
// them is not known: the usual ones are tried.
func partnerWords(body []byte) string {
	text := strings.TrimSpace(string(body[:min(len(body), 64<<10)]))
	switch {
	case text == "":
		return "no explanation given"
	case text[0] == '<':
		return "an HTML page, no explanation" // of a proxy, mostly
	case (text[0] == '{' || text[0] == '[') && json.Valid([]byte(text)):
		c := json.NewCursor(string(json.AppendCompact(nil, []byte(text))))
		if words := wordsOf(&c, 0); words != "" {
			text = words
		}
	}
	return partner.Words(text)
}

// wordsOf finds the first text under one of the usual keys.
func wordsOf(c *json.Cursor, depth int) (words string) {
	kind := c.Kind()
	if depth > 4 || kind != '{' && kind != '[' {
		c.Raw()
		return ""
	}
	for c.Open(); c.More(); {
		name := ""
		if kind == '{' {
			name = c.Name()
		}
		switch {
		case words != "":
			c.Raw()
		case c.Kind() == '"' && (name == "error_description" || name == "message" || name == "detail" || name == "description"):
			words = c.Text()
		default:
			words = wordsOf(c, depth+1)
		}
	}
	return words
}
