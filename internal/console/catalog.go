package console

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

func (c *Console) catalogPlaces() []place {
	const list = "/shops/{shop}/catalog"
	imports := []string{"POST /shops/{shop}/products/import"}
	return []place{
		{at: "GET " + list, do: c.catalog},
		{at: "GET " + list + "/products/{code}", do: c.product, calls: []string{"POST /shops/{shop}/availability"}},
		{at: "POST " + list + "/products/{code}", do: c.changeProduct, calls: []string{
			"POST /shops/{shop}/products/stock", "POST /shops/{shop}/products/activate", "POST /shops/{shop}/products/deactivate", "DELETE /shops/{shop}/products/{code}",
		}},
		{at: "GET " + list + "/import", do: c.productFile},
		{at: "POST " + list + "/import", do: c.importProducts, calls: imports, takes: 2 * api.MaxBody},
	}
}

// catalogPage lists products that a search selects.
type catalogPage struct {
	Search   catalogSearch
	Products []catalog.Product
	More     string
	Download string // address of the list as a file
	Kinds    []string
	Asked    bool // something was searched for
}

type catalogSearch struct{ Text, Store, Brand, Kind, Active string }

const productsShown = 50

func (c *Console) catalog(v *visit) error {
	q := v.URL.Query()
	p := catalogPage{Kinds: []string{"ours", "fixed", "live"}}
	p.Search = catalogSearch{strings.TrimSpace(q.Get("text")), strings.TrimSpace(q.Get("store")), strings.TrimSpace(q.Get("brand")), q.Get("kind"), q.Get("active")}
	p.Asked = p.Search != catalogSearch{}
	o := api.ProductOptions{
		Text: p.Search.Text, Store: p.Search.Store, Brand: p.Search.Brand, Kind: p.Search.Kind, Cursor: q.Get("cursor"), Limit: productsShown,
	}
	if active, err := strconv.ParseBool(p.Search.Active); err == nil {
		o.Active = &active
	}
	list, err := v.hub.Products(v.Context(), v.PathValue("shop"), o)
	if err != nil {
		return err
	}
	if p.Products, err = v.withExact(list, o); err != nil {
		return err
	}
	again := url.Values{}
	for name, value := range map[string]string{"text": o.Text, "store": o.Store, "brand": o.Brand, "kind": o.Kind, "active": p.Search.Active} {
		if value != "" {
			again.Set(name, value)
		}
	}
	p.Download = v.listFile("products", again)
	if list.Next != "" {
		again.Set("cursor", list.Next)
		p.More = v.URL.Path + "?" + again.Encode()
	}
	return v.show(http.StatusOK, "catalog", "catalog.title", p)
}

// withExact puts the product whose code is the text looked for before a first
// page that it is not on: a list goes by code, and looks at so many at a time.
func (v *visit) withExact(list api.Products, o api.ProductOptions) ([]catalog.Product, error) {
	if o.Text == "" || o.Store+o.Brand+o.Kind+o.Cursor != "" || o.Active != nil || list.Next == "" {
		return list.Products, nil
	}
	exact, err := v.hub.Products(v.Context(), v.PathValue("shop"), api.ProductOptions{Code: o.Text})
	if err != nil || len(exact.Products) == 0 || slices.ContainsFunc(list.Products, func(p catalog.Product) bool { return p.Code == exact.Products[0].Code }) {
		return list.Products, err
	}
	return append(exact.Products, list.Products...), nil
}

// productPage is one product, and what could be had of it now.
type productPage struct {
	catalog.Product
	Available *api.AvailableLine // nil: others would have to be asked, and nobody wished so
	Codes     []productCode
	Refused   *refusal
	Typed     url.Values // of a form that was refused
}

// Counted is what the form of a warehouse's stock shows: what was typed, or what
// there is.
func (p productPage) Counted(warehouse, there string) string {
	if p.Refused != nil && p.Typed.Get("warehouse") == warehouse {
		return p.Typed.Get("quantity")
	}
	return there
}

type productCode struct{ Key, Code string }

// codesOf are the codes of a product, each with its name's key.
func codesOf(p *order.Product) (out []productCode) {
	for _, c := range []productCode{
		{"catalog.sku", p.SKU}, {"catalog.ean", p.GTIN}, {"catalog.upc", p.UPC}, {"catalog.isbn", p.ISBN}, {"catalog.jan", p.JAN},
		{"catalog.mpn", p.MPN}, {"catalog.producer", p.Producer}, {"catalog.external", p.External},
	} {
		if c.Code != "" {
			out = append(out, c)
		}
	}
	return out
}

func (c *Console) product(v *visit) error { return v.showProduct(nil) }

func (v *visit) showProduct(refused *refusal) error {
	shop, code := v.PathValue("shop"), v.PathValue("code")
	found, err := v.hub.Product(v.Context(), shop, code)
	if err != nil {
		return err
	}
	p := productPage{Product: found, Codes: codesOf(&found.Product), Refused: refused, Typed: v.PostForm}
	if v.Method == http.MethodGet && (found.Kind != catalog.Live || v.URL.Query().Has("ask")) {
		asked, err := v.hub.Availability(v.Context(), shop, api.Asked{Lines: []api.AskedLine{{Code: code, Type: catalog.Internal}}, Fresh: v.URL.Query().Has("ask")})
		if err != nil {
			return err
		}
		p.Available = &asked.Lines[0]
	}
	return v.show(refused.status(), "product", "catalog.title", p)
}

// changeProduct does what a button of the product's page says.
func (c *Console) changeProduct(v *visit) error {
	shop, code := v.PathValue("shop"), v.PathValue("code")
	var err error
	done := ""
	switch v.PostFormValue("act") {
	case "stock":
		read := &reading{}
		stock := catalog.Restock{Code: code, Warehouse: v.typed("warehouse"), Quantity: read.decimal("quantity", v.typed("quantity"))}
		if done, err = "catalog.stock", read.err(); err == nil {
			_, err = v.hub.SetStock(v.Context(), shop, []catalog.Restock{stock})
		}
	case "activate":
		done = "catalog.activated"
		_, err = v.hub.SetActive(v.Context(), shop, []string{code}, true)
	case "deactivate":
		done = "catalog.deactivated"
		_, err = v.hub.SetActive(v.Context(), shop, []string{code}, false)
	case "delete":
		if err := v.hub.DeleteProduct(v.Context(), shop, code); err != nil {
			return err
		}
		return v.done(shopPath(shop, "catalog"), "catalog.deleted", 1)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if refused := refusalOf(err); refused != nil {
		return v.showProduct(refused)
	}
	if err != nil {
		return err
	}
	return v.done(v.URL.EscapedPath(), done, 0)
}

// productFilePage is the form that takes a file, and what a file says.
type productFilePage struct {
	Report  *api.ImportedProducts // nil: no file yet
	File    string                // base64, to be handed in as it was tried; "": it is too long for that
	Name    string
	Refused *refusal
}

// mostHeld is how long a file may be that the page of a trial holds, in bytes.
const mostHeld = 2 << 20

func (c *Console) productFile(v *visit) error { return v.showProductFile(productFilePage{}) }

func (v *visit) showProductFile(p productFilePage) error {
	return v.show(p.Refused.status(), "product-file", "catalog.import", p)
}

// importProducts tries a file, or hands it in.
func (c *Console) importProducts(v *visit) error {
	name, file, err := v.givenFile()
	if refused := refusalOf(err); refused != nil {
		return v.showProductFile(productFilePage{Refused: refused})
	}
	if err != nil {
		return err
	}
	do := v.hub.TryProducts
	if v.FormValue("act") == "import" {
		do = v.hub.ImportProducts
	}
	report, err := do(v.Context(), v.PathValue("shop"), "", file)
	if refused := refusalOf(err); refused != nil {
		return v.showProductFile(productFilePage{Name: name, Refused: refused})
	}
	if err != nil {
		return err
	}
	p := productFilePage{Report: &report, Name: name}
	if report.DryRun && len(file) <= mostHeld {
		p.File = base64.StdEncoding.EncodeToString(file)
	}
	return v.showProductFile(p)
}

// givenFile is the file that a form sends, or that the page held.
func (v *visit) givenFile() (name string, file []byte, err error) {
	if err := v.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
		return "", nil, order.Refuse("file", order.TooLarge, "can not be read, or is longer than 10 MB; ordermux import --format products takes files of any length")
	}
	if held := v.FormValue("held"); held != "" {
		file, err := base64.StdEncoding.DecodeString(held)
		if err != nil {
			return "", nil, order.Refuse("file", order.Malformed, "is not as this page made it")
		}
		return v.FormValue("name"), file, nil
	}
	part, header, err := v.FormFile("file")
	if err != nil {
		return "", nil, order.Refuse("file", order.Required, "choose a file")
	}
	defer part.Close()
	if file, err = io.ReadAll(io.LimitReader(part, api.MaxBody+1)); err != nil {
		return "", nil, err
	}
	if len(file) == 0 {
		return "", nil, order.Refuse("file", order.Required, "choose a file that is not empty")
	}
	return header.Filename, file, nil
}
