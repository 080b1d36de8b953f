package app_test

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

func TestConsoleInvites(t *testing.T) {
	t.Parallel()
	s := startMail(t)
	text := strings.Replace(mailShop(mailRoute("mail", s, "")), "listen:", fmt.Sprintf("smtp: {host: %s, port: %d, tls: never, from: hej@nordlys.example}\nlisten:", s.Host(), s.Port()), 1)
	h := startHub(t, inFolder(t), strings.NewReplacer("delay: 0", "delay: 3", "https://orders", "http://orders").Replace(text))
	ada := h.first(t)
	vi := ada.joins(h, "vi", "viewer")
	const list = "/shops/nordlys/invitations"
	ada.sees("GET", list, nil, 200, "No customer was invited yet")
	h.hand(placed("SO-1", time.Now()), placed("SO-2", time.Now()))
	eventually(t, "both are planned", func() bool {
		_, page := ada.do("GET", list+"?state=planned", nil)
		return strings.Contains(page, ">SO-1</a>") && strings.Contains(page, ">SO-2</a>")
	})
	ada.sees("GET", list+"?email=so-1%40kund.example&kind=shop", nil, 200, "so-1@kund.example", `value="so-1@kund.example"`, "download/invitations?email=so-1%40kund.example")
	if page := vi.sees("GET", list+"?reference=SO-1", nil, 200, "SO-1"); strings.Contains(page, "so-1@") {
		t.Error("a viewer sees an address")
	}
	ada.sees("GET", list+"?state=answered", nil, 200, "No invitation is like that")
	ada.sees("GET", list+"?state=lost", nil, 400, "is no state of an invitation")

	ada.sees("GET", list+"/orders/SO-1", nil, 200, "mail: planned", "Cancel what has not gone out", "Goes at", "the configuration file", `/invitations/templates/edit?id=`, ">ordermux shop sv</a>")
	vi.sees("POST", list+"/orders/SO-1", url.Values{}, 403)
	ada.sees("POST", list+"/orders/SO-1", url.Values{}, 200, "One invitation is cancelled", "mail: cancelled")
	ada.sees("GET", list+"/orders/none", nil, 404)

	ada.sees("GET", list+"/settings", nil, 200, "Now: 3", "the configuration file", "Not set, so: the shop<", "Not set, so: 15<", "Not set, so: nobody<", "<legend>The form</legend>")
	if page := vi.sees("GET", list+"/settings", nil, 200, "Now: 3"); strings.Contains(page, "<input") {
		t.Error("a viewer is offered to change settings")
	}
	vi.sees("POST", list+"/settings", url.Values{"delay": {"5"}}, 403)
	ada.sees("POST", list+"/settings", url.Values{"delay": {"soon"}, "hour": {"08:00"}}, 422, "delay", `value="soon"`, `value="08:00"`)
	ada.sees("POST", list+"/settings", url.Values{"hour": {"25:99"}}, 400, "hour")
	ada.sees("POST", list+"/settings", url.Values{"delay": {"5"}, "tags": {"web-shop, spring"}, "public": {"true"}, "ask": {"shop, products"}}, 200, "The settings are saved", `value="5"`, "Now: 5", "Now: yes", `<option value="shop, products" selected>`, "Now: web-shop, spring")
	ada.sees("POST", list+"/settings", url.Values{}, 200, "Now: 3")

	page := ada.sees("GET", list+"/templates", nil, 200, "ships with ordermux")
	shipped := html.UnescapeString(ada.found(page, `href="(/shops/nordlys/invitations/templates/edit\?id=[^"]+)"`))
	ada.sees("GET", shipped, nil, 200, "How the mail reads", "stays as it is")
	const edit = list + "/templates/edit"
	f := url.Values{"name": {"own"}, "kind": {"shop"}, "locale": {"sv"}, "subject": {"Hej {{.FirstName}}"}, "text": {"Tack <b>! {{.Link}} {{.Unsubscribe}}"}}
	with := func(more ...string) url.Values {
		out := url.Values{}
		for k, v := range f {
			out[k] = v
		}
		for i := 0; i+1 < len(more); i += 2 {
			out.Set(more[i], more[i+1])
		}
		return out
	}
	ada.sees("POST", edit, with("act", "preview"), 200, "How the mail reads", "Tack &lt;b&gt;!", "{{.FirstName}}")
	ada.sees("POST", edit, with("act", "preview", "text", "{{.Nothing}}"), 400, "This was not taken", "text", "{{.Nothing}}")
	ada.sees("POST", edit, with("act", "save", "text", ""), 400, "This was not taken", "Hej {{.FirstName}}")
	vi.sees("POST", edit, with("act", "save"), 403)
	page = ada.sees("POST", edit, with("act", "save"), 200, "The template is saved", "Send a test mail")
	id := ada.found(page, `name="id" value="([^"]+)"`)
	ada.sees("POST", edit, url.Values{"act": {"test"}, "id": {id}, "to": {"ada@nordlys.example"}}, 200, "The test mail is on its way")
	eventually(t, "the test mail is there", func() bool { return len(s.Mails()) == 1 })
	ada.sees("POST", edit, url.Values{"act": {"test"}, "id": {id}, "to": {"nobody"}}, 400, "no mail address", `value="nobody"`, "Hej {{.FirstName}}", "<h1>own</h1>")
	vi.sees("GET", edit+"?id="+id, nil, 200, "How the mail reads")
	ada.speaks(list, list+"/orders/SO-1", list+"/settings", list+"/templates", edit, edit+"?id="+id, shipped, "/shops/nordlys/reviews")
	ada.sees("POST", edit, url.Values{"act": {"delete"}, "id": {id}}, 200, "The template is removed")
	ada.sees("GET", edit+"?id="+id, nil, 404)

	ada.sees("GET", "/shops/nordlys/reviews", nil, 200, "There are no reviews yet")
	for i, stars := range []int{5, 2} {
		h.hand(order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: "SO-2"}, Happening: &order.Happening{
			Kind: order.KindReviewed, At: order.At(time.Now()), Ref: fmt.Sprint("r", i), Review: &order.Reviewed{ID: fmt.Sprint("r", i), About: order.AboutShop, Stars: stars, Tags: []string{"web"}},
			Title: "So <so>", Note: "Not <i>bad</i>",
		}})
	}
	ada.sees("GET", "/shops/nordlys/reviews", nil, 200, "5 stars of five", "2 stars of five", "Not &lt;i&gt;bad", "3.5")
	page = ada.sees("GET", "/shops/nordlys/reviews?stars=5&by=tag", nil, 200, "5 stars of five", "<option selected>5", "stars=5")
	if strings.Contains(page, "2 stars of five") {
		t.Error("a filter does nothing")
	}
	ada.sees("GET", "/shops/nordlys/reviews?tag=none", nil, 200, "No review is like that")
	ada.speaks("/shops/nordlys/reviews?by=tag")

	s.Close()
	_, id, _ = strings.Cut(shipped, "id=")
	ada.sees("POST", edit, url.Values{"act": {"test"}, "id": {id}, "to": {"ada@nordlys.example"}}, 503, "mail: connect", `value="ada@nordlys.example"`, "stays as it is")
}
