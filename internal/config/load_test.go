package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/shipping"
)

// partners are small stand-ins with the kinds of field that partners declare.
func partners() []partner.Partner {
	none := func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil }
	route := func(partner.Deps, partner.Settings) (partner.Side, error) { return partner.Side{}, nil }
	return []partner.Partner{
		{Name: "citrusad", Title: "CitrusAd", Door: none, Route: route, Settings: []partner.Field{
			{Name: "api_key", Description: "secret key", Door: true, Route: true, Kind: partner.Text, Required: true, Secret: true, Credential: true},
			{Name: "publishable_key", Door: true, Kind: partner.Text, Secret: true, Credential: true},
			{Name: "team_id", Door: true, Kind: partner.Text},
			{Name: "base_url", Description: "where the API answers", Route: true, Kind: partner.URL, Required: true},
			{Name: "sample", Route: true, Kind: partner.Int, Default: "10"},
			{Name: "strict_batch", Door: true, Kind: partner.Bool, Default: "false"},
			{Name: "every", Route: true, Kind: partner.Duration, Default: "1d"},
			{Name: "mode", Route: true, Kind: partner.Text, Choices: []string{"api", "file"}, Default: "api"},
			{Name: "tags", Route: true, Kind: partner.List},
		}},
		{Name: "webhook", Route: route, Settings: []partner.Field{
			{Name: "url", Description: "where events go", Route: true, Kind: partner.URL, Required: true},
			{Name: "secret", Route: true, Kind: partner.Text, Secret: true},
		}},
		{Name: "depot", Route: route, Settings: []partner.Field{
			{Name: "base_url", Route: true, Kind: partner.URL, Required: true, Account: true},
			{Name: "login", Route: true, Kind: partner.Text, Required: true, Account: true},
		}},
		{Name: "inbox", Door: none},
	}
}

func options() config.Options {
	return config.Options{
		Partners: partners(),
		CompileRule: func(kind, text string) error {
			if strings.Contains(text, "((") {
				return errors.New("unexpected token EOF (1:3)\n | order((")
			}
			return nil
		},
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"HOOK_SECRET": "whsec_c2VjcmV0", "EMPTY": ""}[name]
			return v, ok
		},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load("testdata/full.yml", options())
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got, want any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	check("listen", cfg.Listen, "127.0.0.1:8080")
	check("public_url", cfg.PublicURL, "https://orders.nordlys.example")
	check("data", cfg.Data, filepath.Join("testdata", "data"))
	check("seal key", cfg.SealKey.Reveal(), "seal-key-of-the-tests")
	check("smtp port", cfg.SMTP.Port, 2525)
	check("allow_private", cfg.Outbound.AllowPrivate, []string{"10.0.0.0/8", "192.168.1.7/32"})
	check("disk_free", cfg.Alerts.DiskFree, int64(1<<30))
	check("door address", cfg.Doors, map[string]config.DoorAddress{"citrusad": {Listen: "127.0.0.1:8081", Settings: partner.Settings{}}})
	check("sftp", cfg.SFTP, &config.SFTP{Listen: "127.0.0.1:2022", HostKey: filepath.Join("testdata", "host_key.txt"), Folder: filepath.Join("testdata", "files")})
	check("sequence of shops", cfg.ShopOrder, []string{"nordlys", "aurora"})

	n := cfg.Shops["nordlys"]
	check("zone", n.Location.String(), "Europe/Stockholm")
	doors := n.Doors["citrusad"]
	check("doors", len(doors), 2)
	check("names", []string{doors[0].Name, doors[1].Name}, []string{"web", "app"})
	check("api_key", doors[0].Settings["api_key"].Secret.Reveal(), "sk-1")
	check("a number stays as written", doors[0].Settings["team_id"].Text, "0042")
	check("default bool", doors[0].Settings["strict_batch"].Text, "false")
	check("default name", cfg.Shops["aurora"].Doors["citrusad"][0].Name, "default")

	check("couriers", n.Couriers, []shipping.Courier{
		{Key: "parcel", ID: 1, Name: "Parcel service"},
		{
			Key: "dpd", ID: 5, Name: "DPD", Company: "dpd", Countries: []string{"PL", "SE"},
			MinWeight: number(t, "0.5"), MaxWeight: number(t, "31.5"), MaxValue: number(t, "10000"), CutOff: "14:00",
			Payments: []string{"prepaid"}, Tracking: "https://track.dpd.example/?n={parcel}",
			Prices: []shipping.Price{{Country: "SE", UpTo: number(t, "5"), Price: number(t, "49.00")}, {Price: number(t, "99")}},
		},
	})

	check("routes", []string{n.Routes[0].Name, n.Routes[1].Name}, []string{"ads", "hook"})
	ads := n.Routes[0]
	check("when", ads.When, `order.channel == "online"`)
	check("after", ads.After, 36*time.Hour)
	check("max_age", ads.MaxAge, time.Duration(-1))
	check("on", ads.On, []string{"placed", "updated"})
	check("retry", ads.Retry, config.Retry{First: time.Second, Max: time.Hour, GiveUp: 72 * time.Hour, Attempts: 50})
	check("connection", ads.Connection, "citrus")
	check("days in settings", ads.Settings["every"].Text, "24h0m0s")
	check("URL as written", ads.Settings["base_url"].Text, "http://127.0.0.1:8090/citrusad/")
	check("list", ads.Settings["tags"].List, []string{"a", "b"})
	check("choice by default", ads.Settings["mode"].Text, "api")
	check("env", n.Routes[1].Settings["secret"].Secret.Reveal(), "whsec_c2VjcmV0")
	check("default connection", n.Routes[1].Connection, "hook")
}

func number(t *testing.T, text string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestBadFiles reads every testdata/conf.*.yml; its last lines hold what the
// reader must say, in sequence and nothing else.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/conf.*.yml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want := expected(string(data))
			opts := options()
			opts.File = "f"
			_, err = config.Load(name, opts)
			if err == nil {
				t.Fatal("no complaint")
			}
			if d := cmp.Diff(strings.Join(want, "\n"), err.Error()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// expected reads the lines "# want: ...".
func expected(data string) []string {
	var out []string
	for l := range strings.Lines(data) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(l, "\n"), "# want: "); ok {
			out = append(out, rest)
		}
	}
	return out
}

func TestLoadMissing(t *testing.T) {
	t.Parallel()
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yml"), options())
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestComplaintsShowNoSecret(t *testing.T) {
	t.Parallel()
	_, err := config.Parse([]byte("admin_token: s3cr3t\nshops:\n  a:\n    currency: EUR\n    doors: {citrusad: [{api_key: hush-hush}, {name: b, api_key: hush-hush}]}\n"), options())
	if err == nil {
		t.Fatal("no complaint")
	}
	for _, s := range []string{"s3cr3t", "hush"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("shows %q: %v", s, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse(data, options())
		if (cfg == nil) == (err == nil) {
			t.Errorf("configuration %v with error %v", cfg, err)
		}
		var e *config.Error
		if err != nil && (!errors.As(err, &e) || len(e.Complaints) == 0) {
			t.Errorf("error without complaint: %v", err)
		}
	})
}
