package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

type productsCmd struct {
	List       productsListCmd       `cmd:"" default:"withargs" help:"List products, by code."`
	Get        productsGetCmd        `cmd:"" help:"Show a product."`
	Put        productsPutCmd        `cmd:"" help:"Keep the products of a JSON file, in place of those with the same codes. CSV files: ordermux import FILE --format products."`
	Stock      productsStockCmd      `cmd:"" help:"Change nothing but the stock of a product."`
	Activate   productsActivateCmd   `cmd:"" help:"Let products be ordered."`
	Deactivate productsDeactivateCmd `cmd:"" help:"Let products not be ordered."`
	Delete     productsDeleteCmd     `cmd:"" help:"Remove a product."`
}

type productsListCmd struct {
	Prefix   string `help:"Only codes that begin so." placeholder:"CODE"`
	Text     string `help:"Only with this in the name or a code." placeholder:"TEXT"`
	Outlet   string `help:"Only of this outlet of the shop." name:"store" placeholder:"NAME"`
	Parent   string `help:"Only sizes of this product." placeholder:"CODE"`
	Brand    string `help:"Only this brand." placeholder:"NAME"`
	Kind     string `help:"Only stock of this kind: ours, fixed or live." enum:",ours,fixed,live" default:"" placeholder:"KIND"`
	Active   bool   `help:"Only what can be ordered." xor:"active"`
	Inactive bool   `help:"Only what can not." xor:"active"`
	pageFlags
	ofShop
	asJSON
}

// Run lists products.
func (c *productsListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	o := api.ProductOptions{Prefix: c.Prefix, Text: c.Text, Store: c.Outlet, Parent: c.Parent, Brand: c.Brand, Kind: c.Kind}
	if c.Active || c.Inactive {
		o.Active = &c.Active
	}
	all := api.Products{Products: []catalog.Product{}}
	all.Next, err = c.pages(func(p api.ListOptions) (int, string, error) {
		o.Cursor, o.Limit = p.Cursor, p.Limit
		page, err := client.Products(ctx, shop, o)
		all.Products = append(all.Products, page.Products...)
		return len(page.Products), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	t := table(env.Out)
	row(t, "CODE", "EAN", "NAME", "PRICE", "STOCK", "ACTIVE")
	for i := range all.Products {
		p := &all.Products[i]
		row(t, p.Code, p.GTIN, short(p.Name, 40), price(p), stockText(p), yes(p.Active))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}

func price(p *catalog.Product) string {
	if !p.Price.IsSet() {
		return ""
	}
	return strings.TrimSpace(p.Price.String() + " " + p.Currency)
}

// stockText is the stock of a product in one cell.
func stockText(p *catalog.Product) string {
	switch p.Kind {
	case catalog.Live:
		return "asked live"
	case catalog.Fixed:
		return p.OnHand().String() + " fixed"
	}
	return p.OnHand().String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

type productsGetCmd struct {
	Code string `arg:"" help:"The product's code." placeholder:"CODE"`
	ofShop
	asJSON
}

// Run shows a product.
func (c *productsGetCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	p, err := client.Product(ctx, shop, c.Code)
	if err != nil {
		return notFound(err, "there is no product %s in shop %s", c.Code, shop)
	}
	if c.JSON {
		return env.printJSON(p)
	}
	t := table(env.Out)
	line := func(name, value string) {
		if value != "" {
			row(t, name, value)
		}
	}
	line("code", p.Code)
	for _, f := range []struct{ name, value string }{
		{"name", p.Name}, {"sku", p.SKU}, {"ean", p.GTIN}, {"upc", p.UPC}, {"isbn", p.ISBN}, {"jan", p.JAN}, {"mpn", p.MPN},
		{"producer's code", p.Producer}, {"external code", p.External}, {"brand", p.Brand}, {"category", p.Category},
		{"size", p.Size}, {"size of", p.Parent}, {"store", p.Store}, {"price", price(&p)},
	} {
		line(f.name, f.value)
	}
	for _, language := range slices.Sorted(maps.Keys(p.Names)) {
		line("name:"+language, p.Names[language])
	}
	line("weight", withUnit(p.Weight, "kg"))
	line("can be ordered", yes(p.Active))
	line("stock", stockText(&p))
	for _, s := range p.Stock {
		line("  "+s.Warehouse, s.Quantity.String())
	}
	line("never sold here", withUnit(p.Buffer, ""))
	line("changed", fmt.Sprintf("%s (version %d)", at(p.Updated), p.Version))
	return t.Flush()
}

func withUnit(d order.Decimal, unit string) string {
	if !d.IsSet() {
		return ""
	}
	return strings.TrimSpace(d.String() + " " + unit)
}

type productsPutCmd struct {
	File string `arg:"" help:"JSON file: one product, a list, or one a line; - is standard input." placeholder:"FILE"`
	ofShop
}

// Run keeps the products of a file: all or none.
func (c *productsPutCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	body, err := readFile(env, c.File, api.MaxBody)
	if err != nil {
		return err
	}
	n, err := client.PutProductsRaw(ctx, shop, body, jsonType(body))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s changed\n", count(n, "product"))
	return err
}

// jsonType tells values one after the other from a single one.
func jsonType(body []byte) string {
	var one json.Value
	if json.UnmarshalInput(body, &one) == nil {
		return "application/json"
	}
	return "application/x-ndjson"
}

// readFile reads a file, or standard input, of at most so many bytes.
func readFile(env *Env, name string, most int64) ([]byte, error) {
	in := env.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d MB", name, most>>20)
	}
	return b, err
}

type productsStockCmd struct {
	Code      string `arg:"" help:"The product's code." placeholder:"CODE"`
	Quantity  string `arg:"" optional:"" help:"What lies there now." placeholder:"QTY"`
	Change    string `help:"Add so many instead; --change=-2 takes two away." placeholder:"N"`
	Warehouse string `help:"Where; needed where the product lies in several." placeholder:"NAME"`
	ofShop
}

// Run changes the number of one warehouse.
func (c *productsStockCmd) Run(ctx context.Context, env *Env) error {
	if (c.Quantity == "") == (c.Change == "") {
		return usagef("give either a quantity or --change")
	}
	r := catalog.Restock{Code: c.Code, Warehouse: c.Warehouse}
	var err error
	if c.Quantity != "" {
		r.Quantity, err = order.ParseDecimal(c.Quantity)
	} else {
		r.Change, err = order.ParseDecimal(strings.TrimPrefix(c.Change, "+"))
	}
	if err != nil {
		return usagef("the quantity: %s", err)
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if _, err := client.SetStock(ctx, shop, []catalog.Restock{r}); err != nil {
		return err
	}
	p, err := client.Product(ctx, shop, c.Code)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s: %s in stock\n", cell(p.Code), stockText(&p))
	return err
}

// productCodes are the arguments of commands on several products.
type productCodes struct {
	Codes []string `arg:"" help:"Codes of products." placeholder:"CODE"`
	ofShop
}

func (c *productCodes) set(ctx context.Context, env *Env, active bool) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	n, err := client.SetActive(ctx, shop, c.Codes, active)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s changed\n", count(n, "product"))
	return err
}

type productsActivateCmd struct{ productCodes }

// Run lets products be ordered.
func (c *productsActivateCmd) Run(ctx context.Context, env *Env) error { return c.set(ctx, env, true) }

type productsDeactivateCmd struct{ productCodes }

// Run lets products not be ordered.
func (c *productsDeactivateCmd) Run(ctx context.Context, env *Env) error {
	return c.set(ctx, env, false)
}

type productsDeleteCmd struct {
	Code string `arg:"" help:"The product's code." placeholder:"CODE"`
	Yes  bool   `help:"Do not ask." short:"y"`
	ofShop
}

// Run removes a product.
func (c *productsDeleteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := env.confirm(c.Yes, "this removes product %s of shop %s", c.Code, shop); err != nil {
		return err
	}
	if err := client.DeleteProduct(ctx, shop, c.Code); err != nil {
		return notFound(err, "there is no product %s in shop %s", c.Code, shop)
	}
	_, err = fmt.Fprintf(env.Out, "product %s is removed\n", cell(c.Code))
	return err
}
