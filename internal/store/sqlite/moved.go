package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// movedName is the file that says where a folder's hub has gone.
const movedName = "moved"

// Moved is the error of opening a data folder whose hub has moved into a
// database.
type Moved struct {
	Dir string
	To  string // without a password
	At  string // RFC 3339
}

func (e *Moved) Error() string {
	return fmt.Sprintf("the hub of the data folder %s moved to %s at %s; configure that as database: in the place of data:. "+
		"To go back to this folder as it was then, without what the database took since, remove %s",
		e.Dir, e.To, e.At, filepath.Join(e.Dir, movedName))
}

// writeMoved marks a folder; the mark is on disk when it returns.
func writeMoved(dir, to string, at time.Time) error {
	path := filepath.Join(dir, movedName)
	text := to + "\n" + at.UTC().Format(time.RFC3339) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return errors.Join(syncPath(path), syncPath(dir))
}

// checkMoved refuses a folder that is marked.
func checkMoved(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, movedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	to, at, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return &Moved{Dir: dir, To: to, At: at}
}
