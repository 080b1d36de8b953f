package idosell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

const login = "sandbox-login"

// number is a decimal, of which one client makes a text and the other one a
// number.
type number struct{ order.Decimal }

func (n *number) UnmarshalJSON(b []byte) error { return n.UnmarshalNumberOrString(b) }

// String has two decimals.
func (n number) String() string { return string(n.AppendFixed(nil, 2)) }

// outcome is what every answer, and some things in answers, say of themselves.
type outcome struct {
	Code int    `json:"faultCode"`
	Text string `json:"faultString"`
}

// answers is what a script prints: every answer, by the step.
type answers struct {
	Wrong       result                   `json:"wrong"`
	Login       result                   `json:"login"`
	Empty       result                   `json:"empty"`
	TooMany     basket                   `json:"tooMany"`
	Verified    basket                   `json:"verified"`
	Imported    basket                   `json:"imported"`
	Couriers    listOf[courier]          `json:"couriers"`
	Offered     listOf[courier]          `json:"offered"`
	Placed      result                   `json:"placed"`
	Again       result                   `json:"again"`
	Status      listOf[status]           `json:"status"`
	Recipients  listOf[map[string]any]   `json:"recipients"`
	Changed     listOf[changedRecipient] `json:"changed"`
	Recipient   listOf[map[string]any]   `json:"recipient"`
	StatusAfter listOf[status]           `json:"statusAfter"`
}

// result is an answer without a list.
type result struct {
	Errors    outcome `json:"errors"`
	Session   string  `json:"sessionKey"`
	OrderID   string  `json:"orderId"`
	Serial    int     `json:"orderSerialNumber"`
	Status    string  `json:"orderStatus"`
	Recipient string  `json:"clientDeliveryAddressId"`
}

type basket struct {
	Errors   outcome `json:"errors"`
	Result   string  `json:"result"`
	Currency string  `json:"currencyId"`
	Cost     number  `json:"basketCost"`
	Products []struct {
		outcome
		ProductCode string `json:"code"`
		CodeType    string `json:"codeType"`
		Quantity    number `json:"quantity"`
		Available   number `json:"quantityAvailable"`
		Enough      string `json:"available"`
		Price       number `json:"productRetailPrice"`
	} `json:"products"`
}

// String is the basket in one line.
func (b basket) String() string {
	list := make([]string, len(b.Products))
	for i, p := range b.Products {
		list[i] = fmt.Sprint(p.CodeType, " ", p.ProductCode, " ", p.Quantity, "/", p.Available, " ", p.Enough, " ", p.Code)
		if p.Price.IsSet() {
			list[i] += fmt.Sprint(" at ", p.Price)
		}
	}
	if b.Cost.IsSet() {
		list = append(list, fmt.Sprint(b.Cost, " ", b.Currency))
	}
	return b.Result + ": " + strings.Join(list, ", ")
}

// listOf is an answer with a list.
type listOf[T any] struct {
	Errors  outcome `json:"errors"`
	Results []T     `json:"results"`
	All     int     `json:"resultsNumberAll"`
}

type courier struct {
	ID       int      `json:"courierId"`
	Name     string   `json:"courierName"`
	Points   string   `json:"hasPickupPoints"`
	Cost     number   `json:"deliveryCost"`
	Currency string   `json:"currencyId"`
	Payments []string `json:"orderPaymentTypes"`
}

type status struct {
	outcome
	OrderID    string `json:"orderId"`
	ExternalID string `json:"orderExternalId"`
	Status     string `json:"orderStatus"`
	Courier    string `json:"courierName"`
	Packages   []any  `json:"packages"`
}

type changedRecipient struct {
	Status string    `json:"resultStatus"`
	Errors []outcome `json:"errors"`
	Is     struct {
		ID string `json:"clientDeliveryAddressId"`
	} `json:"clientDeliveryAddressResult"`
}

// check compares the answers with what the wholesaler has to say.
func (a *answers) check(t *testing.T, externalID string) {
	t.Helper()
	f := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			t.Errorf("%s: %s, want %s", what, g, w)
		}
	}
	f("a wrong password", a.Wrong.Errors.Code, 1)
	f("a wrong password's session", a.Wrong.Session, "")
	f("an empty basket", a.Empty.Errors.Code, 112)
	for what, e := range map[string]outcome{
		"login": a.Login.Errors, "tooMany": a.TooMany.Errors, "verified": a.Verified.Errors, "imported": a.Imported.Errors,
		"couriers": a.Couriers.Errors, "offered": a.Offered.Errors, "placed": a.Placed.Errors, "again": a.Again.Errors, "status": a.Status.Errors,
		"recipients": a.Recipients.Errors, "changed": a.Changed.Errors, "recipient": a.Recipient.Errors, "statusAfter": a.StatusAfter.Errors,
	} {
		f(what, e, outcome{})
	}
	if n := len(a.Login.Session); n == 0 || n > 255 {
		t.Errorf("a session key of %d characters", n)
	}

	f("too many", a.TooMany, "ERROR: producer 5901234123457 50.00/10.00 n 111, internal CHAIR-PINE 1.00/4.00 y 0")
	enough := "OK: producer 5901234123457 2.00/10.00 y 0%s, internal CHAIR-PINE 1.00/4.00 y 0%s"
	f("verified", a.Verified, fmt.Sprintf(enough, "", ""))
	f("imported", a.Imported, fmt.Sprintf(enough, " at 31.00", " at 84.00")+", 146.00 EUR")
	a.checkCouriers(t)

	f("placed", a.Placed, fmt.Sprint(result{OrderID: login + "-1", Serial: 1, Status: "new", Recipient: a.Placed.Recipient}))
	f("placed again", a.Again, a.Placed)
	is := status{OrderID: login + "-1", ExternalID: externalID, Status: "new", Courier: "DPD"}
	f("status", a.Status.Results, []status{is, {outcome: outcome{140, "unknown order"}, OrderID: "nobody-1"}})
	f("status after the change", a.StatusAfter.Results, []status{is})
	a.checkRecipients(t)
}

func (a *answers) checkCouriers(t *testing.T) {
	t.Helper()
	names := func(list []courier) (out []string) {
		for _, c := range list {
			out = append(out, fmt.Sprint(c.ID, " ", c.Name, " ", c.Points))
		}
		slices.Sort(out)
		return out
	}
	want := []string{"1 Parcel service n", "5 DPD n", "9 Pickup points y"}
	if got := names(a.Couriers.Results); !slices.Equal(got, want) || a.Couriers.All != 3 {
		t.Errorf("couriers: %q of %d", got, a.Couriers.All)
	}
	if got := names(a.Offered.Results); !slices.Equal(got, want) {
		t.Errorf("couriers for the basket: %q", got)
	}
	for _, c := range a.Offered.Results {
		if c.Name == "DPD" && (c.Cost.String()+" "+c.Currency != "4.50 EUR" || !slices.Equal(c.Payments, []string{"prepaid", "cash_on_delivery", "tradecredit"})) {
			t.Errorf("offered: %+v", c)
		}
	}
}

func (a *answers) checkRecipients(t *testing.T) {
	t.Helper()
	if len(a.Changed.Results) != 1 || a.Changed.Results[0].Status != "y" || a.Changed.Results[0].Is.ID != a.Placed.Recipient || len(a.Changed.Results[0].Errors) != 0 {
		t.Errorf("changed: %+v", a.Changed.Results)
	}
	f := func(what string, list []map[string]any, want ...string) {
		t.Helper()
		if len(list) != 1 {
			t.Fatalf("%s: %v", what, list)
		}
		for i, name := range []string{"Id", "FirstName", "LastName", "Firm", "Street", "ZipCode", "City", "CountryId", "Phone1"} {
			if got := list[0]["clientDeliveryAddress"+name]; got != want[i] {
				t.Errorf("%s: %s is %v, want %s", what, name, got, want[i])
			}
		}
	}
	f("read", a.Recipients.Results, a.Placed.Recipient, "Żaneta", "Gęślą", "", "Polna 3/7", "61-001", "Poznań", "PL", "+48600000000")
	f("changed", a.Recipient.Results, a.Placed.Recipient, "Żaneta", "Gęślą", "", "Łąkowa 12", "61-001", "Łódź", "PL", "+48600000000")
}
