package deliveryhero

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// routeFiles uploads catalogue and promotions by SFTP, in place of calls of the
// API. A file takes the place of the one before it, which nobody may have read
// yet: so each says all, not only what changed. What the platform made of its
// rows stands in its portal only.
//
//	catalog/file/<route>/<folder>/<name>  filePlace
type routeFiles struct {
	route              *route
	target             partner.SFTPTarget
	format             string
	prefix             string
	catalog, promotion string // folders
	every              time.Duration
	zone               *time.Location
}

const (
	// standardUpload is how often a file is uploaded at most (our choice).
	standardUpload = 15 * time.Minute
	// uploadedWords say what is known of an uploaded file.
	uploadedWords = "uploaded; what became of its rows stands in the partner portal"
)

func routeFileFields() []partner.Field {
	return []partner.Field{
		{Name: "sftp_host", Route: true, Kind: partner.Text,
			Description: "Server that catalogue and promotions are uploaded to, in place of the API. Empty: they go by the API."},
		{Name: "sftp_port", Route: true, Kind: partner.Int, Default: "22", Description: "Its port."},
		{Name: "sftp_user", Route: true, Kind: partner.Text, Description: "User there, of the account manager."},
		{Name: "sftp_password", Route: true, Kind: partner.Text, Secret: true, Description: "The user's password."},
		{Name: "sftp_host_key", Route: true, Kind: partner.Text, Check: checkHostKey,
			Description: "Fingerprint of the server's host key, SHA256:… as ssh shows it. No other server is trusted."},
		{Name: "sftp_format", Route: true, Kind: partner.Text, Default: formatDouble, Choices: []string{formatSingle, formatDouble, formatMulti},
			Description: "single: a file of catalogue and promotions for each outlet; double: a file of each for each outlet; multi: one file of each for all outlets."},
		{Name: "sftp_prefix", Route: true, Kind: partner.Text, Description: "What the names of files begin with: PREFIX_VENDOR.csv, or PREFIX.csv in format multi."},
		{Name: "sftp_catalog_folder", Route: true, Kind: partner.Text,
			Description: "Folder of catalogues. Empty: Catalog, in format single Assortment."},
		{Name: "sftp_promotion_folder", Route: true, Kind: partner.Text, Description: "Folder of promotions. Empty: Promotion."},
		{Name: "sftp_every", Route: true, Kind: partner.Duration, Default: "15m",
			Description: "How long changes gather at least before a catalogue is uploaded again."},
	}
}

// checkHostKey wants what ssh-keygen -l and ssh show.
func checkHostKey(v string) []string {
	digest, ok := strings.CutPrefix(v, "SHA256:")
	if b, err := base64.RawStdEncoding.DecodeString(digest); v != "" && (!ok || err != nil || len(b) != sha256.Size) {
		return []string{"sftp_host_key: write the fingerprint as ssh shows it: SHA256: and 43 characters"}
	}
	return nil
}

// readRouteFiles reads the settings about files; nil: there is no server.
func readRouteFiles(s partner.Settings, r *route) (*routeFiles, error) {
	if s["sftp_host"].Text == "" {
		return nil, nil
	}
	f := &routeFiles{
		route: r, format: s.TextOr("sftp_format", formatDouble), prefix: s["sftp_prefix"].Text, every: standardUpload,
		target: partner.SFTPTarget{
			Host: s["sftp_host"].Text, User: s["sftp_user"].Text, Password: s["sftp_password"].Secret, HostKey: s["sftp_host_key"].Text,
		},
		promotion: s.TextOr("sftp_promotion_folder", folderPromotion),
	}
	f.catalog = folderCatalog
	if f.format == formatSingle {
		f.catalog = folderBoth
	}
	f.catalog = s.TextOr("sftp_catalog_folder", f.catalog)
	faults := f.complaints()
	for _, bad := range checkHostKey(f.target.HostKey) {
		faults = append(faults, errors.New(bad))
	}
	var err error
	if v := s["sftp_port"].Text; v != "" {
		if f.target.Port, err = strconv.Atoi(v); err != nil || f.target.Port < 1 || f.target.Port > 65535 {
			faults = append(faults, errors.New("sftp_port: write a port from 1 to 65535"))
		}
	}
	if v := s["sftp_every"].Text; v != "" {
		if f.every, err = time.ParseDuration(v); err != nil || f.every < time.Second {
			faults = append(faults, errors.New("sftp_every: write a duration of a second or more, as 15m"))
		}
	}
	if f.zone, err = time.LoadLocation(cmp.Or(r.deps.Timezone, "UTC")); err != nil {
		faults = append(faults, fmt.Errorf("timezone: %w", err))
	}
	return f, errors.Join(faults...)
}

func (f *routeFiles) complaints() (faults []error) {
	for _, must := range []struct {
		name string
		set  bool
	}{
		{"sftp_user", f.target.User != ""}, {"sftp_password", f.target.Password.Set()},
		{"sftp_host_key", f.target.HostKey != ""}, {"sftp_prefix", f.prefix != ""},
		{"vendors", len(f.route.vendors) > 0},
	} {
		if !must.set {
			faults = append(faults, fmt.Errorf("%s: is needed with sftp_host", must.name))
		}
	}
	names := []string{f.prefix}
	for _, o := range f.route.vendors {
		names = append(names, o.Vendor)
	}
	for _, name := range names {
		if strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(`/\,`, c) }) {
			faults = append(faults, fmt.Errorf("sftp_prefix, vendors: %q can not stand in the name of a file", name))
		}
	}
	if strings.ContainsAny(f.target.Host, "/:@ ") && strings.Count(f.target.Host, ":") < 2 {
		faults = append(faults, errors.New("sftp_host: write the name of a host alone, the port in sftp_port"))
	}
	return faults
}

// connectFiles logs in and sees whether the folders are there.
func (r *route) connectFiles(ctx context.Context) (string, error) {
	f := r.files
	folders := []string{f.catalog, f.promotion}
	if f.format == formatSingle {
		folders = folders[:1]
	}
	for _, folder := range folders {
		if err := r.deps.Put(ctx, f.target, folder, f.prefix+fileSuffix, nil); err != nil {
			return "", fmt.Errorf("sftp: %w", err)
		}
	}
	return "sftp as " + f.target.User + ", " + strings.Join(folders, " and "), nil
}

// fileOf is a file and the outlets that it is about.
type fileOf struct {
	folder, name string
	outlets      []outlet
}

// files are those of a folder.
func (f *routeFiles) files(folder string) []fileOf {
	if f.format == formatMulti {
		return []fileOf{{folder, f.prefix + fileSuffix, f.route.vendors}}
	}
	var list []fileOf
	for _, o := range f.route.vendors {
		list = append(list, fileOf{folder, f.prefix + "_" + o.Vendor + fileSuffix, []outlet{o}})
	}
	return list
}

// filePlace says what was uploaded last of a catalogue.
type filePlace struct {
	At    int64     `json:"at"`    // it says what changed up to this version
	Begun int64     `json:"begun"` // products that were gone by then were never told of
	When  time.Time `json:"when,omitzero"`
	Fails int       `json:"fails,omitzero"` // since When
	Since time.Time `json:"since,omitzero"` // of the first of them
	Wait  time.Time `json:"wait,omitzero"`
	Why   string    `json:"why,omitzero"`

	raw []byte
}

func (f *routeFiles) key(of fileOf) string {
	return "catalog/file/" + f.route.deps.Route + "/" + of.folder + "/" + of.name
}

func (f *routeFiles) place(ctx context.Context, of fileOf) (*filePlace, error) {
	raw, ok, err := f.route.deps.State.Get(ctx, f.key(of))
	if err != nil {
		return nil, fmt.Errorf("read what was uploaded: %w", err)
	}
	p := &filePlace{}
	if !ok {
		p.Begun, err = f.route.deps.Catalog.Head(ctx, f.route.deps.Shop)
		return p, wrapped("read the catalogue's version", err)
	}
	p.raw = raw
	return p, wrapped("read what was uploaded", json.Unmarshal(raw, p))
}

func (f *routeFiles) keepPlace(ctx context.Context, of fileOf, p *filePlace) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode what was uploaded: %w", err)
	}
	// Whoever was faster uploaded too: the next look sees what is left.
	_, err = f.route.deps.State.Change(ctx, partner.Edit{Key: f.key(of), Old: p.raw, New: raw})
	return wrapped("keep what was uploaded", err)
}

// pollFiles uploads the catalogues that changed.
func (r *route) pollFiles(ctx context.Context) error {
	f := r.files
	if f == nil || r.catalog == nil {
		return nil
	}
	t := &catalogTurn{route: r, pages: map[int64][]catalog.OfferChange{}}
	var faults []error
	for _, of := range f.files(f.catalog) {
		if ctx.Err() != nil {
			break
		}
		if err := f.tend(ctx, t, of); err != nil {
			faults = append(faults, fmt.Errorf("file %s: %w", of.name, err))
		}
	}
	return errors.Join(faults...)
}

// tend uploads a catalogue if it is time.
func (f *routeFiles) tend(ctx context.Context, t *catalogTurn, of fileOf) error {
	now := f.route.now()
	if now.Before(t.catalog.next[of.name]) {
		return nil
	}
	t.catalog.next[of.name] = now.Add(t.catalog.every)
	p, err := f.place(ctx, of)
	if err != nil {
		return err
	}
	if now.Before(p.Wait) || !p.When.IsZero() && now.Before(p.When.Add(f.every)) {
		return nil
	}
	if !p.When.IsZero() && p.Fails == 0 {
		due, upto, err := t.concerns(ctx, of.outlets, p.At)
		if err != nil {
			return err
		}
		if !due {
			if upto-p.At >= farEnough {
				p.At = upto
				return f.keepPlace(ctx, of, p)
			}
			return nil
		}
	}
	return f.upload(ctx, t, of, p)
}

// concerns reports whether one of the outlets sells something that changed
// after a version, and how far it looked.
func (t *catalogTurn) concerns(ctx context.Context, outlets []outlet, after int64) (bool, int64, error) {
	upto := after
	for range mostChangePages {
		page, err := t.page(ctx, upto)
		if err != nil {
			return false, after, err
		}
		for _, ch := range page {
			if ch.Store == "" || slices.ContainsFunc(outlets, func(o outlet) bool { return o.Store == ch.Store }) {
				return true, upto, nil
			}
			upto = ch.Version
		}
		if len(page) < catalog.MostChanges {
			break
		}
	}
	return false, upto, nil
}

// upload uploads a catalogue as it stands now, and tells it as a job.
func (f *routeFiles) upload(ctx context.Context, t *catalogTurn, of fileOf, p *filePlace) error {
	now := f.route.now()
	head, err := f.route.deps.Catalog.Head(ctx, f.route.deps.Shop)
	if err != nil {
		return fmt.Errorf("read the catalogue's version: %w", err)
	}
	var promoted *promotedRows
	if f.format == formatSingle {
		if promoted, err = f.promoted(ctx, of.outlets); err != nil {
			return f.failed(ctx, of, p, err)
		}
	}
	w := &catalogWriter{files: f, turn: t, of: of, begun: p.Begun, promoted: promoted}
	if err := f.route.deps.Put(ctx, f.target, of.folder, of.name, func(to io.Writer) error { return w.write(ctx, to) }); err != nil {
		return f.failed(ctx, of, p, err)
	}
	*p = filePlace{At: head, Begun: p.Begun, When: now, raw: p.raw}
	if err := f.keepPlace(ctx, of, p); err != nil {
		return err
	}
	return f.tell(ctx, of, w.rows, w.left)
}

// failed lets a file wait that could not be uploaded.
func (f *routeFiles) failed(ctx context.Context, of fileOf, p *filePlace, err error) error {
	if ctx.Err() != nil {
		return err // a stop is nobody's failure
	}
	now := f.route.now()
	if p.Fails == 0 {
		p.Since = now
	}
	p.Wait, p.Why = now.Add(min(30*time.Second<<min(p.Fails, 10), longestRest)), partner.Words(err.Error())
	p.Fails++
	return errors.Join(err, f.keepPlace(ctx, of, p))
}

// tell keeps an uploaded file as a job that is over.
func (f *routeFiles) tell(ctx context.Context, of fileOf, rows int64, left leftOut) error {
	job := &partner.Job{Kind: partner.JobFile, Name: of.folder + "/" + of.name}
	if len(of.outlets) == 1 {
		job.Store = of.outlets[0].Store
	}
	one, err := f.route.beginJob(ctx, job, &openJob{Due: f.route.now().Add(followedFor)})
	if one == nil || err != nil {
		return err
	}
	if err := f.route.jobs().load(ctx, one); err != nil {
		return err
	}
	one.Job.State, one.Job.Reason, one.Job.Taken = partner.JobCompleted, uploadedWords, rows
	one.Job.Refused, one.Job.Items, one.Job.Cut = left.Count, left.Items, left.Count > int64(len(left.Items))
	_, err = f.route.jobs().end(ctx, one)
	return err
}

// beginJob begins a job and returns it as it is kept; nil: others were faster.
func (r *route) beginJob(ctx context.Context, job *partner.Job, open *openJob) (*routeJob, error) {
	if ok, err := r.jobs().begin(ctx, job, open); !ok || err != nil {
		return nil, err
	}
	list, err := r.jobs().pending(ctx, job.Kind)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.Job.ID == job.ID {
			return one, nil
		}
	}
	return nil, nil
}

// fileTroubles say which files can not be uploaded.
func (r *route) fileTroubles(ctx context.Context) (said []string, err error) {
	prefix := "catalog/file/" + r.deps.Route + "/"
	now := r.now()
	for after := ""; ; {
		keys, values, err := r.deps.State.List(ctx, prefix, after, 100)
		if err != nil {
			return nil, fmt.Errorf("list uploaded files: %w", err)
		}
		for i, raw := range values {
			var p filePlace
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("read what was uploaded: %w", err)
			}
			if p.Fails > 0 && now.Sub(p.Since) > waitsTooLong && len(said) < mostTold {
				said = append(said, fmt.Sprintf("%s can not be uploaded: %s", strings.TrimPrefix(keys[i], prefix), p.Why))
			}
		}
		if len(keys) < 100 {
			return said, nil
		}
		after = keys[len(keys)-1]
	}
}
