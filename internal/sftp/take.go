package sftp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// maxOrders is how many orders are appended in one call.
	maxOrders = 200
	// How long a call is repeated that the hub is too busy for.
	busyTries = 40
	busyPause = 250 * time.Millisecond
)

// take imports one file, unless another node does. Its error is a trouble of
// ours: the file stays where it is, and is imported again from its beginning;
// what was taken of it is then known.
func (s *Server) take(ctx context.Context, door *Door, a account, root *os.Root, q queued) error {
	f, info, err := openRegular(root, path.Join(queueDir, q.key), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another node was faster
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := lock(f); err != nil || !free {
		return err
	}
	// It may have been moved before we had the lock.
	if now, err := root.Lstat(path.Join(queueDir, q.key)); err != nil || !os.SameFile(info, now) {
		return nil
	}
	if door.Uploads != nil {
		return s.hand(ctx, door, a, root, q, f)
	}
	return s.importOrders(ctx, door, a, root, q, f)
}

// importOrders reads a file of orders and moves it to where it can be seen what
// became of it.
func (s *Server) importOrders(ctx context.Context, door *Door, a account, root *os.Root, q queued, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	began := time.Now()
	head := bufio.NewReaderSize(f, intake.HeadBytes)
	first, err := head.Peek(intake.HeadBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	report, err := intake.NewReport(filepath.Join(a.dir(s.opts.Folder), uploadDir), separator(door.Format, first))
	if err != nil {
		return err
	}
	defer report.Close()
	clean, err := s.read(ctx, door, a, head, report)
	if err != nil {
		return err
	}
	dir := successDir
	if !clean {
		dir = errorDir
	}
	if err := archive(root, q, dir, report); err != nil {
		return fmt.Errorf("move file: %w", err)
	}
	s.opts.Observer.Imported(Imported{
		Shop: a.Shop, Partner: a.Partner, User: a.Name, Clean: clean, Bytes: info.Size(), Took: time.Since(began),
		Taken: report.Taken, Refused: report.Refused, Repeated: report.Repeated,
	})
	return nil
}

func separator(f partner.Format, head []byte) byte {
	if f.Separator == nil {
		return 0
	}
	return f.Separator(head)
}

// read hands a file's orders to the door. Clean: no line of it is refused.
func (s *Server) read(ctx context.Context, door *Door, a account, in io.Reader, report *intake.Report) (clean bool, err error) {
	shop, ok := s.opts.Shop(a.Shop)
	if !ok {
		return false, errors.New("the shop is not configured any more")
	}
	var failed error
	rows := door.Format.Read(in, partner.ReadOptions{Shop: a.Shop, Location: shop.Location, Currency: shop.Currency})
	_, err = intake.Run(ctx, rows, intake.Options{
		Source: order.Source{Name: a.Partner + ":" + a.Name, Rank: order.RankDoor},
		Batch:  maxOrders,
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			if failed != nil {
				return nil, failed
			}
			return insist(ctx, door.Intake, a.Shop, entries)
		},
		Report: func(v intake.Verdict) {
			if err := report.Add(v); err != nil {
				failed = fmt.Errorf("write report: %w", err)
			}
		},
	})
	if bad, ok := errors.AsType[*partner.Unreadable](err); ok && failed == nil {
		return false, report.Unreadable(bad)
	}
	return report.Refused == 0, errors.Join(err, failed)
}

// insist repeats a call that the hub is too busy for: repeating does no harm.
func insist(ctx context.Context, in partner.Intake, shop string, entries []order.Entry) ([]order.Receipt, error) {
	for try := 1; ; try++ {
		receipts, err := in.Append(ctx, shop, entries)
		if !errors.Is(err, order.ErrBusy) || try == busyTries {
			return receipts, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// archive moves a file out of the queue, with its report beside it. The report
// goes first: where it stands without its file, the process ended in between.
func archive(root *os.Root, q queued, dir string, report *intake.Report) error {
	hidden := path.Join(uploadDir, random(32))
	if err := writeReport(root, hidden, report); err != nil {
		return errors.Join(err, root.Remove(hidden))
	}
	name, err := claim(root, hidden, dir, q.name)
	if err == nil {
		err = root.Rename(path.Join(queueDir, q.key), path.Join(dir, name))
	}
	if err != nil {
		_ = root.Remove(hidden)
		return err
	}
	syncDir(root, dir)
	syncDir(root, queueDir)
	return nil
}

func writeReport(root *os.Root, name string, report *intake.Report) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = report.WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}

// reportSuffix is what a report's name has behind that of its file.
const reportSuffix = ".log.csv"

// claim finds a name that no file of the folder has yet, and puts the report
// beside where the file will be.
func claim(root *os.Root, report, dir, name string) (string, error) {
	for n := 1; ; n++ {
		free := numbered(name, n)
		there, err := exists(root, path.Join(dir, free))
		if err != nil {
			return "", err
		}
		if there {
			continue
		}
		to := path.Join(dir, free+reportSuffix)
		err = root.Link(report, to) // fails if there is one
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			return free, root.Remove(report)
		}
		if there, err := exists(root, to); err != nil {
			return "", err
		} else if there {
			continue
		}
		return free, root.Rename(report, to) // file systems without hard links
	}
}

// numbered is a file's name, and from the second one on a name like it.
func numbered(name string, n int) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	switch {
	case n == 1:
		return name
	case n < 10:
		return fmt.Sprintf("%s.%d%s", stem, n, ext)
	}
	return fmt.Sprintf("%s.%s%s", stem, time.Now().UTC().Format("20060102T150405.000000000"), ext)
}
