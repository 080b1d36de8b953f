package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/sftp"
)

const (
	dhChain = "c0de0000-0000-4000-8000-00000000000a"
	dhStock = `[{"code":"A","sku":"S-A","name":"Tea","price":"%s","currency":"SEK","active":true,"stock":[{"warehouse":"M1","quantity":"5"}]}]`
)

// filesChain is a hub that plays the platform for a chain of two outlets.
func filesChain() string {
	text := strings.Replace(shop(""), "admin_token:", "sftp: {listen: \"127.0.0.1:0\", folder: ./files}\nadmin_token:", 1)
	return strings.Replace(text, "    doors:\n", `    doors:
      deliveryhero:
        - {chain_id: `+dhChain+`}
        - {kind: token, name: catalogue, token: tok-of-the-chain}
        - {kind: vendor, name: centro, vendor_id: "290056"}
        - {kind: vendor, name: norte, vendor_id: s8ym}
        - {kind: sftp, name: files, sftp_user: cadena, sftp_password: sesame-sesame, sftp_prefix: cadena}
`, 1)
}

// server is the SFTP server of a hub at a place, as a route names it.
func (h *hub) server(p place) partner.SFTPTarget {
	h.t.Helper()
	key, err := os.ReadFile(filepath.Join(p.dir, "data", "sftp_host_key"))
	if err != nil {
		h.t.Fatal(err)
	}
	print, err := sftp.Fingerprint(secret.New(string(key)))
	if err != nil {
		h.t.Fatal(err)
	}
	at := h.UploadAddr().(*net.TCPAddr)
	return partner.SFTPTarget{Host: at.IP.String(), Port: at.Port, User: "cadena", Password: secret.New("sesame-sesame"), HostKey: print}
}

// TestCatalogOfARoute sends a shop's catalogue from one hub to another, to one
// outlet by the API and to the other one by SFTP.
func TestCatalogOfARoute(t *testing.T) {
	t.Parallel()
	there := inFolder(t)
	platform := startHub(t, there, filesChain())
	platform.put(fmt.Sprintf(dhStock, "99"))
	to := platform.server(there)
	here := inFolder(t)
	settings := func(vendor, more string) string {
		return fmt.Sprintf("{partner: deliveryhero, settings: {base_url: \"%s/deliveryhero\", chain_id: %s, vendors: [\"%s\"], catalog: \"true\", catalog_every: 1s%s}}\n",
			platform.URL(), dhChain, vendor, more)
	}
	routes := "      api: " + settings("290056", ", token: tok-of-the-chain") +
		"      files: " + settings("s8ym", ", sftp_host: "+to.Host+", sftp_port: \""+strconv.Itoa(to.Port)+"\", sftp_user: cadena, sftp_password: sesame-sesame, sftp_prefix: cadena, sftp_host_key: \""+to.HostKey+"\"")
	// What a route finds when it starts is sent at once.
	first := startHub(t, here, shop(""))
	first.put(fmt.Sprintf(dhStock, "12.3456"))
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	startHub(t, here, shop(routes))
	for _, vendor := range []string{"290056", "s8ym"} {
		eventually(t, "outlet "+vendor+" has the price", func() bool {
			status, body := send(t, "GET", platform.URL()+"/deliveryhero/v2/chains/"+dhChain+"/vendors/"+vendor+"/catalog", "Bearer tok-of-the-chain", "")
			return status == 200 && strings.Contains(body, `"price":12.345,`)
		})
	}
}

// TestPutFile leaves evidence of an upload without the password, and uploads
// nothing when the hub's leave to send is over.
func TestPutFile(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	h := startHub(t, p, filesChain())
	to := h.server(p)
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "sku,price\nS-A,5\n")
		return err
	}
	ctx, trace := outbound.WithTrace(t.Context())
	if err := app.PutFile(ctx, to, "Catalog", "cadena_290056.csv", write); err != nil {
		t.Fatal(err)
	}
	wrong := to
	wrong.Password = secret.New("sesame-street")
	if err := app.PutFile(ctx, wrong, "Catalog", "cadena_290056.csv", write); err == nil {
		t.Error("a wrong password is taken")
	}
	shut := outbound.WithGate(ctx, func() bool { return false })
	if err := app.PutFile(shut, to, "Catalog", "cadena_s8ym.csv", write); !errors.Is(err, sftp.ErrNoLeave) {
		t.Errorf("without leave: %v", err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := app.PutFile(over, to, "Catalog", "cadena_s8ym.csv", write); !errors.Is(err, context.Canceled) {
		t.Errorf("too late: %v", err)
	}
	got := trace.List()
	want := fmt.Sprintf("sftp://%s:%d/Catalog/cadena_290056.csv", to.Host, to.Port)
	if len(got) != 4 || got[0].URL != want || got[0].RequestSize != 16 || got[0].Error != "" || !strings.Contains(got[1].Error, "refuses the user or the password") {
		t.Errorf("evidence: %+v", got)
	}
	if strings.Contains(fmt.Sprintf("%+v", got), "sesame") {
		t.Error("the evidence has a password")
	}
}
