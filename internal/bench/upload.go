package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/process"
)

const (
	uploadUser = "bench"
	uploadShop = "north" // the outlet that the file is about
	// uploadLook is how often it is looked whether the file was taken.
	uploadLook  = 100 * time.Millisecond
	uploadLimit = 30 * time.Minute
)

// upload hands in a catalogue of very many rows by OpenSSH's sftp, of which
// each says something new of a product that there is. It tells how many rows a
// second were taken, from the beginning of the upload, and what memory the hub
// took for it beyond what it had when idle.
func upload(ctx context.Context, b *bench) error {
	client, err := exec.LookPath("sftp")
	if err != nil {
		b.say("%-14s left out: it needs OpenSSH's sftp", "upload")
		return nil
	}
	u := &uploading{bench: b, client: client, key: filepath.Join(b.dir, b.place.name+"-upload-key"), file: filepath.Join(b.dir, shopID(0)+"_"+uploadShop+".csv")}
	if err := u.makeKey(ctx); err != nil {
		return err
	}
	// The products were there long before: the hub that takes the file has not
	// seen them.
	f, err := u.start(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(b.putProducts(ctx, f, b.Rows), f.Stop()); err != nil {
		return err
	}
	if f, err = u.start(ctx); err != nil {
		return err
	}
	defer f.Stop()
	if err := u.write(b.Rows); err != nil {
		return err
	}
	defer os.Remove(u.file)
	if !pause(ctx, min(settling, b.Rest)) {
		return ctx.Err()
	}
	return u.measure(ctx, f)
}

// uploading is one measurement.
type uploading struct {
	*bench
	client    string // the program
	key, file string
	addr      string // of the SFTP server
}

// makeKey makes the user's key.
func (u *uploading) makeKey(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", u.key).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make key: %w: %.300s", err, out)
	}
	return nil
}

// start starts a hub with an SFTP user of a chain of one outlet.
func (u *uploading) start(ctx context.Context) (*fleet, error) {
	public, err := os.ReadFile(u.key + ".pub")
	if err != nil {
		return nil, err
	}
	if u.addr, err = process.FreeAddr(); err != nil {
		return nil, err
	}
	return u.startHub(ctx, "upload", hubConfig{
		top: fmt.Sprintf("sftp: {listen: %q, folder: %q}\n", u.addr, filepath.Join(u.dir, u.place.name+"-upload-files")),
		doors: fmt.Sprintf("      deliveryhero:\n        - {chain_id: 00000000-0000-4000-8000-000000000001}\n"+
			"        - {kind: vendor, vendor_id: %s}\n        - {kind: sftp, sftp_user: %s, sftp_keys: [%q]}\n",
			uploadShop, uploadUser, strings.TrimSpace(string(public))),
	})
}

// putProducts imports products as catalog does.
func (b *bench) putProducts(ctx context.Context, f *fleet, many int64) error {
	for from := int64(0); from < many; from += productPage {
		body := productsFrom(from, min(productPage, many-from))
		if err := f.first().call(ctx, http.MethodPut, "shops/"+shopID(0)+"/products", rawJSON(body), nil); err != nil {
			return err
		}
	}
	return nil
}

// write writes the catalogue.
func (u *uploading) write(rows int64) error {
	f, err := os.Create(u.file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, "sku,price,active,maximum_sales_quantity\n")
	for n := range rows {
		fmt.Fprintf(w, "S-%07d,%d.49,true,%d\n", n, n%500+1, n%9+1)
	}
	return errors.Join(w.Flush(), f.Close())
}

func (u *uploading) measure(ctx context.Context, f *fleet) error {
	idle, most, err := watchMemory(f)
	if err != nil {
		return err
	}
	began := time.Now()
	err = u.send(ctx)
	sent := time.Since(began)
	if err == nil {
		err = u.wait(ctx, f.first())
	}
	took := time.Since(began)
	var peak int64
	if err = errors.Join(err, most.stop(&peak)); err != nil {
		return err
	}
	used, err := f.used()
	if err != nil {
		return err
	}
	r := Result{
		Scenario: "upload", Subject: fmt.Sprintf("file of %d", u.Rows), Orders: u.Rows, Accepted: u.Rows,
		Seconds: took.Seconds(), PerSecond: float64(u.Rows) / took.Seconds(),
	}
	r.use(used)
	r.Peak = peak
	r.Note = fmt.Sprintf("rows instead of orders; uploaded within %.1f s of it; rss idle %s, at most %s: %s more",
		sent.Seconds(), mega(float64(idle.RSS)), mega(float64(peak)), mega(float64(peak-idle.RSS)))
	u.report(r)
	return nil
}

// send uploads the file.
func (u *uploading) send(ctx context.Context) error {
	host, port, err := net.SplitHostPort(u.addr)
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, u.client, "-q", "-F", "none", "-b", "-", "-P", port, "-i", u.key,
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
		uploadUser+"@"+host)
	c.Stdin = strings.NewReader("put \"" + u.file + "\" Catalog/\n")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("upload: %w: %.500s", err, out)
	}
	return nil
}

// wait waits until the file was taken, every row of it.
func (u *uploading) wait(ctx context.Context, h *hub) error {
	ctx, cancel := context.WithTimeout(ctx, uploadLimit)
	defer cancel()
	for {
		text, err := h.get(ctx, http.MethodGet, "/metrics", nil)
		if err != nil {
			return err
		}
		if files := uploaded(string(text), "ordermux_files_total"); files["taken"]+files["refused"] > 0 {
			if rows := uploaded(string(text), "ordermux_file_lines_total"); rows["taken"] != u.Rows || rows["refused"] != 0 {
				return fmt.Errorf("%d rows uploaded, %d taken, %d refused", u.Rows, rows["taken"], rows["refused"])
			}
			return nil
		}
		if !pause(ctx, uploadLook) {
			return ctx.Err()
		}
	}
}

// uploaded reads a figure of files, by its result.
func uploaded(metrics, name string) map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(metrics) {
		labels, value, ok := strings.Cut(line, "} ")
		if !ok || !strings.HasPrefix(labels, name+"{") {
			continue
		}
		_, result, _ := strings.Cut(labels, `result="`)
		result, _, _ = strings.Cut(result, `"`)
		if n, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
			out[result] += int64(n)
		}
	}
	return out
}
