package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
)

// withSkeepers are all partners, with the one whose files are uploaded.
func withSkeepers() []partner.Partner {
	list := all.List()
	if !slices.ContainsFunc(list, func(p partner.Partner) bool { return p.Name == skeepers.Partner.Name }) {
		list = append(list, skeepers.Partner)
	}
	return list
}

// uploadShop is the configuration of a hub that takes nils's files for one
// shop and ada's for another.
func uploadShop(publicKey string) string {
	text := strings.Replace(shop(""), "admin_token:", "sftp: {listen: \"127.0.0.1:0\", folder: ./files}\nadmin_token:", 1)
	text = strings.Replace(text, "    doors:\n", "    doors:\n      skeepers:\n        - {kind: sftp, name: web, sftp_user: nils, sftp_keys: ["+publicKey+"]}\n", 1)
	return text + "  fjord:\n    currency: NOK\n    doors:\n      skeepers: {kind: sftp, sftp_user: ada, sftp_password: battery-staple, sftp_keys: [" + publicKey + "]}\n"
}

// startUploads starts a hub with an SFTP server, and makes its users' key.
func startUploads(t *testing.T, p place, tweaks ...func(*app.Options)) *hub {
	t.Helper()
	key := filepath.Join(p.dir, "key")
	if _, err := os.Stat(key); err != nil {
		if out, err := exec.Command(tool.Need(t, "ssh-keygen", "making a key"), "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen (Debian: openssh-client): %v %s", err, out)
		}
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	text := uploadShop(strings.TrimSpace(string(public)))
	// The configuration may name the partner before the list of all does.
	more := withSkeepers()[len(all.List()):]
	cfg, err := parse(p, text, more...)
	if err != nil {
		t.Fatal(err)
	}
	plain := shop("") // is read and then replaced
	return startHub(t, p, plain, append(tweaks, func(o *app.Options) { o.Config, o.Partners = cfg, withSkeepers() })...)
}

// upload runs OpenSSH's sftp as a user.
func (h *hub) upload(dir, user string, commands ...string) (said string, ok bool) {
	h.t.Helper()
	host, port, _ := net.SplitHostPort(h.UploadAddr().String())
	c := exec.CommandContext(h.t.Context(), tool.Need(h.t, "sftp", "uploading"), "-F", "none", "-b", "-", "-P", port, "-i", filepath.Join(dir, "key"),
		"-o", "StrictHostKeyChecking=accept-new", "-o", "UserKnownHostsFile="+filepath.Join(dir, "known_hosts"), "-o", "IdentityAgent=none",
		"-o", "IdentitiesOnly=yes", user+"@"+host)
	c.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		h.t.Fatalf("OpenSSH's sftp (Debian: openssh-client): %v", err)
	}
	return out.String(), err == nil
}

const csvHead = "channel;purchase_date;purchase_price;purchase_reference;first_name;last_name;email;phone;hide_personal_data;language;delay;delay_product;name;product_ref;product_price\r\n"

// csvFile is a file in ISO-8859-1 with so many purchases of one product each,
// of which three are wrong.
func csvFile(purchases int) []byte {
	var b strings.Builder
	b.WriteString(csvHead)
	for i := range purchases {
		line := fmt.Sprintf("online;2026-03-14;12.50;W-%05d;Zo\xe9;Lef\xe8vre;zoe.%d@shop.example;;false;fr;5;14;Th\xe9i\xe8re;P-7;12.50", i, i)
		switch i {
		case 16:
			line = strings.Replace(line, "@", " at ", 1)
		case 4711:
			line = strings.Replace(line, "2026-03-14", "14.03.2026", 1)
		case purchases - 1:
			line = strings.Replace(line, ";5;", ";soon;", 1)
		}
		b.WriteString(line + "\r\n")
	}
	return []byte(b.String())
}

// TestUploadOfTenThousand uploads 10,000 lines with three wrong ones, with the
// client that most people have, and then once more.
func TestUploadOfTenThousand(t *testing.T) { eachStore(t, testUploadOfTenThousand) }

func testUploadOfTenThousand(t *testing.T, at newPlace) {
	p := at(t)
	h := startUploads(t, p)
	lines := 10_000
	if p.database != "" {
		lines = 5_000 // the same, in half the time
	}
	file := write(t, p.dir, "avis.csv", csvFile(lines))
	events := int64(lines - 3)
	if said, ok := h.upload(p.dir, "nils", "put "+file+" orders/"); !ok {
		t.Fatal(said)
	}
	done := filepath.Join(p.dir, "files", "nordlys", "skeepers", "web", "orders", "error")
	report := func(name string) string {
		text := ""
		eventually(t, name+" is imported", func() bool {
			_, err := os.Stat(filepath.Join(done, name))
			b, _ := os.ReadFile(filepath.Join(done, name+".log.csv"))
			text = string(b)
			return err == nil
		})
		return text
	}
	want := fmt.Sprintf("taken %d;refused 3;repeated 0;of %d lines\r\n", events, lines) + "line;column;value;reason\r\n" +
		"18;email;[masked];is no mail address\r\n" +
		"4713;purchase_date;14.03.2026;is no date such as 2022-10-15, 2022-10-15 09:30, 15/10/2022 or 15/10/2022 09:30:00\r\n" +
		fmt.Sprint(lines+1) + ";delay;soon;must be a whole number of days, 0 or more\r\n"
	if got := report("avis.csv"); got != want {
		t.Errorf("%s", got)
	}
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole || v.Events != events {
		t.Error(v, err)
	}
	o, err := h.api.Order(t.Context(), "nordlys", "W-00003")
	if err != nil {
		t.Fatal(err)
	}
	if c := o.Order.Customer; c.FirstName != "Zoé" || c.Language != "fr" || o.Order.PlacedAt.String() != "2026-03-14T00:00:00+01:00" || o.Order.Currency != "SEK" {
		t.Errorf("%+v", o.Order)
	}
	if len(o.Sources) != 1 || o.Sources[0] != "skeepers:web" {
		t.Errorf("%+v", o.Sources)
	}
	// Once more: nothing is new.
	if said, ok := h.upload(p.dir, "nils", "put "+file+" orders/", "ls orders/error"); !ok {
		t.Fatal(said)
	}
	if got := report("avis.2.csv"); !strings.HasPrefix(got, fmt.Sprintf("taken 0;refused 3;repeated %d;of %d lines\r\n", events, lines)) {
		t.Errorf("%.200s", got)
	}
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || v.Events != events {
		t.Error(v, err)
	}
	// Another shop's user sees nothing of it.
	if said, ok := h.upload(p.dir, "ada", "ls orders", "ls orders/error", "ls orders/success"); !ok || strings.Contains(said, "avis") {
		t.Error(said)
	}
	if said, ok := h.upload(p.dir, "ada", "get ../../../nordlys/skeepers/web/orders/error/avis.csv "+filepath.Join(p.dir, "got")); ok {
		t.Error(said)
	}
	_, figures := send(t, "GET", h.URL()+"/metrics", "Bearer "+adminToken, "")
	for _, line := range []string{
		`ordermux_files_total{partner="skeepers",result="refused",shop="nordlys"} 2`,
		fmt.Sprintf(`ordermux_file_lines_total{partner="skeepers",result="taken",shop="nordlys"} %d`, events),
		fmt.Sprintf(`ordermux_file_lines_total{partner="skeepers",result="repeated",shop="nordlys"} %d`, events),
		`ordermux_sftp_logins_total{result="good"} 4`,
	} {
		if !strings.Contains(figures, line) {
			t.Errorf("no %s", line)
		}
	}
	if logs := h.logs.String(); strings.Contains(logs, "zoe.") || strings.Contains(logs, "Lef") {
		t.Error("the log names a person")
	}
}

// TestUploadSurvives finds an uploaded file again that a stop left behind, under
// the same key of the host.
func TestUploadSurvives(t *testing.T) { eachStore(t, testUploadSurvives) }

func testUploadSurvives(t *testing.T, at newPlace) {
	p := at(t)
	h := startUploads(t, p)
	if said, ok := h.upload(p.dir, "ada", "ls"); !ok {
		t.Fatal(said)
	}
	made, err := h.api.CreateCredential(t.Context(), api.CredentialRef{Shop: "fjord", Partner: "skeepers", Kind: "sftp", Name: "more"}, nil)
	if err != nil || made.URL != "sftp://"+h.UploadAddr().String() {
		t.Errorf("files go to %q: %v", made.URL, err)
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(p.dir, "files", "fjord", "skeepers", "default")
	write(t, filepath.Join(folder, ".queue"), "00000000001234567890-0a1b2c3d-left.csv", csvFile(4))
	h = startUploads(t, p)
	eventually(t, "it is imported", func() bool {
		_, err := os.Stat(filepath.Join(folder, "orders", "error", "left.csv"))
		return err == nil
	})
	// Three orders, and that a credential was made.
	if v, err := h.api.Verify(t.Context(), "fjord"); err != nil || v.Events != 4 {
		t.Error(v, err)
	}
	// accept-new refuses another key of the same name, not of another port: it
	// is compared here.
	host, port, _ := net.SplitHostPort(h.UploadAddr().String())
	if said, ok := h.upload(p.dir, "ada", "ls"); !ok {
		t.Fatal(said)
	}
	keys := map[string]bool{}
	text, err := os.ReadFile(filepath.Join(p.dir, "known_hosts"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		_, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		keys[key] = true
	}
	if len(keys) != 1 || !strings.Contains(string(text), "["+host+"]:"+port) {
		t.Errorf("%d keys of the host", len(keys))
	}
}

// TestUploadWaits tells of files that can not be imported, and when that is
// over.
func TestUploadWaits(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	var free atomic.Int64
	free.Store(1 << 40)
	h := startUploads(t, p, func(o *app.Options) {
		o.DiskFree = func(string) (int64, error) { return free.Load(), nil }
	})
	if said, ok := h.upload(p.dir, "ada", "ls"); !ok {
		t.Fatal(said)
	}
	free.Store(1 << 20)
	eventually(t, "it takes no orders", func() bool {
		status, _ := send(t, "GET", h.URL()+"/readyz", "", "")
		return status == http.StatusServiceUnavailable
	})
	file := write(t, p.dir, "a.csv", csvFile(4))
	if said, ok := h.upload(p.dir, "ada", "put "+file+" orders/"); ok {
		t.Error(said)
	}
	// One that was there before the disk was full.
	folder := filepath.Join(p.dir, "files", "fjord", "skeepers", "default")
	write(t, filepath.Join(folder, ".queue"), "00000000001234567890-0a1b2c3d-left.csv", csvFile(4))
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startUploads(t, p, func(o *app.Options) {
		o.DiskFree = func(string) (int64, error) { return free.Load(), nil }
	})
	alerts := func() (out []string) {
		list, err := h.api.Alerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list.Alerts {
			if a.Kind == "files_waiting" {
				out = append(out, a.Shop+": "+a.Text)
			}
		}
		return out
	}
	eventually(t, "an alert", func() bool { return len(alerts()) == 1 })
	if a := alerts()[0]; !strings.HasPrefix(a, "fjord: Files that shop fjord uploaded can not be imported (read_only).") {
		t.Error(a)
	}
	free.Store(1 << 40)
	eventually(t, "it is imported", func() bool {
		_, err := os.Stat(filepath.Join(folder, "orders", "error", "left.csv"))
		return err == nil
	})
	eventually(t, "the alert ends", func() bool { return len(alerts()) == 0 })
}

// TestUploadAddressTaken is like every other address of the hub.
func TestUploadAddressTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := inFolder(t)
	text := strings.Replace(shop(""), "admin_token:", "sftp: {listen: \""+l.Addr().String()+"\"}\nadmin_token:", 1)
	refuses(t, p, text, "sftp.listen: the address "+l.Addr().String()+" is taken by another program")
	// A reload can not bring it.
	h := startHub(t, p, shop(""))
	cfg, err := parse(p, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "sftp can not change") {
		t.Error(err)
	}
	bad := strings.Replace(shop(""), "admin_token:", "sftp: {listen: \"127.0.0.1:0\", host_key: host_key}\nadmin_token:", 1)
	write(t, p.dir, "host_key", []byte("-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n"))
	refuses(t, inPlaceOf(t, p), bad, "sftp: host_key: no private key")
}

// inPlaceOf is a place beside another one, with its files.
func inPlaceOf(t *testing.T, p place) place {
	t.Helper()
	q := inFolder(t)
	text, err := os.ReadFile(filepath.Join(p.dir, "host_key"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, q.dir, "host_key", text)
	return q
}
