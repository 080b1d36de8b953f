package app_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
)

// refuses checks that a hub does not start, and what it says.
func refuses(t *testing.T, p place, text string, want ...string) error {
	t.Helper()
	cfg, err := parse(p, text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{Config: cfg})
	if err == nil {
		a.Close()
		t.Fatal("it started")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is missing in: %v", w, err)
		}
	}
	return err
}

func TestPortTaken(t *testing.T) { eachStore(t, testPortTaken) }

func testPortTaken(t *testing.T, at newPlace) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text := strings.Replace(shop(""), "127.0.0.1:0", l.Addr().String(), 1)
	p := at(t)
	err = refuses(t, p, text, "listen: the address "+l.Addr().String()+" is taken by another program")
	var taken *app.AddressError
	if !errors.As(err, &taken) || taken.Key != "listen" {
		t.Errorf("%#v", err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "data")); !os.IsNotExist(err) {
		t.Error("a data folder was made all the same")
	}
	refuses(t, p, shop("")+"doors: {citrusad: {listen: \""+l.Addr().String()+"\"}}\n", "doors.citrusad.listen: the address")
	// What was opened before is given free again: the same folder and port work.
	startHub(t, p, shop(""))
}

func TestSecondProcessOnTheDataFolder(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	h := startHub(t, p, shop(""))
	h.give(oneOrder("o-1", "3.00"))
	refuses(t, p, shop(""), filepath.Join(p.dir, "data"), "another")
	h.give(oneOrder("o-2", "3.00"))
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole || v.Events != 2 {
		t.Error(v, err)
	}
}

func TestDataFolderThatIsNone(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	write(t, p.dir, "data", []byte("a file"))
	refuses(t, p, shop(""), "open store")
}

// TestDataFolderReadOnly can not be seen by root, whom no mode stops.
func TestDataFolderReadOnly(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	data := filepath.Join(p.dir, "data")
	if err := os.Mkdir(data, 0o500); err != nil {
		t.Fatal(err)
	}
	probe := filepath.Join(data, "probe")
	if f, err := os.Create(probe); err == nil {
		f.Close()
		os.Remove(probe)
		readOnlyBySeam(t)
		return
	}
	if err := refuses(t, p, shop(""), "open store"); !errors.Is(err, order.ErrReadOnly) {
		t.Error(err)
	}
}

func TestRouteThatItsPartnerDoesNotTake(t *testing.T) {
	eachStore(t, testRouteThatItsPartnerDoesNotTake)
}

func testRouteThatItsPartnerDoesNotTake(t *testing.T, at newPlace) {
	err := refuses(t, at(t), shop("      ads: {partner: citrusad, settings: {api_key: x}}\n"), "shops.nordlys.routes.ads:", "base_url")
	var route *app.RouteError
	if !errors.As(err, &route) || route.Partner != "citrusad" {
		t.Errorf("%#v", err)
	}
}

func TestSandboxIsOnLoopback(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"127.0.0.1:8090", "[::1]:0", "localhost:80"} {
		if err := app.CheckLoopback(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{":8090", "0.0.0.0:8090", "192.168.0.7:80", "shop.example:80", "[::]:80", "x"} {
		if app.CheckLoopback(bad) == nil {
			t.Errorf("%s is taken for loopback", bad)
		}
	}
}

func TestSealKeyIsMade(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	h := startHub(t, p, shop(""))
	info, err := os.Stat(filepath.Join(p.dir, "data", "seal.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	startHub(t, p, shop(""))
}
