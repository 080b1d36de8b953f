package rule_test

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/rule"
)

func decimal(t testing.TB, s string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample(t testing.TB) *order.Order {
	placed, err := order.ParseTime("2026-03-01T10:00:00+01:00")
	if err != nil {
		t.Fatal(err)
	}
	days := 5
	return &order.Order{
		ID: "A-1", Channel: "online", Currency: "SEK", PlacedAt: placed, Status: order.StatusShipped, Test: true,
		Customer: &order.Customer{Email: "Anna@shop.example", Country: "SE"},
		Totals:   &order.Totals{Total: decimal(t, "99.95"), Shipping: decimal(t, "0.00")},
		Media:    &order.Media{AdIDs: []string{"ad-1", "ad-2"}},
		Extra:    map[string]order.Raw{"colour": order.Raw(`"blue"`), "weight": order.Raw(`1.50`), "none": order.Raw(`null`)},
		Lines: []order.Line{
			{ID: "1", Product: order.Product{Brand: "Nord", SKU: "s1"}, Quantity: decimal(t, "2"), Total: decimal(t, "79.90"), ReviewDelay: &days},
			{ID: "2", Kind: order.LinePostage, Quantity: decimal(t, "1"), Total: decimal(t, "20.05"), Components: []order.Product{{SKU: "c1"}, {SKU: "c2"}}},
			{ID: "3", Product: order.Product{Brand: "Sol"}, Unit: "kg", Quantity: decimal(t, "0.250")},
		},
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	o := sample(t)
	f := func(want bool, texts ...string) {
		t.Helper()
		for _, text := range texts {
			p, err := rule.Compile(rule.Order, text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if got, err := p.Order(o); got != want || err != nil {
				t.Errorf("%s = %v, %v", text, got, err)
			}
			if p.String() != text {
				t.Errorf("%s prints %s", text, p)
			}
		}
	}
	// Texts.
	f(true, `order.channel == "online"`, `order.channel != 'offline'`, `order["channel"] == "online"`, `order.channel in ["online", "app"]`,
		`order.channel not in ["offline"]`, `order.customer.email contains "@shop"`, `lower(order.customer.email) startsWith "anna"`,
		`order.customer.email endsWith ".example"`, `order.id matches "^A-[0-9]+$"`, `not (order.id matches "^B")`, `order.status == "shipped"`,
		`upper(order.customer.country) + "/" + order.currency == "SE/SEK"`, `trim(" x ") == "x"`, `len(order.currency) == 3`, `order.test`, `order.test == true`)
	f(false, `order.channel == "offline"`, `order.channel == "Online"`, `order.preorder`, `order.test and order.channel in []`)
	// Numbers, exactly.
	f(true, `order.totals.total >= 99.95`, `order.totals.total <= 99.95`, `order.totals.total == 99.950`, `order.totals.total > 99.94999999999999999999`,
		`order.totals.total < 99.95000000000000000001`, `order.totals.shipping == 0`, `order.totals.total > 1_0`, `-order.totals.total < -99.9`,
		`order.totals.total - 99.95 == 0`, `order.totals.total * 3 == 299.85`, `0 < order.totals.total < 100`, `order.totals.total in [1, 99.95]`, `0x10 == 16`)
	f(false, `order.totals.total > 99.95`, `order.totals.total < 99.95`, `order.totals.total in [99.9, -99.95]`)
	// Lists.
	f(true, `len(order.lines) == 3`, `any(order.lines, .product.brand == "Nord")`, `any(order.lines, {.total > 79})`, `all(order.lines, has(.quantity))`,
		`none(order.lines, .unit == "g")`, `one(order.lines, .kind == "postage")`, `count(order.lines, .kind == "product") == 2`,
		`len(filter(order.lines, # .kind == "product")) == 2`, `sum(order.lines, .total) == order.totals.total`, `sum(filter(order.lines, .kind != "postage"), .total) == 79.9`,
		`order.lines[0].product.sku == "s1"`, `order.lines[-1].unit == "kg"`, `order.lines[9].unit == ""`, `filter(order.lines, .unit == "kg")[0].id == "3"`,
		`"ad-1" in order.media.ad_ids`, `order.media.ad_ids contains "ad-2"`, `any(order.media.ad_ids, # startsWith "ad")`, `any(["a", "online"], # == order.channel)`,
		`any(order.lines, any(.components, .sku == "c2"))`, `order.lines | any(.total > 20)`, `sum([1, 2.5]) == 3.5`, `order.lines[0].review_delay == 5`,
		`len(filter(filter(order.lines, has(.total)), .kind == "postage")) == 1`)
	f(false, `any(order.lines, .total > 80)`, `all(order.lines, .total > 0)`, `"ad-3" in order.media.ad_ids`)
	// Times.
	f(true, `order.placed_at == "2026-03-01T09:00:00Z"`, `order.placed_at >= "2026-03-01"`, `"2026-03-02" > order.placed_at`, `order.placed_at < date("2026-03-01T10:00:01+01:00")`)
	f(false, `order.placed_at > "2026-03-02"`)
	// What is missing: no error, compares with nothing.
	f(true, `order.billing.city == ""`, `not has(order.billing)`, `order.billing == nil`, `nil != order.customer`, `order.totals.tax != 5`, `!(order.totals.tax < 5)`,
		`order.payment?.kind == ""`, `not has(order.shipping.promised_for)`, `len(order.references) == 0`, `(order.totals.tax ?? 7) == 7`, `(order.billing.city ?? "x") == "x"`,
		`order.review.shop.delay == nil`, `has(order.totals.shipping)`, `has(order.lines)`, `not has(order.lines[2].total)`, `sum(order.references, 1) == 0`, `has(order.extra)`)
	f(false, `order.totals.tax == 0`, `order.totals.tax > 0`, `order.totals.tax <= 0`, `order.totals.tax + 1 > 0`, `order.shipping.promised_for < "2030-01-01"`, `has(order.lines[7])`)
	// Unknown fields of the source.
	f(true, `order.extra["colour"] == "blue"`, `order.extra.colour == "blue"`, `order.extra["weight"] == "1.50"`, `"colour" in order.extra`, `order.extra["x"] == ""`)
	f(false, `"none" in order.extra`, `"x" in order.extra`, `has(order.extra["none"])`)
	// Choices.
	f(true, `order.test ? order.channel == "online" : false`, `(order.preorder ? "a" : "b") == "b"`, `if order.test { true } else { false }`, ``, "  \n")
}

func TestNothingKnown(t *testing.T) {
	t.Parallel()
	for _, o := range []*order.Order{nil, {}} {
		for text, want := range map[string]bool{`order.channel == ""`: true, `any(order.lines, true)`: false, `order.customer.email == "x"`: false, `order.totals.total > 0`: false,
			`order.extra["a"] == ""`: true, `has(order)`: false, `order.lines[0].review_delay == nil`: true, `order.placed_at == nil`: true, `"x" in order.media.ad_ids`: false, `"x" in order.extra`: false} {
			p, err := rule.Compile(rule.Order, text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Order(o); got != want || err != nil {
				t.Errorf("%s = %v, %v", text, got, err)
			}
		}
	}
	var none *rule.Program
	if ok, err := none.Order(nil); !ok || err != nil || none.String() != "" {
		t.Error("no rule must be true")
	}
	if ok, err := none.Line(nil, nil); !ok || err != nil {
		t.Error("no rule must be true")
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	o := sample(t)
	p, err := rule.Compile(rule.Line, `line.kind == "product" and order.channel == "online" and line.quantity < 1 and any(order.lines, .id == line.id)`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, false, true} {
		if got, err := p.Line(o, &o.Lines[i]); got != want || err != nil {
			t.Errorf("line %d: %v, %v", i, got, err)
		}
	}
	if _, err := p.Order(o); err == nil {
		t.Error("a line rule judged an order")
	}
	about, err := rule.Compile(rule.Order, `order.test`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := about.Line(o, &o.Lines[0]); !ok || err != nil {
		t.Errorf("an order rule about a line's order: %v, %v", ok, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		p, err := rule.Compile(rule.Order, text)
		var e *rule.Error
		if p != nil || !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
	f(`order.chanel == "online"`, `1:7: unknown field "chanel" (did you mean "channel"?)`)
	f("order.test and\n  order.customer.mail == 'x'", `2:18: unknown field "mail" (did you mean "email"?)`)
	f(`order.payment.zzz == ""`, `1:15: unknown field "zzz" (known: kind, status)`)
	f(`channel == "online"`, `1:1: unknown name "channel" (did you mean "order.channel"?)`)
	f(`ordr.channel == "online"`, `1:1: unknown name "ordr" (did you mean "order"?)`)
	f(`line.total > 1`, `1:1: line is known in line rules only (write any(order.lines, .total > 10))`)
	f(`order.lines.total > 1`, `1:13: a list has no field "total", its elements may (write any(…, .total == …))`)
	f(`order.channel`, `1:7: a rule must be true or false, this is a text (write a comparison, or has(…))`)
	f(`order.channel > 5`, `1:15: ">" does not work between a text and a number`)
	f(`order.channel < "b"`, `1:15: "<" does not work between a text and a text`)
	f(`order.totals.total == "5"`, `1:20: "==" does not work between a number and a text`)
	f(`order.customer == "x"`, `1:16: "==" does not work between a part of the order (customer) and a text`)
	f(`order.totals.total / 2 > 1`, `1:20: "/" is not exact and not offered (multiply the other side)`)
	f(`order.totals.total > 1e3`, `1:22: malformed number "1e3" (write plain digits)`)
	f(`order.placed_at > "yesterday"`, `1:19: "yesterday" is no time (write "2026-01-31" or "2026-01-31T09:00:00+01:00")`)
	f(`not order.customer`, `1:1: "not" does not work with a part of the order (customer) (has(…) asks whether there is one)`)
	f(`order.test and order.channel`, `1:12: "and" needs true or false on both sides, one is a text (has(…) asks whether there is one)`)
	f(`hs(order.channel)`, `1:1: unknown function "hs" (did you mean "has"?)`)
	f(`order.channel.lower() == "x"`, `1:15: values have no methods (write lower(x) rather than x.lower())`)
	f(`any(order.channel, true)`, `1:11: any needs a list, this is a text`)
	f(`any(order.lines, .total)`, `1:1: any needs something that is true or false of each element (as in any(order.lines, .total > 10))`)
	f(`sum(order.lines, .id) > 1`, `1:1: sum needs a number of each element, this is a text (as in sum(order.lines, .total))`)
	f(`count(order.lines) > 1`, `1:1: count needs something that is true or false of each element (as in any(order.lines, .total > 10))`)
	f(`order.id matches "["`, "1:18: malformed pattern: error parsing regexp: missing closing ]: `[`")
	f(`order.id matches order.channel`, `1:24: the pattern of matches must be written in the rule`)
	f(`order.channel in ["a", 1]`, `1:18: a list holds either texts or numbers`)
	f(`order.channel in [order.id]`, `1:25: a list holds written texts or numbers only`)
	f(`let x = 1; x > 0`, `1:5: rules can not use this part of the language`)
	f(`order.test ? 1 : "a"`, `1:20: both answers must be of one kind, they are a number and a text`)
	f(`any(order.lines, any(order.lines, any(order.lines, any(order.lines, any(order.lines, true)))))`, `1:69: lists can be nested 4 deep`)
	f(`order.channel ==`, `1:16: unexpected token EOF`)
	f(`order.test && (`, `1:15: unexpected token EOF`)
	f(`order.test; true`, `1:7: rules can not use this part of the language`)
	f(strings.Repeat("å", 2001), `1:1: rule has 2001 characters, at most 2000 are taken`)
	f(strings.Repeat("-", 1500)+"1 > 0", `1:1503: expression exceeds maximum allowed nodes`)
}

func TestTooMuch(t *testing.T) {
	t.Parallel()
	o := &order.Order{Lines: make([]order.Line, 300)}
	p, err := rule.Compile(rule.Order, `none(order.lines, any(order.lines, any(order.lines, has(.id))))`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Order(o); ok || err == nil {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, err := p.Order(&order.Order{Lines: make([]order.Line, 3)}); !ok || err != nil {
		t.Errorf("the next one: %v, %v", ok, err)
	}
}

// Comparison with a literal is that of exact rationals.
func TestExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?`)
		a, b := digits.Draw(t, "a"), digits.Draw(t, "b")
		if !strings.Contains(b, ".") {
			b += ".0" // the parser takes integers of 64 bits only
		}
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		d, err := order.ParseDecimal(a)
		if err != nil {
			t.Fatal(err)
		}
		o := &order.Order{Totals: &order.Totals{Total: d}}
		for op, want := range map[string]bool{"<": x.Cmp(y) < 0, "<=": x.Cmp(y) <= 0, "==": x.Cmp(y) == 0, "!=": x.Cmp(y) != 0, ">=": x.Cmp(y) >= 0, ">": x.Cmp(y) > 0} {
			p, err := rule.Compile(rule.Order, fmt.Sprintf("order.totals.total %s %s", op, b))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Order(o); got != want || err != nil {
				t.Fatalf("%s %s %s = %v, %v", a, op, b, got, err)
			}
		}
	})
}

// Every field of the canonical order can be asked for.
func TestEveryField(t *testing.T) {
	t.Parallel()
	var walk func(path string, of reflect.Type)
	ask := func(text string) {
		p, err := rule.Compile(rule.Order, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		for _, o := range []*order.Order{nil, sample(t)} {
			if _, err := p.Order(o); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	walk = func(path string, of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "" || name == "-" {
				continue
			}
			at, typ := path+"."+name, f.Type
			ask("has(" + at + ")")
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
				at, typ = at+"[0]", typ.Elem()
			}
			if typ.Kind() == reflect.Struct && typ != reflect.TypeFor[order.Time]() && typ != reflect.TypeFor[order.Decimal]() {
				walk(at, typ)
			}
		}
	}
	walk("order", reflect.TypeFor[order.Order]())
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{`order.channel == "online"`, `any(order.lines, .total * 2 >= 1.50 and # != nil)`, `order.extra["a"] ?? "x" in ["a"]`,
		`order?.lines[-1]?.total in [1,-2]`, `sum(filter(order.lines, {.kind == "product"}), .quantity) > 0x1F`, `{"a": 1}`, `order.lines[1:2]`, `1..3`, `#`, `::len(order.lines)==1`,
		"\x00", `"\u0000"`, `b"x"`, `order.lines | map(.id)`, `reduce(order.lines, #acc + 1)`, `not not order.test`, `let a = 1; a`, `date('2026-01-01') < order.placed_at`} {
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, lines bool) {
		kind := rule.Order
		if lines {
			kind = rule.Line
		}
		p, err := rule.Compile(kind, text)
		if err != nil {
			var e *rule.Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 || e.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		o := sample(t)
		for _, o := range []*order.Order{nil, o} {
			var l *order.Line
			if o != nil {
				l = &o.Lines[0]
			}
			if _, err := p.Line(o, l); err != nil && !strings.Contains(err.Error(), "too many") {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}

func BenchmarkRule(b *testing.B) {
	o := sample(b)
	for _, text := range []string{`order.channel == "online"`, `order.channel == "online" and order.totals.total >= 99.95`, `any(order.lines, .product.brand == "Sol")`} {
		b.Run(text, func(b *testing.B) {
			p, err := rule.Compile(rule.Order, text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if ok, _ := p.Order(o); !ok {
					b.Fatal("false")
				}
			}
		})
	}
}
