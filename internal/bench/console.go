package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// consolePage is how many orders a call hands in.
	consolePage = 500
	// consoleLooks is how often a page is asked for.
	consoleLooks = 100
	// consoleProducts is how many products there are in the orders, and one that
	// is in every fiftieth order besides.
	consoleProducts = 20_000
	// consoleDelivered is the share of the orders that a route delivers, and whose
	// customers are to be invited: one in so many; consoleStuck that of orders
	// whose partner is down, consoleRefused that of orders that need a person.
	consoleDelivered, consoleStuck, consoleRefused = 20, 1000, 100
	// consoleAccounts is the share of the orders that other shops drop-ship.
	consoleAccounts = 200
)

// console measures the pages of the console, and the kinds of search, on a hub
// with many orders: as a browser on the same machine sees them, one after the
// other. It also tells how long the index of orders took.
func console(ctx context.Context, b *bench) error {
	receiver, err := b.startChild(ctx, childSpec{Role: "receiver"})
	if err != nil {
		return err
	}
	defer receiver.stop()
	routes := webhookRoute("hook", receiver.Addr, b.Slots) + "        when: order.channel == \"online\"\n" +
		webhookRoute("stuck", "127.0.0.1:1", 1) + "        when: order.channel == \"stuck\"\n" +
		"      mail: {partner: mail, when: order.channel == \"online\"}\n" +
		"      ads: {partner: citrusad, when: order.channel == \"odd\", settings: {base_url: \"http://127.0.0.1:1\", api_key: none, product_code: gtin}}\n"
	f, err := b.startHub(ctx, "console", hubConfig{
		routes: routes, shop: "    reviews: {delay: 30}\n",
		top: "public_url: http://bench.example\nsmtp: {host: 127.0.0.1, port: 1, from: bench@shop.example, tls: never}\n",
	})
	if err != nil {
		return err
	}
	defer f.Stop()
	if err := b.fillConsole(ctx, f); err != nil {
		return err
	}
	v, err := newViewer(ctx, f.first())
	if err != nil {
		return err
	}
	for _, p := range b.consolePages() {
		if err := b.look(ctx, v, p); err != nil {
			return err
		}
	}
	return nil
}

// fillConsole hands the orders in, and waits for the index of them and for what
// is delivered.
func (b *bench) fillConsole(ctx context.Context, f *fleet) error {
	if err := f.mark(); err != nil {
		return err
	}
	began := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			for ctx.Err() == nil && errs[i] == nil {
				from := next.Add(consolePage) - consolePage
				if from >= b.Orders {
					return
				}
				body := consoleOrders(from, min(consolePage, b.Orders-from))
				errs[i] = f.first().call(ctx, http.MethodPost, "shops/"+shopID(0)+"/events", rawJSON(body), nil)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	accepted := time.Since(began)
	if err := b.untilIndexed(ctx, f); err != nil {
		return err
	}
	took := time.Since(began)
	u, err := f.used()
	if err != nil {
		return err
	}
	r := Result{
		Scenario: "console", Subject: fmt.Sprintf("%d orders to be found", b.Orders), Orders: b.Orders, Accepted: b.Orders,
		Seconds: took.Seconds(), PerSecond: float64(b.Orders) / took.Seconds(),
		Note: fmt.Sprintf("accepted in %.0f s, all to be found after %.0f s", accepted.Seconds(), took.Seconds()),
	}
	r.use(u)
	b.report(r)
	return b.untilDelivered(ctx, f)
}

// untilIndexed waits until the search knows everything.
func (b *bench) untilIndexed(ctx context.Context, f *fleet) error {
	for {
		var page struct {
			Behind int64 `json:"behind"`
		}
		if err := f.first().call(ctx, http.MethodGet, "shops/"+shopID(0)+"/orders?limit=1&q=none", nil, &page); err != nil {
			return err
		}
		if page.Behind == 0 {
			return nil
		}
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func (b *bench) untilDelivered(ctx context.Context, f *fleet) error {
	for {
		var list struct {
			Routes []struct {
				Name           string `json:"name"`
				Position, Head int64
				Counts         map[string]int64 `json:"counts"`
			} `json:"routes"`
		}
		if err := f.first().call(ctx, http.MethodGet, "shops/"+shopID(0)+"/routes", nil, &list); err != nil {
			return err
		}
		ends := 0
		for _, r := range list.Routes {
			if r.Position >= r.Head && (r.Name != "hook" || r.Counts["delivered"] >= (b.Orders+consoleDelivered-1)/consoleDelivered) {
				ends++
			}
		}
		if ends == len(list.Routes) {
			return nil
		}
		if !pause(ctx, 500*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// consoleOrders are orders with everything that they are found by.
func consoleOrders(from, count int64) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for n := from; n < from+count; n++ {
		if n > from {
			b.WriteByte(',')
		}
		channel, account := "counter", ""
		switch {
		case n%consoleAccounts == 30:
			channel, account = "dropshipping", fmt.Sprintf("A-%d", n/consoleAccounts%5)
		case n%consoleRefused == consoleRefused/2:
			channel = "odd"
		case n%consoleStuck == consoleStuck-1:
			channel = "stuck"
		case n%consoleDelivered == 0:
			channel = "online"
		}
		fmt.Fprintf(&b, `{"order":{"id":"`+idPrefix+`%010x","currency":"EUR","channel":%q,"account":%q,"customer":{"name":"Ada Martin","email":"customer.%d@mail.example"},`+
			`"references":[{"kind":"market","value":"M-%d"}],"shipping":{"parcels":[{"number":"PK%012d"}]},"lines":[`, n, channel, account, n, n, n)
		for line := range lineCounts[n%int64(len(lineCounts))] {
			if line > 0 {
				b.WriteByte(',')
			}
			p := (n*7 + int64(line)*131) % consoleProducts
			fmt.Fprintf(&b, `{"product":{"code":"P-%05d"`, p)
			if channel != "odd" { // whose partner wants a GTIN
				fmt.Fprintf(&b, `,"gtin":"40063813%05d"`, p)
			}
			fmt.Fprintf(&b, `},"quantity":"1","total":"%s"}`, price(199+int(p)%9800))
		}
		if n%50 == 0 {
			b.WriteString(`,{"product":{"code":"BAG"},"quantity":"1","total":"0.10"}`)
		}
		b.WriteString("]}}")
	}
	b.WriteByte(']')
	return b.Bytes()
}

// viewer is somebody who is signed in.
type viewer struct {
	base   string
	client *http.Client
}

var welcomeLink = regexp.MustCompile(`/welcome/[A-Za-z0-9_.~%-]+`)

// newViewer makes the hub's first user, by the link in its log.
func newViewer(ctx context.Context, h *hub) (*viewer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &viewer{base: "http://" + h.Addr, client: &http.Client{Jar: jar}}
	log, err := os.ReadFile(h.Log)
	if err != nil {
		return nil, err
	}
	link := string(welcomeLink.Find(log))
	if link == "" {
		return nil, errors.New("the hub names no link for its first user")
	}
	form := url.Values{"name": {"bench"}, "password": {"eight slow lanterns"}}
	page, status, err := v.do(ctx, http.MethodPost, link, form)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("make the first user: %d %.2000s", status, page)
	}
	return v, err
}

// do makes a request and reads the page.
func (v *viewer) do(ctx context.Context, method, path string, form url.Values) (page []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, 0, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	page, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return page, res.StatusCode, err
}

// consolePageOf is a page that is measured: its address differs each time.
type consolePageOf struct {
	name string
	path func(r *rand.Rand) string
	has  string // what each has to say; "": whatever
}

// consolePages are the pages and the kinds of search.
func (b *bench) consolePages() []consolePageOf {
	shop, orders := "/shops/"+shopID(0), "/shops/"+shopID(0)+"/orders"
	at := func(path string) func(*rand.Rand) string { return func(*rand.Rand) string { return path } }
	one := func(format string) func(*rand.Rand) string {
		return func(r *rand.Rand) string { return orders + fmt.Sprintf(format, r.Int64N(b.Orders)) }
	}
	const hit = `/orders/` + idPrefix
	pages := []consolePageOf{
		{"overview", at("/"), shopID(0)},
		{"orders, newest", at(orders), hit},
		{"orders by id", one("?by=id&q=" + idPrefix + "%010x"), hit},
		{"orders by anything: id", one("?q=" + idPrefix + "%010x"), hit},
		{"orders by anything: parcel", one("?q=PK%012d"), hit},
		{"orders by anything: none", one("?q=none-%d"), "No order matches"},
		{"orders by e-mail", one("?by=email&q=customer.%d%%40mail.example"), hit},
		{"orders by reference", one("?by=ref&q=M-%d"), hit},
		{"orders by parcel", one("?by=parcel&q=PK%012d"), hit},
		{"orders by product", func(r *rand.Rand) string {
			return orders + fmt.Sprintf("?by=sku&q=P-%05d", r.Int64N(min(consoleProducts, 7*b.Orders))/7*7%consoleProducts)
		}, hit},
		{"orders by product in many", at(orders + "?by=sku&q=BAG"), hit},
		{"orders by days", at(orders + "?from=2020-01-01&to=2099-01-01"), hit},
		{"orders by state: waiting", at(orders + "?route=stuck&state=retrying"), hit},
		{"orders by state: arrived", at(orders + "?route=hook&state=delivered"), hit},
		{"orders by state: anywhere", at(orders + "?state=retrying"), hit},
		{"orders by state: none", at(orders + "?state=person"), ""},
		{"orders by product and state", at(orders + "?by=sku&q=BAG&route=hook&state=delivered"), hit},
		{"one order", one("/" + idPrefix + "%010x"), "Order " + idPrefix},
		{"stuck", at(shop + "/stuck"), hit},
		{"stuck, of one cause", at(shop + "/stuck/ads/missing_field"), hit},
		{"invitations", at(shop + "/invitations"), idPrefix},
		{"invitations of one customer", func(r *rand.Rand) string {
			return shop + fmt.Sprintf("/invitations?email=customer.%d%%40mail.example", r.Int64N(b.Orders)/consoleDelivered*consoleDelivered)
		}, idPrefix},
		{"invitations, planned", at(shop + "/invitations?state=planned"), idPrefix},
		{"invitations, answered", at(shop + "/invitations?state=answered"), ""},
		{"invitations about the shop", at(shop + "/invitations?kind=shop"), idPrefix},
		{"dropship", at(shop + "/dropship"), idPrefix},
		{"dropship of one account", func(r *rand.Rand) string { return shop + fmt.Sprintf("/dropship?account=A-%d", r.IntN(5)) }, idPrefix},
	}
	for _, name := range []string{"missing", "import", "routes", "doors", "reviews", "promotions", "catalog", "listening", "settings"} {
		pages = append(pages, consolePageOf{name, at(shop + "/" + name), ""})
	}
	for _, name := range []string{"audit", "users", "account"} {
		pages = append(pages, consolePageOf{name, at("/" + name), ""})
	}
	return pages
}

// look measures a page; one that the hub has not is left out.
func (b *bench) look(ctx context.Context, v *viewer, p consolePageOf) error {
	var l latencies
	random := rand.New(rand.NewPCG(1, 2))
	looks, size := consoleLooks, 0
	if b.Smoke {
		looks = 2
	}
	for i := range looks + 1 {
		path, began := p.path(random), time.Now()
		page, status, err := v.do(ctx, http.MethodGet, path, nil)
		switch {
		case err != nil:
			return err
		case status == http.StatusNotFound:
			b.say("%-14s %s: not there", "console", p.name)
			return nil
		case status != http.StatusOK || !bytes.Contains(page, []byte(p.has)):
			return fmt.Errorf("%s: %d, without %q: %.2000s", path, status, p.has, page)
		}
		if i > 0 { // the first one prepares statements
			l.observe(time.Since(began))
			size += len(page)
		}
	}
	answer := l.summary()
	if b.JSON {
		b.report(Result{Scenario: "console", Subject: p.name, Answer: &answer})
		return nil
	}
	b.say("%-14s %-30s p50 %s, p95 %s, max %s, %d kB", "console", p.name, ms(answer.P50), ms(answer.P95), ms(answer.Max), size/looks/1000)
	return nil
}
