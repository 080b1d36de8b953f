package deliveryhero

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// The fields of SFTP users that the program itself names.
const (
	fieldPrefix = "sftp_prefix"
	fieldFormat = "sftp_format"
)

// uploadFields declares an SFTP user. The platform gives one per legal entity,
// with a password; keys are ours.
func uploadFields() []partner.Field {
	return []partner.Field{
		{Name: "sftp_user", Of: ofUpload, Door: true, Kind: partner.Text, Required: true, Credential: true, Make: partner.MakeUUID,
			Description: "User name at the hub's SFTP server."},
		{Name: "sftp_password", Of: ofUpload, Door: true, Kind: partner.Text, Secret: true, Password: true, Make: partner.MakeKey,
			Description: "Password of the user. None: he logs in by key."},
		{Name: "sftp_keys", Of: ofUpload, Door: true, Kind: partner.List,
			Description: "Public keys of the user, each a line as ssh-keygen writes it into a .pub file."},
		{Name: fieldPrefix, Of: ofUpload, Door: true, Kind: partner.Text, Check: checkPrefix,
			Description: "What the names of his files begin with: PREFIX_VENDOR.csv, or PREFIX.csv in format multi. Empty: the shop's id."},
		{Name: fieldFormat, Of: ofUpload, Door: true, Kind: partner.Text, Default: formatDouble, Choices: []string{formatDouble, formatMulti, formatSingle},
			Description: "How his files are made: double, a catalogue and a promotion file of each outlet; multi, one catalogue and one promotion file whose rows name their outlets; single, catalogue and promotions of an outlet in one file."},
	}
}

func checkPrefix(text string) []string {
	if len(text) > 80 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' || r == '\\' }) ||
		strings.HasPrefix(text, ".") || strings.HasPrefix(text, "~") {
		return []string{"can not begin a file's name: at most 80 bytes, no blanks and slashes, and neither . nor ~ at its beginning"}
	}
	return nil
}

// uploads takes files of chains' SFTP users.
type uploads struct {
	deps   partner.Deps
	chains *chains
}

func newUploads(deps partner.Deps) (partner.Uploads, error) {
	u := &uploads{deps: deps, chains: &chains{deps: deps}}
	return partner.Uploads{Folders: []string{folderBoth, folderCatalog, folderPromotion}, Take: u.take, Gone: u.gone}, nil
}

// take reads a file, and tells by a job what became of it.
func (u *uploads) take(ctx context.Context, up partner.Upload) (partner.Taken, error) {
	job := &partner.Job{ID: uploadJob(&up), Kind: partner.JobFile, Name: up.Folder + "/" + up.Name, By: up.Grant.Name, Created: up.At.UTC()}
	j := &jobs{deps: u.deps, shop: up.Grant.Shop}
	if err := j.start(ctx, job); err != nil {
		return partner.Taken{}, fmt.Errorf("start job: %w", err)
	}
	v := &verdict{}
	err := u.read(ctx, &up, job, v)
	refused, whole := errors.AsType[refusedFile](err)
	switch {
	case whole:
		v = &verdict{refused: max(v.refused, 1), items: v.items, cut: v.cut, notes: []string{string(refused)}}
		job.State = partner.JobFailed
	case err != nil:
		return partner.Taken{}, err
	}
	if v.repeated > 0 {
		v.note(fmt.Sprintf("%d rows name a product that stands in the file before; what the last one says counts", v.repeated))
	}
	job.Taken, job.Refused, job.Items, job.Cut, job.Reason = v.taken, v.refused, v.items, v.cut, strings.Join(v.notes, "; ")
	if err := j.end(ctx, job, true); err != nil {
		return partner.Taken{}, fmt.Errorf("end job: %w", err)
	}
	return partner.Taken{Taken: int(v.taken), Refused: int(v.refused)}, nil
}

// gone ends the job of a file that waited for us, and that its user took away.
func (u *uploads) gone(ctx context.Context, up partner.Upload) error {
	j := &jobs{deps: u.deps, shop: up.Grant.Shop}
	job, err := j.find(ctx, uploadJob(&up))
	if job == nil || err != nil || job.State != partner.JobInProgress {
		return err // it was never begun
	}
	job.State = partner.JobFailed
	job.Reason = "the user took the file away before it was read to its end; rows that were read by then count"
	return j.end(ctx, job, true)
}

// read applies a file. Errors: refusedFile, with nothing applied; others are
// troubles of ours.
func (u *uploads) read(ctx context.Context, up *partner.Upload, job *partner.Job, v *verdict) error {
	if up.Grant.Settings == nil {
		return refusedFile("the user was revoked before the file was read")
	}
	c, err := u.chains.again(ctx, up.Grant.Shop) // an outlet may have been made just now
	if err != nil {
		return err
	}
	if c == nil {
		return refusedFile("the shop has no chain: no credential of its own at this door")
	}
	of, err := outletOfFile(c, up)
	if err != nil {
		return err
	}
	if of != nil {
		job.Store = of.ID
	}
	if up.Folder == folderPromotion {
		if err := checkRows(up.Body, mostPromotionRows, true); err != nil {
			return err
		}
		return u.readPromotions(ctx, up, c, of, v)
	}
	if err := checkRows(up.Body, mostCatalogRows, false); err != nil {
		return err
	}
	f := u.newCatalogFile(up, c, of, v)
	if up.Folder == folderBoth {
		return u.readBoth(ctx, up, c, of, f)
	}
	return f.read(ctx, up.Body)
}

// readPromotions puts the promotions of a file.
func (u *uploads) readPromotions(ctx context.Context, up *partner.Upload, c *chain, of *vendor, v *verdict) error {
	f := u.newPromotionFile(up, c, of, v)
	if err := f.read(ctx, up.Body); err != nil {
		return err
	}
	return f.put(ctx)
}

// readBoth reads the promotions first, for it is them that a file may be
// refused for, and puts them last: their products are up to date by then.
func (u *uploads) readBoth(ctx context.Context, up *partner.Upload, c *chain, of *vendor, f *catalogFile) error {
	p := u.newPromotionFile(up, c, of, f.verdict)
	p.catalog, f.promotions = true, true
	if err := p.read(ctx, up.Body); err != nil {
		return err
	}
	if err := rewind(up.Body); err != nil {
		return err
	}
	if err := f.read(ctx, up.Body); err != nil {
		return err
	}
	return p.put(ctx)
}

// uploadJob is the id of an upload's job, always the same: a UUID of version 7
// of the time at which it came.
func uploadJob(up *partner.Upload) string {
	b := sha256.Sum256([]byte(up.Key))
	for i, ms := 0, up.At.UnixMilli(); i < 6; i++ {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
