package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errLocked means that another process holds the lock.
var errLocked = errors.New("locked")

// InUse is the error of opening a data folder that another process uses.
type InUse struct{ Dir string }

func (e *InUse) Error() string {
	return fmt.Sprintf("the data folder %s is in use by another ordermux; stop it first, or give this one a folder of its own", e.Dir)
}

// takeLock takes DIR/lock for this process.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, errLocked) {
			return nil, &InUse{Dir: dir}
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}
