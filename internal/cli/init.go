package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

type initCmd struct {
	Config     string   `help:"File to write; default ordermux.yml. One that is there is left alone." default:"ordermux.yml" placeholder:"FILE" type:"path"`
	Listen     string   `help:"Address that the hub answers on; default 127.0.0.1:8080." placeholder:"ADDR"`
	AdminToken string   `help:"First token of the API; default: one is made." placeholder:"TOKEN"`
	Shop       string   `help:"Id of the shop (a-z, 0-9, - and _)." placeholder:"ID"`
	Name       string   `help:"Its name, as people write it; default the id." placeholder:"NAME"`
	Currency   string   `help:"Its currency, such as SEK." placeholder:"CODE"`
	Timezone   string   `help:"Its time zone, such as Europe/Stockholm; default UTC." placeholder:"ZONE"`
	Door       []string `help:"Partner whose clients call this hub, such as citrusad. Several times for several." placeholder:"PARTNER"`
	Route      []string `help:"Partner that orders go to, as NAME=PARTNER, such as ads=citrusad. Several times for several." placeholder:"NAME=PARTNER" sep:"none"`
	Set        []string `help:"Value of a route's or a door's field, as ROUTE.FIELD=VALUE or doors.PARTNER.FIELD=VALUE. The value may be {env: NAME} or {file: PATH}, as in the file." placeholder:"FIELD=VALUE" sep:"none"`
}

// Run asks for what no flag says, if somebody is there to be asked, and writes
// a configuration that check takes.
func (c *initCmd) Run(env *Env) error {
	if err := c.free(); err != nil {
		return err
	}
	s, err := c.setup()
	if err != nil {
		return err
	}
	if env.Interactive {
		err = s.ask(env, c)
	} else {
		err = s.complete()
	}
	if err != nil {
		return err
	}
	text := s.write(filepath.Base(c.Config))
	if err := c.keep(env, text); err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "%s is written. Only you may read it: it holds the admin token.\nNext:\n", c.shown())
	for _, next := range []string{"check", "serve"} {
		fmt.Fprintf(env.Out, "  ordermux %s --config %s\n", next, c.shown())
	}
	return nil
}

// keep writes the file if check takes it. Who answered all the questions may
// have it all the same: a variable that is not set yet should cost him nothing.
func (c *initCmd) keep(env *Env, text string) error {
	err := c.check(text)
	if bad, ok := errors.AsType[*config.Error](err); ok {
		words := []string{"this can not be:"}
		for _, complaint := range bad.Complaints {
			words = append(words, strings.ReplaceAll(complaint.String(), "\n", "; "))
		}
		said := strings.Join(words, "\n  ")
		if !env.Interactive {
			return usagef("nothing was written, for %s\nGive other values by --set and the other flags; ordermux init --help lists them.", said)
		}
		fmt.Fprintln(env.Err, said)
		answer, err := env.ask(question{text: "Write it all the same, to be mended in the file (yes or no)", def: "yes"})
		if err != nil {
			return err
		}
		if !strings.HasPrefix(strings.ToLower(answer), "y") {
			return usagef("nothing was written")
		}
	} else if err != nil {
		return err
	}
	return c.create(text)
}

// shown is the file's path as the user would write it.
func (c *initCmd) shown() string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, c.Config); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return c.Config
}

// free refuses a file that is there.
func (c *initCmd) free() error {
	_, err := os.Lstat(c.Config)
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already and is left as it is; name another file by --config, or move it away", c.shown())
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// check reads the text as serve would.
func (c *initCmd) check(text string) error {
	cfg, err := config.Parse([]byte(text), config.Options{
		Partners: all.List(), CompileRule: app.CheckRule, Dir: filepath.Dir(c.Config), File: c.shown(),
	})
	if err == nil {
		if list := refusedRoutes(cfg); len(list) > 0 {
			err = &config.Error{File: cfg.File, Complaints: list}
		}
	}
	return err
}

// create writes a file that is not there; never over one that is.
func (c *initCmd) create(text string) error {
	f, err := os.OpenFile(c.Config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// newSetup is what the file is to say.
type newSetup struct {
	listen, token, shop, name, currency, zone string

	doors  []newDoor
	routes []newRoute
	set    map[string]string // by "ROUTE.FIELD" or "doors.PARTNER.FIELD"
}

type newDoor struct{ partner partner.Partner }

type newRoute struct {
	name    string
	partner partner.Partner
}

// key is where a field's value stands in newSetup.set.
func (d newDoor) key(f partner.Field) string { return "doors." + d.partner.Name + "." + f.Name }

func (r newRoute) key(f partner.Field) string { return r.name + "." + f.Name }

// fields of a route.
func (r newRoute) fields() (out []partner.Field) {
	for _, f := range r.partner.Settings {
		if f.Route {
			out = append(out, f)
		}
	}
	return out
}

// setup takes what the flags say.
func (c *initCmd) setup() (*newSetup, error) {
	s := &newSetup{listen: c.Listen, token: c.AdminToken, shop: c.Shop, name: c.Name, currency: c.Currency, zone: c.Timezone, set: map[string]string{}}
	for _, check := range []struct{ flag, value, fault string }{
		{"shop", s.shop, config.WrongName(s.shop)}, {"currency", s.currency, wrongCurrency(s.currency)}, {"timezone", s.zone, wrongZone(s.zone)}, {"listen", s.listen, config.WrongAddress(s.listen)},
	} {
		if check.value != "" && check.fault != "" {
			return nil, usagef("--%s: %s", check.flag, check.fault)
		}
	}
	for _, name := range c.Door {
		if err := s.addDoor(name); err != nil {
			return nil, usagef("--door: %s", err)
		}
	}
	for _, one := range c.Route {
		if err := s.addRoute(one); err != nil {
			return nil, usagef("--route: %s", err)
		}
	}
	for _, one := range c.Set {
		key, value, ok := strings.Cut(one, "=")
		if !ok || !s.has(key) {
			return nil, usagef("--set %s: takes ROUTE.FIELD=VALUE or doors.PARTNER.FIELD=VALUE, of a door or route that is chosen%s", key, s.fieldsNear(key))
		}
		s.set[key] = value
	}
	return s, nil
}

func (s *newSetup) addDoor(name string) error {
	p, ok := all.Find(name)
	if !ok || p.Door == nil {
		return fmt.Errorf("there is no door of %q; there are %s", name, partnersWith(func(p partner.Partner) bool { return p.Door != nil }))
	}
	if slices.ContainsFunc(s.doors, func(d newDoor) bool { return d.partner.Name == name }) {
		return fmt.Errorf("%s is named twice", name)
	}
	s.doors = append(s.doors, newDoor{p})
	return nil
}

func (s *newSetup) addRoute(text string) error {
	name, of, ok := strings.Cut(text, "=")
	if !ok {
		of = name
	}
	p, known := all.Find(of)
	switch {
	case !known || p.Route == nil:
		return fmt.Errorf("there is no route to %q; there are %s", of, partnersWith(func(p partner.Partner) bool { return p.Route != nil }))
	case config.WrongName(name) != "":
		return fmt.Errorf("the name %q: %s", name, config.WrongName(name))
	case slices.ContainsFunc(s.routes, func(r newRoute) bool { return r.name == name }):
		return fmt.Errorf("%s is named twice", name)
	}
	s.routes = append(s.routes, newRoute{name, p})
	return nil
}

// keys are those of all fields that can be set.
func (s *newSetup) keys() (out []string) {
	for _, d := range s.doors {
		for _, f := range config.DoorFields(d.partner, "") {
			out = append(out, d.key(f))
		}
	}
	for _, r := range s.routes {
		for _, f := range r.fields() {
			out = append(out, r.key(f))
		}
	}
	return out
}

func (s *newSetup) has(key string) bool { return slices.Contains(s.keys(), key) }

// fieldsNear names the fields of the door or route that a key is about.
func (s *newSetup) fieldsNear(key string) string {
	of := key[:max(strings.LastIndexByte(key, '.'), 0)]
	var list []string
	for _, k := range s.keys() {
		if of != "" && strings.HasPrefix(k, of+".") {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return ": " + strings.Join(list, ", ")
}

// complete fills in what nobody needs to say, and complains about the rest.
func (s *newSetup) complete() error {
	if s.shop == "" || s.currency == "" {
		return usagef("nobody is there to be asked: give at least --shop and --currency, such as --shop nordlys --currency SEK")
	}
	s.fill()
	var lacking []string
	for _, d := range s.doors {
		for _, f := range config.DoorFields(d.partner, "") {
			if f.Required && s.set[d.key(f)] == "" {
				lacking = append(lacking, "--set "+d.key(f)+"=…  "+f.Description)
			}
		}
	}
	for _, r := range s.routes {
		for _, f := range r.fields() {
			if f.Required && s.set[r.key(f)] == "" && f.Default == "" {
				lacking = append(lacking, "--set "+r.key(f)+"=…  "+f.Description)
			}
		}
	}
	if len(lacking) > 0 {
		return usagef("these are needed too:\n  %s", strings.Join(lacking, "\n  "))
	}
	return nil
}

// fill takes defaults, and makes secrets.
func (s *newSetup) fill() {
	s.listen, s.zone, s.name = cmp.Or(s.listen, "127.0.0.1:8080"), cmp.Or(s.zone, "UTC"), cmp.Or(s.name, s.shop)
	if s.token == "" {
		s.token = secret.NewToken("omx").Reveal()
	}
	for _, d := range s.doors {
		for _, f := range config.DoorFields(d.partner, "") {
			if s.set[d.key(f)] != "" || !f.Required {
				continue
			}
			if f.Default != "" {
				s.set[d.key(f)] = f.Default
			} else if v := made(f); v != "" {
				s.set[d.key(f)] = v
			}
		}
	}
}

// made is what is made for a field of a credential; "": nothing.
func made(f partner.Field) string {
	switch f.Make {
	case partner.MakeKey:
		return secret.NewValue().Reveal()
	case partner.MakeUUID:
		return secret.NewUUID()
	case partner.MakeHex24:
		return secret.NewHex24()
	}
	return ""
}

func partnersWith(side func(partner.Partner) bool) string {
	var names []string
	for _, p := range all.List() {
		if side(p) {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

var goodCurrency = regexp.MustCompile(`^[A-Z]{3}$`)

// wrongCurrency says what is wrong with a currency; "": nothing.
func wrongCurrency(s string) string {
	if !goodCurrency.MatchString(s) {
		return "must be three capital letters, such as SEK"
	}
	return ""
}

func wrongZone(s string) string {
	if _, err := time.LoadLocation(s); err != nil {
		return "must be the name of a zone, such as Europe/Stockholm"
	}
	return ""
}
