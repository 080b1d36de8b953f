package sftp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// hand gives a file of the partner's own folders to who takes it, and removes
// it then. Where the process ends in between, it is handed on again under the
// same key.
func (s *Server) hand(ctx context.Context, door *Door, a account, root *os.Root, q queued, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, ok := s.opts.Shop(a.Shop); !ok {
		return errors.New("the shop is not configured any more")
	}
	grant, err := grantOf(ctx, door, a)
	if err != nil {
		return fmt.Errorf("look up user: %w", err)
	}
	began := time.Now()
	taken, err := door.Uploads.Take(ctx, partner.Upload{
		Grant: grant, Folder: q.dir, Name: q.name, Key: q.id(), At: q.at(), Size: info.Size(), Body: f,
	})
	if err != nil {
		return err
	}
	if err := root.Remove(path.Join(queueDir, q.key)); err != nil {
		return fmt.Errorf("remove file: %w", err)
	}
	syncDir(root, queueDir)
	s.opts.Observer.Imported(Imported{
		Shop: a.Shop, Partner: a.Partner, User: a.Name, Clean: taken.Refused == 0, Bytes: info.Size(), Took: time.Since(began),
		Taken: taken.Taken, Refused: taken.Refused, Repeated: taken.Repeated,
	})
	return nil
}

// grantOf is what a user's credential opens now; without Settings where it was
// revoked since.
func grantOf(ctx context.Context, door *Door, a account) (partner.Grant, error) {
	list, err := door.Credentials.List(ctx, a.Shop, Kind)
	if err != nil {
		return partner.Grant{}, err
	}
	i := slices.IndexFunc(list, func(g partner.Grant) bool { return g.Name == a.Name })
	if i < 0 {
		return partner.Grant{Shop: a.Shop, Name: a.Name, Of: Kind}, nil
	}
	return list[i], nil
}
