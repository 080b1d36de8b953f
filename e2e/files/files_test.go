package files

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
	"github.com/ordermux/ordermux/internal/process"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

var full = flag.Bool("files.full", false, "1,000,000 lines, and no more than 64 MB above idle")

// most is how much the peak may be above idle.
const most = 64 << 20

const config = `
listen: %s
data: ./data
admin_token: test-admin-token
sftp: {listen: "%s", folder: ./files}
shops:
  nordlys:
    currency: SEK
    timezone: Europe/Stockholm
    doors:
      skeepers: {kind: sftp, sftp_user: nils, sftp_keys: ["%s"]}
  fjord:
    currency: NOK
`

// fresh is a folder of this test program's, for what its tests share; TestMain
// removes it.
var fresh struct {
	once sync.Once
	dir  string
	err  error
}

// program builds ordermux at its first use.
func program(t *testing.T) string {
	t.Helper()
	compiler := tool.Need(t, "go", "building the program")
	fresh.once.Do(func() {
		if fresh.dir, fresh.err = os.MkdirTemp("", "ordermux-files-"); fresh.err != nil {
			return
		}
		if out, err := exec.Command(compiler, "build", "-o", filepath.Join(fresh.dir, "ordermux"), "../../cmd/ordermux").CombinedOutput(); err != nil {
			fresh.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	check(t, fresh.err)
	return filepath.Join(fresh.dir, "ordermux")
}

// run runs a program to its end.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// status reads a size of a process: VmRSS, or VmHWM, the peak of it.
func status(t *testing.T, pid int, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(t, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			check(t, err)
			return kb << 10
		}
	}
	t.Fatalf("the system does not tell %s", name)
	return 0
}

// makeFile writes lines of purchases of three products each, of which every
// 4,000th line is wrong, and returns how many lines are refused: those of a
// purchase go together.
func makeFile(t *testing.T, file string, lines int) (refused int) {
	t.Helper()
	f, err := os.Create(file)
	check(t, err)
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, "channel;purchase_date;purchase_price;purchase_reference;first_name;last_name;email;phone;hide_personal_data;language;delay;delay_product;"+
		"name;product_ref;category;brand;product_price;ean;sku;upc;isbn;jan;mpn;product_url;image_url;flagged\r\n")
	for i := range lines {
		id, date := i/3, "2026-03-14"
		if i%4000 == 3999 {
			date = "14.03.2026"
			refused += min(3, lines-3*id)
		}
		fmt.Fprintf(w, "online;%s;129.90;W-%07d;Zo\xe9;Lef\xe8vre;zoe.%d@shop.example;;false;fr;5;14;Th\xe9i\xe8re no %d;P-%d;Cuisine;Atelier Nord;43.30;4006381333931;SKU-%d;;;;;https://shop.example/p/%d;https://shop.example/i/%d.jpg;1\r\n",
			date, id, id, i, i%5000, i%5000, i%5000, i%5000)
	}
	check(t, errors.Join(w.Flush(), f.Close()))
	return refused
}

// eventually waits until ok says so.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	late := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-late:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// hub is a running hub that takes files.
type hub struct {
	*process.Process
	dir, addr, upload, key, program string
	idle                            int64
}

// startHub starts a hub by a configuration that has room for its address, that
// of uploads, and the user's public key.
func startHub(t *testing.T, program, config string) *hub {
	t.Helper()
	h := &hub{dir: t.TempDir(), program: program}
	h.key = filepath.Join(h.dir, "key")
	run(t, tool.Need(t, "ssh-keygen", "making a key"), "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", h.key)
	public, err := os.ReadFile(h.key + ".pub")
	check(t, err)
	h.addr, err = process.FreeAddr()
	check(t, err)
	h.upload, err = process.FreeAddr()
	check(t, err)
	file := filepath.Join(h.dir, "config.yml")
	check(t, os.WriteFile(file, fmt.Appendf(nil, config, h.addr, h.upload, strings.TrimSpace(string(public))), 0o600))
	run(t, program, "check", "--config", file)
	h.Process, err = process.Start(context.WithoutCancel(t.Context()), process.Options{
		Command: []string{program, "serve", "--config", file}, Log: filepath.Join(h.dir, "log"), Addr: h.addr,
	})
	check(t, err)
	t.Cleanup(func() {
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(h.Tail())
		}
	})
	check(t, h.Ready(t.Context(), time.Minute))
	h.idle = status(t, h.Pid, "VmRSS")
	return h
}

// peak is the most memory that the hub took so far, above idle.
func (h *hub) peak(t *testing.T) int64 { return status(t, h.Pid, "VmHWM") - h.idle }

// put uploads a file by SFTP and returns its report, once it is imported.
func (h *hub) put(t *testing.T, csv string, lines int) (report string) {
	t.Helper()
	began := time.Now()
	h.sftp(t, "put "+csv+" orders/")
	t.Logf("uploaded in %.1f s", time.Since(began).Seconds())
	began = time.Now()
	done := filepath.Join(h.dir, "files", "nordlys", "skeepers", "default", "orders", "error", filepath.Base(csv))
	eventually(t, 20*time.Minute, "the file is imported", func() bool { _, err := os.Stat(done); return err == nil })
	took := time.Since(began)
	t.Logf("%d lines imported in %.1f s, %.0f a second", lines, took.Seconds(), float64(lines)/took.Seconds())
	return done + ".log.csv"
}

// sftp runs commands of OpenSSH's sftp and returns what it says.
func (h *hub) sftp(t *testing.T, commands ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(h.upload)
	check(t, err)
	c := exec.CommandContext(t.Context(), tool.Need(t, "sftp", "uploading"), "-F", "none", "-b", "-", "-P", port, "-i", h.key,
		"-o", "StrictHostKeyChecking=accept-new", "-o", "UserKnownHostsFile="+filepath.Join(h.dir, "known_hosts"), "-o", "IdentityAgent=none",
		"-o", "IdentitiesOnly=yes", "nils@"+host)
	c.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// take hands a file in by the command, and returns its report and what the
// command took above a program that does nothing.
func (h *hub) take(t *testing.T, csv string) (report string, above int64) {
	t.Helper()
	began := time.Now()
	report = filepath.Join(h.dir, "report.csv")
	c := exec.CommandContext(t.Context(), h.program, "import", csv, "--shop", "nordlys", "--hub", "http://"+h.addr, "--report", report, "-q")
	c.Env = append(os.Environ(), "ORDERMUX_TOKEN=test-admin-token")
	log := filepath.Join(h.dir, "log-of-import")
	out, err := os.Create(log)
	check(t, err)
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); c.ProcessState == nil || c.ProcessState.ExitCode() != 1 { // lines are refused
		text, _ := os.ReadFile(log)
		t.Fatalf("%v\n%.2000s", err, text)
	}
	t.Logf("imported by the command in %.1f s", time.Since(began).Seconds())
	nothing := exec.CommandContext(t.Context(), h.program, "version")
	check(t, nothing.Run())
	return report, peak(c) - peak(nothing)
}

// told logs what reading a file took, and demands it of the whole file.
func told(t *testing.T, what string, above int64) {
	t.Helper()
	t.Logf("%s: %.1f MB", what, float64(above)/(1<<20))
	if *full && above > most {
		t.Errorf("%s: %.1f MB, more than %d MB", what, float64(above)/(1<<20), most>>20)
	}
}

// TestManyLines looks at three things: what reading, checking and reporting
// take by themselves, what the command takes, and what the hub takes with a
// file more than with the same orders by its API, for it fills the cache of its
// store with either.
func TestManyLines(t *testing.T) {
	t.Parallel()
	lines := 6_000
	if *full {
		lines = 1_000_000
	}
	dir := t.TempDir()
	program, csv := program(t), filepath.Join(dir, "orders.csv")
	refused := makeFile(t, csv, lines)
	want := fmt.Sprintf("taken %d;refused %d;repeated 0;of %d lines\r\n", lines-refused, refused, lines)
	see := func(report string) {
		t.Helper()
		if got := first(t, report); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	told(t, "reading alone, above idle", reading(t, csv)-reading(t, ""))

	api := startHub(t, program, config)
	report, above := api.take(t, csv)
	see(report)
	told(t, "import, above idle", above)
	byAPI := api.peak(t)

	files := startHub(t, program, config)
	see(files.put(t, csv, lines))
	bySFTP := files.peak(t)
	t.Logf("hub above idle: %.1f MB with the orders by API, %.1f MB with the file by SFTP", float64(byAPI)/(1<<20), float64(bySFTP)/(1<<20))
	told(t, "hub, file by SFTP above orders by API", bySFTP-byAPI)
}

// readOnly is the file that this process reads, and nothing else: see reading.
const readOnly = "ORDERMUX_TEST_READ"

// reading returns the most memory that a process takes which reads a file as
// the hub does, and forgets its orders; "": which reads none.
func reading(t *testing.T, csv string) int64 {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), readOnly+"="+csv+"\n")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return peak(c)
}

func TestMain(m *testing.M) {
	if file, ok := os.LookupEnv(readOnly); ok {
		if err := read(strings.TrimSpace(file)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	code := pgtest.Main(m)
	if err := os.RemoveAll(fresh.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func read(file string) (err error) {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	report, err := intake.NewReport("", ';')
	if err != nil {
		return err
	}
	defer report.Close()
	format := skeepers.Partner.Formats[0]
	var failed error
	_, err = intake.Run(context.Background(), format.Read(f, partner.ReadOptions{Location: time.UTC, Currency: "EUR"}), intake.Options{
		Batch: 500,
		Append: func(_ context.Context, entries []order.Entry) ([]order.Receipt, error) {
			return make([]order.Receipt, len(entries)), nil
		},
		Report: func(v intake.Verdict) { failed = errors.Join(failed, report.Add(v)) },
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	_, err = report.WriteTo(io.Discard)
	return err
}

// peak is the most memory that a command took which has ended.
func peak(c *exec.Cmd) int64 { return c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10 }

// first returns a file's first line.
func first(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	check(t, err)
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	check(t, err)
	return line
}
